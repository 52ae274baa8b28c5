# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.jaeger import JaegerClient
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.traces import DAY, traces
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.plugins.module_utils.model.traces import Traces
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    http_server,
)

NOW = 1_700_000_000.0


def a_trace(number: int, start: float, query: float, failed: bool) -> dict[str, Any]:
    """POST /payments with a query of so many seconds in it."""

    def tag(key: str, value: object) -> dict[str, object]:
        return {"key": key, "type": "string", "value": value}

    def span(name: str, begin: float, duration: float, parent: str | None, tags: list[dict[str, object]]) -> dict[str, Any]:
        references = [{"refType": "CHILD_OF", "traceID": str(number), "spanID": parent}] if parent else []
        return {
            "traceID": str(number), "spanID": name, "operationName": name, "references": references, "startTime": int(begin * 1e6),
            "duration": int(duration * 1e6), "tags": tags, "processID": "p1",
        }  # fmt: skip

    error = [tag("error", True)] if failed else []
    statement = tag("db.statement", "SELECT * FROM transactions WHERE user_id = 4711 AND email = 'bob' -- bob")
    spans = [
        span("POST /payments", start, query + 0.1, None, error),
        span("SELECT", start + 0.05, query, "POST /payments", [statement, *error]),
    ]
    return {"traceID": str(number), "spans": spans, "processes": {"p1": {"serviceName": "payment-api"}}}


def jaeger(request: Request) -> Reply:
    if request.path == "/api/dependencies":
        edges = [("payment-api", "auth-service"), ("web", "payment-api"), ("payment-api", "payment-api")]
        return Reply(200, {"data": [{"parent": parent, "child": child, "callCount": 1} for parent, child in edges]})
    end = float(request.query["end"]) / 1e6
    if end < NOW - DAY + 1:
        return Reply(200, {"data": [a_trace(number, end - 100, 0.02, failed=False) for number in range(900, 920)]})
    if "minDuration" in request.query or "tags" in request.query:
        return Reply(200, {"data": [a_trace(number, end - 30, 8.0, failed=True) for number in range(12)]})
    recent = [a_trace(number, end - 200, 0.02, failed=False) for number in range(100, 120)]
    return Reply(200, {"data": [*recent, *(a_trace(number, end - 30, 8.0, failed=True) for number in range(12))]})


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server(jaeger) as running:
        yield running


def read(server: HttpServer, timeout: float = PATIENT) -> Traces:
    return traces(JaegerClient(server.url, timeout), Service("payment-api"), NOW, Deadline(timeout))


def test_where_the_time_goes_now_and_went_a_day_ago(server: HttpServer) -> None:
    found = read(server)
    worst = found.bottlenecks[0]
    assert (worst.operation, worst.calls, worst.errors, worst.table_scan) == ("SELECT", 12, 12, None)
    assert (worst.self_time, worst.baseline_self_time) == (pytest.approx(8.0), pytest.approx(0.02))
    assert found.error_services == (("payment-api", 12),)
    assert found.callees == ("auth-service",)


def test_the_average_is_that_of_the_last_minute(server: HttpServer) -> None:
    found = read(server)
    assert (found.average_duration, found.baseline_duration) == (pytest.approx(8.1), pytest.approx(0.12))


def test_no_values_of_a_statement_are_shown(server: HttpServer) -> None:
    assert read(server).bottlenecks[0].statement == "SELECT * FROM transactions WHERE user_id = ? AND email = ?"


def test_a_statement_alone_is_only_a_hint(server: HttpServer) -> None:
    assert "SELECT: no index information; filters by transactions.user_id" in read(server).notes


def test_a_service_that_jaeger_does_not_know(server: HttpServer) -> None:
    server.answer = lambda _: Reply(200, {"data": []})
    with pytest.raises(SourceUnavailableError, match="no trace of a service 'payment-api'"):
        read(server)


def test_a_graph_that_fails_costs_only_the_graph(server: HttpServer) -> None:
    server.faults["/api/dependencies"] = "500"
    found = read(server)
    assert found.callees == ()
    assert any(note.startswith("service graph: Jaeger at") for note in found.notes)


def test_a_baseline_that_fails_is_unknown(server: HttpServer) -> None:
    def without_history(request: Request) -> Reply:
        return Reply(500, {}) if float(request.query.get("end", 9e20)) / 1e6 < NOW - DAY + 1 else jaeger(request)

    server.answer = without_history
    found = read(server)
    assert (found.baseline_duration, found.bottlenecks[0].baseline_self_time) == (None, None)
    assert any(note.startswith("before traces:") for note in found.notes)


@pytest.mark.parametrize("fault", ["500", "403", "429", "html", "truncated", "hang"])
def test_each_fault_makes_the_source_unavailable(server: HttpServer, fault: str) -> None:
    server.faults["/"] = fault
    with pytest.raises(SourceUnavailableError, match="Jaeger"):
        read(server, timeout=0.3 if fault == "hang" else PATIENT)
