# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of the console report, each drawn from one part of the record.

A part whose evidence is missing is one calm line that says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from ..analysis.wording import multiple, signal_baseline, signal_value
from ..model.dependencies import DependencyHealth
from ..model.diagnostics import Diagnostics
from ..model.event import Event, EventKind
from ..model.evidence import Evidence, EvidenceStatus, Source
from ..model.finding import Finding, Level
from ..model.incident import Incident
from ..model.logs import LogPattern
from ..model.metrics import Shape, Signal
from ..model.recommendation import Action, Hypothesis, TreeStep
from ..model.traces import Operation
from ..units import format_duration, format_money, format_value
from .health import Line, workload_health

_ALWAYS_SHOWN = frozenset({"error_rate", "latency_p95", "memory", "cpu"})
_KNOWN_SIGNALS = _ALWAYS_SHOWN | {"request_rate", "latency_p50", "cpu_throttling", "pool"}
_MOST_LOG_LINES = 6
_MOST_FINDINGS = 8
_MOST_EVENTS = 18
_SHOWING = frozenset({Source.METRICS, Source.LOGS, Source.IMPACT})
_MOST_COMMITS = 4
_SHOWN_LOG_LEVELS = ("FATAL", "ERROR", "WARN")
_CRITICAL_RATIO_SHOWN = 2.0
_SUSPICIOUS = 40
_SQL = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|CALL)\b", re.IGNORECASE)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9_-]*")


def gap(evidence: Evidence[Any]) -> Line | None:
    """Why evidence is missing, or incomplete; None when all of it is there."""
    if evidence.status is EvidenceStatus.OK:
        return None
    how = {EvidenceStatus.PARTIAL: "Incomplete", EvidenceStatus.SKIPPED: "Skipped"}.get(evidence.status, "Not available")
    return Line(Level.UNKNOWN, f"{how}: {evidence.reason or 'no reason given'}")


def health(diagnostics: Diagnostics) -> tuple[Line, ...]:
    lines: list[Line | None] = []
    if diagnostics.workload.data is not None:
        lines += workload_health(diagnostics)
    lines.append(gap(diagnostics.workload))
    if diagnostics.dependencies.data is not None:
        lines += [_dependency(one) for one in diagnostics.dependencies.data.health]
    lines.append(_named_gap("Dependencies", diagnostics.dependencies))
    return _present(lines)


def metrics(diagnostics: Diagnostics) -> tuple[Line, ...]:
    signals = diagnostics.metrics.data.signals if diagnostics.metrics.data else ()
    levels = {finding.id: finding.level for finding in diagnostics.findings}
    lines: list[Line | None] = []
    for signal in signals:
        if signal.name == "latency_p50" and diagnostics.metrics.data and _known(diagnostics.metrics.data.signal("latency_p95")):
            continue
        level = levels.get(f"metrics.{signal.name}", _level(signal))
        if signal.name in _ALWAYS_SHOWN or signal.name not in _KNOWN_SIGNALS or level in (Level.WARNING, Level.CRITICAL):
            lines.append(Line(level, _signal(signal)))
    return _present([*lines, gap(diagnostics.metrics)])


def deployments(incident: Incident, diagnostics: Diagnostics) -> tuple[Line, ...]:
    rollouts = diagnostics.rollouts.data
    if rollouts is None:
        return _present([gap(diagnostics.rollouts)])
    version = rollouts.current.version or f"revision {rollouts.current.number}"
    if rollouts.deployed_at is None:
        return _present([Line(Level.OK, f"{version} is deployed; since when is not known"), gap(diagnostics.rollouts)])
    age = diagnostics.collected_at - rollouts.deployed_at
    if age > timedelta(seconds=diagnostics.timeframe):
        text = f"No deployment in the last {format_duration(diagnostics.timeframe)} ({version} since {_in_words(age)})"
        return _present([Line(Level.OK, text), gap(diagnostics.rollouts)])
    author = f" by {handle(rollouts.current.author)}" if rollouts.current.author else ""
    details = [*_changes(diagnostics), *_correlation(incident)]
    return _present([Line(Level.OK, f"{version} deployed {_in_words(age)} ago{author}", tuple(details)), gap(diagnostics.rollouts)])


def logs(diagnostics: Diagnostics) -> tuple[Line, ...]:
    data = diagnostics.logs.data
    lines: list[Line | None] = []
    if data is not None:
        shown = [pattern for pattern in data.patterns if pattern.level in _SHOWN_LOG_LEVELS]
        lines += [_log(pattern) for pattern in shown[:_MOST_LOG_LINES]]
        if len(shown) > _MOST_LOG_LINES:
            lines.append(Line(Level.OK, f"{len(shown) - _MOST_LOG_LINES} more patterns are in the record"))
        if not shown:
            lines.append(Line(Level.OK, f"No errors or warnings in {data.lines:,} lines of {data.containers} containers"))
    return _present([*lines, gap(diagnostics.logs)])


def traces(diagnostics: Diagnostics) -> tuple[Line, ...]:
    data = diagnostics.traces.data
    lines: list[Line | None] = []
    if data is not None:
        slow = data.bottlenecks[:1]
        where = next((operation for operation in data.bottlenecks if not operation.statement), slow[0] if slow else None)
        if where is not None:
            lines.append(Line(Level.WARNING, f"Trace analysis shows bottleneck in {where.operation}"))
        lines += [_statement(operation) for operation in data.bottlenecks if operation.statement][:2]
        if data.average_duration is not None:
            lines.append(_trace_duration(data.average_duration, data.baseline_duration))
        if not lines:
            lines.append(Line(Level.OK, f"{data.traces} traces, {data.error_traces} with errors, {data.slow_traces} slow"))
    return _present([*lines, gap(diagnostics.traces)])


def impact(diagnostics: Diagnostics) -> tuple[Line, ...]:
    """Amounts as text; an unknown one says why."""
    data = diagnostics.impact.data
    if data is None:
        return _present([gap(diagnostics.impact)])
    window = format_duration(data.window).replace("m", " minutes") if data.window % 60 == 0 else format_duration(data.window)
    sessions, failed, revenue = data.sessions, data.failed_requests, data.revenue
    return (
        _amount("Affected users", sessions.value, sessions.basis, lambda value: f"~{value:,.0f} active sessions"),
        _amount("Failed transactions", failed.value, failed.basis, lambda value: f"{value:,.0f} in last {window}"),
        _amount(
            "Revenue impact",
            revenue.value,
            revenue.basis,
            lambda value: f"{format_money(value, data.currency)} estimated (based on avg transaction value)",
        ),
    )


def findings(incident: Incident) -> tuple[str, ...]:
    """What was found, worst first, then the fixes that are suggested."""
    diagnostics = incident.diagnostics
    found = diagnostics.findings if diagnostics else ()
    fixes = incident.recommendation.remedies[:1] if incident.recommendation else ()
    return (*causes(found)[:_MOST_FINDINGS], *(f"Suggested fix: {fix}" for fix in fixes))


def causes(found: Iterable[Finding]) -> tuple[str, ...]:
    """Findings that may explain the trouble, worst first. Signals, log lines and amounts show it, and have sections of their own."""
    telling = [finding for finding in found if finding.source not in _SHOWING]
    worst_first = [finding for level in (Level.CRITICAL, Level.WARNING) for finding in telling if finding.level is level]
    return tuple(dict.fromkeys(f"{finding.title}: {finding.detail}" if finding.detail else finding.title for finding in worst_first))


def timeline(events: Sequence[Event]) -> tuple[tuple[Event, ...], int]:
    """The events that fit on a screen, and how many were left out: first those of the logs, then the oldest, but no deployment."""
    if len(events) <= _MOST_EVENTS:
        return tuple(events), 0
    without_logs = [event for event in events if event.kind is not EventKind.LOG]
    extra = max(len(without_logs) - _MOST_EVENTS, 0)
    droppable = [event for event in without_logs if event.kind is not EventKind.DEPLOYMENT][:extra]
    kept = tuple(event for event in without_logs if event not in droppable)
    return kept, len(events) - len(kept)


def handle(author: str) -> str:
    """``@devops-bot`` for a login name; a full name stays as it is."""
    return f"@{author}" if _LOGIN.fullmatch(author) else author


def guards(incident: Incident) -> tuple[str, ...]:
    """The guards that bear on what is recommended: those that forbid a rollback matter where the deployment is a suspect."""
    recommendation = incident.recommendation
    if recommendation is None:
        return ()
    suspect = deployment_hypothesis(incident)
    lines = []
    for guard in recommendation.guards:
        if guard.forbids and suspect is not None and suspect.confidence >= _SUSPICIOUS:
            lines.append(f"No rollback: {guard.title} ({guard.detail})")
        elif not guard.forbids and recommendation.action is Action.ROLLBACK:
            lines.append(f"Mind: {guard.title} ({guard.detail})")
    return tuple(lines)


def tree(steps: Sequence[TreeStep]) -> tuple[str, ...]:
    """The decision tree as lines, each with the branches that lead to it."""
    lines = []
    for index, step in enumerate(steps):
        later = [other.depth for other in steps[index + 1 :]]
        branches = "".join("│  " if level == 0 or _goes_on(level, later) else "   " for level in range(step.depth))
        end = "├─" if step.depth == 0 or _goes_on(step.depth, later) else "└─"
        detail = f" ({step.detail})" if step.detail else ""
        lines.append(f"{branches}{end} {step.question} {step.answer.upper()}{detail}")
    return tuple(lines)


def _goes_on(depth: int, later: Sequence[int]) -> bool:
    """Whether a branch at ``depth`` has another step before the tree returns to a shallower one."""
    shallower = next((index for index, other in enumerate(later) if other < depth), len(later))
    return depth in later[:shallower]


def deployment_hypothesis(incident: Incident) -> Hypothesis | None:
    hypotheses = incident.recommendation.hypotheses if incident.recommendation else ()
    return next((hypothesis for hypothesis in hypotheses if hypothesis.cause == "deployment"), None)


def _dependency(one: DependencyHealth) -> Line:
    return Line(one.level, f"{one.title}: {one.detail}")


def _signal(signal: Signal) -> str:
    if signal.value is None:
        return f"{signal.title}: unknown ({signal.reason or 'no data'})"
    now = f"{signal.title}: {signal_value(signal)}"
    if signal.baseline is None:
        return f"{now} (baseline unknown: {signal.reason or 'no data'})"
    return f"{now} (baseline: {signal_baseline(signal)}) - {_movement(signal)}"


def _known(signal: Signal | None) -> bool:
    return signal is not None and signal.value is not None


def _movement(signal: Signal) -> str:
    ratio = signal.ratio
    if ratio is None:
        return "no comparison" if signal.value else "unchanged"
    if ratio >= _CRITICAL_RATIO_SHOWN:
        return f"{multiple(signal, ratio)} increase"
    if ratio >= 1.1:
        return "gradual increase" if signal.shape is Shape.GRADUAL else "moderate increase"
    return "normal" if ratio > 0.9 else f"{1 - ratio:.0%} decrease"


def _level(signal: Signal) -> Level:
    if signal.value is None or signal.ratio is None:
        return Level.UNKNOWN if signal.value is None else Level.OK
    worse = 1 / signal.ratio if signal.higher_is_better and signal.ratio else signal.ratio
    if worse >= signal.critical_ratio:
        return Level.CRITICAL
    return Level.WARNING if worse >= 1.25 else Level.OK


def _changes(diagnostics: Diagnostics) -> list[str]:
    if diagnostics.changes.data is None:
        return [f"Changes: not available ({diagnostics.changes.reason})"] if diagnostics.changes.reason else []
    commits = diagnostics.changes.data.commits
    more = [f"{len(commits) - _MOST_COMMITS} more commits"] if len(commits) > _MOST_COMMITS else []
    return [commit.subject for commit in commits[:_MOST_COMMITS]] + more


def _correlation(incident: Incident) -> Iterator[str]:
    hypothesis = deployment_hypothesis(incident)
    if hypothesis is not None:
        mark = "🔴" if hypothesis.confidence >= 80 else "⚠️ " if hypothesis.confidence >= _SUSPICIOUS else "✓"
        yield f"{mark} Correlation: {hypothesis.confidence}% confidence deployment caused incident"


def _log(pattern: LogPattern) -> Line:
    level = Level.WARNING if pattern.level == "WARN" else Level.CRITICAL
    return Line(level, f"{pattern.level}: {pattern.template} ({pattern.count:,} occurrence{'' if pattern.count == 1 else 's'})")


def _statement(operation: Operation) -> Line:
    note = "missing index" if operation.table_scan else f"{format_value(operation.self_time, 'seconds')} on average"
    kind = "Database query" if _SQL.match(operation.statement or "") else "Query"
    return Line(Level.CRITICAL if operation.table_scan else Level.WARNING, f"{kind}: {operation.statement} ({note})")


def _trace_duration(average: float, baseline: float | None) -> Line:
    known = f"baseline: {format_value(baseline, 'seconds')}" if baseline else "baseline unknown"
    slower = baseline is not None and average >= _CRITICAL_RATIO_SHOWN * baseline
    return Line(Level.WARNING if slower else Level.OK, f"Average trace duration: {format_value(average, 'seconds')} ({known})")


def _amount(title: str, value: float | None, basis: str, text: Any) -> Line:
    return Line(Level.UNKNOWN, f"{title}: unknown ({basis})") if value is None else Line(Level.OK, f"{title}: {text(value)}")


def _in_words(age: timedelta) -> str:
    """``2 minutes``, ``3 days``: the largest unit, for a sentence."""
    seconds = age.total_seconds()
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            amount = int(seconds // size)
            return f"{amount} {unit}" if amount == 1 else f"{amount} {unit}s"
    return f"{int(seconds)} seconds"


def _named_gap(title: str, evidence: Evidence[Any]) -> Line | None:
    line = gap(evidence)
    return Line(line.level, f"{title}: {line.text[0].lower()}{line.text[1:]}") if line else None


def _present(lines: list[Line | None]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line is not None)
