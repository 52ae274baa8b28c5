# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import (
    Answer,
    PrometheusClient,
    QueryRejectedError,
    quote,
)
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    closed_port,
    http_server,
)


def success(kind: str, result: object) -> Reply:
    return Reply(200, {"status": "success", "data": {"resultType": kind, "result": result}})


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server(lambda _: success("vector", [])) as running:
        yield running


def test_an_instant_query_is_sent_as_it_is(server: HttpServer) -> None:
    server.answer = lambda _: success("vector", [{"metric": {"job": "a"}, "value": [1700000000.5, "0.25"]}])
    (series,) = PrometheusClient(server.url, {"X-Scope-OrgID": "team"}).instant('sum(up{job="a b&c"})', at=1700000000.0)
    assert (dict(series.labels), series.samples) == ({"job": "a"}, ((1700000000.5, 0.25),))
    asked = {"query": 'sum(up{job="a b&c"})', "time": "1700000000.000", "dedup": "true", "partial_response": "true"}
    assert server.requests[0].query == asked
    assert server.requests[0].headers["x-scope-orgid"] == "team"


def test_not_a_number_is_kept_for_the_caller_to_judge(server: HttpServer) -> None:
    server.answer = lambda _: success("vector", [{"metric": {}, "value": [1, text]} for text in ("NaN", "+Inf", "-Inf")])
    values = [series.samples[0][1] for series in PrometheusClient(server.url).instant("x")]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


def test_a_scalar_is_one_series_without_labels(server: HttpServer) -> None:
    server.answer = lambda _: success("scalar", [1700000000, "0"])
    (series,) = PrometheusClient(server.url).instant("vector(0)")
    assert series.samples == ((1700000000.0, 0.0),)


def test_a_range_gives_every_point(server: HttpServer) -> None:
    server.answer = lambda _: success("matrix", [{"metric": {}, "values": [[10, "1"], [20, "2"]]}])
    (series,) = PrometheusClient(server.url).range("x", 10, 20, 2.5)
    assert series.samples == ((10.0, 1.0), (20.0, 2.0))
    assert {key: server.requests[0].query[key] for key in ("start", "end", "step")} == {"start": "10", "end": "20", "step": "2.5"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("hang", "did not answer within 2 s"),
        ("500", r"failed with an internal error \(500\): upstream is not well"),
        ("403", "forbids the request"),
        ("429", "asks to slow down"),
        ("html", "a web page instead of JSON"),
        ("truncated", "closed before the answer was complete"),
        ("nonsense", "not of Prometheus' HTTP API"),
    ],
)
def test_each_fault_says_what_happened(server: HttpServer, fault: str, words: str) -> None:
    server.faults["/"] = fault
    with pytest.raises(SourceUnavailableError, match=words):
        PrometheusClient(server.url, timeout=2.0 if fault == "hang" else PATIENT).instant("up")
    assert len(server.requests) == 1, "no retries: an outage leaves no time for them"


def test_a_refused_connection_names_the_option_and_hides_the_login() -> None:
    with pytest.raises(SourceUnavailableError, match=r"connection refused.*prometheus_url") as raised:
        PrometheusClient(f"http://user:hunter2@127.0.0.1:{closed_port()}").instant("up")
    assert "hunter2" not in str(raised.value)


def test_a_rejected_query_keeps_the_servers_words(server: HttpServer) -> None:
    server.answer = lambda _: Reply(400, {"status": "error", "errorType": "bad_data", "error": "1:5: parse error: unexpected end"})
    with pytest.raises(QueryRejectedError, match="parse error: unexpected end"):
        PrometheusClient(server.url).instant("sum(")


@pytest.mark.parametrize(
    "data", [{"result": [{"value": [1, "x"], "metric": {}}]}, {"result": [{"value": 3, "metric": {}}]}, {"result": 1}, None]
)
def test_broken_series_are_named(server: HttpServer, data: object) -> None:
    server.answer = lambda _: Reply(200, {"status": "success", "data": data})
    with pytest.raises(SourceUnavailableError, match="not of Prometheus' HTTP API"):
        PrometheusClient(server.url).instant("up")


@pytest.mark.parametrize(
    ("value", "literal"), [("payment-api", '"payment-api"'), ('x"} or up{a="', '"x\\"} or up{a=\\""'), ("a\\b\nc", '"a\\\\b\\nc"')]
)
def test_nothing_ends_a_quoted_string(value: str, literal: str) -> None:
    assert quote(value) == literal


def test_what_the_server_remarks_comes_with_its_answer(server: HttpServer) -> None:
    """As Thanos answers when one of its stores is down."""
    partial = success("vector", [{"metric": {}, "value": [1, "1"]}])
    partial.body["warnings"] = ["No StoreAPIs matched for this query", "receive\x1b[31m store:\n timed out", 7]
    partial.body["infos"] = ["PromQL info: metric might not be a counter"]
    server.answer = lambda _: partial
    client = PrometheusClient(server.url)
    answer = client.instant("up")
    assert isinstance(answer, Answer)
    assert answer.warnings == ("No StoreAPIs matched for this query", "receive [31m store: timed out")
    assert answer.infos == ("PromQL info: metric might not be a counter",)
    server.answer = lambda _: success("vector", [])
    assert answer.incomplete
    later = client.instant("up")
    assert isinstance(later, Answer)
    assert (later.warnings, later.infos, later.incomplete) == ((), (), False)


def test_a_store_that_is_down_is_told_briefly(server: HttpServer) -> None:
    """The words of Thanos 0.42."""
    partial = success("vector", [])
    given = (
        'fetch series for {cluster="eu", replica="p0"} Addr: 10.0.0.7:10901 MinTime: -62167219200000 MaxTime: 9223372036854775807: rpc '
        'error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.7:10901: connect: '
        'connection refused"'
    )
    partial.body["warnings"] = [given]
    server.answer = lambda _: partial
    answer = PrometheusClient(server.url).instant("up")
    assert isinstance(answer, Answer)
    (told,) = answer.warnings
    assert told == (
        'fetch series for {cluster="eu", replica="p0"} Addr: 10.0.0.7:10901: connection error: "transport: Error while dialing: dial tcp '
        '10.0.0.7:10901: connect: connection refused"'
    )


@pytest.mark.parametrize("partial", [True, False, None, "true"])
def test_a_part_of_a_cluster_of_victoriametrics(server: HttpServer, partial: object) -> None:
    reply = success("vector", [])
    reply.body["isPartial"] = partial
    server.answer = lambda _: reply
    answer = PrometheusClient(server.url).instant("up")
    assert isinstance(answer, Answer)
    assert answer.incomplete is (partial is True)


def test_a_warning_of_the_query_is_nothing_missing(server: HttpServer) -> None:
    reply = success("vector", [])
    reply.body["warnings"] = ["PromQL warning: quantile value should be between 0 and 1, got 2"]
    server.answer = lambda _: reply
    answer = PrometheusClient(server.url).instant("up")
    assert isinstance(answer, Answer)
    assert (len(answer.warnings), answer.incomplete) == (1, False)


def test_native_histograms_are_no_numbers(server: HttpServer) -> None:
    server.answer = lambda _: success("vector", [{"metric": {}, "histogram": [1, {"count": "2", "sum": "1"}]}])
    answer = PrometheusClient(server.url).instant("h")
    assert isinstance(answer, Answer)
    assert (answer, answer.histograms) == ((), True)


LONG = "vector(1) or " * 400 + "vector(1)"


def test_a_long_query_is_posted(server: HttpServer) -> None:
    client = PrometheusClient(server.url, {"X-Scope-OrgID": "team"})
    client.instant(LONG, at=5.0)
    client.range(LONG, 10, 20, 2)
    instant, span = server.requests
    assert (instant.method, span.method, instant.query) == ("POST", "POST", {})
    assert parse_qs(instant.body.decode()) == {"query": [LONG], "time": ["5.000"], "dedup": ["true"], "partial_response": ["true"]}
    assert parse_qs(span.body.decode())["step"] == ["2"]
    assert span.headers["x-scope-orgid"] == "team"


def test_where_nothing_may_be_posted_a_long_query_is_got(server: HttpServer) -> None:
    server.answer = lambda request: Reply(405, b"no") if request.method == "POST" else success("vector", [])
    assert PrometheusClient(server.url).instant(LONG) == ()
    assert [request.method for request in server.requests] == ["POST", "GET"]


@pytest.mark.parametrize(("fault", "words"), [("500", "internal error"), ("403", "forbids"), ("truncated", "closed before")])
def test_a_long_query_fails_as_any_other(server: HttpServer, fault: str, words: str) -> None:
    server.faults["/"] = fault
    with pytest.raises(SourceUnavailableError, match=words):
        PrometheusClient(server.url).instant(LONG)


@pytest.mark.parametrize(
    ("kind", "result", "values"),
    [
        ("matrix", [{"metric": {}, "values": [[1, "1"], [2, "+Inf"]]}], [1.0, math.inf]),
        ("vector", [{"metric": {}, "value": [1, 7]}], [7.0]),
        ("string", [1, "text"], None),
        ("vector", [{"metric": {}, "value": [1, None]}], None),
    ],
)
def test_whatever_kind_of_result_comes(server: HttpServer, kind: str, result: object, values: object) -> None:
    server.answer = lambda _: success(kind, result)
    if values is None:
        with pytest.raises(SourceUnavailableError, match="not of Prometheus' HTTP API"):
            PrometheusClient(server.url).instant("x")
    else:
        (series,) = PrometheusClient(server.url).instant("x")
        assert [value for _unused, value in series.samples] == values
