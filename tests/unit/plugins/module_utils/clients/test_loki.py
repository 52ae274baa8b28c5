# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.loki import LokiClient, Stream, quoted
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.tests.unit.servers import Reply, closed_port, http_server

LABELS = {"app": "api", "pod": "api-1"}


def answer(*streams: dict[str, object]) -> Reply:
    """What query_range answers, as Loki's reference describes it."""
    return Reply(200, {"status": "success", "data": {"resultType": "streams", "result": list(streams), "stats": {"summary": {}}}})


def test_times_are_nanoseconds_and_the_newest_lines_come_first() -> None:
    stream = {"stream": LABELS, "values": [["1761056605000000002", "b"], ["1761056605000000001", "a", {"trace_id": "1"}]]}
    with http_server(lambda _: answer(stream)) as server:
        found = LokiClient(f"{server.url}/logs/").lines('{app="api"}', 10.5, 20.0)
        assert found == (Stream(LABELS, ((1761056605000000002, "b"), (1761056605000000001, "a"))),)
        (request,) = server.requests
        assert request.path == "/logs/loki/api/v1/query_range"
        assert request.query == {
            "query": '{app="api"}', "start": "10500000000", "end": "20000000000", "limit": "5000", "direction": "backward"
        }  # fmt: skip
        assert "x-scope-orgid" not in request.headers


def test_tenant_and_login_are_sent() -> None:
    with http_server(lambda _: answer()) as server:
        url = server.url.replace("http://", "http://me:secret@")
        assert LokiClient(url, "team-a").lines("{}", 0, 1) == ()
        headers = server.requests[0].headers
        assert headers["x-scope-orgid"] == "team-a"
        assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"me:secret"


@pytest.mark.parametrize("fault", ["500", "403", "429", "html", "truncated", "nonsense", "hang"])
def test_each_fault_is_unavailable(fault: str) -> None:
    with http_server(lambda _: answer()) as server:
        server.faults["/"] = fault
        with pytest.raises(SourceUnavailableError, match=r"Loki at .*loki_url"):
            LokiClient(server.url, timeout=0.2).lines("{}", 0, 1)


def test_what_loki_says_about_a_wrong_query_is_passed_on() -> None:
    refusal = Reply(400, b"parse error at line 1, col 2: syntax error", "text/plain")
    with http_server(lambda _: refusal) as server, pytest.raises(SourceUnavailableError, match="parse error at line 1"):
        LokiClient(server.url).lines("{", 0, 1)


def test_refused() -> None:
    with pytest.raises(SourceUnavailableError, match="connection refused"):
        LokiClient(f"http://127.0.0.1:{closed_port()}").lines("{}", 0, 1)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "success", "data": {"resultType": "matrix", "result": []}},
        {"status": "error", "data": {"resultType": "streams", "result": []}},
        {"status": "success", "data": {"resultType": "streams", "result": [{"stream": {}}]}},
        {"status": "success", "data": {"resultType": "streams", "result": [{"stream": {}, "values": [["now", "a"]]}]}},
        {"status": "success", "data": {"resultType": "streams", "result": [{"stream": {}, "values": [["1"]]}]}},
        {"status": "success", "data": None},
        {},
    ],
)
def test_another_shape_is_named(body: object) -> None:
    with http_server(lambda _: Reply(200, body)) as server, pytest.raises(SourceUnavailableError, match="not of Loki's query API"):
        LokiClient(server.url).lines("{}", 0, 1)


def test_no_result_is_no_lines() -> None:
    with http_server(lambda _: Reply(200, {"status": "success", "data": {"resultType": "streams", "result": None}})) as server:
        assert LokiClient(server.url).lines("{}", 0, 1) == ()


def test_a_quoted_string_cannot_end_itself() -> None:
    assert quoted('a"} or {b="\\') == '"a\\"} or {b=\\"\\\\"'
    assert quoted("a\nb") == '"a\\nb"'
