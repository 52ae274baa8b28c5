# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.spans import (
    Trace,
    error_origin,
    filtered_column,
    self_times,
    traces_from,
)

STATEMENT = "SELECT * FROM transactions WHERE user_id = ?"


def span(
    name: str, start: float, duration: float, parent: str | None = None, process: str = "p1", logs: Any = None, **tags: Any
) -> dict[str, Any]:
    """A span as Jaeger gives it; times in milliseconds."""
    return {
        "traceID": "t", "spanID": name, "operationName": name, "processID": process,
        "startTime": int(start * 1000), "duration": int(duration * 1000),
        "references": [{"refType": "CHILD_OF", "traceID": "t", "spanID": parent}] if parent else [],
        "tags": [{"key": key.replace("__", "."), "type": "string", "value": value} for key, value in tags.items()],
        "logs": [{"timestamp": 1, "fields": [{"key": "message", "value": logs}]}] if logs else [],
    }  # fmt: skip


def trace(*spans: dict[str, Any]) -> Trace:
    processes = {"p1": {"serviceName": "payment-api"}, "p2": {"serviceName": "auth-service"}}
    return traces_from([{"traceID": "t", "spans": list(spans), "processes": processes}])[0]


def test_self_time_is_what_no_child_was_running_in() -> None:
    found = trace(
        span("root", 0, 100), span("a", 10, 30, "root"), span("b", 20, 40, "root"), span("late", 90, 50, "root"), span("inner", 10, 30, "a")
    )
    assert {name: round(seconds * 1000) for name, seconds in self_times(found).items()} == {
        "root": 40,
        "a": 0,
        "b": 40,
        "late": 50,
        "inner": 30,
    }
    assert found.duration == pytest.approx(0.14)


def test_what_follows_a_message_is_not_waited_for() -> None:
    found = trace(
        span("root", 0, 100),
        span("send", 10, 20, "root"),
        span("receive", 40_000, 5_000, "send", process="p2", span__kind="consumer"),
        span("store", 41_000, 1_000, "receive", process="p2"),
    )
    assert found.duration == pytest.approx(45.0)
    assert found.duration_for("payment-api") == pytest.approx(0.1)
    assert found.duration_for("auth-service") == pytest.approx(5.0)
    assert found.duration_for("neither") == found.duration


def test_spans_below_a_missing_one_belong_together() -> None:
    assert trace(span("a", 0, 100, "gone"), span("b", 100, 200, "gone")).duration_for("payment-api") == pytest.approx(0.3)
    assert trace(span("a", 0, 100, "b"), span("b", 100, 200, "a")).duration_for("payment-api") == pytest.approx(0.2), "a circle ends"


def test_errors_start_where_nothing_below_failed() -> None:
    found = trace(
        span("root", 0, 100, error=True),
        span("verify", 0, 20, "root", process="p2"),
        span("query", 20, 70, "root", otel__status_code="ERROR"),
    )
    assert error_origin(found) == "payment-api"
    called = trace(span("root", 0, 100, error="true"), span("verify", 0, 20, "root", process="p2", http__status_code=503))
    assert error_origin(called) == "auth-service"
    assert error_origin(trace(span("root", 0, 100, error=False, http__status_code=404))) is None


@pytest.mark.parametrize(
    ("tags", "logs", "scan"),
    [
        ({"db__plan": "Seq Scan on transactions  (cost=0.00..184311.20)  Filter: (user_id = $1)"}, None, "transactions.user_id"),
        ({"db__plan": "Seq Scan on public.transactions t\n  Filter: ((t.user_id = 5) AND x)"}, None, "transactions.user_id"),
        ({}, "slow query: Seq Scan on transactions Filter: (user_id = $1)", "transactions.user_id"),
        ({"db__plan": "Seq Scan on transactions"}, None, "transactions.user_id"),
        ({"db__no_index_used": True}, None, "transactions.user_id"),
        ({"db__missing_index": "transactions.user_id"}, None, "transactions.user_id"),
        ({}, "full table scan on orders", "orders"),
        ({"db__plan": "Index Scan using transactions_user_id on transactions"}, None, None),
        ({"db__no_index_used": False}, None, None),
        ({}, None, None),
    ],
)
def test_only_a_span_that_says_so_lacks_an_index(tags: dict[str, Any], logs: str | None, scan: str | None) -> None:
    found = trace(span("q", 0, 1, logs=logs, db__statement=STATEMENT, **tags))
    assert (found.spans[0].table_scan, found.spans[0].statement) == (scan, STATEMENT)


@pytest.mark.parametrize(
    ("statement", "column"),
    [
        (STATEMENT, "transactions.user_id"),
        ('select a from "shop"."orders" o where "o"."state" in (?)', "orders.state"),
        ("UPDATE accounts SET x = 1 WHERE id = ?", "accounts.id"),
        ("SELECT count(*) FROM orders", "orders"),
        ("INSERT INTO payments (a) VALUES (?)", "payments"),
        ("not SQL at all", None),
    ],
)
def test_what_a_statement_filters_by(statement: str, column: str | None) -> None:
    assert filtered_column(statement) == column


@pytest.mark.parametrize(
    "broken",
    [{"spans": None}, {"spans": [None, 1, {}]}, {"spans": [{"startTime": "x", "duration": 1}]}, {"spans": [], "processes": []}, {}],
)
def test_broken_traces_are_left_out(broken: dict[str, Any]) -> None:
    assert traces_from([broken]) == []


def test_a_span_without_what_it_may_lack_is_read() -> None:
    (found,) = traces_from(
        [{"spans": [{"startTime": 1, "duration": 1, "tags": None, "references": None, "logs": [{}]}], "processes": None}]
    )
    assert (found.spans[0].service, found.spans[0].parent) == ("", None)
