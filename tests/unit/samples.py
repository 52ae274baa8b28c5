# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents to try things on: a payment API that breaks with its deployment, in every step from declared to resolved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ansible_collections.devops.incident_response.plugins.module_utils.model.changes import Changes, Commit
from ansible_collections.devops.incident_response.plugins.module_utils.model.check import Check, Verdict
from ansible_collections.devops.incident_response.plugins.module_utils.model.confidence import Confidence, Factor
from ansible_collections.devops.incident_response.plugins.module_utils.model.dependencies import Dependencies, DependencyHealth
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.event import Event, EventKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Evidence, EvidenceStatus, Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Finding, Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.impact import Amount, Impact
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Incident, Policy, Severity
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs import LogPattern, Logs
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Metrics, Shape, Signal
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import (
    Action,
    Hypothesis,
    Recommendation,
    TreeStep,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollback import (
    Measure,
    ProgressLine,
    Recovery,
    Rollback,
    RollbackPlan,
    RollbackState,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision, Rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import DependencyType, Service, WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.traces import Operation, Traces
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Autoscaler, Pod, WorkloadState
from ansible_collections.devops.incident_response.plugins.module_utils.record import incident as transitions

BROKE_AT = datetime(2025, 10, 21, 14, 23, 15, tzinfo=UTC)
DECLARED_AT = BROKE_AT + timedelta(seconds=135)
RESOLVED_AT = BROKE_AT + timedelta(seconds=255)

SERVICE = Service(
    name="payment-api",
    title="Payment API",
    owners=("@payments",),
    on_call={"on_call": "https://pages.example/hooks/k3y", "war_room": "https://meet.example/war-room"},
    channel="#incidents",
    transaction_value=15.0,
)
POLICY = Policy(page=("on_call",), rollback="automatic", update_interval=600.0, mttr_target=600.0, war_room=True)


def after(seconds: float) -> datetime:
    return BROKE_AT + timedelta(seconds=seconds)


def evidence(source: Source, data: object) -> Evidence:
    return Evidence(source=source, status=EvidenceStatus.OK, collected_at=DECLARED_AT, took_ms=12, data=data)


def missing(source: Source, reason: str, status: EvidenceStatus = EvidenceStatus.UNAVAILABLE) -> Evidence:
    return Evidence(source=source, status=status, collected_at=DECLARED_AT, took_ms=12, reason=reason)


def _revision(number: int, version: str, *, current: bool) -> Revision:
    start, end = (BROKE_AT, None) if current else (BROKE_AT - timedelta(days=3), BROKE_AT)
    author = "@devops-bot" if current else "@engineer-alice"
    name = f"payment-api-{number}"
    image = f"registry.example/shop/payment-api:{version}"
    return Revision(number, version, image, name, None, start, start, end, current, author=author, ready_pods=2 if current else 0, pods=5)


def _workload() -> WorkloadState:
    pods = tuple(
        Pod(f"payment-api-7d4b9c6f5d-x{index}", "v2.3.1", index > 2, "Running", BROKE_AT, reason="CrashLoopBackOff" if index < 3 else None)
        for index in range(5)
    )
    scaler = Autoscaler("payment-api", 5, 10, 5, 10)
    return WorkloadState(WorkloadKind.DEPLOYMENT, "payment-api", "production", 5, 2, 5, 3, "v2.3.1", False, pods, (), scaler)


def _metrics() -> Metrics:
    signals = (
        Signal("error_rate", "Error rate", "share", 0.45, 0.001, 450.0, after(55), Shape.SUDDEN),
        Signal("request_rate", "Request rate", "per_second", 9.0, 9.2, 0.98),
        Signal("latency_p95", "Latency P95", "seconds", 8.5, 0.15, 56.7, after(55), Shape.SUDDEN),
        Signal("database_query_time", "Database query time", "seconds", 2.3, 0.05, 46.0, after(40), Shape.SUDDEN),
        Signal("memory", "Memory usage", "share", 0.85, 0.6, 1.42, None, Shape.GRADUAL),
        Signal("cpu", "CPU usage", "share", 0.4, 0.25, 1.6, None, Shape.SUDDEN),
    )
    return Metrics(signals, onset=after(0), scrape_interval=15.0)


def _logs() -> Logs:
    patterns = (
        LogPattern("ERROR", "Database connection timeout", 823, "Database connection timeout", after(30), after(120)),
        LogPattern("ERROR", "Payment validation failed", 412, "Payment validation failed"),
        LogPattern("WARN", "Circuit breaker opened for database", 45, "Circuit breaker opened for database"),
        LogPattern("INFO", "Listening on <*>", 9, "Listening on 8080"),
    )
    return Logs(window=900.0, lines=4000, patterns=patterns, containers=8)


def _traces() -> Traces:
    statement = "SELECT * FROM transactions WHERE user_id = ?"
    slow = Operation("payment-api", "query", 2.3, 0.05, 40, 2, statement, "transactions.user_id")
    validation = Operation("payment-api", "payment validation", 5.9, 0.05, 40, 2)
    return Traces(40, 18, 30, 8.2, 0.12, (validation, slow))


def diagnostics() -> Diagnostics:
    sick = DependencyHealth(
        "database", "Database", DependencyType.TCP, "db:5432", Level.WARNING, "Connection pool exhausted (95/100)", 0.1, 95, 100
    )
    redis = DependencyHealth("redis", "Redis cache", DependencyType.REDIS, "redis:6379", Level.OK, "Healthy", 0.01)
    rollouts = Rollouts(_revision(7, "v2.3.1", current=True), _revision(6, "v2.3.0", current=False), (), BROKE_AT, in_progress=True)
    commits = tuple(
        Commit(f"{index}" * 8, BROKE_AT, "alice", subject)
        for index, subject in enumerate(("Changed: payment processor logic", "Added: new database query in payment validation"))
    )
    amounts = Impact(
        Amount(2400, "sessions_query"),
        Amount(1247, "increase of failed requests over 300 s"),
        Amount(18705, "based on avg transaction value"),
        "$",
        300.0,
        Amount(1, "error rate 45%, objective 1%"),
    )
    return Diagnostics(
        service=SERVICE,
        collected_at=DECLARED_AT,
        timeframe=14400.0,
        took_ms=812,
        workload=evidence(Source.WORKLOAD, _workload()),
        rollouts=evidence(Source.ROLLOUTS, rollouts),
        logs=evidence(Source.LOGS, _logs()),
        metrics=evidence(Source.METRICS, _metrics()),
        traces=evidence(Source.TRACES, _traces()),
        dependencies=evidence(Source.DEPENDENCIES, Dependencies((sick, redis))),
        changes=evidence(Source.CHANGES, Changes("v2.3.0", "v2.3.1", commits)),
        impact=evidence(Source.IMPACT, amounts),
        findings=(
            Finding("metrics.error_rate", Source.METRICS, Level.WARNING, "Error rate is 450x its baseline", observed=0.45, baseline=0.001),
            Finding("traces.missing_index", Source.TRACES, Level.CRITICAL, "Missing index on transactions.user_id", "full table scan"),
            Finding("dependencies.redis", Source.DEPENDENCIES, Level.OK, "Redis cache is healthy"),
        ),
        events=(
            Event(BROKE_AT, EventKind.DEPLOYMENT, "kubernetes", "Deployment v2.3.1 started", actor="@devops-bot"),
            Event(after(30), EventKind.CLUSTER, "kubernetes", "First pod failed health check"),
            Event(after(55), EventKind.METRIC, "prometheus", "Error rate spiked 0.1% → 45%"),
        ),
    )


def recommendation(**changes: object) -> Recommendation:
    factors = tuple(
        Factor(name, name, points, most, None, "")
        for name, points, most in (("deployment_age", 40, 40), ("error_rate", 30, 30), ("latency", 15, 15), ("stable_target", 10, 15))
    )
    given = Recommendation(
        action=Action.ROLLBACK,
        headline="IMMEDIATE ROLLBACK to v2.3.0 (last stable)",
        confidence=95,
        target_version="v2.3.0",
        target_revision=6,
        reasoning=("Deployment correlation: Strong (2 min before incident)", "Blast radius: High (45% error rate)"),
        hypotheses=(Hypothesis("deployment", "Missing database index causing query timeout", 95, ("Errors began 55s after v2.3.1",), ()),),
        guards=(),
        tree=(TreeStep(0, "Recent deployment?", "yes", "2 minutes before the incident"),),
        score=Confidence(95, 95, factors, "high", "IMMEDIATE ROLLBACK (High Confidence)"),
        remedies=("Add index on transactions.user_id",),
        next_steps=("Execute rollback (recommended)", "Prepare hotfix with database index"),
        automatic=True,
        automatic_reason="score 95, no guard",
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def rollback(state: RollbackState = RollbackState.RECOVERED) -> Rollback:
    plan = RollbackPlan(
        *(WorkloadKind.DEPLOYMENT, "payment-api", "production", 7, "v2.3.1", 6, "v2.3.0", 5),
        strategy="Rolling update (zero-downtime)",
        resource_version="4711",
        uid="8f14e45f-ceea-467f-a2de-1234567890ab",
        stable_for=259200.0,
    )
    measures = (
        Measure("pods", "payment-api v2.3.0", True, "5/5 pods healthy"),
        Measure("error_rate", "Error rate", True, "0.1% (back to baseline)", 0.001, 0.001, 0.002, "share"),
    )
    return Rollback(
        state=state,
        plan=plan,
        requested_target="v2.3.0",
        checks=(
            Check("target_exists", Verdict.PASS, "Target version v2.3.0 exists in registry", ""),
            Check("schema", Verdict.UNKNOWN, "Database schema compatible", "the catalogue names no schema_check"),
        ),
        started_at=after(175),
        finished_at=after(230),
        progress=(ProgressLine(after(180), "Scaled down v2.3.1: 5 → 4 pods"),),
        recovery=Recovery(True, 3, 3, 4, 15.0, measures, "every measure is back at its baseline"),
        approval="auto-approved for P0",
    )


def declared(severity: Severity = Severity.P0) -> Incident:
    given = transitions.Declaration(SERVICE, severity, POLICY, ("500 errors",), "@devops-bot (automated)", diagnostics())
    return transitions.declare(given, "2025-10-21-payment-api-outage", DECLARED_AT, "alice")


def recommended(severity: Severity = Severity.P0) -> Incident:
    return transitions.take(declared(severity), transitions.Step(recommendation=recommendation()), after(150), "alice")


def resolved() -> Incident:
    rolled_back = transitions.take(recommended(), transitions.Step(rollback=rollback()), after(250), "alice")
    return transitions.resolve(rolled_back, RESOLVED_AT, "alice")
