# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.error_nature import (
    Nature,
    names_another,
    nature,
    of_clients,
    used_up,
)
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
        "System.InvalidOperationException: Sequence contains no elements",
        "System.FormatException: Input string was not in a correct format.",
        "NoMethodError: undefined method `iso_code' for nil:NilClass",
        "PHP Fatal error:  Uncaught Error: Call to undefined method Cart::total()",
        "thread 'main' panicked at src/main.rs:12: called `Option::unwrap()` on a `None` value",
        "com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException: Unrecognized field",
        "java.lang.NumberFormatException: For input string",
        "fatal error: concurrent map writes",
        "pydantic_core.ValidationError: 1 validation error for Order",
        "sql: Scan error on column index <*>",
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
        "ActiveRecord::LockWaitTimeout (PG::LockNotAvailable)",
        "Lock wait timeout exceeded; try restarting transaction",
        "Npgsql.NpgsqlException: Exception while reading from stream",
        "redis.exceptions.ConnectionError: Error 111",
        "I/O error on POST request for https://<*>",
        "An unhandled exception has occurred (caused by System.Net.Http.HttpRequestException: Connection refused)",
        "[type=search_phase_execution_exception, reason=all shards failed]",
        "PricingClient: POST http://pricing/v1/quote returned 500 Internal Server Error",
        "AxiosError: Request failed with status code 500",
        "[500] during [POST] to [http://pricing/quote] [PricingClient#quote]",
        "requests.exceptions.HTTPError: 500 Server Error: Internal Server Error for url: http://pricing/v1/quote",
        "HttpRequestException: Response status code does not indicate success: 500 (Internal Server Error).",
        "botocore.exceptions.ClientError: An error occurred (SlowDown) when calling the PutObject operation",
        "kafka server: Tried to send a message to a replica that is not the leader for some partition",
        "call failed: upstream service returned an error: status=500",
        "redis.exceptions.ReadOnlyError: You can't write against a read only replica.",
        "BrokenCircuitException: The circuit is now open and is not allowing calls.",
        "NoNodeAvailableException[None of the configured nodes are available]",
        "aiohttp.client_exceptions.ServerDisconnectedError: Server disconnected",
        "no live upstreams while connecting to upstream",
    ],
)
def test_what_somebody_elses_failure_makes(template: str) -> None:
    assert nature([line(template)]) is Nature.OUTSIDE


@pytest.mark.parametrize(
    "template",
    [
        "order <*> failed",
        "no connection from the pool within <*> ms",
        "GET /orders 500 Internal Server Error",
        "HTTP GET /api/orders responded 500 in <*> ms",
        "failed while loading the settings",
    ],
)
def test_what_says_neither(template: str) -> None:
    assert nature([line(template)]) is None


@pytest.mark.parametrize(
    "template",
    ["request took <*> ms, cancelled", "context deadline exceeded", "request <*> timed out", "image <*> not loaded within 250 ms"],
)
def test_what_only_tells_of_waiting(template: str) -> None:
    assert nature([line(template)]) is Nature.WAITING
    assert nature([line(template, 50), line("KeyError: 'bid'", 50)]) is None, "half of it is the program's own"


def test_who_waits_for_what_fails_tells_of_both() -> None:
    assert nature([line("canceling statement due to statement timeout", 60), line("deadlock detected", 40)]) is Nature.OUTSIDE
    assert nature([line("canceling statement due to statement timeout", 90), line("deadlock detected", 10)]) is Nature.WAITING


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
    gave_up = line("client closed request before response", 40, "WARN")
    assert of_clients([gave_up]) is gave_up
    hung_up = line("downstream disconnected before response was sent: broken pipe", 40, "WARN")
    assert of_clients([hung_up]) is hung_up
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
        ("An unhandled exception has occurred", Nature.OWN),
        ("TypeError: 503 is not a function", Nature.OWN),
    ],
)
def test_a_stack_trace_makes_an_error_its_own_unless_it_says_what_else_failed(template: str, expected: Nature) -> None:
    assert nature([line(template, files=("src/client.js",))]) is expected


def test_who_was_waited_for_where_most_errors_name_it() -> None:
    named, silent = line("com.datastax.driver.OperationTimedOutException: given up"), line("TimeoutError: given up after <*> ms")
    assert names_another([named])
    assert not names_another([named, silent])
    assert not names_another([])


def test_what_a_process_has_used_up() -> None:
    gone, other = line("accept4: too many open files", 30), line("GET /thumbs <*> 500", 100)
    assert used_up([other, gone]) == gone
    assert used_up([line("java.lang.OutOfMemoryError: unable to create native thread")]) is not None
    assert used_up([other]) is None
    assert used_up([line("EMFILE", 3), other]) is None, "a few of many"


@pytest.mark.parametrize(
    "template",
    [
        """SyntaxError: Unexpected token '<', "<!DOCTYPE "... is not valid JSON""",
        "invalid character '<' looking for beginning of value",
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        "JsonParseException: Unexpected character ('<' (code 60)): expected a valid value",
        "UnsupportedMediaTypeException: Content type 'text/html' not supported for bodyType=Rates",
    ],
)
def test_a_page_in_place_of_an_answer_is_somebody_elses(template: str) -> None:
    assert nature([line(template, files=("src/partner.js",))]) is Nature.OUTSIDE


def test_an_answer_that_can_be_read_and_is_wrong_may_be_its_own() -> None:
    assert nature([line("SyntaxError: Unexpected token } in JSON at position 40")]) is Nature.OWN
    assert nature([line("SyntaxError: Unexpected token <*> in JSON at position <*>")]) is Nature.OWN, "a template's placeholder is no page"


@pytest.mark.parametrize(
    "template",
    [
        "produce to events-<*> failed: :leader_not_available",
        "{:error, :not_leader_for_partition} topic=events",
        "org.apache.kafka.common.errors.NotLeaderForPartitionException",
        "{:error, :connection_refused}",
        "rdkafka: BrokerTransportFailure",
    ],
)
def test_words_that_are_written_as_one_are_read(template: str) -> None:
    assert nature([line(template)]) is Nature.OUTSIDE


@pytest.mark.parametrize(
    "template",
    [
        "TypeError: fetch failed",
        "ORA-12541: TNS:no listener",
        "no healthy upstream",
        "SQLSTATE[08006] [7] could not connect",
        "** (Mint.TransportError) :closed",
        "RabbitMQ.Client.Exceptions.BrokerUnreachableException: None of the specified endpoints were reachable",
        "nats: no responders available for request",
        "stripe.error.APIConnectionError: Unexpected error communicating with Stripe.",
        "thread 'main' panicked at src/db.rs:9: called `Result::unwrap()` on an `Err` value: ConnectionRefused",
        "panic: dial tcp 10.0.0.4:5432: connect: connection refused",
        "Verbindung zum Server wurde abgelehnt",
        "Die Datenbank ist nicht erreichbar",
        "接続が拒否されました",
        "el servidor no responde",
    ],
)
def test_anothers_failure_in_more_words(template: str) -> None:
    assert nature([line(template)]) is Nature.OUTSIDE


@pytest.mark.parametrize(
    "template",
    [
        "** (FunctionClauseError) no function clause matching in Notify.Payload.decode/1",
        "System.ArgumentNullException: Value cannot be null. (Parameter 'source')",
        "scala.MatchError: Some(3) (of class scala.Some)",
        "missing field `sku` at line 1 column 20",
        "PSQLException: ERROR: operator does not exist: integer = text (SQLSTATE 42883)",
        "thread 'main' panicked at src/main.rs:12:5: index out of bounds: the len is 3 but the index is 3",
        "panic: send on closed channel",
    ],
)
def test_a_programs_own_mistakes_in_more_words(template: str) -> None:
    assert nature([line(template)]) is Nature.OWN


def test_who_waits_for_its_own_pool_only_waits() -> None:
    assert nature([line("QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00")]) is Nature.WAITING
    cut = "CannotGetJdbcConnectionException: Failed to obtain JDBC Connection; nested exception is SQLTransientConnectionException: Hika…"
    assert nature([line(cut)]) is None, "whose pool it is, is cut off"
    assert nature([line("Failed to initialize pool: The connection attempt failed.")]) is Nature.OUTSIDE


def test_a_lock_of_its_own_is_no_databases() -> None:
    assert nature([line("reports.hourly_totals.LockTimeoutError: totals are being written")]) is not Nature.OUTSIDE
    assert nature([line("ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction")]) is Nature.OUTSIDE
