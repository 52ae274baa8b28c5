# SPDX-License-Identifier: GPL-3.0-or-later
"""The same series in the simulated and in a real Prometheus are the same evidence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lab.prometheus.api import prometheus_app
from lab.prometheus.engine import Engine
from lab.prometheus.storage import MemoryStorage, Series
from plugins.module_utils.analysis.signals import signals
from plugins.module_utils.clients.prometheus import (
    PrometheusClient,
    QueryRejectedError,
    SeriesResult,
)
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence.impact import impact
from plugins.module_utils.evidence.metrics import metrics, value_of
from plugins.module_utils.evidence.promql import error_rate
from plugins.module_utils.model.metrics import Metrics, Signal
from plugins.module_utils.model.service import (
    MetricPreset,
    MetricsSettings,
    Objectives,
    Service,
    SignalQuery,
)
from tests.contract.incidents import HOUR, Incident, incident
from tests.contract.odd_services import FIRST_ERRORS, PRESETS, RENAMED, odd_services
from tests.contract.serving import served
from tests.real.parts.prometheus import prometheus
from tests.real.servers import real_part


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


@pytest.fixture(scope="module", params=["payment-api", "auth-service", "user-api"])
def situation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Incident:
    return incident(request.param, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def history(situation: Incident) -> list[Series]:
    series: dict[tuple[tuple[str, str], ...], Series] = {}
    for one in [*situation.history(), *odd_services(situation.now)]:
        key = tuple(sorted(one.labels.items()))
        known = [*series[key].samples] if key in series else []
        series[key] = Series(one.labels, sorted([*known, *one.samples]))
    return list(series.values())


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

    def test_errors_where_there_never_were_any_are_worse(self, url: str, situation: Incident) -> None:
        errors = signal(judged(client(url, situation.now), Service("first-errors"), situation.now), "error_rate")
        assert errors.value == pytest.approx(0.2, abs=0.01)
        assert (errors.baseline, errors.ratio) == (0.0, None)
        assert "no errors before" in (errors.reason or "")
        assert errors.comparison is not None
        assert errors.comparison.verdict == "worse"
        assert errors.onset is not None
        assert situation.now - errors.onset.timestamp() == pytest.approx(FIRST_ERRORS, abs=90)

    @pytest.mark.parametrize("job", ["one-gap", "half-gone"])
    def test_missing_scrapes_are_gaps_not_zeros(self, url: str, situation: Incident, job: str) -> None:
        raw = metrics(client(url, situation.now), Service(job), 4 * HOUR, situation.now, Deadline(30.0))
        errors = next(one for one in raw.signals if one.name == "error_rate")
        rate = next(one for one in raw.signals if one.name == "request_rate")
        assert (errors.last_5m, rate.last_5m) == (pytest.approx(0.2, abs=0.01), pytest.approx(10.0, rel=0.15))
        assert min(value for at, value in rate.recent if at > situation.now - 1.5 * HOUR) > 5.0
        assert raw.scrape_interval == (30.0 if job == "half-gone" else 15.0)

    @pytest.mark.parametrize("name", PRESETS)
    @pytest.mark.parametrize("told", [True, False])
    def test_other_names_by_preset_and_by_looking(self, url: str, situation: Incident, name: str, told: bool) -> None:
        preset = MetricPreset(name)
        service = Service(name, metrics=MetricsSettings(preset=preset if told else MetricPreset.DEFAULT))
        raw = metrics(client(url, situation.now), service, 4 * HOUR, situation.now, Deadline(30.0))
        values = {one.name: one.last_5m for one in raw.signals}
        assert values["error_rate"] == pytest.approx(0.2, abs=0.005)
        assert values["request_rate"] == pytest.approx(10.0, rel=0.02)
        assert values["latency_p95"] == pytest.approx(0.25 + 0.25 * 5 / 6, rel=0.02)
        assert raw.preset == name
        assert any("set metrics.preset" in remark for remark in raw.remarks) is not told
        found = impact(client(url, situation.now), service, Deadline(30.0))
        assert found.failed_requests.value == pytest.approx(2.0 * 300, rel=0.05)

    def test_a_renamed_metric_keeps_its_baseline(self, url: str, situation: Incident) -> None:
        found = judged(client(url, situation.now), Service("renamed"), situation.now)
        errors = signal(found, "error_rate")
        assert (errors.value, errors.baseline) == (pytest.approx(0.2, abs=0.005), pytest.approx(0.01, abs=0.001))
        assert "http_requests_total" in (errors.reason or "")
        assert errors.onset is not None
        assert situation.now - errors.onset.timestamp() == pytest.approx(RENAMED, abs=120)

    def test_a_name_that_is_new_knows_what_it_was_called(self, url: str, situation: Incident) -> None:
        service = Service("renamed", metrics=MetricsSettings(preset=MetricPreset.OPENTELEMETRY))
        found = judged(client(url, situation.now), service, situation.now)
        assert signal(found, "error_rate").baseline == pytest.approx(0.01, abs=0.001)
        assert any("a day ago the requests were counted as http_requests_total" in note for note in found.notes)

    def test_what_is_usual_at_this_hour_is_the_same(self, url: str, situation: Incident) -> None:
        errors = signal(judged(client(url, situation.now), Service("daily"), situation.now, 0.6 * HOUR), "error_rate")
        by_name = {one.name: one for one in errors.baselines}
        assert by_name["day_before"].value == pytest.approx(0.8, abs=0.01)
        assert (by_name["same_hour"].value, by_name["same_hour"].days) == (pytest.approx(0.2, abs=0.01), 7)
        assert by_name["before_deployment"].value == pytest.approx(0.01, abs=0.002)
        verdicts = {name: one.comparison.verdict for name, one in by_name.items() if one.comparison}
        assert verdicts == {"same_hour": "same", "week_before": "same", "before_deployment": "worse"}
        assert errors.comparison is not None
        assert errors.comparison.verdict == "same"

    def test_our_clock_does_not_matter(self, url: str, situation: Incident) -> None:
        right, wrong = (judged(client(url, situation.now), Service("payment-api"), ours) for ours in (situation.now, situation.now + 900))
        assert wrong.onset == right.onset
        for one, other in zip(wrong.signals, right.signals, strict=True):
            assert (one.value, one.baseline) == pytest.approx((other.value, other.baseline), rel=1e-9), one.name
            assert (one.name, one.onset, one.shape, one.window) == (other.name, other.onset, other.shape, other.window)
        assert any("15m ahead of Prometheus'" in note for note in wrong.notes)

    @pytest.mark.parametrize(
        ("query", "value", "reason"),
        [
            ("42", 42.0, ""),
            ("scalar(sum(up{job='one-gap'}))", 1.0, ""),
            ("vector(1) / 0", None, "computes no number"),
            ("vector(0) / 0", None, "computes no number"),
            ("http_requests_total{job='young'}", None, "gives 2 series, not one"),
            ("sum(up{job='nobody'})", None, "no series for"),
            ('"text"', None, "not a number|not of Prometheus"),
            ("sum(up{job='one-gap'}", None, "parse error"),
        ],
    )
    def test_what_a_teams_query_may_give(self, url: str, situation: Incident, query: str, value: float | None, reason: str) -> None:
        service = Service("young", metrics=MetricsSettings(queries=(SignalQuery("own", query),)))
        raw = metrics(client(url, situation.now), service, 4 * HOUR, situation.now, Deadline(30.0))
        own = next(one for one in raw.signals if one.name == "own")
        assert own.last_5m == value
        assert re.search(reason, own.reason or "")
        assert next(one for one in raw.signals if one.name == "error_rate").last_5m == pytest.approx(0.2)

    def test_a_servers_warning_is_a_note(self, url: str, situation: Incident) -> None:
        service = Service("young", metrics=MetricsSettings(queries=(SignalQuery("own", "quantile(2, up{job='one-gap'})"),)))
        raw = metrics(client(url, situation.now), service, 4 * HOUR, situation.now, Deadline(30.0))
        assert any("quantile value should be between 0 and 1" in note for note in raw.notes)

    def test_saturation_is_known_where_it_is_measured(self, url: str, situation: Incident) -> None:
        service = Service("saturated", metrics=MetricsSettings(preset=MetricPreset.MICROMETER))
        found = judged(client(url, situation.now), service, situation.now)
        assert signal(found, "cpu_throttling").value == pytest.approx(0.4, abs=0.01)
        assert signal(found, "pool").value == pytest.approx(0.9)
        assert signal(found, "memory").value is None
        assert "has the workload a limit" in (signal(found, "memory").reason or "")
        assert "keeps no histogram" in (signal(found, "latency_p95").reason or "")
        others = judged(client(url, situation.now), Service("young"), situation.now)
        assert (others.signal("cpu_throttling"), others.signal("pool")) == (None, None)

    def test_limits_may_be_those_of_the_manifest(self, url: str, situation: Incident) -> None:
        found = judged(client(url, situation.now), Service("manifest"), situation.now)
        assert signal(found, "memory").value == pytest.approx(0.5)
        assert signal(found, "cpu").value == pytest.approx(0.8, abs=0.01)

    @pytest.mark.parametrize(
        ("job", "remark"),
        [
            ("labelled", "metrics.labels to {app: labelled}"),
            ("promhttp", "metrics.status_label"),
            ("twice", "in staging as well"),
            ("milliseconds", "opentelemetry_milliseconds"),
        ],
    )
    def test_series_that_are_told_in_other_ways(self, url: str, situation: Incident, job: str, remark: str) -> None:
        raw = metrics(client(url, situation.now), Service(job), 4 * HOUR, situation.now, Deadline(30.0))
        values = {one.name: one.last_5m for one in raw.signals}
        assert (values["error_rate"], values["request_rate"]) == (pytest.approx(0.2, abs=0.005), pytest.approx(10.0, rel=0.02))
        assert any(remark in text for text in raw.remarks)
        assert raw.scrape_interval == 15.0, "what is pushed has no up"
        if job == "milliseconds":
            assert values["latency_p95"] == pytest.approx(0.25 + 0.25 * 5 / 6, rel=0.02)
        assert impact(client(url, situation.now), Service(job), Deadline(30.0)).failed_requests.value == pytest.approx(600.0, rel=0.05)

    def test_what_fell_silent_minutes_ago_is_unknown(self, url: str, situation: Incident) -> None:
        found = judged(client(url, situation.now), Service("silent"), situation.now)
        for name in ("error_rate", "request_rate"):
            assert (signal(found, name).value, signal(found, name).onset) == (None, None)
            assert "not scraped any more" in (signal(found, name).reason or "")

    def test_five_replicas_count_once(self, url: str, situation: Incident) -> None:
        raw = metrics(client(url, situation.now), Service("replicated"), 4 * HOUR, situation.now, Deadline(30.0))
        values = {one.name: one.last_5m for one in raw.signals}
        assert (values["request_rate"], values["error_rate"]) == (pytest.approx(10.0, rel=0.01), pytest.approx(0.2, abs=0.001))
        assert any(
            '5 replicas of Prometheus answer without deduplication; only the series with prometheus_replica="prometheus-1"' in one
            for one in raw.remarks
        )
        assert raw.scrape_interval == 15.0
        assert impact(client(url, situation.now), Service("replicated"), Deadline(30.0)).failed_requests.value == pytest.approx(
            600, rel=0.01
        )

    def test_the_budget_burns(self, url: str, situation: Incident) -> None:
        service = Service("restarted", objectives=Objectives(error_rate=0.01, latency_p95=0.5))
        found = impact(client(url, situation.now), service, Deadline(30.0))
        assert [(one.window, one.rate, one.alerting) for one in found.burn_rates] == [
            (3600.0, pytest.approx(20.0, rel=0.02), True),
            (21600.0, pytest.approx(20.0, rel=0.02), True),
        ]
        assert found.budget.value == pytest.approx(20.0 * 2 / 720, rel=0.05)  # it is two hours old
        assert found.objective.value == 1.0
        assert "the latency P95 is unknown" in found.objective.basis

    def test_failures_are_told_by_the_label_that_is_there(self, url: str, situation: Incident) -> None:
        raw = metrics(client(url, situation.now), Service("coded"), 4 * HOUR, situation.now, Deadline(30.0))
        assert next(one for one in raw.signals if one.name == "error_rate").last_5m == pytest.approx(0.2, abs=0.001)
        assert any("failures are told by code=~" in remark for remark in raw.remarks)
        assert impact(client(url, situation.now), Service("coded"), Deadline(30.0)).failed_requests.value == pytest.approx(600, rel=0.01)

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
