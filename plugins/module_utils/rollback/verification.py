# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a service after a rollback until it is known whether it recovered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime

from ..clients.cluster import ClusterClient, ClusterError, workload_path
from ..clients.prometheus import PrometheusClient, QueryRejectedError, SeriesResult
from ..concurrency import Deadline, map_side_by_side, start, wait
from ..errors import SourceUnavailableError
from ..evidence.metrics import value_of
from ..evidence.promql import SignalQueries, golden_signals, samples_of_up
from ..model.rollback import Measure, Recovery
from ..model.service import Dependency, Service
from .clock import Clock
from .pods import pods_of
from .recovery import (
    Limits,
    Patience,
    Reading,
    Verification,
    judge_dependency,
    judge_readiness,
    judge_reading,
    judge_restarts,
    outcome,
    restarts_of,
    worse_than_before,
)
from .recovery_logs import ExpectedGone, judge_logs

SIGNALS = ("error_rate", "latency_p95")
LONGEST_WINDOW = 60.0
"""Seconds: what lingered just after the rollback, such as a pool that drains, must not count against a healthy service for long."""
SCRAPES_PER_WINDOW = 4
USUAL_SCRAPE_INTERVAL = 15.0
"""Seconds; taken where Prometheus does not show its own."""


@dataclass(frozen=True, slots=True)
class Sources:
    """``prometheus`` is None where none is configured."""

    client: ClusterClient
    prometheus: PrometheusClient | None
    service: Service


@dataclass(frozen=True, slots=True)
class Look:
    at: datetime
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """``looks`` are those of this run; ``verification`` is what the next run goes on from when it is not ``final``."""

    recovery: Recovery
    final: bool
    looks: tuple[Look, ...]
    verification: Verification


def begin_verification(
    since: datetime | None,
    baseline: Mapping[str, float],
    now: datetime,
    during: Mapping[str, float] | None = None,
    expected_gone: tuple[ExpectedGone, ...] = (),
) -> Verification:
    """``since`` is when the rollback completed; now, where that is not known. ``baseline`` is by signal, as far as it is known, and so is
    ``during``, the values before the rollback. ``expected_gone`` are the errors of the incident."""
    return Verification(started_at=now, since=since or now, baseline=dict(baseline), during=dict(during or {}), expected_gone=expected_gone)


def verify(sources: Sources, verification: Verification, patience: Patience, limits: Limits, at_most: float, clock: Clock) -> Verified:
    """Looks every ``patience.interval`` seconds until the result is final or ``at_most`` seconds are over, once at least."""
    end = clock.monotonic() + at_most
    looks: list[Look] = []
    while True:
        if verification.last_look_at is not None:
            due = patience.interval - (clock.now() - verification.last_look_at).total_seconds()
            clock.sleep(min(max(due, 0.0), patience.interval))
        verification, measures = _look(sources, verification, limits, clock.now())
        looks.append(Look(clock.now(), measures))
        worse = worse_than_before(measures, verification.during, limits)
        recovery, final = outcome(verification, measures, patience, clock.now(), worse)
        if final or clock.monotonic() >= end:
            return Verified(recovery, final, tuple(looks), verification)


def _look(sources: Sources, verification: Verification, limits: Limits, now: datetime) -> tuple[Verification, tuple[Measure, ...]]:
    cluster = start(lambda: _cluster_measures(sources, verification, now), "cluster")
    measures, baseline, blind = _metric_measures(sources, verification, limits, now)
    own, restarts = cluster.result()
    every = (*own, *measures)
    failing = any(measure.passed is False for measure in every)
    return (
        replace(
            verification,
            baseline=baseline,
            passes=verification.passes + 1 if all(measure.passed for measure in every) else 0,
            looks=verification.looks + 1,
            blind=verification.blind + 1 if blind and not failing else 0,
            worse=verification.worse + 1 if worse_than_before(every, verification.during, limits) else 0,
            last_look_at=now,
            restarts=restarts if restarts is not None else verification.restarts,
        ),
        every,
    )


def _cluster_measures(sources: Sources, verification: Verification, now: datetime) -> tuple[tuple[Measure, ...], dict[str, int] | None]:
    service = sources.service
    try:
        workload = sources.client.get(workload_path(service.workload_kind, service.namespace, service.workload))
        pods = pods_of(sources.client, service.namespace, workload)
        restarts = restarts_of(pods)
    except ClusterError as error:
        return (Measure("readiness", service.name, None, f"unknown whether its pods are healthy ({error.message})"),), None
    measures = (judge_readiness(service, workload), judge_restarts(verification.restarts, restarts))
    if not verification.expected_gone:
        return measures, restarts
    window = min(max((now - verification.since).total_seconds(), 1.0), LONGEST_WINDOW)
    return (*measures, judge_logs(sources.client, service, pods, verification.expected_gone, window)), restarts


def _metric_measures(
    sources: Sources, verification: Verification, limits: Limits, now: datetime
) -> tuple[tuple[Measure, ...], Mapping[str, float], bool]:
    """Measures, the baseline as it is known by now, and whether the metrics could not be asked at all."""
    queries = [query for query in golden_signals(sources.service) if query.name in SIGNALS]
    watched = [dependency for dependency in sources.service.dependencies if dependency.usage_query and dependency.capacity_query]
    if sources.prometheus is None:
        return _unknown(queries, watched, limits, "no prometheus_url is given"), verification.baseline, True
    try:
        window = _window(sources.prometheus, sources.service, verification, now)
        return (*_ask(sources.prometheus, sources.service, queries, watched, verification.baseline, limits, window), False)
    except SourceUnavailableError as error:
        return _unknown(queries, watched, limits, error.message), verification.baseline, True


def _window(prometheus: PrometheusClient, service: Service, verification: Verification, now: datetime) -> float:
    """Seconds of the rates: the time since the rollback completed, at most a minute, but four scrapes in any case."""
    interval = USUAL_SCRAPE_INTERVAL
    for series in prometheus.instant(samples_of_up(service)):
        times = [at for at, _unused in series.samples]
        if len(times) > 1:
            interval = max((times[-1] - times[0]) / (len(times) - 1), 1.0)
    since = (now - verification.since).total_seconds()
    return float(math.ceil(max(min(since, LONGEST_WINDOW), SCRAPES_PER_WINDOW * interval)))


def _ask(
    prometheus: PrometheusClient,
    service: Service,
    queries: list[SignalQueries],
    watched: list[Dependency],
    baseline: Mapping[str, float],
    limits: Limits,
    window: float,
) -> tuple[tuple[Measure, ...], Mapping[str, float]]:
    asked = {query.name: query.recent(f"{window:.0f}s") for query in queries}
    asked |= {f"{query.name} before": query.day_before for query in queries if query.name not in baseline}
    for dependency in watched:
        asked |= {f"{dependency.name} used": dependency.usage_query or "", f"{dependency.name} capacity": dependency.capacity_query or ""}
    futures = map_side_by_side(prometheus.instant, asked.values(), len(asked), "recovery")
    ends = Deadline(prometheus.timeout)
    answers = {key: _value(future, ends) for key, future in zip(asked, futures, strict=True)}
    values = {key: value for key, (value, _unused) in answers.items()}
    known = {**baseline, **{query.name: before for query in queries if (before := values.get(f"{query.name} before")) is not None}}
    objectives = {"error_rate": service.objectives.error_rate, "latency_p95": service.objectives.latency_p95}
    measures = [
        judge_reading(
            Reading(
                query.name,
                query.title,
                query.unit,
                values[query.name],
                known.get(query.name),
                objectives[query.name],
                answers[query.name][1] or f"no value over the last {window:.0f} s: no requests, or not scraped yet",
            ),
            limits,
        )
        for query in queries
    ]
    measures += [
        judge_dependency(
            dependency,
            values[f"{dependency.name} used"],
            values[f"{dependency.name} capacity"],
            answers[f"{dependency.name} used"][1] or answers[f"{dependency.name} capacity"][1] or "no series",
        )
        for dependency in watched
    ]
    return tuple(measures), known


def _value(future: Future[tuple[SeriesResult, ...]], ends: Deadline) -> tuple[float | None, str | None]:
    """The value of an answer, and why there is none when Prometheus rejects the query; whatever else goes wrong is raised."""
    try:
        answer: tuple[SeriesResult, ...] = wait(future, ends, "Prometheus")
    except QueryRejectedError as error:
        return None, error.message
    return value_of(answer), None


def _unknown(queries: list[SignalQueries], watched: list[Dependency], limits: Limits, reason: str) -> tuple[Measure, ...]:
    reason = reason.rstrip(".")
    signals = [judge_reading(Reading(query.name, query.title, query.unit, None, None, None, reason), limits) for query in queries]
    return (*signals, *(judge_dependency(dependency, None, None, reason) for dependency in watched))
