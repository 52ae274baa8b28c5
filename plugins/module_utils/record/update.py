# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stakeholders are told: the values of an update, each drawn from the record."""

from __future__ import annotations

import math
from datetime import datetime

from ..lean import dataclass
from ..model.incident import Incident, IncidentStatus, Severity
from ..model.metrics import CLIENT_ERROR_RATE
from ..model.recommendation import Action
from ..model.rollback import RollbackState
from ..units import format_duration, format_value

_KIND = {Severity.P0: "Outage", Severity.P1: "Degradation", Severity.P2: "Degradation", Severity.P3: "Issue"}
_SECONDS_A_POD = 20
"""A pod of a rolling update takes about this long to become ready; the estimate is a range for that reason."""
_LIKELY = 50
"""A hypothesis below this many percent is not told as the root cause."""
_ROLLING_BACK = (RollbackState.APPROVED, RollbackState.APPLYING, RollbackState.VERIFYING)


@dataclass(frozen=True, slots=True)
class Update:
    subject: str
    status: str
    impact: str
    action: str
    eta: str
    root_cause: str
    next_update: str
    duration: str
    war_room: str | None


@dataclass(frozen=True, slots=True)
class _Phase:
    headline: str
    status: str
    action: str
    eta: str = "unknown"


def update(incident: Incident, now: datetime) -> Update:
    phase = _phase(incident)
    interval = incident.policy.update_interval
    over = incident.status is IncidentStatus.RESOLVED
    duration = incident.duration if incident.duration is not None else (now - incident.started_at).total_seconds()
    return Update(
        subject=f"[{incident.severity.value}] {name(incident)} - {phase.headline}",
        status=phase.status,
        impact=_impact(incident),
        action=phase.action,
        eta=phase.eta,
        root_cause=root_cause(incident) or "Under investigation",
        next_update=f"In {minutes(interval)}" if interval and not over else "None planned",
        duration=format_duration(duration),
        war_room=incident.service.on_call.get("war_room"),
    )


def name(incident: Incident) -> str:
    """What people call it: ``Payment API Outage``."""
    return f"{incident.service.title or incident.service.name} {_KIND[incident.severity]}"


def root_cause(incident: Incident) -> str | None:
    """The likeliest cause, when it is likely."""
    hypotheses = incident.recommendation.hypotheses if incident.recommendation else ()
    return hypotheses[0].title if hypotheses and hypotheses[0].confidence >= _LIKELY else None


def versions(incident: Incident) -> tuple[str, str] | None:
    """The version that a rollback leaves, and the one that it goes to."""
    if incident.rollback is not None and incident.rollback.plan is not None:
        plan = incident.rollback.plan
        return plan.from_version or f"revision {plan.from_revision}", plan.to_version or f"revision {plan.to_revision}"
    recommendation = incident.recommendation
    if recommendation is None or recommendation.action is not Action.ROLLBACK or incident.diagnostics is None:
        return None
    rollouts = incident.diagnostics.rollouts.data
    if rollouts is None or not recommendation.target_version:
        return None
    return rollouts.current.version or f"revision {rollouts.current.number}", recommendation.target_version


def minutes(seconds: float) -> str:
    amount = math.ceil(seconds / 60)
    return "1 minute" if amount == 1 else f"{amount} minutes"


def _phase(incident: Incident) -> _Phase:
    if incident.status is IncidentStatus.RESOLVED:
        return _Phase("Resolved", "Resolved", "None, the service is back to normal", "Restored")
    pair = versions(incident)
    if pair is None:
        headline = incident.recommendation.headline if incident.recommendation else "Diagnosing"
        return _Phase("Investigating", "Active incident - Investigating", headline)
    arrow = f"{pair[0]} → {pair[1]}"
    state = incident.rollback.state if incident.rollback else None
    if state is RollbackState.RECOVERED:
        return _Phase("Monitoring", "Active incident - Rolled back, monitoring", f"Rolled back deployment {arrow}", "Restored")
    if state in (RollbackState.NOT_RECOVERED, RollbackState.ABORTED):
        what = "did not restore the service" if state is RollbackState.NOT_RECOVERED else "was not executed"
        return _Phase("Investigating", f"Active incident - The rollback {what}", f"Investigating; the rollback {arrow} {what}")
    automatic = incident.recommendation is not None and incident.recommendation.automatic and not incident.dry_run
    if state in _ROLLING_BACK or (state is None and automatic):
        status = "Active incident - Rollback initiated"
        return _Phase("Rollback in Progress", status, f"Rolling back deployment {arrow}", _eta(incident))
    waits = "recommended" if incident.dry_run else "waiting for approval"
    return _Phase("Rollback Recommended", f"Active incident - Rollback {waits}", f"Rollback {arrow} recommended")


def _impact(incident: Incident) -> str:
    diagnostics = incident.diagnostics
    metrics = diagnostics.metrics.data if diagnostics else None
    errors = metrics.signal("error_rate") if metrics else None
    rate = f"{format_value(errors.value, 'share')} error rate" if errors and errors.value is not None else "error rate unknown"
    refused = metrics.signal(CLIENT_ERROR_RATE) if metrics else None
    if refused is not None and refused.value is not None:
        rate = f"{format_value(refused.value, 'share')} of requests refused with 4xx, {rate}"
    impact = diagnostics.impact.data if diagnostics else None
    users = impact.sessions.value if impact else None
    return f"{rate}, ~{users:,.0f} users affected" if users is not None else f"{rate}, number of affected users unknown"


def _eta(incident: Incident) -> str:
    workload = incident.diagnostics.workload.data if incident.diagnostics else None
    if workload is None:
        return "unknown"
    least = 1 + math.ceil(workload.desired * _SECONDS_A_POD / 60)
    return f"{least}-{least + 2} minutes to full restoration"
