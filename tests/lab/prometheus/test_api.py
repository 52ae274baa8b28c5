# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recording does not show: other endpoints, time limits, and clients that know nothing of the simulation."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from prometheus_api_client import PrometheusConnect

from lab.prometheus.api import prometheus_app
from lab.prometheus.engine import Engine
from lab.prometheus.storage import MemoryStorage
from lab.prometheus.targets import Alert, AlertingRule, Metadata, RuleGroup, Target
from tests.lab.prometheus.conftest import Server, serving
from tests.lab.prometheus.recorded import NOW

TARGETS = [
    Target({"job": "payment-api", "instance": "b:1"}, "http://b:1/metrics", "payment-api", "down", "connection refused", NOW - 3.5, 0.01),
    Target({"job": "auth-service", "instance": "a:1"}, "http://a:1/metrics", "auth-service", last_scrape=NOW - 1),
]
ALERT = Alert({"alertname": "HighErrorRate", "severity": "critical"}, {"summary": "errors"}, "firing", NOW - 60, "0.45")
GROUPS = [RuleGroup("slo", "slo.yml", (AlertingRule("HighErrorRate", "x > 0.05", 60.0, {"severity": "critical"}, {}, (ALERT,)),))]
METADATA = {
    "up": [Metadata("gauge", "Whether the scrape worked.")],
    "http_requests_total": [Metadata("counter", "a"), Metadata("counter", "b")],
}


@pytest.fixture(scope="module")
def informed() -> Iterator[Server]:
    """A server that knows targets, rules and metadata."""
    storage = MemoryStorage()
    app = prometheus_app(Engine(storage), lambda: float(NOW), lambda: TARGETS, lambda: METADATA, lambda: GROUPS)
    with serving(app) as running:
        yield running


def test_targets_are_sorted_by_pool_with_their_last_scrape(informed: Server) -> None:
    data = informed.get("/api/v1/targets").json["data"]
    assert [target["scrapePool"] for target in data["activeTargets"]] == ["auth-service", "payment-api"]
    assert data["activeTargets"][1] == {
        "discoveredLabels": {},
        "labels": {"job": "payment-api", "instance": "b:1"},
        "scrapePool": "payment-api",
        "scrapeUrl": "http://b:1/metrics",
        "globalUrl": "http://b:1/metrics",
        "lastError": "connection refused",
        "lastScrape": "2026-01-01T23:59:56.5Z",
        "lastScrapeDuration": 0.01,
        "health": "down",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }
    assert data["droppedTargets"] == []
    assert data["droppedTargetCounts"] == {"auth-service": 0, "payment-api": 0}


def test_targets_can_be_chosen_by_pool_and_state(informed: Server) -> None:
    one = informed.get("/api/v1/targets", [("scrapePool", "auth-service"), ("state", "active")]).json["data"]
    assert [target["labels"]["instance"] for target in one["activeTargets"]] == ["a:1"]
    assert one["droppedTargetCounts"] is None
    assert informed.get("/api/v1/targets", [("state", "dropped")]).json["data"]["activeTargets"] == []
    assert informed.get("/api/v1/scrape_pools").json["data"] == {"scrapePools": ["auth-service", "payment-api"]}


def test_rules_and_alerts(informed: Server) -> None:
    (group,) = informed.get("/api/v1/rules").json["data"]["groups"]
    assert (group["name"], group["interval"], group["rules"][0]["state"]) == ("slo", 60.0, "firing")
    assert informed.get("/api/v1/rules", [("type", "record")]).json["data"] == {"groups": []}
    refused = informed.get("/api/v1/rules", [("type", "x")])
    assert (refused.status, refused.json["error"]) == (400, 'invalid parameter "type": not supported value "x"')
    (alert,) = informed.get("/api/v1/alerts").json["data"]["alerts"]
    assert (alert["state"], alert["activeAt"], alert["value"]) == ("firing", "2026-01-01T23:59:00Z", "0.45")


def test_metadata_with_its_limits(informed: Server) -> None:
    assert set(informed.get("/api/v1/metadata").json["data"]) == {"up", "http_requests_total"}
    assert len(informed.get("/api/v1/metadata", [("limit", "1")]).json["data"]) == 1
    counted = informed.get("/api/v1/metadata", [("metric", "http_requests_total"), ("limit_per_metric", "1")]).json["data"]
    assert counted == {"http_requests_total": [{"type": "counter", "unit": "", "help": "a"}]}
    refused = informed.get("/api/v1/metadata", [("limit", "x")])
    assert (refused.status, refused.json["error"]) == (400, "limit must be a number")


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("buildinfo", {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}),
        ("config", {"yaml"}),
        (
            "runtimeinfo",
            {
                *("startTime", "CWD", "hostname", "serverTime", "reloadConfigSuccess", "lastConfigTime", "corruptionCount"),
                *("goroutineCount", "GOMAXPROCS", "GOMEMLIMIT", "GOGC", "GODEBUG", "storageRetention"),
            },
        ),
    ],
)
def test_status_has_the_fields_of_the_real_server(server: Server, path: str, keys: set[str]) -> None:
    assert set(server.get(f"/api/v1/status/{path}").json["data"]) == keys


def test_flags_tell_the_lookback(server: Server) -> None:
    assert server.get("/api/v1/status/flags").json["data"]["query.lookback-delta"] == "5m"


def test_health_pages_and_the_way_to_the_interface(server: Server) -> None:
    assert server.get("/-/healthy").text == "Prometheus Server is Healthy.\n"
    assert server.get("/-/ready").text == "Prometheus Server is Ready.\n"
    assert server.get("/").status == 302
    assert server.get("/query").content_type == "text/html; charset=utf-8"
    unknown = server.get("/api/v1/nothing")
    assert (unknown.status, unknown.text) == (404, "404 page not found\n")


def test_times_are_written_with_three_decimals_or_none(server: Server) -> None:
    text = server.get("/api/v1/query", [("query", "vector(1)"), ("time", f"{NOW}.5")]).text
    assert text == '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1767312000.500,"1"]}]}}'
    text = server.get("/api/v1/query", [("query", "vector(1)"), ("time", f"{NOW}")]).text
    assert '"value":[1767312000,"1"]' in text


def test_json_is_sent_without_a_character_set(server: Server) -> None:
    assert server.get("/api/v1/labels").content_type == "application/json"
    assert server.get("/api/v1/query").content_type == "application/json"
    assert server.get("/api/v1/targets").content_type == "application/json"


def test_without_a_time_it_is_the_servers_own(server: Server) -> None:
    assert server.get("/api/v1/query", [("query", "time()")]).json["data"]["result"] == [NOW, str(NOW)]


def test_a_query_that_takes_too_long_is_given_up() -> None:
    storage = MemoryStorage()
    storage.append({"__name__": "up"}, NOW, 1.0)
    ticks = itertools.count()
    app = prometheus_app(Engine(storage, monotonic=lambda: float(next(ticks))), lambda: float(NOW), list)
    with serving(app) as running:
        answer = running.get("/api/v1/query", [("query", "-(-(-(-(-up))))"), ("timeout", "3s")])
        enough = running.get("/api/v1/query", [("query", "-(-(-(-(-up))))"), ("timeout", "60s")])
    assert answer.status == 503
    assert answer.json == {"status": "error", "errorType": "timeout", "error": "query timed out in expression evaluation"}
    assert enough.status == 200


def test_the_python_client_works_unchanged(server: Server) -> None:
    found: dict[str, object] = {}

    def ask() -> None:
        client = PrometheusConnect(server.url)
        start, end = datetime.fromtimestamp(NOW - 60, UTC), datetime.fromtimestamp(NOW, UTC)
        found["connected"] = client.check_prometheus_connection()
        found["metrics"] = client.all_metrics()
        found["values"] = client.get_label_values("sensor")
        found["vector"] = client.custom_query('constant{} + on() group_left count(temperature{sensor="in"})')
        found["matrix"] = client.custom_query_range("constant", start, end, "30s")
        found["targets"] = client.get_targets()

    thread = threading.Thread(target=ask)
    thread.start()
    server.serve_while(thread)
    assert found["connected"] is True
    assert "http_requests_total" in found["metrics"]  # type: ignore[operator]
    assert found["values"] == ["in", "out"]
    assert found["vector"] == [{"metric": {}, "value": [NOW, "5.25"]}]
    assert found["matrix"] == [
        {"metric": {"__name__": "constant"}, "values": [[NOW - 60, "3.25"], [NOW - 30, "3.25"], [NOW, "3.25"]]},
    ]
    assert found["targets"] == {"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}}
