# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done now, and what comes next: the check boxes of the reports."""

from __future__ import annotations

import json
import shlex

from ..model.incident import Incident, IncidentStatus
from ..model.recommendation import Action
from ..model.rollback import RollbackState
from .update import versions

_COLLECTION = "devops.incident_response"
_ROLES = {"on_call": "on-call engineer"}


def available_actions(incident: Incident) -> tuple[str, ...]:
    """What this collection or one command can do at once."""
    recommendation = incident.recommendation
    actions = []
    barred = recommendation is not None and any(guard.forbids for guard in recommendation.guards)
    if recommendation and recommendation.target_version and incident.policy.rollback != "never" and not barred:
        actions.append(f"Execute rollback to {recommendation.target_version}")
    workload = incident.diagnostics.workload.data if incident.diagnostics else None
    if workload and workload.autoscaler and workload.unavailable:
        actions.append("Scale down to stop new pod creation")
    if incident.policy.war_room:
        actions.append("Enable maintenance mode (by hand: it is the service's own switch)")
    return (*actions, *_paging(incident))


def next_steps(incident: Incident) -> tuple[str, ...]:
    """The recommendation's steps, then those that every incident of its severity ends with."""
    steps = list(incident.recommendation.next_steps) if incident.recommendation else []
    text = " ".join(steps).casefold()
    over = incident.status is IncidentStatus.RESOLVED
    if incident.policy.update_interval and "stakeholder" not in text:
        where = f" via {incident.service.channel} channel" if incident.service.channel and not over else ""
        steps.append("Notify stakeholders of resolution" if over else f"Notify stakeholders{where}")
    if incident.policy.mttr_target and "post-mortem" not in text and (over or incident.policy.war_room):
        steps.append("Schedule post-mortem meeting" if over else "Schedule post-mortem for tomorrow")
    if incident.policy.war_room and not over and "runbook" not in text:
        steps.append("Update runbook with lessons learned")
    return tuple(steps)


def steps_after_rollback(incident: Incident) -> tuple[str, ...]:
    """What is left to do once the rollback is through."""
    pair = versions(incident)
    left = pair[0] if pair else "the version rolled back"
    remedies = incident.recommendation.remedies if incident.recommendation else ()
    fixes = [remedy for remedy in remedies if "roll back" not in remedy.casefold() and "rollback" not in remedy.casefold()]
    state = incident.rollback.state if incident.rollback else None
    if state is RollbackState.ABORTED:
        refused = incident.rollback is not None and any(not check.overridable for check in incident.rollback.checks)
        return (
            "Do first what the check that does not pass says, then roll back again"
            if refused
            else "Settle the checks that do not pass, or override them by name (rollback_overrides)",
            "Escalate to the incident commander",
            *fixes,
        )
    if state is not RollbackState.RECOVERED:
        undo = undo_command(incident)
        return (
            *((f"Undo the rollback, since its target {_why_undo(incident)}: {undo}",) if undo else ()),
            "Escalate to the incident commander",
            _next_hypothesis(incident),
            *fixes,
        )
    return (
        "Notify stakeholders of resolution",
        f"Prepare hotfix for {left} issues",
        *fixes[:2],
        "Test hotfix in staging",
        "Schedule post-mortem meeting",
    )


def undo_command(incident: Incident) -> str | None:
    """The command that takes back a rollback whose target is worse than what it replaced, or does not come up; None where it is not."""
    rollback = incident.rollback
    if rollback is None or rollback.plan is None or _why_undo(incident) is None:
        return None
    # The version that was rolled back fails two checks, of course; what was overridden on the way there is so on the way back.
    names = sorted({"first_attempt", "stability", *rollback.overrides})
    overrides = shlex.quote(json.dumps({"rollback_overrides": names}))
    return f"{_command(incident, str(rollback.plan.from_revision))} -e {overrides}"


def _why_undo(incident: Incident) -> str | None:
    """What is wrong with the target of the rollback."""
    rollback = incident.rollback
    if rollback is None or rollback.state is RollbackState.RECOVERED:
        return None
    if rollback.recovery is not None and rollback.recovery.worse:
        return "is worse"
    return "does not come up" if rollback.details.get("target_fails") is True else None


def rollback_command(incident: Incident) -> str | None:
    """The command that carries out what is recommended; None where no rollback is."""
    recommendation = incident.recommendation
    if recommendation is None or recommendation.action is not Action.ROLLBACK:
        return None
    return _command(incident, recommendation.target_version or str(recommendation.target_revision))


def _next_hypothesis(incident: Incident) -> str:
    """The most likely cause that the rollback has not ruled out: not the deployment, and no crash where every pod is well since."""
    hypotheses = incident.recommendation.hypotheses if incident.recommendation else ()
    recovery = incident.rollback.recovery if incident.rollback else None
    well = {measure.name for measure in recovery.measures if measure.passed} if recovery else set()
    ruled_out = {"deployment", *(("crash",) if {"readiness", "restarts"} <= well else ())}
    left = next((hypothesis for hypothesis in hypotheses if hypothesis.cause not in ruled_out), None)
    if left is None:
        return "Look at the other hypotheses of the report"
    check = f" ({left.check_next[0]})" if left.check_next else ""
    return f"Look at the next hypothesis: {left.title}{check}"


def _command(incident: Incident, target: str) -> str:
    options = {
        "service": incident.service.name,
        "namespace": incident.service.namespace,
        "severity": incident.severity.value,
        "target": target,
    }
    given = " ".join(f"-e {shlex.quote(f'{name}={value}')}" for name, value in options.items())
    return f"ansible-playbook {_COLLECTION}.rollback {given}"


def _paging(incident: Incident) -> tuple[str, ...]:
    if not incident.policy.page:
        return ()
    first = incident.policy.page[0]
    sent = [one for one in incident.notifications if one.recipient == first and one.kind in ("page", "notify")]
    what = f"{'Page' if incident.policy.war_room else 'Notify'} {_ROLES.get(first, first.replace('_', ' '))}"
    if any(one.status == "sent" for one in sent):
        return (f"{what} (auto-{'paged' if incident.policy.war_room else 'notified'})",)
    return (f"{what} ({sent[-1].detail})" if sent and sent[-1].detail else what,)
