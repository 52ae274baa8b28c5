# SPDX-License-Identifier: GPL-3.0-or-later
"""Native histograms, which the simulated production does not have: received by a real Prometheus from OpenTelemetry."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import PrometheusClient
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.impact import impact
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.metrics import metrics
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics_raw import RawSignal
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import (
    MetricPreset,
    MetricsSettings,
    Service,
    SignalQuery,
)

from tests.real.parts.prometheus import prometheus
from tests.real.servers import real_part

HOUR, DAY, STEP = 3600.0, 86400.0, 15.0
SERVICE = "native"


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
    histogram = {"aggregationTemporality": 2, "dataPoints": points}
    metric = {"name": "http.server.request.duration", "unit": "s", "exponentialHistogram": histogram}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": SERVICE}}]}
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": {}, "metrics": [metric]}]}]}


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
def url(now: float, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    part = prometheus(tmp_path_factory.mktemp("prometheus"), [], ["--web.enable-otlp-receiver"])
    with real_part(request, "Prometheus", part) as running:
        for end, failing in ((now - DAY, 0.01), (now, 0.2)):
            _send(running, _exported([end - 0.75 * HOUR + STEP * number for number in range(int(0.75 * HOUR / STEP) + 1)], failing))
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
