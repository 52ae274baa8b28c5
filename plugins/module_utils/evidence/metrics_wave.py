# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wave of queries to Prometheus: everything about a service's signals under one set of names, all at once."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Union

from ..clients.prometheus import Answer, PrometheusClient, QueryRejectedError, SeriesResult, quote
from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..model.service import Service
from .counted_anew import times_begun_anew
from .highest_bucket import bucket_bounds
from .metric_names import MetricNames
from .promql import LAST_SCRAPES, SignalQueries, golden_signals, labelled_requests, most_scraped, own_signal, samples_of_up

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
LAG_NOTICED, SCRAPES_NOTICED = 20.0, 1.5
"""From so many seconds, and so many scrapes, without any sample it counts that Prometheus itself has nothing new: the last windows then are
not full, and rates over them fall for no other reason."""
FEW_SCRAPED = 1 / 3
"""Share of all targets up to which those that are scraped still do not show that Prometheus goes on: it may scrape itself."""
LONGEST_LAG = 300.0
"""Seconds for which Prometheus itself takes a last sample for the present one."""
AROUND, AROUND_STEP = 600.0, 150.0
"""Seconds before and after this time of the day that the days before are looked at, and how far apart. So many values in a week are enough
for a single one of now, a minute after an onset, to be surely worse."""

_POSITION = re.compile(r" \(\d+:\d+\)$")
"""Where in the query it is, which only tells remarks apart that are the same."""
_NO_MATTER = ("PromQL info: metric might not be a counter",)
"""What is said of names alone."""

INSTANT, DAY_BEFORE, SAME_HOUR, UP, LABELLED = "now", "day before", "same hour", "up", "labelled"
BOUNDS, ANEW = "bounds", "begun anew"

Key = tuple[str, str]
"""What was asked, and of which signal; the recent past is asked for in parts, which are called ``0`` and ``1``."""
Found = Union[tuple[SeriesResult, ...], SourceUnavailableError]  # noqa: UP007 (ansible-test's pylint takes the other form for an operation)
Span = tuple[float, float, float]
"""Start, end and step."""


@dataclass(frozen=True, slots=True)
class Wave:
    """``recent`` are the parts of the recent past, as they were asked for last; ``interval`` is that of the scrapes, in seconds."""

    names: MetricNames
    signals: tuple[SignalQueries, ...]
    answers: Mapping[Key, Found]
    spans: tuple[Span, ...]
    window: float
    interval: float | None
    server_time: float | None
    """Prometheus' own now; where it lags, when it last scraped anything."""
    lag: float = 0.0
    """Seconds for which Prometheus has had no sample of any target: what there is was asked for as it was then."""

    @property
    def targets_down(self) -> tuple[int, int]:
        """How many of the service's targets do not answer scrapes (their newest ``up`` is 0), and how many there are."""
        last = [one.samples[-1][1] for one in self.series(UP) if one.samples]
        return sum(value == 0 for value in last), len(last)

    @property
    def ended(self) -> float | None:
        """When the requests were last known (unix seconds), where they are not scraped any more although five minutes still hold some."""
        if not self.series(INSTANT, "request_rate"):
            return None
        lately = self.series(str(len(self.spans) - 1), "request_rate")
        points = [at for one in lately[:1] for at, value in one.samples if math.isfinite(value)]
        # What comes after the last sample is a rate over a part of its window.
        return points[-1] - self.window + (self.interval or 0.0) if points and points[-1] < self.spans[-1][1] - 2 * FINE_STEP else None

    def series(self, kind: str, signal: str = "") -> tuple[SeriesResult, ...]:
        return series_of(self.answers[kind, signal])


def ask(client: PrometheusClient, service: Service, names: MetricNames, timeframe: float, now: float, deadline: Deadline) -> Wave:
    """Asks everything. ``timeframe`` is seconds, ``now`` unix seconds by our clock.

    What happened lately is asked for in the same wave, by the usual scrape interval and our own clock; only where these turn out to be
    wrong it is asked for again. A signal that not every service has is asked for in full only where it is there. Raises
    SourceUnavailableError when Prometheus gives nothing at all.
    """
    signals = (*golden_signals(service, names), *map(own_signal, service.metrics.queries))
    instants: dict[Key, str] = {
        (UP, ""): samples_of_up(service, names),
        (LABELLED, ""): labelled_requests(service, names),
        (BOUNDS, ""): bucket_bounds(names),
        (ANEW, ""): times_begun_anew(names),
    }
    for signal in signals:
        instants[INSTANT, signal.name] = signal.now
        if not signal.optional:
            instants[DAY_BEFORE, signal.name] = signal.day_before
    spans = _spans(now, timeframe)
    asked = _ask_instants(client, instants)
    ranges = _ask_ranges(client, [signal for signal in signals if not signal.optional], spans, RATE_WINDOW, now)
    answers = collect(asked, deadline)
    last_scrape, lag = _last_scrape(client, answers, deadline)
    if last_scrape is not None:
        answers = collect(_ask_instants(client, instants, last_scrape), deadline)
    signals = tuple(signal for signal in signals if not signal.optional or answers[INSTANT, signal.name])
    extra = [signal for signal in signals if signal.optional]
    interval = scrape_interval(series_of(answers[UP, ""])) or _interval_of_requests(client, service, names, answers, deadline)
    theirs = _server_time(answers)
    window = max(RATE_WINDOW, SCRAPES_PER_WINDOW * (interval or 0.0))
    if window > RATE_WINDOW or abs((theirs or now) - now) > CLOCK_TOLERANCE:
        now = theirs or now
        spans = _spans(now, timeframe)
        ranges = _ask_ranges(client, signals, spans, window, now)
    elif extra:
        ranges = {**ranges, **_ask_ranges(client, extra, spans, window, now)}
    if extra:
        ranges = {**ranges, **_ask_instants(client, {(DAY_BEFORE, signal.name): signal.day_before for signal in extra}, last_scrape)}
    return Wave(names, signals, {**answers, **collect(ranges, deadline, needed=False)}, spans, window, interval, theirs, lag)


def collect(futures: Mapping[Key, Future[tuple[SeriesResult, ...]]], deadline: Deadline, *, needed: bool = True) -> dict[Key, Found]:
    """Every answer, or why there is none. SourceUnavailableError when Prometheus answered nothing at all, and something is ``needed``."""
    found: dict[Key, Found] = {}
    for key, future in futures.items():
        try:
            found[key] = wait(future, deadline, "Prometheus")
        except SourceUnavailableError as error:
            found[key] = error
    silent = [
        answer for answer in found.values() if isinstance(answer, SourceUnavailableError) and not isinstance(answer, QueryRejectedError)
    ]
    if needed and silent and len(silent) == len(found):
        raise silent[0]
    return found


def series_of(found: Found) -> tuple[SeriesResult, ...]:
    return () if isinstance(found, SourceUnavailableError) else found


def value_of(answer: Sequence[SeriesResult]) -> float | None:
    """The one finite value of an answer; None for an empty one, for NaN and for infinities."""
    if not answer or not answer[0].samples:
        return None
    value = answer[0].samples[-1][1]
    return value if math.isfinite(value) else None


def why_no_past(wave: Wave) -> str | None:
    """Why nothing is known of the recent past, where Prometheus gave the present values but not these."""
    asked = [wave.answers[str(number), signal.name] for signal in wave.signals for number in range(len(wave.spans))]
    silent = [found for found in asked if isinstance(found, SourceUnavailableError)]
    return f"the recent past is unknown: {silent[0].message}" if silent and len(silent) == len(asked) else None


def without_a_part(source: str) -> str:
    """Why there is nothing where a server warns that series may be missing."""
    return f"a part of the servers did not answer, and the others have no series for {source}"


def remarks_on(answers: Mapping[Key, Found]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The servers' warnings (something may be missing) and infos, each once."""
    given = [answer for answer in answers.values() if isinstance(answer, Answer)]
    warnings = dict.fromkeys(text for answer in given for text in answer.warnings)
    infos = dict.fromkeys(_POSITION.sub("", text) for answer in given for text in answer.infos if not text.startswith(_NO_MATTER))
    return tuple(warnings), tuple(infos)


def _spans(now: float, timeframe: float) -> tuple[Span, ...]:
    """What is looked at coarsely and what is looked at closely, in this order."""
    end = math.floor(now)
    middle = end - min(FINE_SPAN, timeframe)
    begin = end - timeframe
    fine = (middle, end, FINE_STEP)
    if begin >= middle:
        return (fine,)
    step = max(FINE_STEP, math.ceil((middle - begin) / COARSE_POINTS))
    return ((begin, middle - 1, step), fine)


def _last_scrape(client: PrometheusClient, answers: Mapping[Key, Found], deadline: Deadline) -> tuple[float | None, float]:
    """When Prometheus last scraped anything but itself (unix seconds), and how long ago that is, where it has stopped or lags behind.

    One more query where the service's targets have no new samples; where others do, it is the service that fell silent, and not Prometheus.
    """
    own = series_of(answers[UP, ""])
    theirs = _server_time(answers)
    newest = max((one.samples[-1][0] for one in own if one.samples), default=None)
    noticed = max(LAG_NOTICED, SCRAPES_NOTICED * (scrape_interval(own) or 0.0))
    if theirs is None or (newest is not None and theirs - newest <= noticed):
        return None, 0.0
    found = collect(_ask_instants(client, {(UP, ""): LAST_SCRAPES}), deadline, needed=False)[UP, ""]
    counts = [(float(one.labels["at"]), one.samples[-1][1]) for one in series_of(found) if one.samples and "at" in one.labels]
    silent = [pair for pair in counts if theirs - pair[0] > noticed]
    if not silent or sum(count for _at, count in silent) < (1 - FEW_SCRAPED) * sum(count for _at, count in counts):
        return None, 0.0
    last = max(at for at, _count in silent) if newest is None else newest
    return (last, theirs - last) if theirs - last <= LONGEST_LAG else (None, 0.0)


def _ask_instants(
    client: PrometheusClient, queries: Mapping[Key, str], at: float | None = None
) -> dict[Key, Future[tuple[SeriesResult, ...]]]:
    futures = map_side_by_side(lambda query: client.instant(query, at), queries.values(), QUERIES_AT_ONCE, "prometheus")
    return dict(zip(queries, futures, strict=True))


def _ask_ranges(
    client: PrometheusClient, signals: Sequence[SignalQueries], spans: Sequence[Span], window: float, now: float
) -> Mapping[Key, Future[tuple[SeriesResult, ...]]]:
    over = f"{window:.0f}s"
    end = math.floor(now)
    asked: dict[Key, tuple[str, Span]] = {}
    for signal in signals:
        for number, span in enumerate(spans):
            asked[str(number), signal.name] = signal.recent(over), span
        asked[SAME_HOUR, signal.name] = signal.same_hour(over), (end - AROUND, end + AROUND, AROUND_STEP)
    futures = map_side_by_side(lambda ask: client.range(ask[0], *ask[1]), asked.values(), QUERIES_AT_ONCE, "prometheus-range")
    return dict(zip(asked, futures, strict=True))


def _interval_of_requests(
    client: PrometheusClient, service: Service, names: MetricNames, answers: Mapping[Key, Found], deadline: Deadline
) -> float | None:
    """The distance of the samples of one series of the requests, for what is pushed and has no ``up``. Two more queries."""
    if not series_of(answers[INSTANT, "request_rate"]):
        return None

    def answer(query: str) -> tuple[SeriesResult, ...]:
        return series_of(collect(_ask_instants(client, {(UP, ""): query}), deadline, needed=False)[UP, ""])

    most = answer(most_scraped(service, names))
    return scrape_interval(answer(f"{{{_exactly(names.requests, most[0].labels)}}}[10m]")) if most else None


def _exactly(name: str, labels: Mapping[str, str]) -> str:
    return ",".join(f"{label}={quote(text)}" for label, text in {**labels, "__name__": name}.items())


def scrape_interval(found: Sequence[SeriesResult]) -> float | None:
    """Seconds between two scrapes, over all targets."""
    gaps = [
        later[0] - earlier[0]
        for series in found
        for earlier, later in zip(series.samples, series.samples[1:], strict=False)
        if later[0] > earlier[0]
    ]
    return round(statistics.median(gaps), 1) if gaps else None


def _server_time(answers: Mapping[Key, Found]) -> float | None:
    """Prometheus' own now: the time that it gives to instant values."""
    times = [
        answer[0].samples[-1][0]
        for (kind, _unused), answer in answers.items()
        if kind in (INSTANT, LABELLED) and not isinstance(answer, SourceUnavailableError) and answer and answer[0].samples
    ]
    return max(times, default=None)
