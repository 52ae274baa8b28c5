# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics around a rollout: as long after it as before it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Optional

from ..clients.prometheus import PrometheusClient, QueryRejectedError, SeriesResult
from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import SourceUnavailableError
from ..model.comparison_raw import RawComparedSignal, RawComparison
from ..model.service import Service
from .highest_bucket import bucket_bounds, highest_bounds
from .metric_names import MetricNames, metric_names
from .names_in_use import names_in_use
from .promql import SignalQueries, error_rate, golden_signals, latency, own_signal

LONGEST_WINDOW = 1800.0
"""Seconds: long enough for a steady figure, short enough to show where things stand at its end."""
SHORTEST_WINDOW = 60.0
POINTS = 400
FINEST_STEP = 10.0
RATE_WINDOW = 60.0
COMPARED = ("error_rate", "latency_p95", "request_rate", "memory", "cpu")

_POINTS_OF_A_GAUGE = 5
_BOUNDS = "bounds of buckets"
_Answer = Optional[tuple[SeriesResult, ...]]  # noqa: UP045 (ansible-test's pylint takes the other form for an operation)


def windows(
    deployed_at: float, until: float, previous_since: float | None, timeframe: float = LONGEST_WINDOW
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The windows before and after the rollout at ``deployed_at``, equally long, in unix seconds.

    The first ends when the rollout began; the last at ``until`` (now, or when the version was replaced). No window is longer than
    ``timeframe``, or than the version before was active (since ``previous_since``).
    """
    longest = min(
        LONGEST_WINDOW, timeframe, until - deployed_at, deployed_at - previous_since if previous_since is not None else LONGEST_WINDOW
    )
    length = max(SHORTEST_WINDOW, longest)
    return (deployed_at - length, deployed_at), (until - length, until)


def comparison(
    client: PrometheusClient,
    service: Service,
    deployed_at: float,
    until: float,
    previous_since: float | None,
    timeframe: float,
    deadline: Deadline | None = None,
) -> RawComparison:
    """The service's signals before and after the rollout. Times are unix seconds; ``timeframe`` is seconds.

    A signal that can't be had has its reason; when Prometheus can't be had that is the reason of all.
    """
    ends = deadline or Deadline(client.timeout)
    before, after = windows(deployed_at, until, previous_since, timeframe)
    names = metric_names(service)
    try:
        signals = _signals(client, service, names, before, after, ends)
        if _never_counted(signals) and (found := names_in_use(client, service, names, ends, at=after[1])) is not None:
            names = found
            signals = _signals(client, service, names, before, after, ends)
    except SourceUnavailableError as error:
        return RawComparison(before, after, (), alerts=_alerts(service, names), reason=error.message)
    alerts = _alerts(service, names)
    return RawComparison(before, after, signals, alerts=alerts, lookback=_resolution(before, after)[1])


def _compared_queries(service: Service, names: MetricNames) -> tuple[SignalQueries, ...]:
    golden = {signal.name: signal for signal in golden_signals(service, names)}
    return (*(golden[name] for name in COMPARED), *map(own_signal, service.metrics.queries))


def _alerts(service: Service, names: MetricNames) -> dict[str, str]:
    golden = {signal.name: signal.now for signal in golden_signals(service, names)}
    return {
        "error_rate": error_rate(service, "5m", names=names),
        "latency_p95": latency(service, 0.95, "5m", names=names),
        "memory": golden["memory"],
        "cpu": golden["cpu"],
    }


def _never_counted(signals: tuple[RawComparedSignal, ...]) -> bool:
    """Whether there were no requests under these names, neither before nor after."""
    return all(one.before is None and one.after is None and not one.points for one in signals if one.name == "request_rate")


def _signals(
    client: PrometheusClient,
    service: Service,
    names: MetricNames,
    before: tuple[float, float],
    after: tuple[float, float],
    deadline: Deadline,
) -> tuple[RawComparedSignal, ...]:
    asked = _compared_queries(service, names)
    length = f"{after[1] - after[0]:.0f}s"
    step, lookback = _resolution(before, after)
    rate_window = f"{lookback:.0f}s"
    calls: dict[tuple[str, str], Callable[[], tuple[SeriesResult, ...]]] = {}
    for signal in asked:
        windowed = signal.recent(length)
        calls[signal.name, "points"] = _range_call(client, signal.recent(rate_window), before[0], after[1], step)
        if windowed != signal.recent("1s"):
            calls[signal.name, "before"] = _instant_call(client, windowed, before[1])
            calls[signal.name, "after"] = _instant_call(client, windowed, after[1])
        else:
            # A gauge is compared as it stands at the end of each window.
            calls[signal.name, "before"] = _range_call(
                client, windowed, before[1] - _POINTS_OF_A_GAUGE * FINEST_STEP, before[1], FINEST_STEP
            )
            calls[signal.name, "after"] = _range_call(client, windowed, after[1] - _POINTS_OF_A_GAUGE * FINEST_STEP, after[1], FINEST_STEP)
    for side, (_unused, end) in (("before", before), ("after", after)):
        calls[_BOUNDS, side] = _instant_call(client, bucket_bounds(names), end)
    futures = map_side_by_side(lambda call: call(), calls.values(), len(calls), "prometheus-comparison")
    answers = _answers(dict(zip(calls, futures, strict=True)), deadline)
    told = (answers[_BOUNDS, side] for side in ("before", "after"))
    bounds = {bound for answer in told if answer and not isinstance(answer, str) for bound in highest_bounds(answer, names)}
    return tuple(_compared(signal, answers, tuple(sorted(bounds)) if signal.name == "latency_p95" else ()) for signal in asked)


def _resolution(before: tuple[float, float], after: tuple[float, float]) -> tuple[float, float]:
    """Seconds between the points of a course, and seconds that each looks back."""
    step = max(FINEST_STEP, math.ceil((after[1] - before[0]) / POINTS))
    return step, max(RATE_WINDOW, step)


def _range_call(client: PrometheusClient, query: str, start: float, end: float, step: float) -> Callable[[], tuple[SeriesResult, ...]]:
    return lambda: client.range(query, start, end, step)


def _instant_call(client: PrometheusClient, query: str, at: float) -> Callable[[], tuple[SeriesResult, ...]]:
    return lambda: client.instant(query, at)


def _answers(
    futures: Mapping[tuple[str, str], Future[tuple[SeriesResult, ...]]], deadline: Deadline
) -> Mapping[tuple[str, str], _Answer | str]:
    """Every answer; the words of the rejection where a query was rejected. Anything else that goes wrong ends the source."""
    found: dict[tuple[str, str], _Answer | str] = {}
    for key, future in futures.items():
        try:
            found[key] = wait(future, deadline, "Prometheus")
        except QueryRejectedError as error:
            found[key] = error.message
    return found


def _compared(signal: SignalQueries, answers: Mapping[tuple[str, str], _Answer | str], limits: tuple[float, ...]) -> RawComparedSignal:
    before, after = (_middle(answers[signal.name, side]) for side in ("before", "after"))
    rejected = next((answer for key, answer in answers.items() if key[0] == signal.name and isinstance(answer, str)), None)
    reason = rejected
    if reason is None and (before is None or after is None):
        when = (
            "before the deployment nor after it"
            if before is None and after is None
            else "before the deployment"
            if before is None
            else "after it"
        )
        reason = f"no values of {signal.source} {'neither ' if before is None and after is None else ''}{when}"
    return RawComparedSignal(
        name=signal.name,
        title=signal.title,
        unit=signal.unit,
        before=before,
        after=after,
        points=_points(answers[signal.name, "points"]),
        higher_is_better=signal.higher_is_better,
        reason=reason,
        limits=limits,
    )


def _points(answer: _Answer | str) -> tuple[tuple[float, float], ...]:
    series = answer[0].samples if answer and not isinstance(answer, str) else ()
    return tuple((at, value) for at, value in series if math.isfinite(value))


def _middle(answer: _Answer | str) -> float | None:
    """The one value of an instant answer, the median of a range's; None where there is no number."""
    values = [value for _unused, value in _points(answer)]
    return statistics.median(values) if values else None
