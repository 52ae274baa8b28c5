# SPDX-License-Identifier: GPL-3.0-or-later
"""Diagnostics for tests, told in a few words. Times are given as ages: seconds before ``NOW``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.devops.incident_response.plugins.module_utils.model.changes import Changes, Commit
from ansible_collections.devops.incident_response.plugins.module_utils.model.dependencies import Dependencies, DependencyHealth
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Evidence, EvidenceStatus, Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.impact import Amount, Impact
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs import LogPattern, Logs
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Metrics, Shape, Signal
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision, Rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import DependencyType, Service, WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.traces import Operation, Peer, Traces, Waiting
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import ClusterEvent, Pod, WorkloadState

NOW = datetime(2025, 10, 21, 14, 25, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


AUTOMATIC = Policy(page=("on_call",), rollback="automatic", update_interval=600.0, mttr_target=600.0)
APPROVAL = Policy(page=("on_call",), rollback="approval", update_interval=1800.0, mttr_target=3600.0)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def ok(source: Source, data: Any) -> Evidence[Any]:
    return Evidence(source, EvidenceStatus.OK, NOW, 10, data)


def missing(source: Source, reason: str = "it did not answer within 8 s") -> Evidence[Any]:
    return Evidence(source, EvidenceStatus.UNAVAILABLE, NOW, 10, None, reason)


def signal(
    name: str,
    value: float | None,
    baseline: float | None,
    onset: float | None = None,
    shape: Shape | None = None,
    unit: str = "share",
    **more: Any,
) -> Signal:
    """``onset`` is an age; a signal that has one rose suddenly unless ``shape`` says otherwise."""
    ratio = value / baseline if value is not None and baseline else None
    began = ago(onset) if onset is not None else None
    title = {"error_rate": "Error rate", "latency_p95": "Latency P95", "request_rate": "Request rate", "memory": "Memory usage"}
    return Signal(
        name=name,
        title=more.pop("title", title.get(name, name)),
        unit=unit,
        value=value,
        baseline=baseline,
        ratio=ratio,
        onset=began,
        shape=shape or (Shape.SUDDEN if began else Shape.STEADY),
        window=300.0,
        **more,
    )


def errors(value: float | None, baseline: float | None, onset: float | None = None, **more: Any) -> Signal:
    return signal("error_rate", value, baseline, onset, **more)


def latency(value: float | None, baseline: float | None, onset: float | None = None, **more: Any) -> Signal:
    return signal("latency_p95", value, baseline, onset, unit="seconds", **more)


def traffic(value: float, baseline: float, onset: float | None = None, **more: Any) -> Signal:
    return signal("request_rate", value, baseline, onset, unit="per_second", **more)


def memory(value: float, baseline: float, onset: float | None = None, **more: Any) -> Signal:
    return signal("memory", value, baseline, onset, **more)


def metrics(*signals: Signal, onset: float | None = None) -> Metrics:
    """The onset is the earliest of errors and latency unless it is given, as an age."""
    felt = [one.onset for one in signals if one.name in ("error_rate", "latency_p95") and one.onset]
    return Metrics(signals, ago(onset) if onset is not None else min(felt, default=None), scrape_interval=15.0)


def revision(number: int, version: str, since: float | None, until: float | None = None, **more: Any) -> Revision:
    """``since`` and ``until`` are ages; without ``until`` it is the current one. What was rolled back to was made long before."""
    made = ago((since or 0) + (90 * DAY if more.get("was_rollback") else 0))
    return Revision(
        number=number,
        version=version,
        image=f"registry.example/app:{version}",
        name=f"app-{number}",
        template_hash=f"hash{number}",
        created_at=more.pop("created_at", made),
        active_from=ago(since) if since is not None else None,
        active_until=ago(until) if until is not None else None,
        current=until is None,
        **more,
    )


def rollouts(*revisions: Revision, **more: Any) -> Rollouts:
    """Revisions newest first; the first one is current."""
    return Rollouts(
        current=revisions[0],
        previous=revisions[1] if len(revisions) > 1 else None,
        revisions=revisions,
        deployed_at=revisions[0].active_from,
        in_progress=more.pop("in_progress", False),
        **more,
    )


def deployed(age: float, stable: float = 3 * DAY, **more: Any) -> Rollouts:
    """v2.3.1 since ``age`` seconds, after v2.3.0 for ``stable`` seconds."""
    return rollouts(
        revision(4, "v2.3.1", age, author="devops-bot"),
        revision(3, "v2.3.0", age + stable, age),
        revision(2, "v2.2.9", age + stable + 7 * DAY, age + stable),
        **more,
    )


def pods(ready: int, failing: int = 0, reason: str = "CrashLoopBackOff", number: int = 4, **more: Any) -> tuple[Pod, ...]:
    """Pods of the revision ``number``, on as many nodes."""
    made = []
    for index in range(ready + failing):
        is_ready = index < ready
        common = {"name": f"app-{number}-{index}", "version": f"v{number}", "created_at": ago(HOUR), "revision_hash": f"hash{number}"}
        told = {"reason": None if is_ready else reason, "restarts": 0 if is_ready else 3, "node": f"node-{index}", **more}
        made.append(Pod(ready=is_ready, phase="Running", **{**common, **told}))
    return tuple(made)


def workload(*given: Pod, events: Sequence[ClusterEvent] = (), **more: Any) -> WorkloadState:
    ready = sum(pod.ready for pod in given)
    fields: dict[str, Any] = {"desired": len(given), "updated": len(given), "unavailable": len(given) - ready, "version": "v2.3.1"}
    return WorkloadState(
        kind=WorkloadKind.DEPLOYMENT,
        name="app",
        namespace="production",
        ready=ready,
        paused=False,
        pods=given,
        events=tuple(events),
        **{**fields, **more},
    )


def cluster_event(age: float, reason: str, message: str = "", kind: str = "Pod", name: str = "app-4-0", count: int = 1) -> ClusterEvent:
    warning = reason not in ("SuccessfulRescale", "ScalingReplicaSet")
    return ClusterEvent(ago(age), ago(age), "Warning" if warning else "Normal", reason, kind, name, message, count)


def pattern(level: str, template: str, count: int, first: float | None = None, new: bool | None = None) -> LogPattern:
    return LogPattern(level, template, count, template, ago(first) if first is not None else None, NOW, ("v2.3.1",), new)


def logs(*patterns: LogPattern) -> Logs:
    return Logs(window=900.0, lines=5000, patterns=patterns, containers=5)


def dependency(name: str, level: Level = Level.OK, detail: str = "Healthy", **more: Any) -> DependencyHealth:
    kind = more.pop("type", DependencyType.TCP)
    return DependencyHealth(name, more.pop("title", name), kind, f"{name}:1", level, detail, **more)


def dependencies(*health: DependencyHealth) -> Dependencies:
    return Dependencies(health)


def table_scan(statement: str = "SELECT * FROM transactions WHERE user_id = ?", column: str = "transactions.user_id") -> Operation:
    return Operation("app", "SELECT transactions", 2.3, 0.05, 200, 90, statement, column)


def traces(*bottlenecks: Operation, error_services: Sequence[tuple[str, int]] = ()) -> Traces:
    return Traces(200, 90, 80, 8.2, 0.12, tuple(bottlenecks), tuple(error_services))


def waiting_for(peer: str, duration: float, usual: float, calls: float = 1.0, own: float = 0.05) -> Traces:
    """Traces in which the service spends its time with ``calls`` of so many seconds to ``peer``: one and ``usual`` the day before."""
    called = Peer(peer, calls, 1.0, calls * duration, usual, duration, usual)
    return replace(traces(), waiting=Waiting(50, 50, own, 0.05, (called,)))


def changes(*subjects: str, migrations: Sequence[str] = ()) -> Changes:
    commits = tuple(Commit(f"{index:040x}", ago(DAY), "alice", subject) for index, subject in enumerate(subjects))
    return Changes("v2.3.0", "v2.3.1", commits, tuple(migrations))


def impact() -> Impact:
    unknown = Amount(None, "no query")
    return Impact(unknown, unknown, unknown, "$", 300.0, unknown)


def diagnostics(service: Service | None = None, **sources: Any) -> Diagnostics:
    """A healthy service, deployed ten days ago, with ``sources`` in place of what is healthy; None is a source that gave nothing."""
    healthy: dict[str, Any] = {
        "workload": workload(*pods(5)),
        "rollouts": deployed(10 * DAY),
        "logs": logs(),
        "metrics": metrics(errors(0.001, 0.001), latency(0.15, 0.15), traffic(100, 100), memory(0.5, 0.5)),
        "traces": traces(),
        "dependencies": dependencies(dependency("database"), dependency("cache")),
        "changes": changes(),
        "impact": impact(),
    }
    evidence = {name: missing(Source(name)) if data is None else ok(Source(name), data) for name, data in {**healthy, **sources}.items()}
    return Diagnostics(service=service or Service("app"), collected_at=NOW, timeframe=4 * HOUR, took_ms=500, **evidence)


def without(given: Diagnostics, *sources: str) -> Diagnostics:
    """The same, with these sources unavailable."""
    return replace(given, **{name: missing(Source(name)) for name in sources})


def bad_deployment(age: float = 135.0, onset: float = 80.0, **sources: Any) -> Diagnostics:
    """v2.3.1 lacks an index: the specification's first example, without its name."""
    given: dict[str, Any] = {
        "workload": workload(*pods(2, 3)),
        "rollouts": deployed(age),
        "metrics": metrics(errors(0.45, 0.001, onset), latency(8.5, 0.15, onset), traffic(34.6, 34.6), memory(0.85, 0.6, onset + 20)),
        "logs": logs(
            pattern("ERROR", "Database connection timeout", 823, onset, True),
            pattern("ERROR", "Payment validation failed", 412, onset, True),
        ),
        "traces": traces(table_scan(), error_services=[("app", 90)]),
        "dependencies": dependencies(
            dependency(
                "payments-db",
                Level.CRITICAL,
                "Connection pool exhausted (95/100)",
                title="Database",
                used=95,
                capacity=100,
                unit="connections",
            ),
            dependency("cache"),
        ),
        "changes": changes("Changed: payment processor logic", "Added: new database query in payment validation"),
    }
    return diagnostics(Service("app", channel="#incidents"), **{**given, **sources})


def degraded_cache(**sources: Any) -> Diagnostics:
    """A cache fills up, nothing was deployed for two days: the specification's second example."""
    gradual = {"shape": Shape.GRADUAL}
    given: dict[str, Any] = {
        "workload": workload(*pods(4, 1, "Unhealthy")),
        "rollouts": deployed(2 * DAY, 5 * DAY),
        "metrics": metrics(
            errors(0.08, 0.005, 1800, **gradual),
            latency(1.2, 0.08, 1800, **gradual),
            traffic(200, 198),
            memory(0.5, 0.5),
            signal("cache_miss_rate", 0.45, 0.05, 1850, Shape.GRADUAL, title="Redis cache miss rate", critical_ratio=5.0),
        ),
        "dependencies": dependencies(
            dependency("database"),
            dependency(
                "redis-cache",
                Level.WARNING,
                "High memory usage (88%)",
                title="Redis cache",
                type=DependencyType.REDIS,
                used=88.0,
                capacity=100.0,
                unit="bytes",
            ),
        ),
    }
    return diagnostics(Service("app"), **{**given, **sources})


def slow_leak(**sources: Any) -> Diagnostics:
    """v2.3.1 leaks slowly since 4 h 12 min: the specification's third example."""
    gradual = {"shape": Shape.GRADUAL}
    onset = 4 * HOUR + 12 * MINUTE - 30 * MINUTE
    given: dict[str, Any] = {
        "rollouts": deployed(4 * HOUR + 12 * MINUTE),
        "metrics": metrics(
            errors(0.008, 0.002, onset, **gradual),
            latency(0.145, 0.095, onset, **gradual),
            traffic(1180, 1200),
            memory(0.52, 0.45, onset, trend_per_hour=0.018, **gradual),
        ),
    }
    return diagnostics(Service("app"), **{**given, **sources})
