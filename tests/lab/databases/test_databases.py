# SPDX-License-Identifier: GPL-3.0-or-later
"""The real databases behind a scenario: what lies and goes on in them, and when they are not there."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pg8000.native
import pytest
import yaml

from lab.databases import programs
from lab.scenario.errors import ScenarioError
from lab.scenario.loader import load, parse
from lab.scenario.model import Activity, Database, DependencySignals, Number, Scenario, Seconds, Share
from tests.lab.conftest import ServedLab
from tests.lab.processes import exists

needs_postgresql = pytest.mark.skipif(programs.find() is None, reason="there is no PostgreSQL for the simulated production here")
CLIENTS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
SLOW = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT * FROM transactions WHERE user_id%'"
LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def with_database(*activity: Activity, schema: str = "CREATE TABLE settings (key text)", **signals: Any) -> Scenario:
    scenario = load("payment-api")
    mine = replace(
        scenario.dependencies["payments-db"],
        database=Database("shop", schema, activity),
        signals=DependencySignals(**signals),
    )
    return replace(scenario, dependencies={**scenario.dependencies, "payments-db": mine}, faults={})


def entry(catalogue: Path) -> dict[str, Any]:
    entries = yaml.safe_load(catalogue.read_text())["services"]["payment-api"]["dependencies"]
    found: dict[str, Any] = next(one for one in entries if one["name"] == "payments-db")
    return found


def entry_of(lab: ServedLab) -> dict[str, Any]:
    return entry(Path(lab.environment["LAB_CATALOGUE"]))


def where(catalogue: Path) -> dict[str, Any]:
    address, _, name = entry(catalogue)["address"].partition("/")
    host, _, port = address.partition(":")
    return {"host": host, "port": int(port), "database": name, "timeout": 120}


def connected(lab: ServedLab) -> pg8000.native.Connection:
    return pg8000.native.Connection("postgres", **where(Path(lab.environment["LAB_CATALOGUE"])))


def until(connection: pg8000.native.Connection, question: str, wanted: Callable[[int], bool]) -> int:
    deadline = time.monotonic() + 120
    while not wanted(found := connection.run(question)[0][0]):
        assert time.monotonic() < deadline, f"{question} gives {found}"
    return int(found)


def server_of(variables: Path) -> int:
    """The process of the database, as it says itself."""
    lines = dict(line.split("=", 1) for line in variables.read_text().splitlines())
    with contextlib.closing(pg8000.native.Connection("postgres", **where(Path(lines["LAB_CATALOGUE"])))) as connection:
        text = connection.run("SELECT pg_read_file('postmaster.pid')")[0][0]
    return int(text.splitlines()[0])


@pytest.fixture
def connection(payment: ServedLab) -> Iterator[pg8000.native.Connection]:
    opened = connected(payment)
    yield opened
    opened.close()


@needs_postgresql
def test_the_database_of_the_outage(connection: pg8000.native.Connection) -> None:
    assert connection.run(CLIENTS) == [[95]]
    assert connection.run("SHOW max_connections") == [["100"]]
    assert until(connection, SLOW, lambda count: count == 2) == 2
    plan = connection.run("EXPLAIN SELECT * FROM transactions WHERE user_id = 4711")
    assert "Seq Scan on transactions" in plan[0][0]


@needs_postgresql
def test_connections_and_slow_statements_go_with_the_fault(serve: Callable[[str], ServedLab]) -> None:
    lab = serve("payment-api")
    connection = connected(lab)
    until(connection, SLOW, lambda count: count == 2)
    lab.roll_back()
    lab.advance(60)
    assert until(connection, SLOW, lambda count: count == 0) == 0
    assert until(connection, CLIENTS, lambda count: count <= 25) == 25
    connection.close()


@needs_postgresql
def test_locks_and_transactions_that_stay_open(serve: Callable[[Scenario], ServedLab]) -> None:
    locks = Activity("LOCK TABLE settings", then="idle")
    connection = connected(serve(with_database(locks, Activity("SELECT * FROM settings", sessions=3))))
    assert until(connection, LOCKED, lambda count: count == 3) == 3
    # The one that has the lock is told that it has it a moment after the others wait for it.
    assert until(connection, "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'", bool) == 1
    connection.close()


@needs_postgresql
def test_an_activity_that_is_refused_is_said(serve: Callable[[Scenario], ServedLab], capfd: pytest.CaptureFixture[str]) -> None:
    connected(serve(with_database(Activity("SELECT * FROM nowhere")))).close()
    deadline, said = time.monotonic() + 120, ""
    while "'SELECT * FROM nowhere' fails: relation" not in said:
        assert time.monotonic() < deadline, said
        said += capfd.readouterr().err


@needs_postgresql
def test_statements_take_as_long_as_they_are_said_to(serve: Callable[[Scenario], ServedLab]) -> None:
    schema = "CREATE TABLE settings (key text); INSERT INTO settings VALUES ('a'), ('b')"
    connection = connected(serve(with_database(Activity("SELECT * FROM settings", takes=Seconds(60.0)), schema=schema)))
    assert until(connection, "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT * FROM settings'", bool) == 1
    assert connection.run("SELECT * FROM settings") == [["a"], ["b"]], "only those of the scenario wait"
    connection.close()


@needs_postgresql
def test_what_is_down_refuses_connections(serve: Callable[[Scenario], ServedLab]) -> None:
    lab = serve(with_database(up=Share(0.0)))
    with pytest.raises(pg8000.native.InterfaceError):
        connected(lab)


@needs_postgresql
def test_more_connections_than_allowed_are_refused(serve: Callable[[Scenario], ServedLab]) -> None:
    lab = serve(with_database(connections=Number(50), max_connections=Number(10)))
    connection = connected(lab)
    assert connection.run(CLIENTS) == [[7]], "three are the superuser's"
    # A refused one holds a slot until it is gone, and with two of them one that has room would be refused as well.
    assert "FATAL" not in connection.run("SELECT pg_read_file(current_setting('data_directory') || '.log')")[0][0]
    with pytest.raises(pg8000.native.DatabaseError, match="remaining connection slots are reserved"):
        pg8000.native.Connection("app", **where(Path(lab.environment["LAB_CATALOGUE"])))
    connection.close()


@needs_postgresql
def test_sessions_that_are_ended_come_back(serve: Callable[[Scenario], ServedLab]) -> None:
    others = "pg_stat_activity WHERE usename = 'app'"
    connection = connected(serve(with_database(Activity("SELECT 1", sessions=2), connections=Number(5))))
    assert until(connection, f"SELECT count(*) FROM {others}", lambda count: count == 5) == 5
    ended = [row[0] for row in connection.run(f"SELECT pid FROM {others}")]
    connection.run(f"SELECT pg_terminate_backend(pid) FROM {others}")
    new = f"SELECT count(*) FROM {others} AND pid NOT IN ({', '.join(map(str, ended))})"
    assert until(connection, new, lambda count: count == 5) == 5
    assert until(connection, f"SELECT count(*) FROM {others} AND query = 'SELECT 1'", lambda count: count == 2) == 2
    connection.close()


@needs_postgresql
def test_a_schema_that_is_refused_is_said(serve: Callable[[Scenario], ServedLab], capfd: pytest.CaptureFixture[str]) -> None:
    lab = serve(with_database(schema="CREATE TABEL x ()"))
    with pytest.raises(pg8000.native.InterfaceError):
        connected(lab)
    assert 'the schema of database shop is refused: syntax error at or near "TABEL"' in capfd.readouterr().err


def test_without_postgresql_it_only_listens(serve: Callable[[Scenario], ServedLab], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda: None)
    lab = serve(with_database())
    assert entry_of(lab)["type"] == "tcp"
    assert [line.partition(":")[0] for line in lab.lab.shortcomings] == ["payments-db only listens"]


@needs_postgresql
def test_with_postgresql_it_is_one(payment: ServedLab) -> None:
    assert entry_of(payment)["type"] == "postgresql"
    assert payment.lab.shortcomings == []


@needs_postgresql
def test_a_killed_lab_leaves_no_server_behind(tmp_path: Path) -> None:
    variables = tmp_path / "lab.env"
    command = [sys.executable, "-m", "lab", "up", "--env-file", str(variables), "--workdir", str(tmp_path)]
    with (tmp_path / "lab.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 180
        while not variables.exists():
            assert time.monotonic() < deadline, (tmp_path / "lab.log").read_text()
            assert process.poll() is None, (tmp_path / "lab.log").read_text()
        server = server_of(variables)
        assert exists(server)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 120
    while exists(server):
        assert time.monotonic() < deadline, "PostgreSQL goes on"


def test_activity_is_of_databases_alone() -> None:
    text = (Path(__file__).parents[3] / "lab" / "scenarios" / "payment-api.yml").read_text()
    with pytest.raises(ScenarioError, match="is for dependencies of the type postgresql"):
        parse(text.replace("type: postgresql", "type: tcp"), "x.yml")
    with pytest.raises(ScenarioError, match="there is no fault 'missing-indexes'"):
        parse(text.replace("fault: missing-index}", "fault: missing-indexes}"), "x.yml")
