# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that make a rollback wrong all the same, however well the score fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..analysis.error_nature import Nature
from ..analysis.migrations import destructive, index_taken
from ..analysis.stability import PROVEN_AFTER, failing_target, rolled_back_from, rolled_back_to, same_template, still_rolling_out
from ..analysis.wording import plural, version_of
from ..model.recommendation import Guard
from ..units import format_duration, format_ratio
from .by_pod import fails_beside, pods_that_fail, some_pods_fail
from .corroboration import schema_checked, schema_fits
from .deployment import configuration_deployed
from .rivals import (
    as_every_week,
    busy_node,
    configuration_changed,
    dependency_is_independent,
    errors_begin_elsewhere,
    is_serious,
    names_of,
    origin_elsewhere,
    outside_cause,
    slow_peer,
    taken_by_node,
    traffic_rose_first,
)
from .situation import RECENT, Situation, unreachable

_IN_VAIN = frozenset({"not_recovered", "aborted"})
"""States of a rollback in the record. One that was aborted had been begun: its target could not be brought up.

One that is applied still is no obstacle here: where its run died, the next one takes it up.
"""


def guards(facts: Situation) -> tuple[Guard, ...]:
    """The guards that apply: first those about the cause, then those about the way back."""
    return tuple(guard for rule in _RULES for guard in rule(facts))


def forbidden(found: tuple[Guard, ...]) -> Guard | None:
    """The first guard that forbids a rollback."""
    return next((guard for guard in found if guard.forbids), None)


def _timing(facts: Situation) -> Iterator[Guard]:
    if facts.suspect is None:
        return
    version = version_of(facts.suspect)
    if facts.began_before and facts.delay is not None:
        detail = f"The trouble began {format_duration(-facts.delay)} before {version} was deployed"
        yield Guard("onset_before_deployment", "The errors began before the deployment", detail, forbids=True)
    elif not facts.implicated:
        last = f"the last one, {version}, was {format_duration(facts.age)} ago" if facts.age is not None else "nobody knows when it was"
        yield Guard("no_recent_deployment", f"No deployment in the last {format_duration(RECENT)}", last, forbids=True)
    elif facts.earlier_suspect and facts.rollouts:
        current = version_of(facts.rollouts.current)
        detail = f"The trouble began after {version}, before {current} replaced it: the way back is to the version before {version}"
        yield Guard("earlier_deployment", f"It fits {version}, not the current {current}", detail, forbids=False)


def _causes(facts: Situation) -> Iterator[Guard]:
    if traffic_rose_first(facts) and facts.traffic_ratio is not None:
        detail = f"Request rate is {format_ratio(facts.traffic_ratio)} its baseline, and rose before the errors or with them"
        yield Guard("traffic_surge", "Traffic rose", detail, forbids=not facts.code_evidence)
    bad = facts.unhealthy_dependencies
    if bad and facts.implicated and dependency_is_independent(facts, bad[0]):
        # One that only nears its limit may have done so for weeks.
        serious = is_serious(facts, bad[0])
        what = "does not work" if unreachable(bad[0]) else "is short of capacity"
        detail = f"{bad[0].detail}; an earlier version needs it too"
        yield Guard("dependency_failing", f"{bad[0].title} {what}", detail, forbids=serious)
    if facts.old_pods_failing:
        detail = f"{plural(len(facts.old_pods_failing), 'pod')} of another version fail too, such as {facts.old_pods_failing[0].name}"
        yield Guard("old_version_fails", "Pods of the old version fail as well", detail, forbids=True)
    if facts.start_lost and facts.implicated:
        detail = (
            f"{facts.start_lost[0].reason}, while pods of the same revision that were started before run: another revision's may fail alike"
        )
        yield Guard("cannot_start_anew", "What it takes to start pods has gone", detail, forbids=True)
    node = busy_node(facts)
    if node is not None or taken_by_node(facts):
        detail = f"All failing pods are on node {node}" if node else "A node gave its pods up"
        yield Guard("node_trouble", "The trouble is a node's", detail, forbids=True)


def _clues(facts: Situation) -> Iterator[Guard]:
    found = facts.clues
    if found.both is not None and not facts.old_pods_failing:
        detail = f"the version that runs beside it logs it too: {found.both.template}"
        yield Guard("old_version_fails", "The old version logs the same errors", detail, forbids=True)
    elif found.split is not None and found.split.both_revisions and not facts.old_pods_failing:
        yield Guard("old_version_fails", "The old version fails as well", "requests fail in pods of both versions alike", forbids=True)
    if (beside := fails_beside(facts)) is not None:
        detail = f"its own pods are well: going back with {facts.diagnostics.service.name} does not touch those"
        yield Guard("another_workload", f"Requests fail in pods of {beside}", detail, forbids=True)
    elif some_pods_fail(facts):
        detail = f"requests fail in {pods_that_fail(facts)}, and not in others of the same version"
        yield Guard("some_pods_fail", "Not the version tells the failing pods apart", detail, forbids=facts.clues.nature is not Nature.OWN)
    outside, changed = outside_cause(facts), configuration_changed(facts)
    if outside is not None and facts.implicated:
        yield Guard("outside_cause", outside.title, f"{outside.line}; an earlier version would meet it too", forbids=True)
    elif facts.implicated and errors_begin_elsewhere(facts) and (origin := origin_elsewhere(facts)) is not None:
        yield Guard("errors_begin_elsewhere", f"Errors begin in {origin[0]}", origin[1], forbids=True)
    elif facts.implicated and (slow := slow_peer(facts)) is not None and slow.peer is not None:
        detail = f"it {slow.told}; an earlier version would wait for it too"
        yield Guard("waits_for_another", f"It waits for {slow.peer.name}", detail, forbids=True)
    if found.others_fail and facts.implicated and not facts.code_evidence:
        detail = f"{names_of(found.others_fail)} began to fail before this one, or does not call it: something that they share is to blame"
        yield Guard("others_fail", "Other services fail too", detail, forbids=True)
    if changed is not None and facts.implicated:
        detail = f"{changed.line}; going back to an earlier version does not undo it"
        yield Guard("configuration_changed", "A configuration changed last, and not the code", detail, forbids=True)
    if facts.recovering:
        yield Guard("recovering", "It is getting better by itself", "errors and latency have come most of the way back", forbids=True)
    if found.unseen is not None and not facts.code_evidence:
        yield Guard("failures_unseen", "The service itself does not see the failures", found.unseen, forbids=True)
    if found.earlier and facts.implicated and not facts.code_evidence:
        detail = f"it was as bad {plural(len(found.earlier), 'time')} before the deployment, and went by"
        yield Guard("recurring", "It comes and goes since before the deployment", detail, forbids=len(found.earlier) > 1)
    elif facts.as_every_week and facts.implicated and not facts.code_evidence:
        yield Guard("recurring", "It was so a week ago at this time", as_every_week(facts), forbids=True)


def _workload(facts: Situation) -> Iterator[Guard]:
    rollouts = facts.rollouts
    if rollouts is None:
        return
    if rollouts.paused:
        waits = f"{rollouts.pending} is asked for and does not run yet; " if rollouts.pending else ""
        detail = f"{waits}Kubernetes refuses to roll a paused deployment back; resume it or finish what it was paused for"
        yield Guard("paused", "The rollout is paused", detail, forbids=True)
    if rollouts.owner_reverts:
        detail = f"{rollouts.owner or 'A controller'} would put its own version back: change it there"
        yield Guard("gitops_owner", "Another controller owns the version", detail, forbids=True)
    if facts.implicated and configuration_deployed(facts):
        detail = (
            f"{version_of(rollouts.current)} runs the images of the revision before with another template, which a rollback brings back"
        )
        yield Guard("configuration_deployed", "A configuration was deployed last, and not code", detail, forbids=False)
    yield from _attempts(facts)
    back = rolled_back_to(rollouts.current, rollouts)
    if back and still_rolling_out(rollouts, facts.workload):
        detail = f"{version_of(rollouts.current)} is on its way back: wait until it is everywhere, and for what that changes"
        yield Guard("rollback_running", "A rollback is already running", detail, forbids=True)
    elif back:
        detail = f"{version_of(rollouts.current)} is there because somebody rolled back to it; see whether that helps first"
        yield Guard("current_is_rollback", "A rollback was already made", detail, forbids=True)
    elif still_rolling_out(rollouts, facts.workload):
        detail = f"{version_of(rollouts.current)} does not run everywhere yet: what is measured is a mixture"
        yield Guard("rollout_in_progress", "The rollout is still going on", detail, forbids=False)


def _attempts(facts: Situation) -> Iterator[Guard]:
    """What the incident's own record says about rollbacks before this one."""
    target = facts.target
    for attempt in facts.options.attempts:
        where = attempt.to_version or (f"revision {attempt.to_revision}" if attempt.to_revision is not None else "an earlier version")
        if attempt.state in _IN_VAIN:
            same = target is not None and (
                (target.version is not None and target.version == attempt.to_version) or target.number == attempt.to_revision
            )
            title = "The same rollback was tried and failed" if same else "A rollback was tried and did not help"
            yield Guard("rollback_tried", title, f"to {where}, within this incident", forbids=True)


def _target(facts: Situation) -> Iterator[Guard]:
    rollouts, target = facts.rollouts, facts.target
    if rollouts is None:
        reason = facts.diagnostics.rollouts.reason or "the rollout history is not known"
        yield Guard("no_target", "There is nothing known to roll back to", reason, forbids=True)
        return
    if target is None:
        yield Guard("no_target", "There is nothing to roll back to", "no earlier revision that nobody rolled back from", forbids=True)
        return
    name = version_of(target)
    if target.current or (facts.suspect is not None and same_template(target, facts.suspect)):
        detail = "rolling back to it changes nothing" if target.current else "its pods were only restarted since: it is the same template"
        yield Guard("target_is_current", f"{name} already runs", detail, forbids=True)
    if rolled_back_from(target, rollouts):
        yield Guard("target_rolled_back", f"{name} was itself rolled back", "somebody found it wanting before", forbids=True)
    if schema_fits(facts) is False:
        brought, works_with = (facts.diagnostics.service.schema_versions[one.version or ""] for one in (rollouts.current, target))
        detail = (
            f"{version_of(rollouts.current)} brought schema {brought[0]}, and {name} works with {', '.join(works_with)}, by the catalogue"
        )
        yield Guard("schema_incompatible", f"The database schema does not fit {name}", detail, forbids=True)
    if failing_target(target):
        detail = f"none of its {plural(target.pods, 'pod')} is ready"
        yield Guard("target_failing", f"{name} fails as well", detail, forbids=True)
    if target.stable_for is not None and target.stable_for < PROVEN_AFTER:
        detail = f"it was active for {format_duration(target.stable_for)} only"
        yield Guard("target_unproven", f"{name} has not proven itself", detail, forbids=False)


def _evidence(facts: Situation) -> Iterator[Guard]:
    if facts.symptoms.high_errors is None:
        how = "Decided from logs and pods" if facts.options.use_logs_only else "The error rate is not known"
        inferred = f"when it began is inferred from {facts.onset.inferred}; " if facts.onset.inferred else ""
        detail = f"error rate {facts.symptoms.error_detail}; {inferred}a person has to decide about a rollback"
        yield Guard("metrics_unavailable", how, detail, forbids=False)
    changes = facts.diagnostics.changes.data
    if changes and changes.migrations and facts.implicated:
        gone = next(iter(changes.taken_away), None) or destructive(changes.migrations, changes.commits)
        # A team's own check of the schema, which is made before anything is touched, or what it wrote down, knows better than a name.
        if gone is not None and not schema_checked(facts):
            detail = f"{gone}: the earlier version would miss what it takes away"
            yield Guard("migration_undone", "The schema has no way back", detail, forbids=True)
            return
        index = index_taken(changes.migrations, changes.commits)
        if index is not None and facts.slower:
            detail = f"{index}: requests are slow since, and an earlier version would lack the index as well; create it again"
            yield Guard("migration_undone", "An index was dropped, which a rollback does not bring back", detail, forbids=True)
            return
        detail = f"{', '.join(changes.migrations[:3])}: the earlier version must cope with the schema as it is now"
        yield Guard("migrations", f"{plural(len(changes.migrations), 'database migration')} came with it", detail, forbids=False)


_RULES: tuple[Callable[[Situation], Iterator[Guard]], ...] = (_timing, _causes, _clues, _workload, _target, _evidence)
