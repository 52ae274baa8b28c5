# SPDX-License-Identifier: GPL-3.0-or-later
"""The same series in the simulated and in a real Prometheus are the same evidence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lab.prometheus.api import prometheus_app
from lab.prometheus.engine import Engine
from lab.prometheus.storage import MemoryStorage, Series
from plugins.module_utils.analysis.signals import signals
from plugins.module_utils.clients.prometheus import PrometheusClient, QueryRejectedError, SeriesResult
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence.impact import impact
from plugins.module_utils.evidence.metrics import metrics, value_of
from plugins.module_utils.evidence.promql import error_rate
from plugins.module_utils.model.metrics import Metrics, Signal
from plugins.module_utils.model.service import MetricsSettings, Service
from tests.contract.incidents import DAY, HOUR, Incident, incident
from tests.contract.serving import served
from tests.real.parts.prometheus import prometheus
from tests.real.servers import real_part

SCRAPES = 15.0


class AtThatMoment(PrometheusClient):
    """Asks as if it were the moment of the incident, which stands still."""

    now: float

    def instant(self, query: str, at: float | None = None) -> tuple[SeriesResult, ...]:
        return super().instant(query, self.now if at is None else at)


def client(url: str, now: float) -> PrometheusClient:
    asking = AtThatMoment(url)
    asking.now = now
    return asking


def judged(asking: PrometheusClient, service: Service, now: float, deployed: float | None = None) -> Metrics:
    raw = metrics(asking, service, 4 * HOUR, now, Deadline(30.0))
    moment = datetime.fromtimestamp(now, UTC)
    return signals(raw, None if deployed is None else moment - timedelta(seconds=deployed), moment)


def signal(found: Metrics, name: str) -> Signal:
    one = found.signal(name)
    assert one is not None
    return one


@contextlib.contextmanager
def simulated(history: list[Series], now: float) -> Iterator[str]:
    storage = MemoryStorage()
    for series in history:
        for at, value in series.samples:
            storage.append(series.labels, at, value)
    with served(prometheus_app(Engine(storage), lambda: now, list)) as url:
        yield url


def odd_services(now: float) -> list[Series]:
    """Services with a job each: what a counter, a label or a history can be like when it is not as usual."""

    def requests(job: str, status: str | None, start: float, rate: float, end: float = 0.0, reset: float | None = None) -> Series:
        times = [now - start + number * SCRAPES for number in range(int((start - end) // SCRAPES) + 1)]
        counts = [(at - times[0] if reset is None or at < now - reset else at - (now - reset)) * rate for at in times]
        labels = {"__name__": "http_requests_total", "job": job, **({"status": status} if status else {})}
        return Series(labels, list(zip(times, counts, strict=True)))

    return [
        requests("idle", "200", 2 * HOUR, 0.0),
        requests("idle", "200", DAY + HOUR, 0.0, DAY),
        requests("young", "200", 600.0, 8.0),
        requests("young", "500", 600.0, 2.0),
        requests("restarted", "200", 2 * HOUR, 8.0, reset=120.0),
        requests("restarted", "500", 2 * HOUR, 2.0, reset=120.0),
        requests("gone", "200", 2 * HOUR, 8.0, end=1200.0),
        requests("plain", None, 2 * HOUR, 5.0),
    ]


@pytest.fixture(scope="module", params=["payment-api", "auth-service", "user-api"])
def situation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Incident:
    return incident(request.param, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def history(situation: Incident) -> list[Series]:
    return [*situation.history(), *odd_services(situation.now)]


@pytest.fixture(scope="module")
def simulated_url(situation: Incident, history: list[Series]) -> Iterator[str]:
    with simulated(history, situation.now) as url:
        yield url


@pytest.fixture(scope="module")
def url(
    side: str, simulated_url: str, history: list[Series], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if side == "lab":
        yield simulated_url
        return
    given = [(series.labels, series.samples) for series in history]
    with real_part(request, "Prometheus", prometheus(tmp_path_factory.mktemp("prometheus"), given)) as running:
        yield running


def test_same_signals_of_an_incident(url: str, simulated_url: str, situation: Incident) -> None:
    subject = Service(situation.name)
    deployed = 135.0 if situation.name == "payment-api" else None
    here, there = (judged(client(each, situation.now), subject, situation.now, deployed) for each in (url, simulated_url))
    assert [one.name for one in here.signals] == [one.name for one in there.signals]
    for one, other in zip(here.signals, there.signals, strict=True):
        assert (one.value, one.baseline, one.ratio) == pytest.approx((other.value, other.baseline, other.ratio), rel=1e-9), one.name
        assert (one.onset, one.shape, one.reason, one.window) == (other.onset, other.shape, other.reason, other.window), one.name
    assert (here.onset, here.scrape_interval, here.notes) == (there.onset, there.scrape_interval, there.notes)


def test_what_the_incident_is(url: str, situation: Incident) -> None:
    found = judged(client(url, situation.now), Service(situation.name), situation.now, 135.0)
    errors, latency = signal(found, "error_rate"), signal(found, "latency_p95")
    expected = {"payment-api": (0.45, 0.001, 8.5), "auth-service": (0.08, 0.005, 1.2), "user-api": (0.008, 0.002, 0.145)}
    value, baseline, seconds = expected[situation.name]
    assert errors.value == pytest.approx(value, rel=0.15)
    assert errors.baseline == pytest.approx(baseline, rel=0.15)
    assert latency.value == pytest.approx(seconds, rel=0.15)
    if situation.name == "payment-api":
        assert found.onset is not None
        assert situation.now - 90 <= found.onset.timestamp() <= situation.now - 70


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
class TestOddServices:
    def test_nobody_asks_an_idle_service(self, url: str, situation: Incident) -> None:
        found = judged(client(url, situation.now), Service("idle"), situation.now)
        assert signal(found, "error_rate").value is None
        assert "no requests in the last 5 minutes" in (signal(found, "error_rate").reason or "")
        assert signal(found, "request_rate").value == 0.0

    def test_a_young_service_has_no_day_of_history(self, url: str, situation: Incident) -> None:
        raw = metrics(client(url, situation.now), Service("young"), 4 * HOUR, situation.now, Deadline(30.0))
        errors = next(one for one in raw.signals if one.name == "error_rate")
        assert (errors.last_5m, errors.day_before) == (pytest.approx(0.2), None)
        assert "no baseline" in (errors.reason or "")

    def test_a_counter_that_starts_anew_does_not_fall(self, url: str, situation: Incident) -> None:
        found = judged(client(url, situation.now), Service("restarted"), situation.now)
        assert signal(found, "error_rate").value == pytest.approx(0.2, abs=0.01)
        assert signal(found, "request_rate").value == pytest.approx(10.0, rel=0.1)

    @pytest.mark.parametrize("job", ["gone", "never-there"])
    def test_a_series_that_ended_is_not_zero(self, url: str, situation: Incident, job: str) -> None:
        found = judged(client(url, situation.now), Service(job), situation.now)
        for name in ("error_rate", "request_rate", "latency_p95"):
            assert signal(found, name).value is None
            assert signal(found, name).reason

    def test_failures_cannot_be_told_without_a_status(self, url: str, situation: Incident) -> None:
        found = judged(client(url, situation.now), Service("plain"), situation.now)
        assert signal(found, "error_rate").value is None
        assert "no label 'status'" in (signal(found, "error_rate").reason or "")

    def test_impact_of_the_failures(self, url: str, situation: Incident) -> None:
        catalogue = Service("payment-api", sessions_query='sum(active_sessions{job="payment-api"})', transaction_value=14.84)
        found = impact(client(url, situation.now), catalogue, Deadline(30.0))
        assert found.sessions.value == pytest.approx(2400, rel=0.1)
        assert found.failed_requests.value == pytest.approx(33.8 * 0.45 * 80, rel=0.15), (
            "the share, the rate and the seconds of the scenario"
        )

    def test_a_name_that_would_break_out_of_the_query_finds_nothing(self, url: str, situation: Incident) -> None:
        service = Service("x", metrics=MetricsSettings(job='payment-api"} or vector(1) #\n'))
        assert value_of(client(url, situation.now).instant(error_rate(service, "5m"))) is None

    def test_the_words_of_a_refused_query(self, url: str, situation: Incident) -> None:
        with pytest.raises(QueryRejectedError, match="parse error"):
            client(url, situation.now).instant("sum(rate(http_requests_total[5m])")
        with pytest.raises(QueryRejectedError, match=r"many-to-many|multiple matches|duplicate"):
            client(url, situation.now).instant('http_requests_total{job="payment-api"} / on (job) http_requests_total{job="payment-api"}')
