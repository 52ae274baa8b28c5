# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.loki import Lines, LokiClient, Stream, quoted
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.tests.unit.servers import Reply, Request, closed_port, http_server

LABELS = {"app": "api", "pod": "api-1"}


def answer(*streams: dict[str, object]) -> Reply:
    """What query_range answers, as Loki's reference describes it."""
    return Reply(200, {"status": "success", "data": {"resultType": "streams", "result": list(streams), "stats": {"summary": {}}}})


def test_times_are_nanoseconds_and_the_newest_lines_come_first() -> None:
    stream = {"stream": LABELS, "values": [["1761056605000000002", "b"], ["1761056605000000001", "a", {"trace_id": "1"}]]}
    with http_server(lambda _: answer(stream)) as server:
        found = LokiClient(f"{server.url}/logs/").lines('{app="api"}', 10.5, 20.0)
        assert found.streams == (Stream(LABELS, ((1761056605000000002, "b"), (1761056605000000001, "a"))),)
        (request,) = server.requests
        assert request.path == "/logs/loki/api/v1/query_range"
        assert request.query == {
            "query": '{app="api"}', "start": "10500000000", "end": "20000000000", "limit": "5000", "direction": "backward"
        }  # fmt: skip
        assert "x-scope-orgid" not in request.headers


def test_tenant_and_login_are_sent() -> None:
    with http_server(lambda _: answer()) as server:
        url = server.url.replace("http://", "http://me:secret@")
        assert LokiClient(url, "team-a").lines("{}", 0, 1).streams == ()
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
        assert LokiClient(server.url).lines("{}", 0, 1).streams == ()


def test_a_quoted_string_cannot_end_itself() -> None:
    assert quoted('a"} or {b="\\') == '"a\\"} or {b=\\"\\\\"'
    assert quoted("a\nb") == '"a\\nb"'


class Log:
    """A Loki that holds ``lines`` of one stream, oldest first, and gives at most ``limit`` at once; an end is exclusive."""

    def __init__(self, lines: list[tuple[int, str]], limit: int = 5000) -> None:
        self.lines = lines
        self.limit = limit

    def __call__(self, request: Request) -> Reply:
        wanted = int(request.query["limit"])
        if wanted > self.limit:
            words = f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({wanted} > {self.limit})"
            return Reply(400, words.encode(), "text/plain; charset=utf-8")
        start, end = int(request.query["start"]), int(request.query["end"])
        if end <= start:
            return Reply(400, b"end timestamp must not be before or equal to start time", "text/plain; charset=utf-8")
        inside = [line for line in reversed(self.lines) if start <= line[0] < end]
        return answer({"stream": LABELS, "values": [[str(at), line] for at, line in inside[:wanted]]}) if inside else answer()


def texts(found: Lines) -> list[str]:
    return [line for stream in found.streams for _unused, line in stream.lines]


def test_more_lines_than_one_answer_holds_come_in_several() -> None:
    lines = [(number, f"line {number}") for number in range(1, 26)]
    with http_server(Log(lines, limit=10)) as server:
        found = LokiClient(server.url).lines("{}", 0, 1, most=1000)
        assert texts(found) == [line for _unused, line in reversed(lines)]
        assert found.cut is None
        assert [request.query["limit"] for request in server.requests] == ["5000", "10", "10", "10"]


def test_lines_of_one_moment_on_both_sides_of_an_edge_come_once() -> None:
    lines = [(number // 4, f"line {number}") for number in range(4, 44)]
    with http_server(Log(lines, limit=7)) as server:
        found = LokiClient(server.url).lines("{}", 0, 1, most=1000)
    assert sorted(texts(found)) == sorted(line for _unused, line in lines)


def test_more_lines_of_one_moment_than_an_answer_holds_end() -> None:
    lines = [(1, "older"), *((10, f"line {number}") for number in range(30)), (20, "newer")]
    with http_server(Log(lines, limit=10)) as server:
        found = texts(LokiClient(server.url).lines("{}", 0, 1, most=1000))
        assert len(server.requests) < 10
    assert {"older", "newer"} <= set(found)
    assert len(found) == len(set(found))


def test_more_lines_of_the_first_moment_than_an_answer_holds_end() -> None:
    with http_server(Log([(10, f"line {number}") for number in range(30)], limit=10)) as server:
        found = LokiClient(server.url).lines("{}", 10e-9, 1, most=1000)
    assert (found.count, found.cut) == (10, None)


def test_what_was_cut_is_said() -> None:
    lines = [(number, f"line {number}") for number in range(1, 26)]
    with http_server(Log(lines, limit=10)) as server:
        found = LokiClient(server.url).lines("{}", 0, 1, most=15)
    assert (found.count, found.cut) == (19, "only the last 19 lines were read")


def test_what_came_before_a_failure_is_used() -> None:
    log = Log([(number, f"line {number}") for number in range(1, 26)], limit=10)

    def once(request: Request) -> Reply:
        return Reply(500, b"too many outstanding requests") if int(request.query["end"]) < 20 else log(request)

    with http_server(once) as server:
        found = LokiClient(server.url).lines("{}", 0, 1, most=1000)
    assert found.count == 10
    assert "too many outstanding requests" in (found.cut or "")


def test_no_further_answer_is_asked_for_without_time() -> None:
    with http_server(Log([(number, "x") for number in range(1, 26)], limit=10)) as server:
        found = LokiClient(server.url).lines("{}", 0, 1, most=1000, deadline=Deadline(5.0, iter([0.0, 0.0, 5.0, 5.0]).__next__))
    assert found.count == 10
    assert "only time to read the last 10 lines" in (found.cut or "")


def test_a_tenant_that_is_missing_is_named() -> None:
    refusal = Reply(401, b"no org id\n", "text/plain")
    with http_server(lambda _: refusal) as server, pytest.raises(SourceUnavailableError, match="Set loki_tenant"):
        LokiClient(server.url).lines("{}", 0, 1)


def test_headers_are_sent() -> None:
    with http_server(lambda _: answer()) as server:
        LokiClient(server.url, headers={"Authorization": "Bearer x"}).lines("{}", 0, 1)
        assert server.requests[0].headers["authorization"] == "Bearer x"


@pytest.mark.parametrize(
    ("body", "names"), [({"status": "success", "data": ["app", "pod"]}, {"app", "pod"}), ({"status": "success"}, set())]
)
def test_label_names(body: object, names: set[str]) -> None:
    with http_server(lambda _: Reply(200, body)) as server:
        assert LokiClient(server.url).label_names(1.0, 2.0) == names
        assert (server.requests[0].path, server.requests[0].query) == ("/loki/api/v1/labels", {"start": "1000000000", "end": "2000000000"})


@pytest.mark.parametrize("body", [{}, {"status": "success", "data": "app"}, {"status": "error", "data": []}, []])
def test_labels_of_another_shape(body: object) -> None:
    with http_server(lambda _: Reply(200, body)) as server, pytest.raises(SourceUnavailableError, match="not of Loki's query API"):
        LokiClient(server.url).label_names(0, 1)
