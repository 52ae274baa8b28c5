# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a pretended cluster and a pretended Prometheus, with a clock that moves only when somebody sleeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ServerError
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import QueryRejectedError, SeriesResult
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.probed import Probed
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Dependency, DependencyType, Service
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.clock import Clock
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.recovery import Limits, Patience
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.verification import (
    Sources,
    Verified,
    begin_verification,
    verify,
)

START = datetime(2025, 10, 21, 14, 27, 25, tzinfo=UTC)
DATABASE = Dependency("database", DependencyType.TCP, "db:5432", "Database", usage_query="db_used", capacity_query="db_max")
SERVICE = Service("payment-api", dependencies=(DATABASE,))


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: START + timedelta(seconds=self.seconds), lambda: self.seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Cluster:
    """Five pods, all ready."""

    def __init__(self) -> None:
        self.restarts = 0
        self.broken = False

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if self.broken:
            raise ServerError("The cluster is on fire.", 500)
        if path.endswith("/pods"):
            return {"items": [{"metadata": {"name": "a"}, "status": {"containerStatuses": [{"restartCount": self.restarts}]}}]}
        status = {"observedGeneration": 1, "replicas": 5, "updatedReplicas": 5, "availableReplicas": 5, "readyReplicas": 5}
        template = {"spec": {"containers": [{"name": "app", "image": "r/payment-api:v2.3.0"}]}}
        selector = {"matchLabels": {"app": "payment-api"}}
        return {"metadata": {"generation": 1}, "spec": {"replicas": 5, "template": template, "selector": selector}, "status": status}


class Prometheus:
    """Answers by a word of the query; None is an empty answer."""

    timeout = 5.0

    def __init__(self) -> None:
        self.values: dict[str, Callable[[], float | None]] = {
            "histogram_quantile": lambda: 0.14,
            "http_requests_total": lambda: 0.001,
            "db_used": lambda: 25.0,
            "db_max": lambda: 100.0,
        }
        self.day_before = 0.001
        self.then: float | None = None
        """What rates were at the moment that is asked for."""
        self.asked_at: list[float] = []
        self.there = self.labelled = True
        """Whether there are requests under the usual names, and whether they have the usual label."""
        self.labels: tuple[dict[str, str], ...] = ({},)
        """What tells the requests' series apart."""
        self.others: tuple[SeriesResult, ...] = ()
        self.down: Exception | None = None
        self.asked: list[str] = []

    def instant(self, query: str, at: float | None = None) -> tuple[SeriesResult, ...]:
        self.asked.append(query)
        if at is not None:
            self.asked_at.append(at)
            return () if self.then is None else (SeriesResult({}, ((at, self.then),)),)
        if self.down is not None:
            raise self.down
        if query.startswith(("count(", "count by (")):
            there = self.labelled if 'status!=""' in query else self.there
            return tuple(SeriesResult(labels, ((0.0, 1.0),)) for labels in self.labels) if there else ()
        if query.startswith("label_replace("):
            return self.others
        if query.startswith("up{"):
            return (SeriesResult({}, tuple((float(number * 5), 1.0) for number in range(20))),)
        if "offset 1d" in query:
            return (SeriesResult({}, ((0.0, self.day_before),)),)
        value = next(value() for word, value in self.values.items() if word in query)
        return () if value is None else (SeriesResult({}, ((0.0, value),)),)


class Scene:
    def __init__(self) -> None:
        self.time, self.cluster, self.prometheus = Time(), Cluster(), Prometheus()

    def verify(self, metrics: bool = True, at_most: float = math.inf, since: datetime | None = START, **patience: Any) -> Verified:
        sources = Sources(self.cluster, self.prometheus if metrics else None, SERVICE)
        beginning = begin_verification(since, {"error_rate": 0.001, "latency_p95": 0.15}, self.time.clock.now())
        return verify(sources, beginning, Patience(**patience), Limits(), at_most, self.time.clock)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_three_good_looks_five_seconds_apart_are_a_recovery(scene: Scene) -> None:
    verified = scene.verify()
    assert (verified.recovery.recovered, verified.recovery.looks, verified.recovery.waited) == (True, 3, 10.0)
    assert [f"{measure.title}: {measure.detail}" for measure in verified.recovery.measures] == [
        "payment-api v2.3.0: 5/5 pods healthy",
        "Restarts: none",
        "Error rate: 0.1% (back to baseline)",
        "Latency P95: 140ms (back to baseline)",
        "Database connections: 25/100 (normalized)",
    ]


def test_a_bad_look_starts_the_count_anew(scene: Scene) -> None:
    rates = iter([0.001, 0.001, 0.4, 0.001, 0.001, 0.001])
    scene.prometheus.values["http_requests_total"] = lambda: next(rates)
    verified = scene.verify()
    assert (verified.recovery.recovered, verified.recovery.looks) == (True, 6)
    rated = [measure.passed for look in verified.looks for measure in look.measures if measure.name == "error_rate"]
    assert rated == [True, True, False, True, True, True]


def test_a_service_that_stays_bad_has_not_recovered(scene: Scene) -> None:
    scene.prometheus.values["http_requests_total"] = lambda: 0.45
    verified = scene.verify(timeout=30.0)
    assert (verified.recovery.recovered, verified.recovery.waited) == (False, 30.0)
    assert verified.recovery.reason == "Not recovered within 30s: Error rate: 45% (baseline: 0.1%)."


@pytest.mark.parametrize("broken", ["restarts", "database"])
def test_what_users_do_not_see_yet_counts_too(scene: Scene, broken: str) -> None:
    if broken == "database":
        scene.prometheus.values["db_used"] = lambda: 96.0
    else:
        sleep = scene.time.sleep

        def restart(seconds: float) -> None:
            scene.cluster.restarts += 1
            sleep(seconds)

        scene.time.sleep = restart
    assert scene.verify(timeout=20.0).recovery.recovered is False


def test_without_prometheus_it_can_not_be_verified_and_is_not_waited_for(scene: Scene) -> None:
    verified = scene.verify(metrics=False)
    assert (verified.recovery.recovered, verified.recovery.looks) == (None, 3)
    assert "no prometheus_url is given" in verified.recovery.reason
    assert verified.recovery.measures[0].passed is True


def test_a_prometheus_that_is_down_for_a_while_is_waited_for(scene: Scene) -> None:
    scene.prometheus.down = SourceUnavailableError("Prometheus is down.")
    first = scene.verify(at_most=0)
    assert (first.recovery.recovered, first.final) == (None, False)
    assert "Prometheus is down" in first.recovery.measures[2].detail
    scene.prometheus.down = None
    sources = Sources(scene.cluster, scene.prometheus, SERVICE)
    assert verify(sources, first.verification, Patience(), Limits(), math.inf, scene.time.clock).recovery.recovered is True


def test_no_requests_yet_are_waited_for(scene: Scene) -> None:
    rates = iter([None, None, None, None, 0.001, 0.001, 0.001])
    scene.prometheus.values["http_requests_total"] = lambda: next(rates)
    verified = scene.verify()
    assert (verified.recovery.recovered, verified.recovery.looks) == (True, 7)


def test_a_query_that_prometheus_rejects_leaves_the_others(scene: Scene) -> None:
    def reject() -> float:
        raise QueryRejectedError("parse error")

    scene.prometheus.values["db_used"] = reject
    measures = scene.verify(timeout=10.0).recovery.measures
    assert [measure.passed for measure in measures] == [True, True, True, True, None]
    assert "parse error" in measures[4].detail


def test_a_cluster_that_does_not_answer_is_unknown(scene: Scene) -> None:
    scene.cluster.broken = True
    verified = scene.verify(timeout=10.0)
    assert verified.recovery.recovered is None
    assert "on fire" in verified.recovery.measures[0].detail


def test_a_baseline_that_nobody_gave_is_that_of_the_day_before(scene: Scene) -> None:
    sources = Sources(scene.cluster, scene.prometheus, Service("payment-api"))
    verified = verify(sources, begin_verification(START, {}, START), Patience(), Limits(), 0, scene.time.clock)
    assert verified.verification.baseline == {"error_rate": 0.001, "latency_p95": 0.001}
    assert sum("offset 1d" in query for query in scene.prometheus.asked) == 2


@pytest.mark.parametrize(("age", "window"), [(0, "20s"), (12, "20s"), (50, "50s"), (4000, "60s")])
def test_rates_are_taken_since_the_rollback_but_over_four_scrapes_at_least(scene: Scene, age: float, window: str) -> None:
    scene.verify(since=START - timedelta(seconds=age), at_most=0)
    assert any(f"[{window}]" in query for query in scene.prometheus.asked)


def test_metrics_of_another_preset_are_found_and_stay_known(scene: Scene) -> None:
    prometheus = scene.prometheus
    prometheus.there = False
    prometheus.others = (SeriesResult({"preset": "istio"}, ((0.0, 4.0),)),)
    prometheus.values = {"istio_requests_total": lambda: 0.4, **prometheus.values}
    verified = scene.verify(timeout=10.0)
    rate = next(measure for measure in verified.recovery.measures if measure.name == "error_rate")
    assert (rate.value, rate.passed) == (0.4, False)
    assert verified.verification.names == {"preset": "istio", "status": "response_code"}


def test_the_names_of_the_diagnosis_are_the_first_that_are_asked_for(scene: Scene) -> None:
    scene.prometheus.values = {"istio_requests_total": lambda: 0.001, **scene.prometheus.values}
    scene.prometheus.values["http_requests_total"] = lambda: 0.9
    beginning = begin_verification(START, {"error_rate": 0.001, "latency_p95": 0.15}, START, names={"preset": "istio"})
    sources = Sources(scene.cluster, scene.prometheus, SERVICE)
    verified = verify(sources, beginning, Patience(passes=1), Limits(), math.inf, scene.time.clock)
    assert verified.recovery.recovered
    assert not [query for query in scene.prometheus.asked if "http_requests_total" in query]


@pytest.mark.parametrize("found", [True, False])
def test_failures_that_no_label_tells_are_not_taken_for_none(scene: Scene, found: bool) -> None:
    scene.prometheus.labelled = False
    scene.prometheus.others = (SeriesResult({"label": "code"}, ((0.0, 4.0),)),) if found else ()
    scene.prometheus.values = {'code!=""': lambda: 1.0, 'code=~"5.."': lambda: 0.4, **scene.prometheus.values}
    scene.prometheus.values["http_requests_total"] = lambda: 0.0
    rate = next(measure for measure in scene.verify(timeout=10.0).recovery.measures if measure.name == "error_rate")
    if found:
        assert (rate.value, rate.passed) == (0.4, False)
    else:
        assert (rate.value, rate.passed, "set metrics.status_label" in rate.detail) == (None, None, True)


def test_only_the_series_of_the_services_own_namespace_count(scene: Scene) -> None:
    """Staging fails for good under the same name; production is well."""
    scene.prometheus.labels = ({"namespace": "production"}, {"namespace": "staging"})
    scene.prometheus.values = {'namespace="production"': lambda: 0.001, **scene.prometheus.values}
    scene.prometheus.values["http_requests_total"] = lambda: 0.5
    verified = scene.verify(timeout=30.0)
    assert verified.recovery.recovered, verified.recovery.reason
    scene.prometheus.labels = ({"namespace": "production"},)
    assert not scene.verify(timeout=10.0).recovery.recovered, "and where there is one namespace, the names are asked for as they are"


@pytest.mark.parametrize(("then", "worse"), [(0.4, False), (0.1, True), (None, True)])
def test_what_had_grown_by_itself_before_the_rollback_is_not_the_targets(scene: Scene, then: float | None, worse: bool) -> None:
    """12 % failed at the diagnosis, 45 % do since the rollback."""
    scene.prometheus.values["http_requests_total"] = lambda: 0.45
    scene.prometheus.then = then
    began = START - timedelta(seconds=40)
    beginning = begin_verification(START, {"error_rate": 0.001}, START, {"error_rate": 0.12}, began=began)
    sources = Sources(scene.cluster, scene.prometheus, SERVICE)
    verified = verify(sources, beginning, Patience(timeout=20.0), Limits(), math.inf, scene.time.clock)
    assert bool(verified.recovery.worse) is worse, verified.recovery.worse
    assert set(scene.prometheus.asked_at) == {began.timestamp()}
    assert len(scene.prometheus.asked_at) == 2, "once for each signal"


REDIS = Dependency("cache", DependencyType.REDIS, "redis:6379", "Cache")


def dependency_looks(scene: Scene, levels: list[Level], answered: tuple[str, ...] = ()) -> list[list[bool | None]]:
    """What each of three looks says of a cache that has these levels one after the other."""
    left = iter(levels)

    def ask(_dependency: Dependency, _timeout: float) -> Probed:
        level = next(left)
        return Probed(level, level.value, 0.001 if level in (Level.OK, Level.WARNING) else None)

    sources = Sources(scene.cluster, scene.prometheus, replace(SERVICE, dependencies=(REDIS,)), ask)
    beginning = begin_verification(START, {"error_rate": 0.001, "latency_p95": 0.15}, START, answered=answered)
    verified = verify(sources, beginning, Patience(passes=9, timeout=10.0), Limits(), math.inf, scene.time.clock)
    return [[measure.passed for measure in look.measures if measure.name == "dependency.cache"] for look in verified.looks]


def test_a_dependency_that_stops_to_answer_is_no_recovery(scene: Scene) -> None:
    assert dependency_looks(scene, [Level.OK, Level.CRITICAL, Level.WARNING]) == [[True], [False], [True]]


def test_a_dependency_that_never_answered_from_here_says_nothing(scene: Scene) -> None:
    assert dependency_looks(scene, [Level.CRITICAL]) == [[], [], []]


def test_a_dependency_that_answered_at_the_diagnosis_has_to_answer_now(scene: Scene) -> None:
    assert dependency_looks(scene, [Level.CRITICAL, Level.UNKNOWN, Level.OK], answered=("cache",)) == [[False], [None], [True]]
