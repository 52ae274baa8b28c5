# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a post-mortem, each drawn from the record. Only what is known is said; it speaks of systems, never of people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ..analysis.wording import signal_baseline, signal_value
from ..lean import dataclass
from ..model.check import Verdict
from ..model.event import Event
from ..model.evidence import Evidence, EvidenceStatus
from ..model.finding import Finding
from ..model.incident import Incident, Severity
from ..model.metrics import CLIENT_ERROR_RATE
from ..model.recommendation import Hypothesis
from ..model.rollback import RollbackState
from ..units import describe_duration, format_duration, format_money
from . import incident as transitions
from .advice import steps_after_rollback
from .sections import causes, deployment_hypothesis
from .update import root_cause, versions

_EVIDENCE = ("workload", "rollouts", "logs", "metrics", "traces", "dependencies", "changes", "impact")
_MOST_FACTORS = 6
_PROMPT_DETECTION = timedelta(minutes=5)
_PRIORITY_AFTER = {Severity.P0: "P1", Severity.P1: "P2", Severity.P2: "P3", Severity.P3: "P3"}


@dataclass(frozen=True, slots=True)
class ActionItem:
    action: str
    owner: str
    priority: str
    due: date
    status: str = "Pending"


@dataclass(frozen=True, slots=True)
class Review:
    summary: tuple[str, ...]
    timeline: tuple[Event, ...]
    cause: Hypothesis | None
    contributing: tuple[str, ...]
    detection: str
    business: tuple[str, ...]
    went_well: tuple[str, ...]
    went_wrong: tuple[str, ...]
    action_items: tuple[ActionItem, ...]
    lessons: tuple[tuple[str, str], ...]
    immediate: tuple[str, ...]
    short_term: tuple[str, ...]
    long_term: tuple[str, ...]


def review(incident: Incident, now: datetime) -> Review:
    items = _action_items(incident, now)
    likely = root_cause(incident)
    hypotheses = incident.recommendation.hypotheses if incident.recommendation else ()
    return Review(
        summary=_summary(incident),
        timeline=transitions.timeline(incident),
        cause=hypotheses[0] if likely and hypotheses else None,
        contributing=_contributing(incident),
        detection=_detection(incident),
        business=_business(incident),
        went_well=_went_well(incident),
        went_wrong=_went_wrong(incident),
        action_items=items,
        lessons=_lessons(incident),
        immediate=tuple(item.action for item in items if item.due <= _day(now) + timedelta(days=7)),
        short_term=_short_term(incident),
        long_term=("Review other services for the same pattern",) if likely else (),
    )


def rolled_back(incident: Incident) -> bool:
    return incident.rollback is not None and incident.rollback.state is RollbackState.RECOVERED


def met_target(incident: Incident) -> bool | None:
    """Whether it was resolved within the severity's target; None while it goes on, and where there is no target."""
    if incident.duration is None or incident.policy.mttr_target is None:
        return None
    return incident.duration < incident.policy.mttr_target


def _summary(incident: Incident) -> tuple[str, ...]:
    service, severity = incident.service.name, incident.severity
    start = incident.started_at.astimezone(UTC)
    when = f"on {start:%B} {start.day}, {start.year}, from {start:%H:%M}"
    if incident.resolved_at and incident.duration is not None:
        when += f" to {incident.resolved_at.astimezone(UTC):%H:%M} UTC ({format_duration(incident.duration)} duration)"
    else:
        when += " UTC on, and has not been resolved"
    cause = root_cause(incident)
    sentences = [f"The {service} service experienced a {severity.word.lower()} ({severity.value}) incident {when}."]
    sentences.append(f"Its most likely cause: {cause}." if cause else "Its cause is not known yet.")
    sentences.append(_impact_sentence(incident))
    if rolled_back(incident) and (pair := versions(incident)):
        target = incident.policy.mttr_target
        within = {True: "within", False: "later than", None: ""}[met_target(incident)]
        mttr = f" {within} target MTTR (<{format_duration(target)})" if target and within else ""
        sentences.append(f"Rollback to {pair[1]} restored the service{mttr}.")
    return tuple(sentences)


def _impact_sentence(incident: Incident) -> str:
    data = incident.diagnostics.impact.data if incident.diagnostics else None
    if data is None:
        return "Its impact on users is not known."
    users = f"approximately {data.sessions.value:,.0f} active users" if data.sessions.value is not None else "an unknown number of users"
    revenue = (
        f", with an estimated revenue impact of {format_money(data.revenue.value, data.currency)}" if data.revenue.value is not None else ""
    )
    return f"It affected {users}{revenue}."


def _contributing(incident: Incident) -> tuple[str, ...]:
    return causes(_findings(incident))[:_MOST_FACTORS]


def _detection(incident: Incident) -> str:
    diagnostics = incident.diagnostics
    onset = diagnostics.metrics.data.onset if diagnostics and diagnostics.metrics.data else None
    if onset is None:
        return "When it began for the users could not be measured, and so neither could the time to detection."
    delay = describe_duration((incident.declared_at - onset).total_seconds())
    told = f"The incident was declared {delay} after the metrics left their baseline."
    hypothesis = deployment_hypothesis(incident)
    return f"{told} The deployment was named as its cause with {hypothesis.confidence}% confidence." if hypothesis else told


def _business(incident: Incident) -> tuple[str, ...]:
    data = incident.diagnostics.impact.data if incident.diagnostics else None
    if data is None:
        return ("Estimated revenue impact: unknown", "SLA breach: unknown")
    amount, basis = data.revenue.value, data.revenue.basis
    revenue = f"unknown ({basis})" if amount is None else f"{format_money(amount, data.currency)} ({basis})"
    breached = data.objective.value
    sla = f"unknown ({data.objective.basis})" if breached is None else f"{'Yes' if breached else 'No'} ({data.objective.basis})"
    return (f"Estimated revenue impact: {revenue}", f"SLA breach: {sla}")


def _went_well(incident: Incident) -> tuple[str, ...]:
    diagnostics = incident.diagnostics
    onset = diagnostics.metrics.data.onset if diagnostics and diagnostics.metrics.data else None
    well = []
    if onset and incident.declared_at - onset <= _PROMPT_DETECTION:
        well.append(
            f"Declared within {format_duration((incident.declared_at - onset).total_seconds())} of the metrics leaving their baseline"
        )
    if root_cause(incident) and incident.recommendation:
        hypothesis = incident.recommendation.hypotheses[0]
        well.append(f"Likely cause identified at once ({hypothesis.confidence}% confidence)")
    if rolled_back(incident) and incident.rollback:
        manual = "" if incident.recommendation and incident.recommendation.automatic else ", after approval"
        well.append(f"Rollback executed and recovery verified{manual or ' without manual intervention'}")
        if incident.rollback.plan:
            well.append(f"Rollback strategy: {incident.rollback.plan.strategy}")
    if met_target(incident):
        well.append(f"MTTR target achieved (<{format_duration(incident.policy.mttr_target or 0)})")
    sent = sum(notification.status == "sent" for notification in incident.notifications)
    if sent:
        well.append(f"{sent} message{' was' if sent == 1 else 's were'} sent automatically")
    if diagnostics and not _gaps(incident):
        well.append("Every source of evidence answered")
    return tuple(well)


def _went_wrong(incident: Incident) -> tuple[str, ...]:
    wrong = []
    diagnostics = incident.diagnostics
    onset = diagnostics.metrics.data.onset if diagnostics and diagnostics.metrics.data else None
    if onset and incident.declared_at - onset > _PROMPT_DETECTION:
        wrong.append(f"It took {format_duration((incident.declared_at - onset).total_seconds())} from the first sign to the declaration")
    hypothesis = deployment_hypothesis(incident)
    if rolled_back(incident) and hypothesis and (pair := versions(incident)):
        wrong.append(f"{pair[0]} reached production with the fault: no earlier stage caught it")
    if incident.rollback and incident.rollback.state in (RollbackState.NOT_RECOVERED, RollbackState.ABORTED):
        wrong.append(f"The rollback did not restore the service: {incident.rollback.reason or 'no reason recorded'}")
    if met_target(incident) is False:
        wrong.append(f"MTTR target missed (<{format_duration(incident.policy.mttr_target or 0)})")
    wrong += [f"{source.capitalize()} could not be looked at: {reason}" for source, reason in _gaps(incident)]
    for notification in incident.notifications:
        if notification.status == "failed":
            wrong.append(f"{notification.recipient} could not be reached: {notification.detail or 'no reason recorded'}")
    return tuple(dict.fromkeys(wrong))


def _action_items(incident: Incident, now: datetime) -> tuple[ActionItem, ...]:
    owner = incident.service.owners[0] if incident.service.owners else "to be assigned"
    urgent, later = incident.severity.value, _PRIORITY_AFTER[incident.severity]
    soon, week, month = (_day(now) + timedelta(days=days) for days in (1, 7, 30))
    routine = {"Notify stakeholders of resolution", "Schedule post-mortem meeting", "Test hotfix in staging"}
    fixes = [step for step in steps_after_rollback(incident) if step not in routine] if rolled_back(incident) else []
    fixes += incident.recommendation.remedies if incident.recommendation and not rolled_back(incident) else ()
    items = [ActionItem(fix, owner, urgent, soon) for fix in dict.fromkeys(fixes)]
    if incident.status.value != "resolved":
        items.append(ActionItem("Resolve the incident", owner, urgent, soon))
    for source, _reason in _gaps(incident):
        items.append(ActionItem(f"Make {source} available to incident response", owner, later, month))
    failed = dict.fromkeys(one.recipient for one in incident.notifications if one.status == "failed")
    items += [ActionItem(f"Repair the route to {recipient}", owner, later, week) for recipient in failed]
    items.append(ActionItem("Review this report and complete what it does not know", owner, later, week))
    items.append(ActionItem("Document lessons learned in runbook", owner, later, week))
    return tuple(items)


def _lessons(incident: Incident) -> tuple[tuple[str, str], ...]:
    lessons = []
    cause = root_cause(incident)
    if cause:
        lessons.append(("Cause", cause))
    index = next((finding for finding in _findings(incident) if finding.id == "traces.missing_index"), None)
    if index:
        lessons.append(("Database Performance Testing", "Queries need to be tested against production-like data volumes"))
    if rolled_back(incident) and incident.duration is not None:
        lessons.append(("Response", f"Rolling back restored the service {describe_duration(incident.duration)} after it broke"))
    gaps = _gaps(incident)
    if gaps:
        lessons.append(("Observability", f"The response had to do without {', '.join(source for source, _reason in gaps)}"))
    return tuple(lessons)


def _short_term(incident: Incident) -> tuple[str, ...]:
    lines = [f"Make {source} available to incident response: {reason}" for source, reason in _gaps(incident)]
    if any(finding.id == "traces.missing_index" for finding in _findings(incident)):
        lines.append("Run queries against production-like data volumes before they are released")
    checks = incident.rollback.checks if incident.rollback else ()
    lines += [f"Make a rollback check answerable: {check.detail}" for check in checks if check.verdict is Verdict.UNKNOWN]
    return tuple(lines)


def _findings(incident: Incident) -> tuple[Finding, ...]:
    return incident.diagnostics.findings if incident.diagnostics else ()


def _gaps(incident: Incident) -> tuple[tuple[str, str], ...]:
    """The sources that were asked and did not answer, with the reason."""
    if incident.diagnostics is None:
        return ()
    evidence: list[Evidence[object]] = [getattr(incident.diagnostics, name) for name in _EVIDENCE]
    return tuple((one.source.value, one.reason or "no reason given") for one in evidence if one.status is EvidenceStatus.UNAVAILABLE)


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def user_impact(incident: Incident) -> tuple[str, ...]:
    """The lines of the impact on users: people, transactions, errors, latency."""
    diagnostics = incident.diagnostics
    data = diagnostics.impact.data if diagnostics else None
    metrics = diagnostics.metrics.data if diagnostics else None
    lines = []
    for title, amount, text in (
        ("Affected users", data.sessions if data else None, "~{:,.0f} active sessions"),
        ("Failed transactions", data.failed_requests if data else None, "{:,.0f} over " + format_duration(data.window if data else 0)),
    ):
        known = amount is not None and amount.value is not None
        lines.append(f"{title}: {text.format(amount.value)}" if amount and known else f"{title}: unknown")
    for name, title in (("error_rate", "Error rate"), (CLIENT_ERROR_RATE, "Client error rate"), ("latency_p95", "Latency P95")):
        signal = metrics.signal(name) if metrics else None
        if signal is None and name == CLIENT_ERROR_RATE:
            continue  # it is there only where it is part of the incident
        if signal is None or signal.value is None:
            lines.append(f"{title}: unknown")
            continue
        lines.append(f"{title}: {signal_value(signal)} (baseline: {signal_baseline(signal)})")
    return tuple(lines)
