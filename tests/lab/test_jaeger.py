# SPDX-License-Identifier: GPL-3.0-or-later
"""Jaeger's API: what the specification of an incident asks of it, and how it refuses."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

SECOND = 1_000_000


def ask(payment: Any, path: str, **parameters: object) -> tuple[int, Any]:
    return payment.get("JAEGER_URL", f"{path}?{urlencode(parameters)}")


def traces(payment: Any, **parameters: object) -> list[dict[str, Any]]:
    status, answer = ask(payment, "/api/traces", service="payment-api", **parameters)
    assert (status, answer["errors"]) == (200, None)
    return list(answer["data"])


def root(trace: dict[str, Any]) -> dict[str, Any]:
    return next(span for span in trace["spans"] if not span["references"])


def average(found: list[dict[str, Any]]) -> float:
    return sum(root(trace)["duration"] for trace in found) / len(found) / SECOND


def test_durations_now_and_a_day_before(payment: Any) -> None:
    now = payment.clock.now
    assert average(traces(payment, limit=88)) == pytest.approx(8.2, rel=0.005)
    day_before = traces(payment, start=int((now - 90000) * SECOND), end=int((now - 86400) * SECOND), limit=110)
    assert average(day_before) == pytest.approx(0.12, rel=0.005)


def test_the_slow_statement_tells_that_it_has_no_index(payment: Any) -> None:
    spans = [span for trace in traces(payment, limit=20) for span in trace["spans"]]
    slow = max(
        (span for span in spans if span["references"]), key=lambda span: span["duration"] * (span["operationName"] != "validate_payment")
    )
    tags = {tag["key"]: tag["value"] for tag in slow["tags"]}
    assert tags["db.statement"] == "SELECT * FROM transactions WHERE user_id = ?"
    assert "Seq Scan on transactions" in tags["db.plan"]


def test_failing_traces_are_found_by_their_tag(payment: Any) -> None:
    now = payment.clock.now
    window = {"start": int((now - 70) * SECOND), "end": int((now - 10) * SECOND), "limit": 1000}
    every, failing = traces(payment, **window), traces(payment, tags=json.dumps({"error": "true"}), **window)
    assert len(failing) / len(every) == pytest.approx(0.45, abs=0.05)
    assert all(any(tag["key"] == "error" for span in trace["spans"] for tag in span["tags"]) for trace in failing)


def test_slow_traces_are_found_by_their_duration(payment: Any) -> None:
    slow = traces(payment, minDuration="1s", limit=1000)
    assert slow
    assert all(any(span["duration"] >= SECOND for span in trace["spans"]) for trace in slow)
    assert min(root(trace)["startTime"] for trace in slow) >= (payment.clock.now - 80) * SECOND, "before the onset none was slow"
    assert not traces(payment, minDuration="1s", maxDuration="1100ms", limit=1000)


def test_children_lie_within_their_parents(payment: Any) -> None:
    for trace in traces(payment, limit=5):
        by_id = {span["spanID"]: span for span in trace["spans"]}
        for span in trace["spans"]:
            for reference in span["references"]:
                parent = by_id[reference["spanID"]]
                assert parent["startTime"] <= span["startTime"]
                assert span["startTime"] + span["duration"] <= parent["startTime"] + parent["duration"] + 1


def test_a_trace_can_be_read_again_by_its_id(payment: Any) -> None:
    found = traces(payment, limit=1)[0]
    assert ask(payment, f"/api/traces/{found['traceID']}")[1]["data"] == [found]
    assert ask(payment, f"/api/traces/{'0' * 31}1")[0] == 404


def test_no_trace_is_from_the_future(payment: Any) -> None:
    newest = max(root(trace)["startTime"] + root(trace)["duration"] for trace in traces(payment, limit=1000))
    assert newest <= payment.clock.now * SECOND


def test_services_and_operations_and_who_calls_whom(payment: Any) -> None:
    assert ask(payment, "/api/services")[1]["data"] == ["auth-service", "order-api", "payment-api"]
    assert "SELECT transactions" in ask(payment, "/api/services/payment-api/operations")[1]["data"]
    edges = ask(payment, "/api/dependencies", endTs=int(payment.clock.now * 1000), lookback=3600000)[1]["data"]
    assert {"parent": "payment-api", "child": "auth-service", "callCount": 7200} in edges


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "parameter 'service' is required"),
        ({"service": "a", "minDuration": "1000000"}, "unable to parse param 'minDuration': time: missing unit in duration"),
        ({"service": "a", "minDuration": "2s", "maxDuration": "1s"}, "'maxDuration' should be greater than 'minDuration'"),
        ({"service": "a", "limit": "many"}, 'strconv.ParseInt: parsing "many": invalid syntax'),
        ({"service": "a", "tags": "error=true"}, "malformed 'tags' parameter"),
    ],
)
def test_wrong_parameters_are_refused(payment: Any, parameters: dict[str, str], message: str) -> None:
    status, answer = ask(payment, "/api/traces", **parameters)
    assert status == 400
    assert message in answer["errors"][0]["msg"]


def test_traces_recover_with_production(serve: Any) -> None:
    lab = serve("payment-api")
    lab.advance(1)
    lab.roll_back()
    lab.advance(60)
    assert average(traces(lab, limit=40)) == pytest.approx(0.12, rel=0.01)
