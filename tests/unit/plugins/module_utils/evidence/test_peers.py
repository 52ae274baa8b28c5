# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.peers import peer_of, waiting
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.spans import error_origin, span_from
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.trace import Span, Trace
from ansible_collections.devops.incident_response.plugins.module_utils.model.traces import Peer, Waiting


def span(name: str, start: float, duration: float, parent: str | None = None, service: str = "quotes", **tags: Any) -> Span:
    """``kind`` is its span.kind; a double underscore in a tag's name is a dot."""
    named = {key.replace("__", "."): value for key, value in tags.items() if key != "kind"}
    return span_from(
        identity=f"{name}/{start}",
        parent=parent,
        service=service,
        operation=name,
        start=start,
        duration=duration,
        tags={"span.kind": tags.get("kind", "internal"), **named},
        logs=(),
    )


def a_trace(*calls: Span, took: float = 1.0) -> Trace:
    return Trace("t", (span("root", 0, took, kind="server"), *calls))


def call(start: float, duration: float, operation: str = "GET /rates", **tags: Any) -> Span:
    return span(operation, start, duration, "root/0", kind="client", **{"peer__service": "tax", **tags})


def found(now: Trace, before: Trace) -> Waiting:
    known = waiting([now], [before], "quotes")
    assert known is not None
    return known


def only(known: Waiting) -> Peer:
    assert len(known.peers) == 1, known
    return known.peers[0]


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        ({"peer.service": "tax", "server.address": "tax.shared"}, "tax"),
        ({"server.address": "tax.shared", "server.port": 8080}, "tax.shared"),
        ({"net.peer.name": "tax.shared:8080"}, "tax.shared"),
        ({"http.url": "http://user:secret@tax.shared:8080/rates?key=1"}, "tax.shared"),
        ({"url.full": "https://api.example.org/v2"}, "api.example.org"),
        ({"server.address": "10.0.0.7", "db.system": "postgresql", "db.name": "payments"}, "payments"),
        ({"server.address": "[fd00::1]:443"}, None),
        ({"http.url": "http://[broken"}, None),
        ({}, None),
    ],
)
def test_whom_a_call_is_for(tags: Mapping[str, Any], name: str | None) -> None:
    assert peer_of(tags) == name


def test_the_time_is_the_services_own_or_spent_waiting() -> None:
    known = found(a_trace(call(0.1, 0.6), call(0.7, 0.1)), a_trace(call(0.1, 0.2), took=0.5))
    assert (known.own, known.baseline_own) == (pytest.approx(0.3), pytest.approx(0.3))
    tax = only(known)
    assert (tax.name, tax.calls, tax.baseline_calls) == ("tax", 2.0, 1.0)
    assert (tax.waited, tax.baseline_waited) == (pytest.approx(0.7), pytest.approx(0.2))


def test_only_what_was_asked_before_tells_whether_the_peer_is_slower() -> None:
    tax = only(found(a_trace(call(0.1, 0.2), call(0.4, 0.5, "POST /report")), a_trace(call(0.1, 0.2))))
    assert (tax.duration, tax.baseline_duration) == (pytest.approx(0.2), pytest.approx(0.2))
    new = only(found(a_trace(call(0.4, 0.5, "POST /report")), a_trace(call(0.1, 0.2))))
    assert (new.duration, new.baseline_duration) == (pytest.approx(0.5), None)


def test_numbers_and_values_do_not_make_another_call() -> None:
    tax = only(found(a_trace(call(0.1, 0.4, "GET /rates/17")), a_trace(call(0.1, 0.2, "GET /rates/42"))))
    assert tax.baseline_duration == pytest.approx(0.2)
    sql = {"db__system": "postgresql"}
    now, then = (call(0.1, 0.4, "SELECT", db__statement=f"SELECT * FROM rates WHERE id = {number}", **sql) for number in (1, 2))
    assert only(found(a_trace(now), a_trace(then))).baseline_duration == pytest.approx(0.4)


def test_a_peer_that_is_down_is_known_by_what_it_is_otherwise() -> None:
    answered = a_trace(call(0.1, 0.2), span("GET /rates", 0.12, 0.15, "GET /rates/0.1", service="tax-service", kind="server"))
    tax = only(found(a_trace(call(0.1, 0.9, error=True)), answered))
    assert (tax.name, tax.errors, tax.baseline_duration) == ("tax-service", 1.0, pytest.approx(0.2))


def test_what_is_below_a_call_is_part_of_it() -> None:
    asked_back = (
        call(0.1, 0.5),
        span("GET /rates", 0.1, 0.5, "GET /rates/0.1", service="tax", kind="server"),
        span("GET /base", 0.2, 0.3, "GET /rates/0.1", service="quotes", kind="server"),
        span("connect", 0.1, 0.05, "GET /rates/0.1", service="quotes"),
    )
    known = found(a_trace(*asked_back), a_trace())
    assert (known.own, only(known).waited) == (pytest.approx(0.5), pytest.approx(0.5))


def test_a_span_of_another_service_is_a_call_though_the_callers_side_is_not_there() -> None:
    known = found(a_trace(span("GET /rates", 0.1, 0.4, "root/0", service="tax", kind="server")), a_trace())
    assert (known.own, only(known).name, only(known).waited) == (pytest.approx(0.6), "tax", pytest.approx(0.4))


def test_a_message_that_is_read_later_is_not_waited_for() -> None:
    known = found(a_trace(span("process", 0.5, 30.0, "root/0", service="mailer", kind="consumer")), a_trace())
    assert (known.own, known.peers) == (pytest.approx(1.0), ())


def test_who_calls_the_service_is_no_peer_of_it() -> None:
    above = (span("web", 0, 2, service="web", kind="server"), span("GET /quotes", 0, 2, "web/0", service="web", kind="client"))
    inner = (
        span("root", 0.5, 1, "GET /quotes/0", kind="server"),
        span("GET /rates", 0.6, 0.5, "root/0.5", kind="client", peer__service="tax"),
    )
    known = found(Trace("t", (*above, *inner)), a_trace())
    assert (known.own, [peer.name for peer in known.peers]) == (pytest.approx(0.5), ["tax"])


def test_without_traces_of_the_day_before_nothing_is_usual() -> None:
    known = waiting([a_trace(call(0.1, 0.2))], [], "quotes")
    assert known is not None
    assert (known.baseline_own, known.peers[0].baseline_calls, known.peers[0].baseline_duration) == (None, None, None)
    assert waiting([a_trace()], [], "nobody") is None


def test_a_call_that_nobody_answered_failed_on_the_other_side() -> None:
    root = span("root", 0, 1, kind="server", error=True)
    assert error_origin(Trace("t", (root, call(0.1, 0.5, http__status_code=503)))) == "tax"
    assert error_origin(Trace("t", (root, call(0.1, 0.5, error=True, peer__service=None)))) == "quotes"
    # A statement may be wrong.
    assert error_origin(Trace("t", (root, call(0.1, 0.5, error=True, db__system="mysql")))) == "quotes"
    other = span("GET /rates", 0.2, 0.2, "GET /rates/0.1", service="tax", kind="server")
    # It answered, and without a failure: whoever asked gave up.
    assert error_origin(Trace("t", (root, call(0.1, 0.5, error=True), other))) == "quotes"
