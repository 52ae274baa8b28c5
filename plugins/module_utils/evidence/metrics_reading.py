# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus' answers say of a signal, and why they say nothing where they don't. Nothing is read as zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ..clients.prometheus import Answer, SeriesResult
from ..errors import SourceUnavailableError
from ..model.metrics_raw import RawSignal
from ..model.service import Service
from .counted_anew import uncounted
from .highest_bucket import highest_bounds
from .metrics_wave import (
    ANEW,
    BOUNDS,
    DAY_BEFORE,
    FINE_STEP,
    INSTANT,
    LABELLED,
    SAME_HOUR,
    Found,
    Wave,
    series_of,
    value_of,
    without_a_part,
)
from .promql import DAY_LABEL, SignalQueries, requests_selector

_DAY = 86400.0
_LATENCIES = ("latency_p95", "latency_p50")
_OF_REQUESTS = ("error_rate", *_LATENCIES)
_NEVER = "no series for {source}; is it scraped?"

Points = tuple[tuple[float, float], ...]


def read_signals(wave: Wave, service: Service) -> tuple[RawSignal, ...]:
    return tuple(_raw(signal, wave, service) for signal in wave.signals)


def with_history(signal: RawSignal, older: RawSignal, was_called: str) -> RawSignal:
    """``signal`` with what it was under another name before, where it has no history of its own under its present one."""
    first = signal.recent[0][0] if signal.recent else math.inf
    joined = replace(
        signal,
        day_before=signal.day_before if signal.day_before is not None else older.day_before,
        recent=(*(point for point in older.recent if point[0] < first), *signal.recent),
        same_hour=signal.same_hour or older.same_hour,
        limits=(*signal.limits, *older.limits),
    )
    if signal.last_5m is None or signal.day_before is not None or older.day_before is None:
        return joined
    return replace(joined, reason=f"its baseline is that of {was_called}, as it was called a day ago")


def _absent(found: Found) -> bool:
    return not isinstance(found, SourceUnavailableError) and not found


def _raw(signal: SignalQueries, wave: Wave, service: Service) -> RawSignal:
    now, day_before = wave.answers[INSTANT, signal.name], wave.answers[DAY_BEFORE, signal.name]
    points = tuple(
        (at, value)
        for number in range(len(wave.spans))
        for series in wave.series(str(number), signal.name)[:1]
        for at, value in series.samples
        if math.isfinite(value)
    )
    value, before = value_of(series_of(now)), value_of(series_of(day_before))
    same_hour = _on_their_days(wave.series(SAME_HOUR, signal.name))
    end = wave.spans[-1][1]
    last = points[-1][1] if points and points[-1][0] >= end - 2 * FINE_STEP else None
    reasons = []
    if signal.source.startswith((wave.names.requests, wave.names.duration)) and (ended := wave.ended) is not None:
        points = tuple(point for point in points if point[0] <= ended)
        now, value, last = (), None, None
    nothing = _why_not_usable(signal, wave, service)
    if nothing is not None:
        value = last = before = None
        points = same_hour = ()
        reasons.append(nothing)
    else:
        if value is None:
            reasons.append(_why_empty(signal, now, points, wave))
        if before is None:
            reasons.append(_why_no_history(signal, day_before, value))
    return RawSignal(
        name=signal.name,
        title=signal.title,
        unit=signal.unit,
        last_5m=value,
        last_1m=last,
        day_before=before,
        recent=points,
        reason="; ".join(reason for reason in reasons if reason) or None,
        higher_is_better=signal.higher_is_better,
        critical_ratio=signal.critical_ratio,
        same_hour=same_hour,
        limits=highest_bounds(wave.series(BOUNDS), wave.names) if signal.name in _LATENCIES else (),
        incomplete=isinstance(now, Answer) and now.incomplete,
        uncounted=uncounted(value_of(wave.series(ANEW)), wave.interval) if signal.name == "request_rate" else 0.0,
    )


def _on_their_days(answer: Sequence[SeriesResult]) -> Points:
    """The points of ``SignalQueries.same_hour`` at their own times: they come at today's, told apart by a label."""
    points = []
    for series in answer:
        day = series.labels.get(DAY_LABEL, "")
        if day.isascii() and day.isdigit():
            points += [(at - int(day) * _DAY, value) for at, value in series.samples if math.isfinite(value)]
    return tuple(sorted(points))


def _why_not_usable(signal: SignalQueries, wave: Wave, service: Service) -> str | None:
    """Why the answers mean nothing although there are some."""
    labelled = wave.answers[LABELLED, ""]
    if signal.name == "error_rate" and _absent(labelled) and wave.series(INSTANT, "request_rate"):
        return (
            f"the series of {requests_selector(service, wave.names)} have no label '{wave.names.status}', so failures can't be told from "
            "successes; give metrics.status_label, or a query of your own in metrics.queries"
        )
    series = wave.series(INSTANT, signal.name)
    if len(series) > 1:
        return f"{signal.source} gives {len(series)} series, not one; wrap it in sum(), max() or avg()"
    return None


def _why_empty(signal: SignalQueries, answer: Found, points: Points, wave: Wave) -> str:
    if isinstance(answer, SourceUnavailableError):
        return answer.message
    if isinstance(answer, Answer) and answer.histograms:
        return (
            f"{signal.source} gives native histograms, not numbers; wrap it in histogram_quantile(), histogram_count() or histogram_sum()"
        )
    if not answer and isinstance(answer, Answer) and answer.incomplete:
        return without_a_part(signal.source)
    if not answer and points:
        last = datetime.fromtimestamp(points[-1][0], UTC).strftime("%H:%M UTC")
        down, targets = wave.targets_down
        why = f"{'its target does' if targets == 1 else f'its {targets} targets do'} not answer scrapes" if 0 < targets == down else ""
        return f"no samples of {signal.source} since {last}: {why or 'renamed, or not scraped any more?'}"
    if not answer and signal.limited:
        return f"no series for {signal.source} with a limit; is it scraped, and has the workload a limit?"
    if not answer and signal.name in _LATENCIES and wave.series(INSTANT, "request_rate"):
        return f"no series for {signal.source}: the service counts requests but keeps no histogram of their duration under this name"
    if not answer:
        return _NEVER.format(source=signal.source)
    return "no requests in the last 5 minutes" if signal.name in _OF_REQUESTS else f"Prometheus computes no number from {signal.source}"


def _why_no_history(signal: SignalQueries, answer: Found, value: float | None) -> str:
    if value is None:
        return ""
    if isinstance(answer, SourceUnavailableError):
        return f"no baseline: {answer.message}"
    if not answer and isinstance(answer, Answer) and answer.incomplete:
        return f"no baseline: {without_a_part(signal.source)} a day ago"
    return f"no baseline: {'no series for' if not answer else 'no value of'} {signal.source} a day ago"
