# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import PrometheusClient
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.metrics import metrics
from ansible_collections.devops.incident_response.plugins.module_utils.faces.partial import partial_reason
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics_raw import RawMetrics, RawSignal
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import MetricsSettings, Service, SignalQuery
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.evidence.prometheus_answers import NOW, Value, answers
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    closed_port,
    http_server,
)

ERRORS_NOW = 'status=~"5.."}[5m]))'
ERRORS_BEFORE = 'status=~"5.."}[1h] offset 1d))'
ERRORS_RECENT = 'status=~"5.."}[60s]))'
REFUSED = 'status=~"4('
WELL: Mapping[str, Value] = {
    REFUSED: None,
    "cfs": None, "count by (": 10.0, ERRORS_NOW: 0.2, ERRORS_BEFORE: 0.001, ERRORS_RECENT: 0.45, "histogram_quantile(0.95": 8.5,
    "histogram_quantile(0.5": 4.0, "memory": 0.85, "cpu": 0.4, "sum(rate(": 32.8,
}  # fmt: skip
SERVICE = Service("payment-api")


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server(answers(WELL)) as running:
        yield running


def read(server: HttpServer, service: Service = SERVICE, timeframe: float = 14400, now: float = NOW) -> RawMetrics:
    return metrics(PrometheusClient(server.url, timeout=PATIENT), service, timeframe, now)


def signal(raw: RawMetrics, name: str) -> RawSignal:
    return next(signal for signal in raw.signals if signal.name == name)


def test_the_golden_signals(server: HttpServer) -> None:
    raw = read(server)
    assert [signal.name for signal in raw.signals] == ["error_rate", "latency_p95", "latency_p50", "request_rate", "memory", "cpu"]
    rate = signal(raw, "error_rate")
    assert (rate.last_5m, rate.last_1m, rate.day_before, rate.unit, rate.reason) == (0.2, 0.45, 0.001, "share", None)
    assert (raw.scrape_interval, raw.notes) == (15.0, ())


def test_many_requests_that_are_refused_are_a_signal_of_their_own(server: HttpServer) -> None:
    server.answer = answers({**WELL, REFUSED: 0.4})
    refused = signal(read(server), "client_error_rate")
    assert (refused.last_5m, refused.day_before, refused.unit) == (0.4, 0.4, "share")
    assert len(refused.recent) > 150
    asked = [request.query.get("query", "") for request in server.requests]
    assert any(REFUSED in query and query.endswith(">= 0.05") for query in asked), "fewer are no matter"


def test_the_recent_past_is_in_order_bounded_and_fine_at_its_end(server: HttpServer) -> None:
    times = [at for at, _unused in signal(read(server), "error_rate").recent]
    assert times == sorted(set(times))
    assert 150 < len(times) <= 250
    assert (times[0], times[-1]) == (NOW - 14400, NOW)
    assert times[-1] - times[-2] == 10


def test_targets_that_are_scraped_rarely_get_a_wider_window(server: HttpServer) -> None:
    server.answer = answers({'status=~"5.."}[240s]))': 0.4, **WELL, ERRORS_RECENT: None}, interval=60)
    raw = read(server)
    assert raw.scrape_interval == 60
    assert signal(raw, "error_rate").last_1m == 0.4


def test_prometheus_clock_counts_when_ours_is_off(server: HttpServer) -> None:
    assert signal(read(server, now=NOW + 600), "error_rate").recent[-1][0] == NOW


@pytest.mark.parametrize("others", [0, 1])
def test_where_prometheus_itself_lags_the_values_are_those_of_its_last_scrapes(server: HttpServer, others: int) -> None:
    server.answer = answers(WELL, silent=90, others=others)
    raw = read(server)
    rate = signal(raw, "error_rate")
    assert (rate.last_5m, rate.last_1m, rate.recent[-1][0]) == (0.2, 0.45, NOW - 90)
    assert (raw.server_time, raw.scrape_interval, raw.remarks) == (NOW - 90, 15.0, ())
    assert raw.notes == ("Prometheus has scraped nothing since 22:11:50 UTC, for 1m 30s: the values are those of then",)


def test_a_lag_of_seconds_makes_nothing_incomplete(server: HttpServer) -> None:
    server.answer = answers(WELL, silent=30)
    raw = read(server)
    assert (raw.server_time, raw.notes) == (NOW - 30, ())
    assert "for 30s" in raw.remarks[0]


@pytest.mark.parametrize(("silent", "others"), [(90, 9), (400, 0)])
def test_a_service_alone_that_is_not_scraped_is_unknown_and_so_is_what_is_too_old(server: HttpServer, silent: float, others: int) -> None:
    server.answer = answers(WELL, silent=silent, others=others)
    rate = signal(read(server), "error_rate")
    assert (rate.last_5m, rate.last_1m) == (None, None)


def test_zero_errors_are_zero(server: HttpServer) -> None:
    server.answer = answers({**WELL, ERRORS_NOW: 0.0, ERRORS_BEFORE: 0.0})
    rate = signal(read(server), "error_rate")
    assert (rate.last_5m, rate.day_before, rate.reason) == (0.0, 0.0, None)


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        ({}, "error_rate", 'no series for http_requests_total{job="payment-api"}; is it scraped?'),
        ({**WELL, ERRORS_NOW: float("nan")}, "error_rate", "no requests in the last 5 minutes"),
        ({**WELL, "histogram_quantile(0.95": float("inf")}, "latency_p95", "no requests in the last 5 minutes"),
        ({**WELL, ERRORS_BEFORE: None}, "error_rate", 'no baseline: no series for http_requests_total{job="payment-api"} a day ago'),
        ({**WELL, "memory": "query processing would load too many samples"}, "memory", "too many samples"),
        ({**WELL, "count by (": None}, "error_rate", "have no label 'status', so failures can't be told"),
    ],
)
def test_what_is_not_known_has_its_reason(server: HttpServer, values: Mapping[str, Value], name: str, reason: str) -> None:
    server.answer = answers(values)
    found = signal(read(server), name)
    assert reason in (found.reason or "")
    assert found.last_5m is None or found.day_before is None


def test_without_a_status_label_the_error_rate_is_not_zero(server: HttpServer) -> None:
    server.answer = answers({**WELL, "count by (": None, ERRORS_NOW: 0.0})
    rate = signal(read(server), "error_rate")
    assert (rate.last_5m, rate.last_1m, rate.day_before, rate.recent) == (None, None, None, ())


def test_a_teams_own_signal(server: HttpServer) -> None:
    own = SignalQuery("queue", 'max(queue_depth{queue="a"})', title="Queue", higher_is_better=True, critical_ratio=3)
    server.answer = answers({**WELL, "avg_over_time((max(queue_depth": 5.0, "max(queue_depth": 50.0})
    queue = signal(read(server, Service("payment-api", metrics=MetricsSettings(queries=(own,)))), "queue")
    assert (queue.last_5m, queue.day_before, queue.title, queue.higher_is_better, queue.critical_ratio) == (50.0, 5.0, "Queue", True, 3)


def test_a_broken_query_of_a_team_costs_only_its_own_signal(server: HttpServer) -> None:
    own = SignalQuery("mine", "nonsense(")
    server.answer = answers({"nonsense": "1:5: parse error", **WELL})
    raw = read(server, Service("payment-api", metrics=MetricsSettings(queries=(own,))))
    assert "parse error" in (signal(raw, "mine").reason or "")
    assert signal(raw, "error_rate").last_5m == 0.2


def test_an_unknown_scrape_interval_is_said(server: HttpServer) -> None:
    server.answer = answers(WELL, interval=0)
    raw = read(server)
    assert raw.scrape_interval is None
    assert "the scrape interval is unknown" in raw.notes[0]


@pytest.mark.parametrize("fault", ["500", "403", "429", "html", "truncated", "nonsense", "hang"])
def test_each_fault_makes_the_source_unavailable(server: HttpServer, fault: str) -> None:
    server.faults["/"] = fault
    with pytest.raises(SourceUnavailableError, match="Prometheus"):
        metrics(PrometheusClient(server.url, timeout=0.3 if fault == "hang" else PATIENT), SERVICE, 14400, NOW)


def test_refused() -> None:
    with pytest.raises(SourceUnavailableError, match="connection refused"):
        metrics(PrometheusClient(f"http://127.0.0.1:{closed_port()}"), SERVICE, 14400, NOW)


def test_all_queries_go_out_at_once(server: HttpServer, many_at_once: Callable[[HttpServer], list[int]]) -> None:
    waiting = many_at_once(server)
    read(server)
    assert max(waiting) >= 12


def test_a_part_of_thanos_that_is_down_is_a_note(server: HttpServer) -> None:
    answer = answers(WELL)

    def partly(request: Request) -> Reply:
        reply = answer(request)
        reply.body["warnings"] = ["store receive-2: connection refused"]
        reply.body["infos"] = ["a hint"]
        return reply

    server.answer = partly
    raw = read(server)
    assert raw.notes == ("Prometheus warns: store receive-2: connection refused",)
    assert "Prometheus remarks: a hint" in raw.remarks
    assert partial_reason(raw) == raw.notes[0]


def test_nothing_where_a_part_of_thanos_is_down_is_not_for_want_of_scrapes(server: HttpServer) -> None:
    answer = answers({})

    def partly(request: Request) -> Reply:
        reply = answer(request)
        reply.body["warnings"] = ["store receive-2: connection refused"]
        return reply

    server.answer = partly
    errors = next(one for one in read(server).signals if one.name == "error_rate")
    assert errors.last_5m is None
    assert (errors.reason or "").startswith("a part of the servers did not answer, and the others have no series for http_requests_total")


def test_a_hint_takes_nothing_away(server: HttpServer) -> None:
    answer = answers(WELL)

    def hinted(request: Request) -> Reply:
        reply = answer(request)
        reply.body["infos"] = ["a hint"]
        return reply

    server.answer = hinted
    assert partial_reason(read(server)) is None


def test_the_number_of_queries_is_bounded(server: HttpServer) -> None:
    read(server)
    own = SignalQuery("mine", "vector(1)")
    before = len(server.requests)
    read(server, Service("payment-api", metrics=MetricsSettings(queries=(own,))))
    assert before <= 37
    assert len(server.requests) - before == before + 5, "a signal of a team's own costs five"


def test_the_same_hour_lies_on_its_days(server: HttpServer) -> None:
    answer = answers(WELL)

    def by_day(request: Request) -> Reply:
        if "label_replace(" not in request.query.get("query", ""):
            return answer(request)
        series = [{"metric": {"day": str(day)}, "values": [[NOW, "0.5"], [NOW + 300, "NaN"]]} for day in (1, 3)]
        return Reply(200, {"status": "success", "data": {"resultType": "matrix", "result": [*series, {"metric": {}, "value": [NOW, "9"]}]}})

    server.answer = by_day
    assert signal(read(server), "error_rate").same_hour == ((NOW - 3 * 86400, 0.5), (NOW - 86400, 0.5))


def test_a_missing_history_of_days_takes_nothing_away(server: HttpServer) -> None:
    server.answer = answers({"label_replace(": "too many samples", **WELL})
    raw = read(server)
    assert (signal(raw, "error_rate").last_5m, signal(raw, "error_rate").same_hour) == (0.2, ())
    assert partial_reason(raw) is None


def test_a_team_query_with_several_series_is_unknown(server: HttpServer) -> None:
    answer = answers(WELL)
    several = [{"metric": {"pod": pod}, "value": [NOW, "1"]} for pod in "ab"]
    server.answer = lambda request: (
        Reply(200, {"status": "success", "data": {"resultType": "vector", "result": several}})
        if request.query.get("query") == "depth"
        else answer(request)
    )
    own = signal(read(server, Service("payment-api", metrics=MetricsSettings(queries=(SignalQuery("mine", "depth"),)))), "mine")
    assert own.last_5m is None
    assert "gives 2 series, not one; wrap it in sum()" in (own.reason or "")


def test_present_values_are_used_although_the_past_cannot_be_had(server: HttpServer) -> None:
    server.faults["/api/v1/query_range"] = "500"
    raw = read(server)
    assert (signal(raw, "error_rate").last_5m, signal(raw, "error_rate").recent) == (0.2, ())
    assert "the recent past is unknown" in raw.notes[0]


def test_what_was_not_answered_is_not_looked_for_under_other_names(server: HttpServer) -> None:
    server.answer = answers({"[5m])) * 0": 0.2, "[5m]": "too many samples", **WELL})
    raw = read(server)
    assert raw.preset == "default"
    assert not any("label_replace(count(" in request.query.get("query", "") for request in server.requests)
