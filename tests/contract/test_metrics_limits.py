# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Prometheus cannot know: what lies beyond the highest bucket, and what was counted between a scrape and a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import pytest

from lab.prometheus.storage import Series
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence.impact import impact
from plugins.module_utils.model.service import Objectives, Service
from tests.contract.incidents import DAY, HOUR
from tests.contract.test_metrics import client, judged, signal, simulated
from tests.real.parts.prometheus import prometheus
from tests.real.servers import real_part

NOW = float(int(time.time()))
SCRAPES = 15.0
_FAST: Mapping[str, float] = {"0.1": 0.9, "1": 0.99, "10": 1.0, "+Inf": 1.0}
_BEYOND: Mapping[str, float] = {"0.1": 0.2, "1": 0.3, "10": 0.5, "+Inf": 1.0}
_RESTARTS = (290.0, 230.0, 170.0, 110.0, 50.0)


def counter(labels: Mapping[str, str], start: float, end: float, rate: float, resets: tuple[float, ...] = ()) -> Series:
    """From ``start`` to ``end`` seconds ago, set back to zero so many seconds ago."""
    samples, zero = [], NOW - start
    for number in range(int((start - end) // SCRAPES) + 1):
        at = NOW - start + number * SCRAPES
        zero = max([zero, *(NOW - reset for reset in resets if NOW - reset <= at)])
        samples.append((at, (at - zero) * rate))
    return Series(labels, samples)


def requests(job: str, start: float, end: float, status: str = "200", rate: float = 10.0, resets: tuple[float, ...] = ()) -> Series:
    return counter({"__name__": "http_requests_total", "job": job, "status": status}, start, end, rate, resets)


def durations(job: str, start: float, end: float, shares: Mapping[str, float]) -> list[Series]:
    name = "http_request_duration_seconds_bucket"
    return [counter({"__name__": name, "job": job, "le": bound}, start, end, 10.0 * share) for bound, share in shares.items()]


def history() -> Iterator[Series]:
    for job, then, now in (("slower", _FAST, _BEYOND), ("ever-slow", _BEYOND, _BEYOND), ("faster", _BEYOND, _FAST)):
        for start, end, shares in ((DAY + 1.2 * HOUR, DAY - 0.2 * HOUR, then), (2 * HOUR, 0.0, now)):
            yield requests(job, start, end)
            yield from durations(job, start, end, shares)
        for day in range(2, 8):
            yield from durations(job, day * DAY + 0.5 * HOUR, day * DAY - 0.5 * HOUR, then)
    for status, rate in (("200", 8.0), ("500", 2.0)):
        yield requests("crashing", 2 * HOUR, 0.0, status, rate, _RESTARTS)
    up = {"__name__": "up", "job": "crashing"}
    yield Series(up, [(at, 1.0) for at, _unused in counter(up, 300.0, 0.0, 0.0).samples])
    yield requests("young", 1200.0, 0.0, "200", 8.0)
    yield requests("young", 1200.0, 0.0, "500", 2.0)


@pytest.fixture(scope="module")
def url(side: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    merged: dict[tuple[tuple[str, str], ...], Series] = {}
    for one in history():
        key = tuple(sorted(one.labels.items()))
        merged[key] = Series(one.labels, sorted([*(merged[key].samples if key in merged else ()), *one.samples]))
    if side == "lab":
        with simulated(list(merged.values()), NOW) as running:
            yield running
        return
    given = [(series.labels, series.samples) for series in merged.values()]
    with real_part(request, "Prometheus", prometheus(tmp_path_factory.mktemp("prometheus"), given)) as running:
        yield running


def test_beyond_the_highest_bucket_is_a_lower_limit(url: str) -> None:
    found = signal(judged(client(url, NOW), Service("slower"), NOW), "latency_p95")
    assert (found.value, found.at_least, found.baseline_at_least) == (10.0, True, False)
    assert found.ratio is not None
    assert found.ratio > 10
    assert found.comparison is not None
    assert found.comparison.verdict == "worse"
    assert "median at least 10s" in found.comparison.sentence
    assert "at least 10s" in (found.reason or "")


def test_two_lower_limits_are_no_comparison(url: str) -> None:
    found = signal(judged(client(url, NOW), Service("ever-slow"), NOW), "latency_p95")
    assert (found.value, found.baseline, found.ratio) == (10.0, 10.0, None)
    assert (found.at_least, found.baseline_at_least) == (True, True)
    assert found.comparison is not None
    assert found.comparison.verdict == "unknown"
    assert {one.ratio for one in found.baselines} == {None}


def test_back_from_beyond_the_highest_bucket_is_better(url: str) -> None:
    found = signal(judged(client(url, NOW), Service("faster"), NOW), "latency_p95")
    assert (found.at_least, found.baseline_at_least) == (False, True)
    assert found.comparison is not None
    assert found.comparison.verdict == "better"


@pytest.mark.parametrize(("objective", "breached"), [(0.5, 1.0), (20.0, None)])
def test_an_objective_beyond_the_highest_bucket_is_not_known_to_be_kept(url: str, objective: float, breached: float | None) -> None:
    found = impact(client(url, NOW), Service("slower", objectives=Objectives(None, objective)), Deadline(30.0))
    assert found.objective.value == breached


def test_restarts_hide_requests(url: str) -> None:
    found = judged(client(url, NOW), Service("crashing"), NOW)
    traffic, errors = signal(found, "request_rate"), signal(found, "error_rate")
    assert traffic.comparison is not None
    assert traffic.comparison.verdict == "unknown", "traffic did not fall"
    assert "counters began anew" in (traffic.reason or "")
    assert errors.value == pytest.approx(0.2, rel=0.05)
    assert "may not have been counted" in impact(client(url, NOW), Service("crashing"), Deadline(30.0)).failed_requests.basis


def test_a_young_service_has_burnt_no_more_than_it_had_time_for(url: str) -> None:
    budget = impact(client(url, NOW), Service("young", objectives=Objectives(0.01)), Deadline(30.0)).budget
    assert budget.value == pytest.approx(20 * (20 / 60) / 720, rel=0.3)  # burnt twenty times as fast as allowed, for 20 minutes
    assert "there is no older history" in budget.basis
