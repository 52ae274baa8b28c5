# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from rollouts, source, logs and traces."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.rollout import Rollouts
from ..model.traces import Operation, Traces
from ..units import describe_duration, format_ratio, format_value
from .stability import still_rolling_out
from .wording import handle, plural, version_of

RECENT_DEPLOYMENT = 4 * 3600.0
"""Seconds for which a deployment is recent, and suspect."""

_BAD_LOG_LEVELS = {"FATAL": Level.CRITICAL, "ERROR": Level.CRITICAL, "WARN": Level.WARNING}
_MOST_LOG_FINDINGS = 5
_SLOW = 2.0
"""Multiple of the usual duration from which a trace or an operation is slow."""
_VERY_SLOW = 10.0


def rollout_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """``rollouts.deployment``: what runs since when; and what keeps a rollout from being as it should be."""
    rollouts = diagnostics.rollouts.data
    if rollouts is None:
        return
    version = version_of(rollouts.current)
    if rollouts.deployed_at is None:
        yield Finding("rollouts.deployment", Source.ROLLOUTS, Level.UNKNOWN, f"{version} is deployed", "since when is not known")
    else:
        age = (diagnostics.collected_at - rollouts.deployed_at).total_seconds()
        author = f" by {handle(rollouts.current.author)}" if rollouts.current.author else ""
        words = describe_duration(age).split()
        level = Level.WARNING if age < RECENT_DEPLOYMENT else Level.OK
        title = f"{version} deployed {' '.join(words[:2])} ago{author}"
        yield Finding("rollouts.deployment", Source.ROLLOUTS, level, title, rollouts.current.cause, since=rollouts.deployed_at)
    if rollouts.current.was_rollback:
        yield Finding("rollouts.rolled_back", Source.ROLLOUTS, Level.WARNING, f"{version} is there because somebody rolled back to it")
    if rollouts.paused:
        yield Finding("rollouts.paused", Source.ROLLOUTS, Level.WARNING, f"The rollout of {version} is paused")
    elif still_rolling_out(rollouts, diagnostics.workload.data):
        yield Finding(
            "rollouts.in_progress", Source.ROLLOUTS, Level.WARNING, f"The rollout of {version} is still going on", _how_far(rollouts)
        )
    if rollouts.deadline_exceeded and diagnostics.workload.data is None:
        title = f"The rollout of {version} does not progress (ProgressDeadlineExceeded)"
        yield Finding("rollouts.deadline", Source.ROLLOUTS, Level.WARNING, title, _how_far(rollouts))
    if rollouts.owner:
        yield Finding("rollouts.owner", Source.ROLLOUTS, Level.OK, f"{rollouts.owner} owns the manifest", rollouts.owner_effect)


def _how_far(rollouts: Rollouts) -> str | None:
    """``3 of 5 pods updated, 2 available, 2 old ones to go``."""
    progress = rollouts.progress
    if progress is None:
        return None
    old = f", {progress.old} old to go" if progress.old else ""
    return f"{progress.updated} of {plural(progress.wanted, 'pod')} updated, {progress.available} available{old}"


def change_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """What the current version changed. Only a recent one is worth a warning."""
    changes, rollouts = diagnostics.changes.data, diagnostics.rollouts.data
    if changes is None or not changes.commits:
        return
    since = rollouts.deployed_at if rollouts else None
    recent = since is not None and (diagnostics.collected_at - since).total_seconds() < RECENT_DEPLOYMENT
    level = Level.WARNING if recent else Level.OK
    span = f" from {changes.from_version} to {changes.to_version}" if changes.from_version and changes.to_version else ""
    subjects = "; ".join(commit.subject for commit in changes.commits[:2])
    yield Finding("changes.commits", Source.CHANGES, level, f"{plural(len(changes.commits), 'commit')}{span}", subjects)
    if changes.migrations:
        title = f"{plural(len(changes.migrations), 'database migration')}{span}"
        yield Finding("changes.migrations", Source.CHANGES, level, title, ", ".join(changes.migrations[:3]))


def log_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """The worst log patterns, ``logs.<number>``; ``observed`` is the count."""
    logs = diagnostics.logs.data
    bad = [pattern for pattern in logs.patterns if pattern.level in _BAD_LOG_LEVELS] if logs else []
    for number, pattern in enumerate(bad[:_MOST_LOG_FINDINGS], 1):
        new = " (new since the deployment)" if pattern.new_since_deployment else ""
        yield Finding(
            id=f"logs.{number}",
            source=Source.LOGS,
            level=_BAD_LOG_LEVELS[pattern.level],
            title=f"{pattern.level}: {pattern.template}",
            detail=f"{plural(pattern.count, 'occurrence')}{new}",
            observed=float(pattern.count),
            unit="number",
            since=pattern.first_seen,
        )


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
    outside = [
        (name, count) for name, count in traces.error_services if name != (diagnostics.service.trace_service or diagnostics.service.name)
    ]
    if outside:
        name, count = max(outside, key=lambda pair: pair[1])
        level = Level.CRITICAL if 2 * count > traces.error_traces else Level.WARNING
        title = f"Errors start in {name}"
        yield Finding("traces.error_origin", Source.TRACES, level, title, f"{count} of {plural(traces.error_traces, 'failed trace')}")


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
