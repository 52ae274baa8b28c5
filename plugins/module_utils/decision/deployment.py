# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hypothesis that a deployment did it.

It starts from the decision tree's 85 % for a high error rate (or crashing pods) after a recent deployment; at 75 % where only latency is
high, or requests are refused that were answered, since these have more causes. What is only a degradation is judged by
``analysis.contribution``, less 35 where the errors tell of something else that failed or was too slow. Then:

=====================================================================  ======
began within 15 minutes after the rollout began, or while it goes on      +10
began within 15 minutes, and more than 3 after the rollout was complete:
  with evidence in the code / errors of its own / others / none           0/-5/-15/-45
  with others, more than 5 after it, unless a commit speaks of the same   -30
  with errors such as another's failure makes                             -60
  with errors of its own, in files that it did not change, more than 5    -30
  with errors that only tell of waiting / and of whom                  -30/-45
began 15 minutes to an hour after it: gradually / suddenly            -10/-55
  ... as its pods have filled the storage that they may use               -10
  ... suddenly, with errors of which a commit speaks                      -15
began later: gradually / suddenly                                     -20/-65
... with evidence in the code, later than 15 minutes                      -15
when it began is not known / and the errors are another's failure's   -20/-45
evidence in the code itself (table scan, only its pods fail or log the
  errors, no start, stack traces in changed files, growth since then,
  calls that were not made before)                                        +10
errors that were never logged before it                                    +5
a dependency is unreachable                                               -60
a dependency is used up, or the errors speak of it / nearly so, without evidence in the code,
  and not at once with the rollout                                    -50/-10
began later than 15 minutes, with errors of another's failure             -25
errors begin in another service, or one that it calls takes longer for
  the same calls, without evidence in the code                            -45
requests take longer within the service itself, as traces show             +5
the logs name a cause outside of it (a certificate, a name server ...)    -45
other services fail too, before it or without calling it                  -60
others began at the same time, without errors of its own                  -30
the logs tell of a changed configuration just before it began             -40
the service's own traces and logs show no such failures                   -40
traffic rose first, without / with evidence in the code               -60/-10
pods of another version fail, or log the same errors, as well             -60
pods that crash ran well at first, and no other version was started since -15
all failing pods are on one node, or a node gave its pods up              -50
pods can't be started, though others of their revision were, before       -60
requests fail in some pods of a version only / in pods of both versions   -50/-60
requests fail in pods of another workload only                     at most 5
users felt the same before the deployment: once / more often          -15/-50
users felt the same a week ago at this time, and on no other day          -50
much failed before it already, and now not three times as much            -40
=====================================================================  ======

Where nothing but the time and the metrics tells the version from what is around it, it is at most 80, and 65 where
it began after the rollout was over. What began before the deployment
was not caused by it: at most 5. Without a recent deployment it is at most 10, and 65 where stack traces of errors of its own name
files that it changed. Where somebody went back to the version before and the trouble goes on, it is at most 15.
"""

from __future__ import annotations

from ..analysis.contribution import DELAYED, PROMPT, Contribution, Degradation, contribution
from ..analysis.error_nature import Nature, names_another
from ..analysis.signals import worsening
from ..analysis.waiting import Cause
from ..analysis.wording import version_of
from ..model.metrics import Shape
from ..model.recommendation import Hypothesis
from ..units import format_duration, format_value
from .by_pod import weigh_pods
from .corroboration import corroborated
from .ledger import Ledger
from .rivals import (
    as_every_week,
    busy_node,
    came_late,
    commit_names_errors,
    configuration_changed,
    dependency_is_independent,
    errors_begin_elsewhere,
    fails_with_others,
    fills_storage,
    gone_back_in_vain,
    in_untouched_files,
    is_serious,
    long_settled,
    names_of,
    origin_elsewhere,
    outside_cause,
    slow_peer,
    taken_by_node,
    traffic_rose_first,
    waits_or_fails_elsewhere,
)
from .situation import Situation, unreachable
from .symptoms import HIGH_ERROR_RATE
from .walk import walk

_BY_TIME, _BY_TIME_LATE = 80, 65
_WITHOUT_TREE = 75
"""Where it starts if the decision tree concludes nothing about it."""
_USAGE = ("memory", "cpu")
_USAGE_ROSE = 1.1
_MANIFOLD = 3.0
"""Multiple of an error rate that was high already from which something else must have happened."""
_NEW_ERRORS = ("FATAL", "ERROR")


def deployment_hypothesis(facts: Situation) -> Hypothesis | None:
    """The probability that the suspect revision did it; None where the rollout history is not known."""
    if facts.suspect is None:
        return None
    title = _title(facts)
    if not facts.implicated:
        return _not_implicated(facts).hypothesis("deployment", title)
    ledger = _degradation(facts) if not facts.symptoms.severe else _outage(facts)
    _weigh_code(facts, ledger)
    _weigh_other_explanations(facts, ledger)
    if facts.began_before and facts.delay is not None:
        ledger.cap(5, f"It began {format_duration(-facts.delay)} before the deployment")
    if facts.symptoms.severe and not corroborated(facts) and not (came_late(facts) and commit_names_errors(facts)):
        ledger.cap(_BY_TIME_LATE if came_late(facts) else _BY_TIME, "Nothing but the time tells the version from what is around it")
    if gone_back_in_vain(facts):
        ledger.cap(15, "Going back to the version before did not mend it")
    if not facts.symptoms.any:
        ledger.cap(5, "Nothing is worse than usual")
    ledger.check("Compare the deployment timestamp with the error spike", "Match error patterns with new code paths")
    return ledger.hypothesis("deployment", title)


def degradation(facts: Situation) -> Contribution:
    """How likely the suspect contributed to what is only a degradation."""
    # Two quantiles of one thing are not two signals.
    worse = [
        title for title in facts.symptoms.degraded if title != _title_of(facts, "latency_p50") or not _is_degraded(facts, "latency_p95")
    ]
    for name in _USAGE:
        signal = facts.signal(name)
        if signal and (worsening(signal) or 0.0) >= _USAGE_ROSE:
            worse.append(signal.title)
    ratio = facts.traffic_ratio
    return contribution(
        Degradation(
            worse=tuple(worse),
            traffic_change=None if ratio is None else ratio - 1,
            delay=facts.delay,
            tolerance=facts.onset.tolerance,
            gradual=facts.gradual,
        )
    )


def _title_of(facts: Situation, name: str) -> str | None:
    signal = facts.signal(name)
    return signal.title if signal else None


def _is_degraded(facts: Situation, name: str) -> bool:
    return _title_of(facts, name) in facts.symptoms.degraded


def leak_since_deployment(facts: Situation) -> bool:
    """Whether memory or CPU has been growing since the suspect was rolled out, and not before."""
    if not facts.implicated or facts.began_before:
        return False
    return any(
        signal.shape is Shape.GRADUAL and (worsening(signal) or 0.0) >= _USAGE_ROSE for name in _USAGE if (signal := facts.signal(name))
    )


def configuration_deployed(facts: Situation) -> bool:
    """Whether the suspect's rollout changed the pods' template, and none of their images."""
    return facts.rollouts is not None and facts.rollouts.change == "configuration" and facts.suspect is not None and facts.suspect.current


def _title(facts: Situation) -> str:
    index = facts.missing_index
    if index is not None and facts.implicated and not facts.began_before:
        return f"Missing index on {index.column}"
    version = version_of(facts.suspect) if facts.suspect else "the current version"
    if facts.implicated and configuration_deployed(facts):
        return f"Changed configuration of {version}"
    if facts.implicated and not facts.symptoms.severe and leak_since_deployment(facts):
        return f"Possible resource leak in {version}"
    return f"Deployment of {version}"


def _not_implicated(facts: Situation) -> Ledger:
    ledger = Ledger(10)
    if facts.age is None:
        ledger.add(10, "When the current version was deployed is not known")
    else:
        ledger.add(-5, f"The last deployment was {format_duration(facts.age)} ago")
    if facts.clues.changed_file is not None and facts.clues.nature is Nature.OWN:
        ledger.add(60, f"Stack traces of the errors name {facts.clues.changed_file}, which it changed: it may have lain dormant")
    return ledger


def _degradation(facts: Situation) -> Ledger:
    known = degradation(facts)
    ledger = Ledger(known.confidence)
    for sentence in known.speaks_for:
        ledger.add(0, sentence)
    for sentence in known.speaks_against:
        ledger.against(sentence)
    if waits_or_fails_elsewhere(facts):
        ledger.add(-35, f"Its errors tell of something else that failed or was too slow: {facts.clues.errors[0].template}")
    return ledger


def _outage(facts: Situation) -> Ledger:
    ledger = Ledger(walk(facts).start("deployment", _WITHOUT_TREE))
    if facts.recent and facts.age is not None:
        ledger.add(0, f"Recent deployment ({format_duration(facts.age)} ago)")
    if facts.began_before:
        return ledger
    if facts.symptoms.refusing and not facts.symptoms.high_errors:
        ledger.add(0, "Requests are refused with 4xx that used to be answered")
        ledger.check("See which clients and routes are refused since then, with which status and why")
    delay = facts.delay
    inferred = f" (by {facts.onset.inferred})" if facts.onset.inferred else ""
    if delay is None and facts.clues.nature is Nature.OUTSIDE and not facts.code_evidence:
        ledger.add(-45, f"When it began is not known, and the errors are such as another's failure makes: {facts.clues.errors[0].template}")
    elif delay is None:
        ledger.add(-20, "When it began is not known")
    elif came_late(facts) and delay <= PROMPT:
        _weigh_lateness(facts, ledger)
    elif delay <= PROMPT or (delay <= DELAYED and facts.still_rolling_out):
        ledger.add(10, f"It began {format_duration(delay)} after the rollout began{inferred}")
    elif facts.code_evidence:
        ledger.add(-15, f"It began only {format_duration(delay)} after the rollout{inferred}")
    elif delay <= DELAYED and commit_names_errors(facts) and not waits_or_fails_elsewhere(facts):
        told = f"though one of its commits speaks of the same: {facts.clues.errors[0].template}"
        ledger.add(-10 if facts.gradual else -15, f"It began only {format_duration(delay)} after the rollout{inferred}, {told}")
    elif delay <= DELAYED:
        ledger.add(
            -10 if facts.gradual or fills_storage(facts) else -55, f"It began only {format_duration(delay)} after the rollout{inferred}"
        )
    else:
        ledger.add(-20 if facts.gradual else -65, f"It began {format_duration(delay)} after the rollout{inferred}")
    if fills_storage(facts):
        ledger.add(0, "Its pods have written more than they may since they were started")
    return ledger


def _weigh_lateness(facts: Situation, ledger: Ledger) -> None:
    """It came soon after the rollout, but not with it: all pods had run for a while, and nothing was wrong."""
    settled = format_duration(facts.settled_for or facts.delay or 0.0)
    sentence = f"It began {settled} after the rollout was complete"
    own, outside = facts.clues.nature is Nature.OWN, facts.clues.nature is Nature.OUTSIDE
    if facts.code_evidence or facts.gradual:
        ledger.add(0, sentence)
    elif own and facts.clues.errors and long_settled(facts) and in_untouched_files(facts):
        ledger.add(-30, f"{sentence}, with errors in files that it did not change: {facts.clues.errors[0].template}")
    elif own and facts.clues.errors:
        ledger.add(-5, f"{sentence}, though with errors of its own: {facts.clues.errors[0].template}")
    elif outside:
        ledger.add(-60, f"{sentence}, with errors that something else made: {facts.clues.errors[0].template}")
    elif facts.clues.nature is Nature.WAITING:
        ledger.add(
            -45 if names_another(facts.clues.errors) else -30,
            f"{sentence}, and its errors only tell that something was too slow: {facts.clues.errors[0].template}",
        )
    elif commit_names_errors(facts):
        ledger.add(-15, f"{sentence}, though one of its commits speaks of the same: {facts.clues.errors[0].template}")
    elif facts.clues.errors and not long_settled(facts):
        ledger.add(-15, f"{sentence}, and nothing points at the version itself")
    else:
        ledger.add(-30 if facts.clues.errors else -45, f"{sentence}, and nothing points at the version itself")


def _weigh_code(facts: Situation, ledger: Ledger) -> None:
    index = facts.missing_index
    if index is not None:
        ledger.add(10, f"{index.shown_by} a full table scan, for lack of an index on {index.column}: {index.statement}")
    elif facts.code_clue is not None:
        ledger.add(10, facts.code_clue)
    elif facts.slowdown is not None and facts.slowdown.cause is Cause.ITSELF and not facts.began_before:
        ledger.add(5, f"Traces show that the service {facts.slowdown.told}")
    logs = facts.diagnostics.logs.data
    new = [p for p in logs.patterns if p.level in _NEW_ERRORS and p.new_since_deployment] if logs and not facts.earlier_suspect else []
    # What fails since after the rollout logs something new whoever is to blame.
    if new and not facts.began_before and not (came_late(facts) and facts.clues.nature is not Nature.OWN):
        ledger.add(5, f"New since the deployment: {new[0].level} {new[0].template} ({new[0].count} times)")


def _weigh_other_explanations(facts: Situation, ledger: Ledger) -> None:
    bad = facts.unhealthy_dependencies
    independent = bool(bad) and dependency_is_independent(facts, bad[0])
    if independent and unreachable(bad[0]):
        ledger.add(-60, f"{bad[0].title} does not work: {bad[0].detail}")
    elif independent:
        ledger.add(-50 if is_serious(facts, bad[0]) else -10, f"{bad[0].title} is short of capacity: {bad[0].detail}")
    if facts.untried:
        ledger.add(-15, "Its pods ran well at first and do not start any more: what changed since is not the version")
    if traffic_rose_first(facts):
        ledger.add(-10 if facts.code_evidence else -60, "Traffic rose before the errors did")
    if facts.start_lost:
        ledger.add(-60, "Pods of the same revision were started before: what it takes has gone meanwhile")
    node = busy_node(facts)
    if node is not None:
        ledger.add(-50, f"All failing pods are on node {node}")
    elif taken_by_node(facts):
        ledger.add(-50, "A node gave its pods up")
    if found_outside(facts):
        ledger.add(-25, f"The errors are such as another's failure makes: {facts.clues.errors[0].template}")
    _weigh_clues(facts, ledger)


def found_outside(facts: Situation) -> bool:
    """Whether it came long after the rollout, with errors that speak of something else than the code."""
    long_after = facts.delay is not None and facts.delay > PROMPT and not facts.still_rolling_out
    return long_after and facts.clues.nature is Nature.OUTSIDE and bool(facts.clues.errors) and not facts.code_evidence


def _weigh_clues(facts: Situation, ledger: Ledger) -> None:
    found = facts.clues
    if facts.old_pods_failing:
        ledger.add(-60, "Pods of another version fail as well")
    elif found.both is not None:
        ledger.add(-60, f"Another version that runs beside it logs the same: {found.both.template}")
    else:
        weigh_pods(facts, ledger)
    outside, changed = outside_cause(facts), configuration_changed(facts)
    if outside is not None:
        ledger.add(-45, f"The logs name another cause: {outside.line}")
    elif errors_begin_elsewhere(facts) and (origin := origin_elsewhere(facts)) is not None:
        ledger.add(-45, f"Errors begin in {origin[0]}")
    elif (slow := slow_peer(facts)) is not None and slow.peer is not None:
        ledger.add(-45, f"Traces show that {slow.peer.name} {slow.told}")
    if found.others_fail and not facts.code_evidence:
        ledger.add(-60, f"Other services fail too, and do not depend on this one: {names_of(found.others_fail)}")
    if fails_with_others(facts):
        ledger.add(
            -25, f"{names_of(found.fail_with_it)} began to fail at the same time, and nobody knows whether that is because of this one"
        )
    if changed is not None:
        ledger.add(-40, f"A configuration changed just before: {changed.line}")
    if found.unseen is not None and not facts.code_evidence:
        ledger.add(-40, f"The service itself does not see the failures: {found.unseen}")
    if found.earlier and not facts.code_evidence:
        often = "once" if len(found.earlier) == 1 else f"{len(found.earlier)} times"
        ledger.add(-15 if len(found.earlier) == 1 else -50, f"It was as bad {often} before the deployment, and went by")
    elif facts.as_every_week and not facts.code_evidence:
        ledger.add(-50, as_every_week(facts))
    before = _failed_already(facts)
    if before is not None and not facts.code_evidence:
        ledger.add(-40, f"Much failed before the deployment already ({before}): it may be more of the same")


def _failed_already(facts: Situation) -> str | None:
    """The error rate before, where the service was in trouble already and what is worse now may be a whim of that; else None."""
    rate = facts.signal("error_rate")
    if rate is None or rate.baseline is None or rate.baseline <= facts.options.tree.limit("error_rate", HIGH_ERROR_RATE):
        return None
    return format_value(rate.baseline, rate.unit) if (worsening(rate) or _MANIFOLD) < _MANIFOLD else None
