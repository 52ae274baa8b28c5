# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces from Tempo's API give the same evidence as Jaeger's."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.tempo import TempoClient
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.traces import traces
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    Reply,
    Request,
    http_server,
)

NOW = 1_761_056_700.0
STATEMENT = "SELECT * FROM transactions WHERE user_id = ?"


def attribute(key: str, value: object) -> dict[str, object]:
    kind = "boolValue" if isinstance(value, bool) else "intValue" if isinstance(value, int) else "stringValue"
    return {"key": key, "value": {kind: str(value) if kind == "intValue" else value}}


def span(identity: str, parent: str | None, name: str, start: float, seconds: float, **more: object) -> dict[str, object]:
    begin = round((NOW - 30 + start) * 1e9)
    found: dict[str, object] = {
        "traceId": "qwE=",
        "spanId": identity,
        "name": name,
        "kind": "SPAN_KIND_SERVER",
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(begin + round(seconds * 1e9)),
        "status": {},
        **more,
    }
    return found | ({"parentSpanId": parent} if parent else {})


def trace(queries: int = 12) -> dict[str, object]:
    """A call of the payment API that asks its database again and again, and fails in the ledger."""
    failed = {"status": {"code": "STATUS_CODE_ERROR"}}
    selects = [
        span(f"q{n}", "root", "SELECT transactions", 0.1 + n * 0.1, 0.1, attributes=[attribute("db.statement", STATEMENT)])
        for n in range(queries)
    ]
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [attribute("service.name", "payment-api")]},
                "scopeSpans": [{"spans": [span("root", None, "POST /payments", 0.0, 2.0, **failed), *selects]}],
            },
            {
                "resource": {"attributes": [attribute("service.name", "ledger")]},
                "scopeSpans": [{"spans": [span("book", "root", "book", 1.5, 0.3, **failed)]}],
            },
        ]
    }


class Tempo:
    def __init__(self, version: int = 2, found: int = 1) -> None:
        self.version = version
        self.found = found

    def __call__(self, request: object) -> Reply:
        path = request.path  # type: ignore[attr-defined]
        if path == "/api/search":
            return Reply(200, {"traces": [{"traceID": f"{n + 1:x}"} for n in range(self.found)], "metrics": {}})
        if path.startswith("/api/v2/") and self.version == 2:
            return Reply(200, {"trace": trace()})
        if path.startswith("/api/traces/") and self.version == 1:
            return Reply(200, {"batches": trace()["resourceSpans"]})
        return Reply(404, {})


@pytest.mark.parametrize("version", [1, 2])
def test_the_same_evidence(version: int) -> None:
    with http_server(Tempo(version)) as server:
        found = traces(TempoClient(server.url), Service("payment-api"), NOW, Deadline(PATIENT))
        asked = [request.query["q"] for request in server.requests if request.path == "/api/search"]
    assert found.backend == "Tempo"
    assert (found.error_services, found.callees) == ((("ledger", 1),), ("ledger",))
    assert found.average_duration == pytest.approx(2.0)
    slowest = found.bottlenecks[0]
    assert (slowest.operation, slowest.statement, slowest.calls) == ("SELECT transactions", STATEMENT, 12)
    assert (found.repeated[0].calls, found.repeated[0].baseline_calls) == (12, 12)
    assert sorted(asked) == [
        '{ resource.service.name = "payment-api" && duration >= 1000ms } with (most_recent=true)',
        '{ resource.service.name = "payment-api" && status = error } with (most_recent=true)',
        '{ resource.service.name = "payment-api" } with (most_recent=true)',
        '{ resource.service.name = "payment-api" } with (most_recent=true)',
    ]


def test_a_name_cannot_end_its_string() -> None:
    with http_server(Tempo()) as server:
        TempoClient(server.url).traces('a" || true } \\', NOW - 60, NOW, 5)
        assert server.requests[0].query["q"] == '{ resource.service.name = "a\\" || true } \\\\" } with (most_recent=true)'


def test_no_more_than_asked_for_are_read() -> None:
    with http_server(Tempo(found=90)) as server:
        found = traces(TempoClient(server.url), Service("payment-api"), NOW, Deadline(PATIENT))
        read = [request for request in server.requests if request.path != "/api/search"]
    assert len(read) == 4 * 20
    assert "error traces: only the newest 20 were read" in found.notes


@pytest.mark.parametrize(("reply", "words"), [(Reply(200, {"data": []}), "not of Tempo's search API"), (Reply(500, {}), "internal error")])
def test_what_is_no_tempo_is_said(reply: Reply, words: str) -> None:
    with http_server(lambda _: reply) as server, pytest.raises(SourceUnavailableError, match=words):
        traces(TempoClient(server.url), Service("payment-api"), NOW, Deadline(PATIENT))


def test_no_trace_of_the_service() -> None:
    with (
        http_server(Tempo(found=0)) as server,
        pytest.raises(SourceUnavailableError, match="Tempo has no trace of a service 'payment-api'"),
    ):
        traces(TempoClient(server.url), Service("payment-api"), NOW, Deadline(PATIENT))


def test_a_tempo_that_does_not_know_the_hint_is_asked_without_it() -> None:
    tempo = Tempo()

    def old(request: Request) -> Reply:
        return Reply(400, b"invalid TraceQL query: parse error", "text/plain") if "with" in request.query.get("q", "") else tempo(request)

    with http_server(old) as server:
        client = TempoClient(server.url)
        assert len(client.traces("payment-api", NOW - 60, NOW, 5)) == 1
        assert len(client.traces("payment-api", NOW - 60, NOW, 5)) == 1
        asked = [request.query["q"] for request in server.requests if request.path == "/api/search"]
    assert ["with" in query for query in asked] == [True, False, False]


def test_such_a_tempo_is_asked_again_for_each_of_the_questions_that_are_on_their_way() -> None:
    tempo, together = Tempo(), threading.Barrier(4, timeout=PATIENT)

    def old(request: Request) -> Reply:
        if "with" not in request.query.get("q", ""):
            return tempo(request)
        together.wait()
        return Reply(400, b"invalid TraceQL query: parse error", "text/plain")

    with http_server(old) as server:
        found = traces(TempoClient(server.url), Service("payment-api"), NOW, Deadline(PATIENT))
    assert (found.traces, found.error_traces, found.slow_traces) == (1, 1, 1)
    assert found.baseline_duration is not None


@pytest.mark.parametrize("refusal", [400, 429])
def test_what_is_not_refused_for_the_hint_does_not_cost_the_newest_traces(refusal: int) -> None:
    with http_server(lambda _: Reply(refusal, b"no", "text/plain")) as server:
        client = TempoClient(server.url)
        for _unused in range(2):
            with pytest.raises(SourceUnavailableError):
                client.traces("payment-api", NOW - 60, NOW, 5)
        asked = [request.query["q"] for request in server.requests]
    assert [query.endswith("with (most_recent=true)") for query in asked] == ([True, False] if refusal == 400 else [True]) * 2


@pytest.mark.parametrize("status", ["PARTIAL", 1])
def test_a_trace_that_is_too_large_is_said(status: object) -> None:
    tempo = Tempo()

    def part(request: Request) -> Reply:
        if request.path.startswith("/api/v2/"):
            return Reply(200, {"trace": trace(), "status": status, "message": "Trace exceeds maximum size"})
        return tempo(request)

    with http_server(part) as server:
        assert (
            "1 traces have more spans than are read"
            in traces(TempoClient(server.url), Service("payment-api"), NOW, Deadline(PATIENT)).notes
        )


def test_headers_are_sent_and_a_missing_tenant_is_named() -> None:
    def several(request: Request) -> Reply:
        return Tempo()(request) if request.headers.get("x-scope-orgid") == "a" else Reply(401, b"no org id", "text/plain")

    with http_server(several) as server:
        assert TempoClient(server.url, {"X-Scope-OrgID": "a"}).traces("payment-api", NOW - 60, NOW, 5)
        with pytest.raises(SourceUnavailableError, match="Set X-Scope-OrgID in tempo_headers"):
            TempoClient(server.url).traces("payment-api", NOW - 60, NOW, 5)


@pytest.mark.parametrize("zeros", ["AAAAAAAAAAA=", "0000000000000000", ""])
def test_a_parent_of_zeros_is_none(zeros: str) -> None:
    tempo = Tempo()

    def first(request: Request) -> Reply:
        whole = trace()
        whole["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["parentSpanId"] = zeros  # type: ignore[index]
        return Reply(200, {"trace": whole}) if request.path.startswith("/api/v2/") else tempo(request)

    with http_server(first) as server:
        found = traces(TempoClient(server.url), Service("payment-api"), NOW, Deadline(PATIENT))
    assert not [note for note in found.notes if "lack spans" in note]


def test_traces_that_cannot_be_read_are_said() -> None:
    tempo = Tempo(found=3)

    def large(request: Request) -> Reply:
        if request.path == "/api/v2/traces/2":
            return Reply(500, b"trace exceeds max size (max bytes: 5000000)", "text/plain")
        return tempo(request)

    with http_server(large) as server:
        found = traces(TempoClient(server.url), Service("payment-api"), NOW, Deadline(PATIENT))
    (note,) = [note for note in found.notes if "could not be read" in note]
    assert note.startswith("4 traces that were found could not be read: Tempo at ")
    assert "trace exceeds max size" in note
    assert found.traces == 2
