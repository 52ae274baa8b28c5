# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error rate, latency and the usage of dependencies after a rollback, by the names that the service's metrics really have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import field
from datetime import datetime

from ..clients.prometheus import PrometheusClient, QueryRejectedError, SeriesResult
from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import SourceUnavailableError
from ..evidence.metric_names import MetricNames, metric_names, with_status
from ..evidence.metrics_wave import value_of
from ..evidence.names_in_use import names_in_use, status_in_use
from ..evidence.narrowing import narrowed
from ..evidence.promql import SignalQueries, golden_signals, labelled_requests, samples_of_up, series_of_requests
from ..lean import dataclass
from ..model.metrics import CLIENT_ERROR_RATE
from ..model.rollback import Measure
from ..model.service import Dependency, MetricPreset, Service
from .recovery import SIGNALS, Limits, Reading, Verification, judge_dependency, judge_reading

LONGEST_WINDOW = 60.0
"""Seconds: what lingered just after the rollback, such as a pool that drains, must not count against a healthy service for long."""
SCRAPES_PER_WINDOW = 4
USUAL_SCRAPE_INTERVAL = 15.0
"""Seconds; taken where Prometheus does not show its own."""
_REQUESTS, _LABELLED = "requests", "labelled requests"
_THEN = "when the rollback began"


@dataclass(frozen=True, slots=True)
class Measured:
    """``baseline`` and ``names`` as they are known by now; ``blind`` when the metrics could not be asked at all. ``before`` are the signals
    as they were when the rollback began, as far as they were asked for at this look."""

    measures: tuple[Measure, ...]
    baseline: Mapping[str, float]
    names: Mapping[str, str]
    blind: bool
    before: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Answers:
    """By name of the query: the value, and why there is none. ``up`` and ``labelled`` tell the service's own series from others."""

    names: MetricNames
    queries: tuple[SignalQueries, ...]
    found: Mapping[str, tuple[float | None, str | None]]
    window: float
    up: tuple[SeriesResult, ...]
    labelled: tuple[SeriesResult, ...]

    def value(self, name: str) -> float | None:
        return self.found[name][0]

    def reason(self, name: str) -> str | None:
        return self.found[name][1]


def measure(prometheus: PrometheusClient | None, service: Service, verification: Verification, limits: Limits, now: datetime) -> Measured:
    """What the metrics say at this look. Where there are no requests under the names known so far, other names are looked for; where
    several namespaces or replicas have series under them, only the service's own are looked at, as in the diagnosis."""
    names = _names(service, verification.names)
    watched = [dependency for dependency in service.dependencies if dependency.usage_query and dependency.capacity_query]
    baseline = verification.baseline
    if prometheus is None:
        return Measured(
            _unknown(_queries(service, names, verification), watched, limits, "no prometheus_url is given"),
            baseline,
            verification.names,
            True,
        )
    try:
        answers = _ask(prometheus, service, names, watched, verification, now)
        other = _other_names(prometheus, service, answers)
        if other is not None:
            answers = _ask(prometheus, service, other, watched, verification, now)
        own, notes = narrowed(answers.names, answers.up, answers.labelled, service)
        if notes:
            answers = _ask(prometheus, service, own, watched, verification, now)
    except SourceUnavailableError as error:
        return Measured(
            _unknown(_queries(service, names, verification), watched, limits, error.message), baseline, verification.names, True
        )
    told = {"preset": answers.names.preset.value, "status": answers.names.status} if other is not None else verification.names
    known = {**baseline, **{one.name: value for one in answers.queries if (value := _before(answers, one, baseline)) is not None}}
    then = {one.name: answers.found.get(f"{one.name} {_THEN}", (None, None))[0] for one in answers.queries}
    before = {name: value for name, value in then.items() if value is not None}
    return Measured(_judged(service, answers, watched, known, limits), known, told, False, before)


def _names(service: Service, known: Mapping[str, str]) -> MetricNames:
    preset = next((one for one in MetricPreset if one.value == known.get("preset")), None)
    names = metric_names(service, preset if preset is not service.metrics.preset else None)
    return with_status(service, names, known["status"]) if known.get("status") not in (None, names.status) else names


def _queries(service: Service, names: MetricNames, verification: Verification) -> tuple[SignalQueries, ...]:
    # What clients do wrong by themselves is nothing to recover from, unless it was part of the incident.
    wanted = (*SIGNALS, CLIENT_ERROR_RATE) if CLIENT_ERROR_RATE in verification.during else SIGNALS
    return tuple(query for query in golden_signals(service, names) if query.name in wanted)


def _other_names(prometheus: PrometheusClient, service: Service, answers: _Answers) -> MetricNames | None:
    """What the requests are counted under instead; None where nothing is missing, or nothing else is there. One query at most."""
    ends = Deadline(prometheus.timeout)
    if not answers.value(_REQUESTS):
        return names_in_use(prometheus, service, answers.names, ends)
    if not answers.value(_LABELLED):
        return status_in_use(prometheus, service, answers.names, ends)
    return None


def _ask(
    prometheus: PrometheusClient,
    service: Service,
    names: MetricNames,
    watched: list[Dependency],
    verification: Verification,
    now: datetime,
) -> _Answers:
    up, queries = prometheus.instant(samples_of_up(service, names)), _queries(service, names, verification)
    interval = _scrape_interval(up)
    window = _window(interval, verification, now)
    asked = {query.name: query.recent(f"{window:.0f}s") for query in queries}
    asked |= {f"{query.name} before": query.day_before for query in queries if query.name not in verification.baseline}
    asked |= {_REQUESTS: series_of_requests(names), _LABELLED: labelled_requests(service, names)}
    for dependency in watched:
        asked |= {f"{dependency.name} used": dependency.usage_query or "", f"{dependency.name} capacity": dependency.capacity_query or ""}
    moments: dict[str, float | None] = dict.fromkeys(asked)
    if verification.looks == 0 and verification.began is not None:
        # As short as a rate may be: what was before the outage should not be in it.
        shortest = f"{math.ceil(SCRAPES_PER_WINDOW * interval)}s"
        asked |= {f"{query.name} {_THEN}": query.recent(shortest) for query in queries}
        moments |= {f"{query.name} {_THEN}": verification.began.timestamp() for query in queries}
    questions = [(query, moments[name]) for name, query in asked.items()]
    futures = map_side_by_side(lambda question: prometheus.instant(*question), questions, len(questions), "recovery")
    ends = Deadline(prometheus.timeout)
    waited = {key: _answer(future, ends) for key, future in zip(asked, futures, strict=True)}
    found = {key: (value_of(answer), reason) for key, (answer, reason) in waited.items()}
    return _Answers(names, queries, found, window, up, waited[_LABELLED][0])


def _scrape_interval(up: tuple[SeriesResult, ...]) -> float:
    interval = USUAL_SCRAPE_INTERVAL
    for series in up:
        times = [at for at, _unused in series.samples]
        if len(times) > 1:
            interval = max((times[-1] - times[0]) / (len(times) - 1), 1.0)
    return interval


def _window(interval: float, verification: Verification, now: datetime) -> float:
    """Seconds of the rates: the time since the rollback completed, at most a minute, but four scrapes in any case."""
    since = (now - verification.since).total_seconds()
    return float(math.ceil(max(min(since, LONGEST_WINDOW), SCRAPES_PER_WINDOW * interval)))


def _before(answers: _Answers, query: SignalQueries, baseline: Mapping[str, float]) -> float | None:
    return None if query.name in baseline else answers.value(f"{query.name} before")


def _judged(
    service: Service, answers: _Answers, watched: list[Dependency], known: Mapping[str, float], limits: Limits
) -> tuple[Measure, ...]:
    objectives = {"error_rate": service.objectives.error_rate, "latency_p95": service.objectives.latency_p95}
    readings = []
    for query in answers.queries:
        value, reason = answers.value(query.name), answers.reason(query.name)
        if query.name == "error_rate" and answers.value(_REQUESTS) and not answers.value(_LABELLED):
            # Without the label that failures are told by, none is ever seen.
            value, reason = None, f"the requests have no label '{answers.names.status}' to tell failures by: set metrics.status_label"
        missing = f"no value over the last {answers.window:.0f} s: no requests, or not scraped yet"
        objective = objectives.get(query.name)
        readings.append(Reading(query.name, query.title, query.unit, value, known.get(query.name), objective, reason or missing))
    return (
        *(judge_reading(reading, limits) for reading in readings),
        *(
            judge_dependency(
                dependency,
                answers.value(f"{dependency.name} used"),
                answers.value(f"{dependency.name} capacity"),
                answers.reason(f"{dependency.name} used") or answers.reason(f"{dependency.name} capacity") or "no series",
            )
            for dependency in watched
        ),
    )


def _answer(future: Future[tuple[SeriesResult, ...]], ends: Deadline) -> tuple[tuple[SeriesResult, ...], str | None]:
    """An answer, and why there is none when Prometheus rejects the query; whatever else goes wrong is raised."""
    try:
        answer: tuple[SeriesResult, ...] = wait(future, ends, "Prometheus")
    except QueryRejectedError as error:
        return (), error.message
    return answer, None


def _unknown(queries: tuple[SignalQueries, ...], watched: list[Dependency], limits: Limits, reason: str) -> tuple[Measure, ...]:
    reason = reason.rstrip(".")
    signals = [judge_reading(Reading(query.name, query.title, query.unit, None, None, None, reason), limits) for query in queries]
    return (*signals, *(judge_dependency(dependency, None, None, reason) for dependency in watched))
