# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from traces."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.traces import Operation, Traces
from ..units import format_ratio, format_value
from .waiting import Cause, slowdown
from .wording import plural

_SLOW = 2.0
"""Multiple of the usual duration from which a trace or an operation is slow."""
_VERY_SLOW = 10.0


def trace_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """How long traces take, where they spend it, and the statement that lacks an index."""
    traces = diagnostics.traces.data
    if traces is None:
        return
    if traces.average_duration is not None:
        yield _duration(traces.average_duration, traces.baseline_duration)
    slowest = slowest_operation(traces)
    if slowest is not None:
        usual = slowest.baseline_self_time
        took = f"{format_value(slowest.self_time, 'seconds')} of its own"
        detail = f"{took} (baseline: {format_value(usual, 'seconds')})" if usual is not None else took
        yield Finding("traces.bottleneck", Source.TRACES, Level.WARNING, f"Bottleneck in {slowest.operation}", detail)
    scan = next((operation for operation in traces.bottlenecks if operation.table_scan), None)
    if scan is not None:
        detail = f"full table scan by {scan.statement}" if scan.statement else "full table scan"
        yield Finding("traces.missing_index", Source.TRACES, Level.CRITICAL, f"Missing index on {scan.table_scan}", detail)
    yield from _repeated(traces)
    yield from _waiting(traces)
    outside = [
        (name, count) for name, count in traces.error_services if name != (diagnostics.service.trace_service or diagnostics.service.name)
    ]
    if outside:
        name, count = max(outside, key=lambda pair: pair[1])
        level = Level.CRITICAL if 2 * count > traces.error_traces else Level.WARNING
        title = f"Errors start in {name}"
        yield Finding("traces.error_origin", Source.TRACES, level, title, f"{count} of {plural(traces.error_traces, 'failed trace')}")


def _repeated(traces: Traces) -> Iterator[Finding]:
    """The query that is asked again and again; what was so the day before as well is no news."""
    for one in traces.repeated[:1]:
        usual = one.baseline_calls
        new = usual is not None and one.calls >= _SLOW * max(usual, 1)
        then = "" if usual is None else f"; {usual} times the day before" if usual else "; never the day before"
        yield Finding(
            id="traces.repeated_query",
            source=Source.TRACES,
            level=Level.WARNING if new else Level.OK,
            title=f"The same query {one.calls} times in one trace (N+1)",
            detail=f"{one.statement} by {one.service}, {format_value(one.duration, 'seconds')} in all{then}",
            observed=float(one.calls),
            baseline=float(usual) if usual is not None else None,
            unit="number",
        )


def _waiting(traces: Traces) -> Iterator[Finding]:
    """Whom the service waits for longer than the day before, which explains most of the time that its requests take more."""
    known = slowdown(traces.waiting)
    if known is None or known.peer is None:
        return
    title = f"Calls to {known.peer.name} take longer" if known.cause is Cause.PEER else f"More calls to {known.peer.name}"
    yield Finding(
        "traces.waiting",
        Source.TRACES,
        Level.WARNING,
        title,
        f"the service {known.told}" if known.cause is Cause.CALLS else f"it {known.told}",
    )


def slowest_operation(traces: Traces) -> Operation | None:
    """The operation that takes most time of its own, when that is not what it always takes."""
    for operation in traces.bottlenecks:
        usual = operation.baseline_self_time
        if usual is None or operation.self_time >= _SLOW * usual:
            return operation
    return None


def _duration(average: float, usual: float | None) -> Finding:
    now = format_value(average, "seconds")
    if not usual:
        detail = f"{now} (baseline unknown)"
        return Finding("traces.duration", Source.TRACES, Level.UNKNOWN, "Average trace duration", detail, observed=average, unit="seconds")
    ratio = average / usual
    level = Level.CRITICAL if ratio >= _VERY_SLOW else Level.WARNING if ratio >= _SLOW else Level.OK
    movement = f" - {format_ratio(ratio)} increase" if ratio >= _SLOW else ""
    return Finding(
        id="traces.duration",
        source=Source.TRACES,
        level=level,
        title="Average trace duration",
        detail=f"{now} (baseline: {format_value(usual, 'seconds')}){movement}",
        observed=average,
        baseline=usual,
        ratio=ratio,
        unit="seconds",
    )
