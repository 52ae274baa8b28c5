# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error and slow traces: where the time goes, where errors start, and how long traces take against a day before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace

from ..clients.answers import excerpt
from ..clients.jaeger import JaegerClient
from ..clients.tempo import TempoClient
from ..concurrency import Deadline, start, wait
from ..errors import SourceUnavailableError
from ..model.index_verdict import Verdict
from ..model.service import Service
from ..model.traces import Edge, Operation, Traces
from .peers import waiting
from .repeated import repeated
from .spans import error_origin, filtered_column, self_times
from .statement_shape import shape
from .trace import Span, Trace
from .trace_sources import TraceSource, edges_of, source_of

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
MAX_EDGES = 50
SLOW_STATEMENT = 0.1
"""Seconds from which it is worth knowing whether a statement has its index."""
_SHOWN = 300

CheckIndexes = Callable[[Sequence[str]], tuple[Mapping[str, Verdict], Sequence[str]]]
"""Looks statements up in the catalogues of the databases that the service uses: verdicts by statement, and notes."""


def traces(
    client: JaegerClient | TempoClient, service: Service, now: float, deadline: Deadline, check_indexes: CheckIndexes | None = None
) -> Traces:
    """The service's traces; ``now`` is unix seconds.

    Raises SourceUnavailableError when the source does not answer, or has no trace of the service.
    """
    name, source = service.trace_service or service.name, source_of(client)
    asked = {
        "recent": _ask(source, "recent", name, now - RECENT, now),
        "error": _ask(source, "error", name, now - LOOKBACK, now, errors=True),
        "slow": _ask(source, "slow", name, now - LOOKBACK, now, min_duration=SLOW),
        "before": _ask(source, "before", name, now - DAY - LOOKBACK, now - DAY),
    }
    graph = start(lambda: source.edges(now, LOOKBACK), "traces-graph")
    notes: list[str] = []
    found = _found(source.name, asked, deadline, notes)
    if not any(found.values()):
        raise SourceUnavailableError(
            f"{source.name} has no trace of a service '{name}' in the last hour. "
            "Check trace_service in the service's catalogue entry, and that the service reports spans."
        )
    for key in ("error", "slow"):
        most = source.most(LIMITS[key])
        notes += [f"{key} traces: only the newest {most} were read"] if len(found[key]) >= most else []
    focus = _distinct((*found["slow"], *found["error"])) or found["recent"]
    notes += source.notes()
    notes += _damage(_distinct((*focus, *found["recent"])))
    edges = _edges(source, graph, deadline, notes) or edges_of(_distinct((*focus, *found["recent"])))
    bottlenecks = _checked(_bottlenecks(focus, found["before"]), check_indexes, notes)
    shown = _graph(edges, name)
    notes += [f"service graph: only the {MAX_EDGES} busiest of {len(shown)} calls are listed"] if len(shown) > MAX_EDGES else []
    pairs = frozenset((edge.caller, edge.callee) for edge in edges if edge.caller != edge.callee)
    return Traces(
        traces=len(found["recent"]),
        error_traces=len(found["error"]),
        slow_traces=len(found["slow"]),
        average_duration=_average(_newest(found["recent"], now), name),
        baseline_duration=_average(found["before"], name),
        bottlenecks=bottlenecks,
        error_services=tuple(Counter(origin for trace in found["error"] if (origin := error_origin(trace))).most_common()),
        callers=_callers(pairs, name),
        callees=tuple(sorted({callee for caller, callee in pairs if caller == name})),
        notes=(*notes, *_inferences(bottlenecks)),
        repeated=repeated(focus, found["before"]),
        graph=tuple(shown[:MAX_EDGES]),
        backend=source.name,
        waiting=waiting(_newest(found["recent"], now), found["before"], name),
    )


def _ask(
    source: TraceSource, key: str, name: str, begin: float, end: float, errors: bool = False, min_duration: float | None = None
) -> Future[list[Trace]]:
    return start(lambda: source.find(name, begin, end, LIMITS[key], errors, min_duration), f"traces-{key}")


def _found(source: str, asked: Mapping[str, Future[list[Trace]]], deadline: Deadline, notes: list[str]) -> dict[str, list[Trace]]:
    """The traces by what was asked for; what can't be had is empty, with a note. SourceUnavailableError when nothing can."""
    found: dict[str, list[Trace]] = {}
    failed: list[SourceUnavailableError] = []
    for key, future in asked.items():
        try:
            found[key] = wait(future, deadline, source)
        except SourceUnavailableError as error:
            found[key] = []
            failed.append(error)
            notes.append(f"{key} traces: {error.message}")
    if len(failed) == len(asked):
        raise failed[0]
    return found


def _distinct(traces: Sequence[Trace]) -> list[Trace]:
    return list({trace.id: trace for trace in traces}.values())


def _newest(traces: Sequence[Trace], now: float) -> Sequence[Trace]:
    newest = [trace for trace in traces if trace.start + trace.duration >= now - NEWEST]
    return newest if len(newest) >= ENOUGH else traces


def _average(traces: Sequence[Trace], name: str) -> float | None:
    return sum(trace.duration_for(name) for trace in traces) / len(traces) if traces else None


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
        if operation.statement
        and not operation.table_scan
        and not operation.checked
        and (column := filtered_column(operation.statement))
        and "." in column
    ]


def _damage(traces: Sequence[Trace]) -> list[str]:
    cut, incomplete = sum(trace.cut for trace in traces), sum(trace.incomplete for trace in traces)
    notes = [f"{cut} traces have more spans than are read"] if cut else []
    return [*notes, f"{incomplete} of {len(traces)} traces lack spans that others hang below"] if incomplete else notes


def _checked(operations: tuple[Operation, ...], check: CheckIndexes | None, notes: list[str]) -> tuple[Operation, ...]:
    """The operations with what the databases' catalogues say of their slow statements; those know better than a span."""
    wanted = [one.statement for one in operations if one.statement and (one.self_time >= SLOW_STATEMENT or one.table_scan)]
    known: Mapping[str, Verdict] = {}
    if check is not None and wanted:
        known, said = check(wanted)
        notes += said
    return tuple(_shown(one, known.get(one.statement or ""), notes) for one in operations)


def _shown(one: Operation, verdict: Verdict | None, notes: list[str]) -> Operation:
    statement = excerpt(shape(one.statement), _SHOWN) if one.statement else None
    if verdict is None or not verdict.known:
        return replace(one, statement=statement)
    if one.table_scan and not verdict.missing:
        notes.append(f"{one.operation}: a span tells of a full scan ({one.table_scan}), but the database has an index for it")
    return replace(one, statement=statement, table_scan=verdict.missing, checked=True)


def _edges(source: TraceSource, graph: Future[list[Edge] | None], deadline: Deadline, notes: list[str]) -> list[Edge]:
    """Which service calls which."""
    try:
        return wait(graph, deadline, source.name) or []
    except SourceUnavailableError as error:
        notes.append(f"service graph: {error.message}")
        return []


def _graph(edges: Sequence[Edge], name: str) -> list[Edge]:
    """The calls from and to the service, and those on the ways to and from it; the busiest first."""
    near = {name}
    for _unused in range(2):
        near |= {side for edge in edges if edge.caller in near or edge.callee in near for side in (edge.caller, edge.callee)}
    own = [edge for edge in edges if edge.caller in near and edge.callee in near and edge.caller != edge.callee]
    return sorted(own, key=lambda edge: (name not in (edge.caller, edge.callee), -edge.calls, edge.caller, edge.callee))


def _callers(edges: frozenset[tuple[str, str]], name: str) -> tuple[str, ...]:
    """Everything from which ``name`` is reached."""
    found: set[str] = set()
    ahead = {name}
    while ahead:
        ahead = {caller for caller, callee in edges if callee in ahead and caller != name} - found
        found |= ahead
    return tuple(sorted(found))
