# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.error_nature import Nature, nature, of_clients
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs import LogPattern


def line(template: str, count: int = 10, level: str = "ERROR", **more: object) -> LogPattern:
    return LogPattern(level, template, count, template, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "template",
    [
        "GET /profiles/<*> 500 NullPointerException: picture is null",
        "TypeError: Cannot read properties of undefined (reading 'id')",
        "KeyError: 'bid'",
        "panic: runtime error: index out of range [<*>] with length <*>",
        'ERROR: column "title" does not exist',
        "json: cannot unmarshal string into Go struct field Order.total",
        "java.lang.IllegalStateException: no bean",
        "Error: Cannot find module 'ical'",
    ],
)
def test_what_a_program_makes_by_itself(template: str) -> None:
    assert nature([line(template)]) is Nature.OWN


@pytest.mark.parametrize(
    "template",
    [
        "connect ECONNREFUSED <*>:5432",
        "dial tcp <*>:6379: i/o timeout",
        "java.net.ConnectException: Connection refused",
        "upstream answered 503 Service Unavailable",
        "rpc error: code = UNAVAILABLE desc = connection error",
        "could not connect to server: No route to host",
        "publish failed: not enough in-sync replicas",
        "psycopg2.errors.ReadOnlySqlTransaction: cannot execute INSERT in a read-only transaction",
        "The MySQL server is running with the --read-only option",
        "OperationalError: server closed the connection unexpectedly",
        "FATAL: the database system is starting up",
        "kafka.errors.NoBrokersAvailable",
        "Error: socket hang up",
    ],
)
def test_what_somebody_elses_failure_makes(template: str) -> None:
    assert nature([line(template)]) is Nature.OUTSIDE


@pytest.mark.parametrize("template", ["order <*> failed", "no connection from the pool within <*> ms"])
def test_what_says_neither(template: str) -> None:
    assert nature([line(template)]) is None


@pytest.mark.parametrize(
    "template",
    ["request took <*> ms, cancelled", "context deadline exceeded", "request <*> timed out", "image <*> not loaded within 250 ms"],
)
def test_what_only_tells_of_waiting(template: str) -> None:
    assert nature([line(template)]) is Nature.WAITING
    assert nature([line(template, 50), line("KeyError: 'bid'", 50)]) is None, "half of it is the program's own"


def test_the_most_frequent_errors_count() -> None:
    own, outside = line("KeyError: 'bid'", 70), line("connection refused", 30)
    assert nature([own, outside]) is Nature.OWN
    assert nature([line("KeyError: 'bid'", 10), line("connection refused", 70)]) is Nature.OUTSIDE
    assert nature([line("order <*> failed", 50), line("connection refused", 50)]) is Nature.OUTSIDE
    assert nature([line("KeyError: 'bid'", 30), line("connection refused", 70)]) is None
    assert nature([line("KeyError: 'bid'", 50), line("connection refused", 50)]) is None
    assert nature([]) is None


def test_a_stack_trace_in_its_own_files_is_its_own() -> None:
    assert nature([line("order failed", files=("app/orders.py",))]) is Nature.OWN


def test_requests_that_clients_made_wrong() -> None:
    refused = line("422 Unprocessable Entity for client <*>", 40, "WARN")
    assert of_clients([refused, line("cache is cold", 6, "WARN")]) is refused
    assert of_clients([refused, line("order failed", 9)]) is None, "there are errors besides"
    assert of_clients([refused, line("cache is cold", 90, "WARN")]) is None, "most warnings are about something else"
    assert of_clients([line("400 Bad Request", 2, "WARN")]) is None, "a few are a mishap"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("AxiosError: read ECONNRESET", Nature.OUTSIDE),
        ("RatesClient: request timed out", Nature.WAITING),
        ("booking refused", Nature.OWN),
        ("TypeError: 503 is not a function", Nature.OWN),
    ],
)
def test_a_stack_trace_makes_an_error_its_own_unless_it_says_what_else_failed(template: str, expected: Nature) -> None:
    assert nature([line(template, files=("src/client.js",))]) is expected
