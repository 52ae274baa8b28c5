# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error and slow traces from Jaeger: where the time goes, where errors start, and how long traces take against a day before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from ..clients.jaeger import JaegerClient
from ..concurrency import Deadline, start, wait
from ..errors import SourceUnavailableError
from ..model.service import Service
from ..model.traces import Operation, Traces
from .spans import Span, Trace, error_origin, filtered_column, self_times, traces_from

LOOKBACK = 3600.0
"""Seconds in which error and slow traces are looked for."""
SLOW = 1.0
"""Seconds from which a trace is slow."""
RECENT = 300.0
NEWEST = 60.0
"""The average is that of the last minute, where there are enough traces in it: what has just begun must not be diluted."""
ENOUGH = 10
LIMITS = {"recent": 50, "error": 50, "slow": 30, "before": 50}
"""Traces that are read of each kind, the newest: enough for an average, few enough to be read at once."""
DAY = 86_400.0
MAX_BOTTLENECKS = 8


def traces(client: JaegerClient, service: Service, now: float, deadline: Deadline) -> Traces:
    """The service's traces; ``now`` is unix seconds.

    Raises SourceUnavailableError when Jaeger does not answer, or has no trace of the service.
    """
    name = service.trace_service or service.name
    asked = {
        "recent": start(lambda: client.traces(name, now - RECENT, now, LIMITS["recent"]), "traces-recent"),
        "error": start(lambda: client.traces(name, now - LOOKBACK, now, LIMITS["error"], tags={"error": "true"}), "traces-error"),
        "slow": start(lambda: client.traces(name, now - LOOKBACK, now, LIMITS["slow"], min_duration=SLOW), "traces-slow"),
        "before": start(lambda: client.traces(name, now - DAY - LOOKBACK, now - DAY, LIMITS["before"]), "traces-before"),
    }
    graph = start(lambda: client.dependencies(now, LOOKBACK), "traces-graph")
    notes: list[str] = []
    found = _found(asked, deadline, notes)
    if not any(found.values()):
        raise SourceUnavailableError(
            f"Jaeger has no trace of a service '{name}' in the last hour. "
            "Check trace_service in the service's catalogue entry, and that the service reports spans."
        )
    notes += [f"{key} traces: only the newest {LIMITS[key]} were read" for key in ("error", "slow") if len(found[key]) >= LIMITS[key]]
    focus = _distinct((*found["slow"], *found["error"])) or found["recent"]
    edges = _edges(graph, deadline, notes)
    bottlenecks = _bottlenecks(focus, found["before"])
    return Traces(
        traces=len(found["recent"]),
        error_traces=len(found["error"]),
        slow_traces=len(found["slow"]),
        average_duration=_average(_newest(found["recent"], now)),
        baseline_duration=_average(found["before"]),
        bottlenecks=bottlenecks,
        error_services=tuple(Counter(origin for trace in found["error"] if (origin := error_origin(trace))).most_common()),
        callers=_callers(edges, name),
        callees=tuple(sorted({callee for caller, callee in edges if caller == name})),
        notes=(*notes, *_inferences(bottlenecks)),
    )


def _found(asked: Mapping[str, Future[list[dict[str, Any]]]], deadline: Deadline, notes: list[str]) -> dict[str, list[Trace]]:
    """The traces by what was asked for; what can't be had is empty, with a note. SourceUnavailableError when nothing can."""
    found: dict[str, list[Trace]] = {}
    failed: list[SourceUnavailableError] = []
    for key, future in asked.items():
        try:
            answer = wait(future, deadline, "Jaeger")
        except SourceUnavailableError as error:
            found[key] = []
            failed.append(error)
            notes.append(f"{key} traces: {error.message}")
        else:
            found[key] = traces_from(answer)
    if len(failed) == len(asked):
        raise failed[0]
    return found


def _distinct(traces: Sequence[Trace]) -> list[Trace]:
    return list({trace.id: trace for trace in traces}.values())


def _newest(traces: Sequence[Trace], now: float) -> Sequence[Trace]:
    newest = [trace for trace in traces if trace.start + trace.duration >= now - NEWEST]
    return newest if len(newest) >= ENOUGH else traces


def _average(traces: Sequence[Trace]) -> float | None:
    return sum(trace.duration for trace in traces) / len(traces) if traces else None


def _bottlenecks(focus: Sequence[Trace], before: Sequence[Trace]) -> tuple[Operation, ...]:
    """Operations by the time that all their calls spent in themselves, most first."""
    calls = _by_operation(focus)
    baseline = _by_operation(before)
    operations = []
    for (service, operation), spans in calls.items():
        usual = baseline.get((service, operation))
        slowest = max(spans, key=lambda entry: entry[1])[0]
        operations.append(
            Operation(
                service=service,
                operation=operation,
                self_time=sum(own for _unused, own in spans) / len(spans),
                baseline_self_time=sum(own for _unused, own in usual) / len(usual) if usual else None,
                calls=len(spans),
                errors=sum(span.error for span, _unused in spans),
                statement=slowest.statement,
                table_scan=slowest.table_scan or next((span.table_scan for span, _unused in spans if span.table_scan), None),
            )
        )
    operations.sort(key=lambda operation: -operation.self_time * operation.calls)
    return tuple(operations[:MAX_BOTTLENECKS])


def _by_operation(traces: Sequence[Trace]) -> Mapping[tuple[str, str], list[tuple[Span, float]]]:
    found: dict[tuple[str, str], list[tuple[Span, float]]] = defaultdict(list)
    for trace in traces:
        own = self_times(trace)
        for span in trace.spans:
            found[span.service, span.operation].append((span, own[span.id]))
    return found


def _inferences(bottlenecks: Sequence[Operation]) -> list[str]:
    """What a slow statement filters by, where no span says whether an index was used: a hint where to look, not a finding."""
    return [
        f"{operation.operation}: no index information; filters by {column}"
        for operation in bottlenecks[:1]
        if operation.statement and not operation.table_scan and (column := filtered_column(operation.statement)) and "." in column
    ]


def _edges(graph: Future[list[dict[str, Any]]], deadline: Deadline, notes: list[str]) -> frozenset[tuple[str, str]]:
    """Which service calls which, as (caller, callee)."""
    try:
        answer = wait(graph, deadline, "Jaeger")
    except SourceUnavailableError as error:
        notes.append(f"service graph: {error.message}")
        return frozenset()
    pairs = ((str(edge.get("parent")), str(edge.get("child"))) for edge in answer)
    return frozenset((caller, callee) for caller, callee in pairs if caller != callee)


def _callers(edges: frozenset[tuple[str, str]], name: str) -> tuple[str, ...]:
    """Everything from which ``name`` is reached."""
    found: set[str] = set()
    ahead = {name}
    while ahead:
        ahead = {caller for caller, callee in edges if callee in ahead and caller != name} - found
        found |= ahead
    return tuple(sorted(found))
