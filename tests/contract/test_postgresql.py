# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL says of itself: the one that the simulated production starts, and another version of it by itself."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pg8000.native
import pytest
from aiohttp import web

from lab.databases import programs
from lab.scenario.model import Database, DependencySignals
from plugins.module_utils.clients.jaeger import JaegerClient
from plugins.module_utils.clients.postgresql import login_from, postgresql
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence.dependencies import dependencies, probe_from_here
from plugins.module_utils.evidence.index_check import index_check
from plugins.module_utils.evidence.indexes import Verdict, verdicts
from plugins.module_utils.evidence.traces import traces
from plugins.module_utils.model.dependencies import DependencyHealth
from plugins.module_utils.model.finding import Level
from plugins.module_utils.model.service import Dependency, DependencyType, Service
from plugins.module_utils.tally import Tally, tallied
from tests.contract.lab_dependencies import simulated
from tests.contract.serving import served
from tests.real.parts.postgresql import postgresql as server
from tests.real.servers import real_part

SCHEMA = """
CREATE TABLE transactions (id serial PRIMARY KEY, user_id int, status text, amount numeric, note text, deleted_at timestamptz);
INSERT INTO transactions (user_id, status, amount, note)
  SELECT i % 5000, (ARRAY['new', 'done'])[1 + i % 2], i, md5(i::text) FROM generate_series(1, 20000) i;
CREATE TABLE users (id serial PRIMARY KEY, email text, "Name" text);
INSERT INTO users (email, "Name") SELECT 'user' || i || '@example.com', md5(i::text) FROM generate_series(1, 5000) i;
CREATE TABLE settings (key text, value text);
INSERT INTO settings SELECT i::text, i::text FROM generate_series(1, 20) i;
CREATE SCHEMA billing;
CREATE TABLE billing."Invoices" (id int PRIMARY KEY, "userId" int, period int);
INSERT INTO billing."Invoices" SELECT i, i, i % 500 FROM generate_series(1, 5000) i;
CREATE VIEW recent AS SELECT * FROM transactions WHERE id > 10;
ANALYZE;
"""


def of_the_lab(directory: Path) -> contextlib.AbstractContextManager[str]:
    """A database of the simulated production with nothing in it, and nobody connected."""
    if programs.find() is None:
        pytest.skip("there is no PostgreSQL for the simulated production on this machine, so that its databases only listen")
    return simulated("postgresql", directory, signals=DependencySignals(), database=Database())


@pytest.fixture(scope="module")
def address(side: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("database")
    with of_the_lab(directory) if side == "lab" else real_part(request, "PostgreSQL", server(directory)) as given:
        running = given.partition("/")[0]
        with session(running) as connection:
            connection.run("CREATE DATABASE payments")
            connection.run("CREATE ROLE guest LOGIN")
        with session(f"{running}/payments") as connection:
            for statement in SCHEMA.split(";"):
                if statement.strip():
                    connection.run(statement)
        yield f"{running}/payments"


def session(address: str) -> pg8000.native.Connection:
    login = login_from(address)
    return pg8000.native.Connection(login.user, host=login.host, port=login.port, database=login.database)


def probe(address: str, **more: Any) -> DependencyHealth:
    dependency = Dependency("db", DependencyType.POSTGRESQL, address, "Database", **more)
    return dependencies(Service("payment-api", dependencies=(dependency,)), None, Deadline(10.0)).health[0]


def lacking(address: str, *statements: str) -> dict[str, Verdict]:
    with postgresql(login_from(address), 5.0) as database:
        return verdicts(database, statements)


@pytest.fixture
def other(address: str) -> Iterator[pg8000.native.Connection]:
    connection = session(address)
    yield connection
    connection.close()


def measures(health: DependencyHealth) -> dict[str, float]:
    return {measure.name: measure.value for measure in health.measures}


def test_a_database_that_is_well(address: str) -> None:
    found = probe(address)
    assert (found.level, found.detail, found.problems) == (Level.OK, "Healthy", ())
    assert (found.capacity, found.unit) == (97.0, "connections")  # 100, of which 3 are the superuser's
    assert found.used is not None
    assert 1 <= found.used < 10


def test_it_is_asked_in_few_round_trips(address: str) -> None:
    """Of a database far away these are what takes time: the connection, its state, and its statistics where there are any."""
    tally = Tally()
    tallied(tally, lambda: probe(address))
    assert tally.count <= 3


@contextlib.contextmanager
def crowd(address: str, most: int) -> Iterator[None]:
    """That many sessions, or as many as there is room for; gone when it ends: a server ends one a moment after its client has."""
    with session(address) as observer:
        count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        (before,) = observer.run(count)
        sessions: list[pg8000.native.Connection] = []
        try:
            with contextlib.suppress(pg8000.native.DatabaseError):
                while len(sessions) < most:
                    sessions.append(session(address))
            yield
        finally:
            for one in sessions:
                one.close()
        deadline = Deadline(20.0)
        while observer.run(count) > [before]:
            assert deadline.left(), "the sessions do not end"


def test_its_connections_run_out(address: str) -> None:
    with crowd(address, 91):
        found = probe(address)
    assert found.level is Level.WARNING
    assert found.detail in {f"Connection pool {words} ({found.used:.0f}/97)" for words in ("exhausted", "nearly exhausted")}


def test_a_database_that_takes_no_further_connection(address: str) -> None:
    with crowd(address, 200):
        found = probe(address, dsn=f"postgresql://guest@{address}")
    assert (found.level, found.detail.partition(" (")[0]) == (Level.CRITICAL, "Connections exhausted")


def test_a_login_that_sees_little_counts_all_connections(address: str) -> None:
    with crowd(address, 20):
        found = probe(address, dsn=f"postgresql://guest@{address}")
    assert found.used is not None
    assert found.used >= 21
    assert (found.level, "grant it pg_monitor" in found.detail) == (Level.OK, True)


def test_a_session_that_waits_for_a_lock(address: str, other: pg8000.native.Connection) -> None:
    other.run("BEGIN")
    other.run("LOCK TABLE settings")
    waiting = session(address)
    thread = threading.Thread(target=lambda: waiting.run("SELECT * FROM settings"), daemon=True)
    thread.start()
    deadline = Deadline(10.0)
    while "longest_blocked" not in (found := measures(probe(address))):
        assert deadline.left(), "nothing waits"
    other.run("ROLLBACK")
    thread.join(5)
    waiting.close()
    assert found["longest_blocked"] > 0


def test_a_login_that_does_not_fit_is_unknown(address: str) -> None:
    found = probe(address.rpartition("/")[0] + "/nowhere")
    assert (found.level, found.detail) == (Level.UNKNOWN, 'answers, but refuses to tell more: database "nowhere" does not exist')


def test_the_login_of_the_environment(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_DSN", f"postgresql://postgres:secret@{address}")
    assert probe("elsewhere:1", dsn_env="PAYMENTS_DSN").level is Level.OK
    found = probe("elsewhere:1", dsn_env="NOT_SET")
    assert (found.level, "NOT_SET" in found.detail) == (Level.UNKNOWN, True)


def test_what_is_no_postgresql(address: str) -> None:
    found = probe_from_here(Dependency("db", DependencyType.REDIS, address.partition("/")[0]), 3.0)
    assert found.level is Level.CRITICAL


STATEMENT = "SELECT * FROM transactions WHERE user_id = ?"


def test_a_missing_index_until_it_is_there(address: str, other: pg8000.native.Connection) -> None:
    assert lacking(address, STATEMENT)[STATEMENT] == Verdict(known=True, missing="transactions.user_id")
    other.run("CREATE INDEX mine ON transactions (user_id)")
    try:
        assert lacking(address, STATEMENT)[STATEMENT] == Verdict(known=True)
        other.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mine'::regclass")
        assert lacking(address, STATEMENT)[STATEMENT].missing == "transactions.user_id"
    finally:
        other.run("DROP INDEX mine")


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("SELECT * FROM transactions WHERE user_id = $1", "transactions.user_id"),
        ("SELECT * FROM transactions t WHERE t.user_id = %s AND t.status = 'new'", "transactions.user_id"),
        ("SELECT * FROM public.transactions AS t WHERE :id = t.user_id", "transactions.user_id"),
        ("SELECT * FROM transactions WHERE user_id IN (?, ?, ?)", "transactions.user_id"),
        ("SELECT * FROM transactions WHERE user_id = ANY($1)", "transactions.user_id"),
        ("SELECT * FROM transactions WHERE id = ? AND user_id = ?", None),
        ("SELECT * FROM transactions WHERE (id, user_id) = (?, ?)", None),
        ("SELECT * FROM transactions WHERE (user_id, status) IN ((?, ?), (?, ?))", "transactions.user_id"),
        ("SELECT * FROM transactions WHERE id = ? OR user_id = ?", "transactions.user_id"),
        ("SELECT * FROM transactions WHERE amount BETWEEN ? AND ?", "transactions.amount"),
        ("UPDATE transactions SET note = ? WHERE user_id = ?", "transactions.user_id"),
        ("DELETE FROM transactions WHERE user_id = ?", "transactions.user_id"),
        ("SELECT * FROM transactions WHERE user_id = $1::bigint AND amount > ?::numeric(10, 2) AND TRUE", "transactions.user_id"),
        ("SELECT * FROM transactions WHERE id = $1::int", None),
        ("SELECT * FROM transactions WHERE id::text = $1", "transactions.id::text"),
        ("SELECT * FROM transactions WHERE CAST(deleted_at AS date) = ?", "transactions.deleted_at::date"),
        ("SELECT count(*) FROM transactions", None),
        ("SELECT * FROM transactions WHERE status = ?", None),  # two values: no index would help
        ("SELECT * FROM users u JOIN transactions t ON t.user_id = u.id WHERE u.id = ?", "transactions.user_id"),
        ("SELECT * FROM transactions t JOIN users u ON t.user_id = u.id WHERE t.id = ?", None),
        ("SELECT * FROM users JOIN transactions ON user_id = users.id WHERE email = ?", "users.email"),
        ("SELECT * FROM users WHERE lower(email) = ?", "users.lower(email)"),
        ("SELECT * FROM users WHERE email LIKE 'user1%'", "users.email"),
        ("SELECT * FROM users WHERE email LIKE '%user1%'", "users.email (trigram)"),
        ('SELECT * FROM users WHERE "Name" = ?', "users.Name"),
        ("SELECT * FROM settings WHERE key = ?", None),  # small
        ('SELECT * FROM billing."Invoices" WHERE "userId" = ?', "billing.Invoices.userId"),
        ('SELECT * FROM "Invoices" i WHERE i."userId" = ?', "Invoices.userId"),
        ("SELECT * FROM (SELECT * FROM transactions WHERE user_id = ?) x", "transactions.user_id"),
        ("WITH mine AS (SELECT * FROM transactions WHERE user_id = ?) SELECT * FROM mine WHERE id = 1", "transactions.user_id"),
        ("SELECT * FROM users WHERE id IN (SELECT user_id FROM transactions WHERE note = ?)", "transactions.note"),
        ("SELECT * FROM transactions WHERE deleted_at IS NULL", None),
        ("SELECT * FROM recent WHERE user_id = ?", None),
        ("SELECT * FROM nowhere WHERE user_id = ?", None),
        ("SELECT * FROM transactions WHERE user_id = ? AND note =", None),
        ("this is no SQL; DROP TABLE users", None),
        ("", None),
    ],
)
def test_what_a_statement_lacks(address: str, statement: str, missing: str | None) -> None:
    assert lacking(address, statement)[statement].missing == missing


@pytest.mark.parametrize("end", ["user", "user_id = ? AND sta", "user_id = ? AND status = ? AND amou"])
def test_nothing_is_known_of_a_statement_that_is_cut_off(address: str, end: str) -> None:
    statement = f"SELECT * FROM transactions WHERE {end}"
    assert not lacking(address, statement)[statement].known


@pytest.mark.parametrize(
    ("index", "statement", "served"),
    [
        ("(user_id, status)", STATEMENT, True),
        ("(status, user_id)", STATEMENT, False),
        ("(user_id) WHERE deleted_at IS NULL", STATEMENT, False),
        ("(user_id) WHERE deleted_at IS NULL", f"{STATEMENT} AND deleted_at IS NULL", True),
        ("(user_id) WHERE user_id IS NOT NULL", STATEMENT, True),
        ("(user_id) WHERE status = 'new'", STATEMENT, False),
        ("(user_id) WHERE status = 'new'", f"{STATEMENT} AND status = 'new'", True),
        ("(user_id) WHERE status = 'new'", f"{STATEMENT} AND status = 'done'", False),
        ("USING hash (user_id)", STATEMENT, True),
        ("USING hash (amount)", "SELECT * FROM transactions WHERE amount > ?", False),
        ("(lower(note))", "SELECT * FROM transactions WHERE lower(note) = ?", True),
        ("(lower(note))", "SELECT * FROM transactions WHERE note = ?", False),
        ("((user_id::text))", "SELECT * FROM transactions WHERE user_id::text = ?", True),
        ("(user_id)", "SELECT * FROM transactions WHERE user_id::text = ?", False),
        ("(note)", "SELECT * FROM transactions WHERE note::varchar = ?", True),
        ("(note)", "SELECT * FROM transactions WHERE note LIKE 'a%'", None),
        ("(note text_pattern_ops)", "SELECT * FROM transactions WHERE note LIKE 'a%'", True),
        ("(note)", "SELECT * FROM transactions WHERE note LIKE '%a'", False),
    ],
)
def test_which_index_serves(address: str, other: pg8000.native.Connection, index: str, statement: str, served: bool | None) -> None:
    using, _, keys = index.rpartition("USING hash ")
    other.run(
        f"CREATE INDEX mine ON transactions {index}"
        if not using and "USING" not in index
        else f"CREATE INDEX mine ON transactions USING hash {keys}"
    )
    try:
        found = lacking(address, statement)[statement]
    finally:
        other.run("DROP INDEX mine")
    assert found.known
    if served is not None:
        assert (found.missing is None) is served, found


def test_a_slow_statement_of_the_moment_lacks_an_index(address: str, other: pg8000.native.Connection) -> None:
    ((process,),) = other.run("SELECT pg_backend_pid()")

    def run() -> None:
        with contextlib.suppress(pg8000.native.DatabaseError):  # it is cancelled below
            other.run("SELECT count(*), pg_sleep(60) FROM transactions WHERE user_id = 4711")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    deadline = Deadline(40.0)
    while not (found := probe(address)).statements:
        assert deadline.left(), "the statement does not come out"
    with session(address) as canceller:
        canceller.run("SELECT pg_cancel_backend(:process)", process=process)
    thread.join(20)
    assert found.statements[0].missing_index == "transactions.user_id"
    assert "4711" not in found.statements[0].statement
    assert (found.level, found.detail) == (Level.WARNING, "Missing index on transactions.user_id")


@contextlib.contextmanager
def jaeger_of(statement: str) -> Iterator[str]:
    """A Jaeger with one slow trace of a query, which says nothing of indexes."""
    now = int(time.time() * 1e6)

    async def traces(request: web.Request) -> web.Response:
        if int(request.query["end"]) < now - 3_600_000_000:
            return web.json_response({"data": []})
        tags = [{"key": "db.system", "value": "postgresql"}, {"key": "db.statement", "value": statement}]
        span = {
            "spanID": "1",
            "operationName": "SELECT transactions",
            "processID": "p",
            "startTime": now - 9_000_000,
            "duration": 2_300_000,
        }
        trace = {"traceID": "t", "processes": {"p": {"serviceName": "payment-api"}}, "spans": [{**span, "tags": tags}]}
        return web.json_response({"data": [trace]})

    async def graph(_request: web.Request) -> web.Response:
        return web.json_response({"data": []})

    app = web.Application()
    app.router.add_get("/api/traces", traces)
    app.router.add_get("/api/dependencies", graph)
    with served(app) as url:
        yield url


def test_a_slow_statement_of_the_traces_until_its_index_is_there(address: str, other: pg8000.native.Connection) -> None:
    service = Service("payment-api", dependencies=(Dependency("db", DependencyType.POSTGRESQL, address),))

    def slowest() -> tuple[str | None, bool]:
        deadline = Deadline(10.0)
        found = traces(JaegerClient(url), service, time.time(), deadline, lambda asked: index_check(service, asked, deadline))
        return found.bottlenecks[0].table_scan, found.bottlenecks[0].checked

    with jaeger_of(STATEMENT) as url:
        assert slowest() == ("transactions.user_id", True)
        other.run("CREATE INDEX mine ON transactions (user_id)")
        assert slowest() == (None, True)
        other.run("DROP INDEX mine")


def test_a_server_that_hangs_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = probe(f"127.0.0.1:{silent.getsockname()[1]}/x")
    assert (found.level, "did not answer within" in found.detail) == (Level.CRITICAL, True)


@pytest.fixture
def with_statistics(side: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    real = real_part(request, "PostgreSQL", server(tmp_path, "shared_preload_libraries=pg_stat_statements"))
    with of_the_lab(tmp_path) if side == "lab" else real as running:
        yield running


def test_a_slow_statement_of_the_statistics_lacks_an_index(with_statistics: str) -> None:
    with session(with_statistics) as connection:
        connection.run("CREATE EXTENSION pg_stat_statements")
        connection.run("CREATE TABLE transactions AS SELECT i AS id, i AS user_id FROM generate_series(1, 5000) i")
        connection.run("SELECT count(*), pg_sleep(0.6) FROM transactions WHERE user_id = 4711")
        (slow,) = probe(with_statistics).statements
        assert (slow.missing_index, slow.calls, slow.running) == ("transactions.user_id", 1, 0)
        assert slow.average is not None
        assert slow.average > 0.5
        connection.run("CREATE INDEX ON transactions (user_id)")
        assert probe(with_statistics).statements[0].missing_index is None
        assert probe(with_statistics).level is Level.OK
