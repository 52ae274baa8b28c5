# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an incident goes from declared to resolved: each step takes the incident as it is and gives the one after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ..lean import dataclass
from ..model.comparison import DeploymentComparison
from ..model.diagnostics import Diagnostics
from ..model.event import Event, EventKind
from ..model.incident import Incident, IncidentStatus, Notification, Policy, Severity
from ..model.mitigation import Mitigation
from ..model.recommendation import Recommendation
from ..model.rollback import Rollback, RollbackState
from ..model.service import Service, WorkloadKind
from .attempts import remembering
from .audit import entry
from .catalogue import without_addresses
from .notification import recipient_title
from .timeline import merge

_STATUS_OF_ROLLBACK = {
    RollbackState.APPLYING: IncidentStatus.MITIGATING,
    RollbackState.VERIFYING: IncidentStatus.MONITORING,
    RollbackState.RECOVERED: IncidentStatus.MONITORING,
    RollbackState.NOT_RECOVERED: IncidentStatus.INVESTIGATING,
    RollbackState.ABORTED: IncidentStatus.INVESTIGATING,
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of an incident when it is declared."""

    service: Service
    severity: Severity
    policy: Policy
    symptoms: tuple[str, ...] = ()
    commander: str | None = None
    diagnostics: Diagnostics | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What a step found or did; what is None did not change."""

    diagnostics: Diagnostics | None = None
    recommendation: Recommendation | None = None
    comparison: DeploymentComparison | None = None
    rollback: Rollback | None = None
    mitigation: Mitigation | None = None
    status: IncidentStatus | None = None
    note: str | None = None
    """A line for the timeline in the words of whoever ran the step."""


def declare(given: Declaration, incident_id: str, now: datetime, actor: str | None) -> Incident:
    """A new incident. It began when the metrics left their baseline; where that is not known, when it was declared."""
    service = without_addresses(given.service)
    title = f"Incident classified as {given.severity.value} {given.severity.word}"
    incident = Incident(
        id=incident_id,
        service=service,
        severity=given.severity,
        status=IncidentStatus.INVESTIGATING,
        declared_at=now,
        started_at=now,
        policy=given.policy,
        symptoms=given.symptoms,
        commander=given.commander,
        next_update_at=_next_update(given.policy, now),
        actions=(entry(now, EventKind.INCIDENT, title, actor, ", ".join(given.symptoms) or None),),
        dry_run=given.dry_run,
    )
    return _diagnosed(incident, given.diagnostics)


def resume(incident: Incident, given: Declaration, now: datetime, actor: str | None) -> Incident:
    """The same incident looked at again: what is known is renewed, what happened stays."""
    actions = incident.actions
    if given.severity is not incident.severity:
        title = f"Severity changed from {incident.severity.value} to {given.severity.value} {given.severity.word}"
        actions = (*actions, entry(now, EventKind.INCIDENT, title, actor))
    resumed = replace(
        incident,
        service=without_addresses(given.service),
        severity=given.severity,
        policy=given.policy,
        symptoms=tuple(dict.fromkeys((*incident.symptoms, *given.symptoms))),
        commander=given.commander or incident.commander,
        actions=actions,
        next_update_at=incident.next_update_at or _next_update(given.policy, now),
        dry_run=given.dry_run,
    )
    return _diagnosed(resumed, given.diagnostics)


def take(incident: Incident, step: Step, now: datetime, actor: str | None) -> Incident:
    """The incident after ``step``, with the lines that it adds to the timeline."""
    after = _diagnosed(incident, step.diagnostics)
    if step.rollback is not None and step.rollback.plan is not None:
        after = _of_kind(after, step.rollback.plan.kind)
    actions = list(after.actions)
    if step.recommendation is not None:
        known = incident.recommendation.headline if incident.recommendation else None
        if step.recommendation.headline != known:
            detail = f"confidence {step.recommendation.confidence}%"
            actions.append(entry(now, EventKind.DECISION, f"Recommended: {step.recommendation.headline}", actor, detail))
    if step.rollback is not None:
        actions += _rollback_events(incident.rollback, step.rollback, now, actor)
    if step.mitigation is not None:
        actions.append(entry(step.mitigation.at, EventKind.MITIGATION, step.mitigation.title, actor, step.mitigation.undo))
    if step.note:
        actions.append(entry(now, EventKind.INCIDENT, step.note, actor))
    mitigated = incident.mitigations if step.mitigation is None else (*incident.mitigations, step.mitigation)
    status = step.status or (_STATUS_OF_ROLLBACK.get(step.rollback.state) if step.rollback else None) or after.status
    return replace(
        after,
        status=status,
        recommendation=step.recommendation or after.recommendation,
        comparison=step.comparison or after.comparison,
        mitigations=mitigated,
        rollback=remembering(incident.rollback, step.rollback) if step.rollback else after.rollback,
        actions=tuple(actions),
    )


def resolve(incident: Incident, now: datetime, actor: str | None, note: str | None = None) -> Incident:
    """The incident, over. Resolving it once more changes nothing."""
    if incident.status is IncidentStatus.RESOLVED:
        return incident
    event = entry(now, EventKind.INCIDENT, "Incident resolved", actor, note)
    return replace(incident, status=IncidentStatus.RESOLVED, resolved_at=now, next_update_at=None, actions=(*incident.actions, event))


def notified(incident: Incident, sent: tuple[Notification, ...], now: datetime, actor: str | None) -> Incident:
    """The incident with what was sent to whom. A sent update sets the time of the next one."""
    events = tuple(_notification_event(notification, actor) for notification in sent if notification.status != "skipped")
    updated = any(notification.kind == "update" and notification.status == "sent" for notification in sent)
    return replace(
        incident,
        notifications=(*incident.notifications, *sent),
        actions=(*incident.actions, *events),
        next_update_at=_next_update(incident.policy, now) if updated else incident.next_update_at,
    )


def timeline(incident: Incident) -> tuple[Event, ...]:
    """What the sources saw and what we did, in order, each once. How a rollback replaced pod after pod is told by its ``progress``."""
    return merge(incident.actions, incident.diagnostics.events if incident.diagnostics else ())


def _diagnosed(incident: Incident, diagnostics: Diagnostics | None) -> Incident:
    if diagnostics is None:
        return incident
    known = incident.diagnostics.events if incident.diagnostics else ()
    incident = _of_kind(incident, diagnostics.service.workload_kind)
    diagnostics = replace(diagnostics, service=incident.service, events=merge(known, diagnostics.events))
    onset = diagnostics.metrics.data.onset if diagnostics.metrics.data else None
    started = min(incident.started_at, incident.declared_at, *((onset,) if onset else ()))
    return replace(incident, diagnostics=diagnostics, started_at=started)


def _of_kind(incident: Incident, found: WorkloadKind) -> Incident:
    """With the kind of workload that was found by its name; a catalogue need not say what it is."""
    return replace(incident, service=replace(incident.service, workload_kind=found))


def _rollback_events(before: Rollback | None, after: Rollback, now: datetime, actor: str | None) -> list[Event]:
    """Lines for the states that the rollback has newly reached."""
    if before is not None and before.state is after.state and before.started_at == after.started_at:
        return []
    target = (after.plan.to_version if after.plan else None) or after.requested_target
    finished = after.finished_at or now
    titles = {
        RollbackState.APPROVED: (now, EventKind.DECISION, f"Decision: Rollback to {target}", after.approval),
        RollbackState.APPLYING: (after.started_at or now, EventKind.ROLLBACK, f"Rollback to {target} initiated", after.approval),
        RollbackState.VERIFYING: (finished, EventKind.ROLLBACK, f"Rollback to {target} complete, verifying recovery", None),
        RollbackState.RECOVERED: (now, EventKind.RECOVERY, "Service restored", after.recovery.reason if after.recovery else None),
        RollbackState.NOT_RECOVERED: (now, EventKind.RECOVERY, "Service not restored by the rollback", after.reason),
        RollbackState.ABORTED: (now, EventKind.ROLLBACK, f"Rollback to {target} not executed", after.reason),
    }
    if after.state not in titles:
        return []
    at, kind, title, detail = titles[after.state]
    return [entry(at, kind, title, after.requested_by or actor, detail)]


def _notification_event(notification: Notification, actor: str | None) -> Event:
    name = recipient_title(notification.recipient)
    recipient = name[:1].upper() + name[1:]
    titles = {
        "page": f"{recipient} paged automatically",
        "notify": f"{recipient} notified automatically",
        "ticket": f"{recipient} created automatically",
        "update": f"Update sent to {name}",
        "resolved": f"All-clear sent to {name}",
    }
    failed = notification.status == "failed"
    title = f"{recipient} could not be reached ({notification.kind})" if failed else titles[notification.kind]
    return entry(notification.at, EventKind.NOTIFICATION, title, actor, notification.detail)


def _next_update(policy: Policy, now: datetime) -> datetime | None:
    return now + timedelta(seconds=policy.update_interval) if policy.update_interval else None
