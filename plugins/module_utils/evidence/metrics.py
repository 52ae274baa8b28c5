# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden signals and a team's own, read from Prometheus: now, a day ago, and how they went lately."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Union

from ..clients.prometheus import PrometheusClient, QueryRejectedError, SeriesResult
from ..concurrency import Deadline, map_side_by_side, start, wait
from ..errors import SourceUnavailableError
from ..model.metrics_raw import RawMetrics, RawNeighbour, RawSignal
from ..model.service import Service
from .neighbours import neighbours
from .promql import SignalQueries, golden_signals, labelled_requests, own_signal, requests_metric, requests_selector, samples_of_up

FINE_SPAN = 900.0
"""Seconds of the recent past that are looked at closely, since onsets of what is burning now lie there."""
FINE_STEP = 10.0
COARSE_POINTS = 100
RATE_WINDOW = 60.0
SCRAPES_PER_WINDOW = 4
"""A rate needs a window of at least so many scrapes to be of use."""
CLOCK_TOLERANCE = 30.0
"""Seconds that our clock may be off Prometheus' before its own is used."""
QUERIES_AT_ONCE = 32

_INSTANT = "now"
_DAY_BEFORE = "day before"
_UP = "up"
_LABELLED = "labelled"

_Key = tuple[str, str]


def metrics(client: PrometheusClient, service: Service, timeframe: float, now: float, deadline: Deadline | None = None) -> RawMetrics:
    """The service's signals. ``timeframe`` is how many seconds to look back, ``now`` unix seconds.

    A signal that can't be had has its reason. Raises SourceUnavailableError when Prometheus gives nothing at all, InvalidOptionError for a
    metric name of the catalogue that is none.
    """
    ends = deadline or Deadline(client.timeout)
    signals = (*golden_signals(service), *map(own_signal, service.metrics.queries))
    instants: dict[_Key, str] = {(_UP, ""): samples_of_up(service), (_LABELLED, ""): labelled_requests(service)}
    for signal in signals:
        instants[_INSTANT, signal.name] = signal.now
        instants[_DAY_BEFORE, signal.name] = signal.day_before
    # What happened lately is asked for in the same wave, by the usual scrape interval and our own clock; only where these turn out to be
    # wrong it is asked for again.
    spans = _spans(now, timeframe)
    first = map_side_by_side(client.instant, instants.values(), QUERIES_AT_ONCE, "prometheus")
    ranges = _ask_ranges(client, signals, spans, RATE_WINDOW)
    others = start(lambda: neighbours(client, service, now, requests_metric(service)), "prometheus-neighbours")
    answers = _answers(dict(zip(instants, first, strict=True)), ends)
    interval = _scrape_interval(answers[_UP, ""])
    theirs = _server_time(answers) or now
    window = max(RATE_WINDOW, SCRAPES_PER_WINDOW * (interval or 0.0))
    if window > RATE_WINDOW or abs(theirs - now) > CLOCK_TOLERANCE:
        spans = _spans(theirs, timeframe)
        ranges = _ask_ranges(client, signals, spans, window)
    recent = _answers(ranges, ends)
    notes = [] if interval else [f'the scrape interval is unknown: no series for up{{job="{service.job}"}}']
    return RawMetrics(
        signals=tuple(_raw(signal, answers, recent, spans, service) for signal in signals),
        scrape_interval=interval,
        notes=tuple(notes),
        neighbours=_neighbours(others, ends),
    )


def _neighbours(asked: Future[tuple[RawNeighbour, ...]], deadline: Deadline) -> tuple[RawNeighbour, ...]:
    """Those that fail; none where that can't be had, since what matters here is only that some do."""
    try:
        return wait(asked, deadline, "Prometheus")
    except SourceUnavailableError:
        return ()


def value_of(answer: Sequence[SeriesResult]) -> float | None:
    """The one finite value of an answer; None for an empty one, for NaN and for infinities."""
    if not answer or not answer[0].samples:
        return None
    value = answer[0].samples[-1][1]
    return value if math.isfinite(value) else None


_Answer = Union[tuple[SeriesResult, ...], SourceUnavailableError]  # noqa: UP007 (ansible-test's pylint takes the other form for an operation)
_Span = tuple[float, float, float]


def _spans(now: float, timeframe: float) -> tuple[_Span, ...]:
    """Start, end and step of what is looked at coarsely and of what is looked at closely, in this order."""
    end = math.floor(now)
    middle = end - min(FINE_SPAN, timeframe)
    begin = end - timeframe
    fine = (middle, end, FINE_STEP)
    if begin >= middle:
        return (fine,)
    step = max(FINE_STEP, math.ceil((middle - begin) / COARSE_POINTS))
    return ((begin, middle - 1, step), fine)


def _ask_ranges(
    client: PrometheusClient, signals: Sequence[SignalQueries], spans: Sequence[_Span], window: float
) -> Mapping[_Key, Future[tuple[SeriesResult, ...]]]:
    asked = [(str(number), signal.name, signal.recent(f"{window:.0f}s"), span) for signal in signals for number, span in enumerate(spans)]
    futures = map_side_by_side(lambda ask: client.range(ask[2], *ask[3]), asked, QUERIES_AT_ONCE, "prometheus-range")
    return {(ask[0], ask[1]): future for ask, future in zip(asked, futures, strict=True)}


def _answers(futures: Mapping[_Key, Future[tuple[SeriesResult, ...]]], deadline: Deadline) -> dict[_Key, _Answer]:
    """Every answer, or why there is none. SourceUnavailableError when Prometheus answered nothing at all."""
    found: dict[_Key, _Answer] = {}
    for key, future in futures.items():
        try:
            found[key] = wait(future, deadline, "Prometheus")
        except SourceUnavailableError as error:
            found[key] = error
    silent = [
        answer for answer in found.values() if isinstance(answer, SourceUnavailableError) and not isinstance(answer, QueryRejectedError)
    ]
    if len(silent) == len(found):
        raise silent[0]
    return found


def _scrape_interval(answer: _Answer) -> float | None:
    """Seconds between two scrapes, over all targets."""
    if isinstance(answer, SourceUnavailableError):
        return None
    gaps = [
        later[0] - earlier[0]
        for series in answer
        for earlier, later in zip(series.samples, series.samples[1:], strict=False)
        if later[0] > earlier[0]
    ]
    return round(statistics.median(gaps), 1) if gaps else None


def _server_time(answers: Mapping[_Key, _Answer]) -> float | None:
    """Prometheus' own now: the time that it gives to instant values."""
    times = [
        answer[0].samples[-1][0]
        for (kind, _unused), answer in answers.items()
        if kind in (_INSTANT, _LABELLED) and not isinstance(answer, SourceUnavailableError) and answer and answer[0].samples
    ]
    return max(times, default=None)


def _raw(
    signal: SignalQueries, answers: Mapping[_Key, _Answer], recent: Mapping[_Key, _Answer], spans: Sequence[_Span], service: Service
) -> RawSignal:
    now, day_before = answers[_INSTANT, signal.name], answers[_DAY_BEFORE, signal.name]
    points = tuple(
        (at, value)
        for number in range(len(spans))
        for series in _series(recent[str(number), signal.name])[:1]
        for at, value in series.samples
        if math.isfinite(value)
    )
    value, before = value_of(_series(now)), value_of(_series(day_before))
    end = spans[-1][1]
    last = points[-1][1] if points and points[-1][0] >= end - 2 * FINE_STEP else None
    reasons = []
    if signal.name == "error_rate" and not _series(answers[_LABELLED, ""]) and _series(answers[_INSTANT, "request_rate"]):
        value = last = before = None
        points = ()
        reasons.append(
            f"the series of {requests_selector(service)} have no label 'status', so failures can't be told from successes; "
            "give a query of your own in metrics.queries"
        )
    else:
        if value is None:
            reasons.append(_why_empty(signal, now))
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
    )


def _series(answer: _Answer) -> tuple[SeriesResult, ...]:
    return () if isinstance(answer, SourceUnavailableError) else answer


def _why_empty(signal: SignalQueries, answer: _Answer) -> str:
    if isinstance(answer, SourceUnavailableError):
        return answer.message
    if not answer:
        return f"no series for {signal.source}; is it scraped?"
    asked_of_requests = signal.name in ("error_rate", "latency_p95", "latency_p50")
    return "no requests in the last 5 minutes" if asked_of_requests else f"Prometheus computes no number from {signal.source}"


def _why_no_history(signal: SignalQueries, answer: _Answer, value: float | None) -> str:
    if value is None:
        return ""
    if isinstance(answer, SourceUnavailableError):
        return f"no baseline: {answer.message}"
    return f"no baseline: {'no series for' if not answer else 'no value of'} {signal.source} a day ago"
