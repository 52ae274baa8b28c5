# SPDX-License-Identifier: GPL-3.0-or-later
"""Native histograms: those that a real Prometheus received from OpenTelemetry, and the same in the simulated one."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from lab.prometheus.api import prometheus_app
from lab.prometheus.engine import Engine
from lab.prometheus.native import NativeHistogram
from lab.prometheus.storage import MemoryStorage, Series
from plugins.module_utils.clients.prometheus import PrometheusClient
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence.impact import impact
from plugins.module_utils.evidence.metrics import metrics
from plugins.module_utils.model.metrics_raw import RawSignal
from plugins.module_utils.model.service import (
    MetricPreset,
    MetricsSettings,
    Service,
    SignalQuery,
)
from tests.contract.serving import served
from tests.real.parts.prometheus import prometheus
from tests.real.servers import real_part

HOUR, DAY, STEP = 3600.0, 86400.0, 15.0
SERVICE = "native"
_ZERO_THRESHOLD = 1e-128
"""What Prometheus puts in the place of a message's own."""


def _exported(times: list[float], failing: float) -> dict[str, Any]:
    """What an OpenTelemetry SDK sends: ten requests a second, each of them 100 ms, of which the share ``failing`` fails."""

    def point(at: float, status: str, share: float) -> dict[str, Any]:
        count = round((at - times[0]) * 10 * share)
        return {
            "attributes": [{"key": "http.response.status_code", "value": {"intValue": status}}],
            "startTimeUnixNano": str(int(times[0] * 1e9)),
            "timeUnixNano": str(int(at * 1e9)),
            "count": str(count),
            "sum": count * 0.1,
            "scale": 3,
            "zeroCount": "0",
            "positive": {"offset": -27, "bucketCounts": [str(count)]},  # 2^(-27/8) < 0.1 <= 2^(-26/8)
        }

    points = [point(at, status, share) for at in times for status, share in (("200", 1 - failing), ("500", failing))]
    wide = [_wide(number, at, times[0]) for number, at in enumerate(times)]
    metrics = [
        {"name": name, "unit": "s", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": given}}
        for name, given in (("http.server.request.duration", points), ("wide", wide))
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": SERVICE}}]}
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": {}, "metrics": metrics}]}]}


def _wide(number: int, at: float, start: float) -> dict[str, Any]:
    """Observations of both signs and around zero, in several buckets."""
    counts = [number * 3, number * 5, 0, number * 2]
    return {
        "attributes": [],
        "startTimeUnixNano": str(int(start * 1e9)),
        "timeUnixNano": str(int(at * 1e9)),
        "count": str(number * 15),
        "sum": number * 8.0,
        "scale": 1,
        "zeroCount": str(number),
        "zeroThreshold": 0.001,
        "positive": {"offset": -2, "bucketCounts": list(map(str, counts))},
        "negative": {"offset": 1, "bucketCounts": [str(number * 4)]},
    }


def _series(message: Mapping[str, Any]) -> Iterator[Series]:
    """What a Prometheus makes of such a message (otlptranslator, storage/remote/otlptranslator)."""
    for metric in message["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]:
        name = f"{metric['name'].replace('.', '_')}_seconds"
        for point in metric["exponentialHistogram"]["dataPoints"]:
            attributes = {one["key"].replace(".", "_"): str(one["value"]["intValue"]) for one in point["attributes"]}
            positive, negative = ({}, {}) if not point["count"] else (_buckets(point.get(side)) for side in ("positive", "negative"))
            histogram = NativeHistogram(
                point["scale"],
                float(point["count"]),
                point["sum"],
                positive,
                negative,
                float(point["zeroCount"]),
                _ZERO_THRESHOLD,
            )
            yield Series({"__name__": name, "job": SERVICE, **attributes}, [(int(point["timeUnixNano"]) / 1e9, histogram)])


def _buckets(given: Mapping[str, Any] | None) -> dict[int, float]:
    """OpenTelemetry's index says where a bucket begins, Prometheus' where it ends."""
    counts = given["bucketCounts"] if given else []
    return {(given or {})["offset"] + 1 + place: float(count) for place, count in enumerate(counts)}


@contextlib.contextmanager
def _simulated(now: float) -> Iterator[str]:
    storage = MemoryStorage()
    for message in _messages(now):
        for series in _series(message):
            for at, value in series.samples:
                storage.append(series.labels, at, value)
    with served(prometheus_app(Engine(storage), lambda: now, list)) as url:
        yield url


def _messages(now: float) -> Iterator[dict[str, Any]]:
    """A day ago one in a hundred failed, now one in five."""
    for end, failing in ((now - DAY, 0.01), (now, 0.2)):
        yield _exported([end - 0.75 * HOUR + STEP * number for number in range(int(0.75 * HOUR / STEP) + 1)], failing)


def _send(url: str, message: Mapping[str, Any]) -> None:
    request = urllib.request.Request(
        f"{url}/api/v1/otlp/v1/metrics", json.dumps(message).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


@pytest.fixture(scope="module")
def now() -> float:
    return float(int(time.time()))


@pytest.fixture(scope="module")
def url(now: float, side: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if side == "lab":
        with _simulated(now) as simulated:
            yield simulated
        return
    part = prometheus(tmp_path_factory.mktemp("prometheus"), [], ["--web.enable-otlp-receiver"])
    with real_part(request, "Prometheus", part) as running:
        for message in _messages(now):
            _send(running, message)
        yield running


@pytest.mark.parametrize("preset", [MetricPreset.OPENTELEMETRY, MetricPreset.DEFAULT])
def test_rates_and_quantiles_of_native_histograms(url: str, now: float, preset: MetricPreset) -> None:
    service = Service(SERVICE, metrics=MetricsSettings(preset=preset))
    raw = metrics(PrometheusClient(url), service, 4 * HOUR, now, Deadline(30.0))
    found: dict[str, RawSignal] = {one.name: one for one in raw.signals}
    assert found["error_rate"].last_5m == pytest.approx(0.2, abs=0.005)
    assert found["error_rate"].day_before == pytest.approx(0.01, abs=0.002)
    assert found["request_rate"].last_5m == pytest.approx(10.0, rel=0.1)
    assert 0.096 < (found["latency_p95"].last_5m or 0.0) <= 0.1052, "within the bucket of 100 ms"
    assert len(found["latency_p95"].recent) > 50
    assert raw.preset == "opentelemetry"
    assert impact(PrometheusClient(url), service, Deadline(30.0)).failed_requests.value == pytest.approx(600, rel=0.1)


def test_a_query_that_gives_a_histogram_says_what_to_do(url: str, now: float) -> None:
    query = 'sum(rate(http_server_request_duration_seconds{job="native"}[5m]))'
    service = Service(
        SERVICE, metrics=MetricsSettings(queries=(SignalQuery("own", query), SignalQuery("count", f"histogram_count({query})")))
    )
    raw = metrics(PrometheusClient(url), service, 4 * HOUR, now, Deadline(30.0))
    own, count = (next(one for one in raw.signals if one.name == name) for name in ("own", "count"))
    assert own.last_5m is None
    assert "native histograms" in (own.reason or "")
    assert count.last_5m == pytest.approx(10.0, rel=0.1)


WIDE = 'wide_seconds{job="native"}'
RATE = f"rate({WIDE}[5m])"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"histogram_count({RATE})", 1),
        (f"histogram_sum({RATE})", 8 / 15),
        (f"histogram_avg({RATE})", 8 / 15),
        (f"histogram_stddev({RATE})", 1.2391861827447184),
        (f"histogram_stdvar({RATE})", 1.5355823955054264),
        (f"histogram_quantile(0.05, {RATE})", -1.8741676341103),
        (f"histogram_quantile(0.3, {RATE})", 0),
        (f"histogram_quantile(0.5, {RATE})", 0.6674199270850173),
        (f"histogram_quantile(0.95, {RATE})", 1.7562521603732995),
        (f"histogram_quantile(1, {RATE})", 2),
        (f"histogram_fraction(0, 0.8, {RATE})", 0.3520479367417585),
        (f"histogram_fraction(-2, 0.1, {RATE})", 1 / 3),
        (f"histogram_count(sum({RATE}))", 1),
        (f"histogram_count(avg({RATE} * 2))", 2),
        (f"histogram_count({RATE} + {RATE})", 2),
        (f"histogram_sum(-({RATE} / 4))", -2 / 15),
        (f"histogram_count(increase({WIDE}[1h]))", 2700),
        (f"histogram_count(delta({WIDE}[1h]))", 2707.5),
        (f"histogram_count(irate({WIDE}[5m]))", 1),
        (f"histogram_count(last_over_time({WIDE}[5m]))", 2700),
        (f"histogram_count(sum_over_time({WIDE}[1m]))", 10710),
        (f"count_over_time({WIDE}[5m])", 20),
        (f"count({WIDE})", 1),
        (f"max({WIDE})", None),
        (f"abs({WIDE})", None),
        (f"{WIDE} > 1", None),
        (f"{WIDE} + 1", None),
        (f"scalar({WIDE})", float("nan")),
    ],
)
def test_what_queries_give(url: str, now: float, query: str, expected: float | None) -> None:
    found = _asked(url, query, now)
    value = float(found[0]["value"][1]) if found else None
    assert value == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True))


def test_a_histogram_as_it_is_written(url: str, now: float) -> None:
    (found,) = _asked(url, f"{WIDE} / 60", now)
    assert found["metric"] == {"job": "native"}
    written = found["histogram"][1]
    assert (written["count"], written["sum"]) == ("45", "24")
    assert [(bounds, count) for bounds, _lower, _upper, count in written["buckets"]] == [(1, "12"), (3, "3"), (0, "9"), (0, "15"), (0, "6")]
    edges = [float(edge) for bucket in written["buckets"] for edge in bucket[1:3]]
    half, two = 2**0.5 / 2, 2**0.5
    assert edges == pytest.approx([-2, -two, 0, 0, 0.5, half, half, 1, two, 2], abs=1e-9)


def _asked(url: str, query: str, at: float) -> list[dict[str, Any]]:
    """The result of an instant query; a scalar as a series without labels."""
    with urllib.request.urlopen(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': query, 'time': at})}", timeout=20) as answer:
        data = json.load(answer)["data"]
    found: list[dict[str, Any]] = data["result"]
    return [{"metric": {}, "value": found}] if data["resultType"] == "scalar" else found
