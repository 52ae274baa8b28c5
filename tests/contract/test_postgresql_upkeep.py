# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL keeps and holds up: replication slots that nobody reads, sessions that wait, and tables that inherit."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence import postgresql as judging
from plugins.module_utils.evidence.indexes import Verdict
from plugins.module_utils.model.finding import Level
from tests.contract.test_postgresql import lacking, measures, of_the_lab, probe, server, session
from tests.real.servers import real_part

SCHEMA = """
CREATE TABLE base (id int, who int);
CREATE TABLE heir (extra int) INHERITS (base);
INSERT INTO heir SELECT i, i % 1000, i FROM generate_series(1, 20000) i;
CREATE TABLE orders (id int PRIMARY KEY);
INSERT INTO orders VALUES (1);
ANALYZE
"""


@pytest.fixture(scope="module")
def address(side: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("database")
    with of_the_lab(directory) if side == "lab" else real_part(request, "PostgreSQL", server(directory)) as given:
        running = f"{given.partition('/')[0]}/postgres"
        with session(running) as connection:
            for statement in SCHEMA.split(";"):
                connection.run(statement)
        yield running


def test_a_replication_slot_that_nobody_reads(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with session(address) as connection:
        connection.run("SELECT pg_create_physical_replication_slot('forgotten', true)")
        connection.run("CREATE TABLE filler AS SELECT md5(i::text) FROM generate_series(1, 5000) i")
        kept = measures(probe(address))["slots_kept"]
        assert kept > 100_000
        assert probe(address).level is Level.OK, "a little is kept for every replica"
        monkeypatch.setattr(judging, "MUCH_KEPT", 100_000)
        found = probe(address)
        assert (found.level, "slot forgotten is read by nobody" in found.detail) == (Level.WARNING, True)
        connection.run("SELECT pg_drop_replication_slot('forgotten')")
    assert "slots_kept" not in measures(probe(address))


def test_whom_they_wait_for_at_last(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "BLOCKED", 1.0)
    with session(address) as idle, session(address) as second, session(address) as third:
        idle.run("BEGIN")
        idle.run("UPDATE orders SET id = 7 WHERE id = 1")
        waiting = [threading.Thread(target=second.run, args=("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE",), daemon=True)]
        waiting.append(threading.Thread(target=third.run, args=("SELECT count(*) FROM orders",), daemon=True))
        second.run("BEGIN")
        deadline = Deadline(20.0)
        for number, one in enumerate(waiting, start=1):
            one.start()
            # The last one waits for the second only where that one has come first.
            while not (found := probe(address)).problems or measures(found)["blocked_sessions"] < number:
                assert deadline.left(), "nothing waits"
        idle.run("ROLLBACK")
        second_done, third_done = waiting
        second_done.join(5)
        second.run("ROLLBACK")
        third_done.join(5)
    assert "by UPDATE orders SET id = ? WHERE id = ? (idle in transaction for " in found.detail


def test_an_heir_has_indexes_of_its_own(address: str) -> None:
    statement = "SELECT * FROM base WHERE who = 4"
    assert lacking(address, statement)[statement] == Verdict(known=True, missing="heir.who")
    with session(address) as connection:
        connection.run("CREATE INDEX ON heir (who)")
    assert lacking(address, statement)[statement] == Verdict(known=True, missing=None)
