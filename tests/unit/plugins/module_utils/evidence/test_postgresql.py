# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL's answer means; the questions themselves are put to a real one by tests/contract."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.postgresql import login_from
from ansible_collections.devops.incident_response.plugins.module_utils.clients.probes import ProbeImpossibleError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.postgresql import judge_postgresql
from ansible_collections.devops.incident_response.plugins.module_utils.model.dependencies import SlowStatement
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level

WELL: dict[str, Any] = {
    "max_connections": 100,
    "reserved": 3,
    "used": 12,
    "database_limit": -1,
    "database_used": 11,
    "active": 2,
    "recovery": False,
    "idle_in_transaction": 0,
    "oldest_idle": None,
    "oldest_transaction": 0.2,
    "blocked": 0,
    "longest_blocked": None,
    "blocker": None,
    "standby_lag": None,
    "replicas": 1,
    "replica_lag": 0.01,
    "deadlocks": 0,
}


@pytest.mark.parametrize(
    ("state", "primary", "level", "words"),
    [
        ({}, True, Level.OK, "Healthy"),
        (
            {"idle_in_transaction": 3, "oldest_idle": 300.0},
            False,
            Level.WARNING,
            "3 sessions idle in transaction, the oldest for 5 minutes",
        ),
        ({"idle_in_transaction": 1, "oldest_idle": 12.0}, False, Level.OK, "Healthy"),
        ({"oldest_transaction": 3600.0}, False, Level.WARNING, "a transaction has been open for 1 hour"),
        ({"blocked": 2, "longest_blocked": 30.0}, False, Level.WARNING, "2 sessions blocked by locks for up to 30 seconds"),
        (
            {"blocked": 40, "longest_blocked": 30.0, "blocker": {"query": "ALTER TABLE t ADD x int DEFAULT 7", "state": "active"}},
            False,
            Level.CRITICAL,
            "40 sessions blocked by locks for up to 30 seconds by ALTER TABLE t ADD x int DEFAULT ?",
        ),
        (
            {
                "blocked": 2,
                "longest_blocked": 30.0,
                "blocker": {"query": "UPDATE t SET a = 7", "state": "idle in transaction", "idle": 40.0},
            },
            False,
            Level.WARNING,
            "for up to 30 seconds by UPDATE t SET a = ? (idle in transaction for 40 seconds)",
        ),
        ({"slots": [{"name": "dead", "active": False, "kept": 3.5 * 2**30}]}, False, Level.WARNING, "dead is read by nobody, and 3.5 GiB"),
        ({"slots": [{"name": "slow", "active": True, "kept": 3.5 * 2**30}]}, False, Level.WARNING, "slow is far behind"),
        ({"slots": [{"name": "gone", "active": False, "status": "lost", "kept": None}]}, False, Level.WARNING, "must be made anew"),
        ({"slots": [{"name": "well", "active": True, "kept": 2.0**20}]}, False, Level.OK, "Healthy"),
        ({"blocked": 1, "longest_blocked": 1.5}, False, Level.OK, "Healthy"),
        ({"recovery": True}, False, Level.OK, "Healthy (a replica)"),
        ({"recovery": True}, True, Level.CRITICAL, "refuses writes"),
        ({"recovery": True, "standby_lag": 95.0}, False, Level.WARNING, "this replica is 1 minute 35 seconds behind"),
        ({"replica_lag": 120.0}, False, Level.WARNING, "a replica is 2 minutes"),
        ({"recovery": True, "follows": True, "receiving": 0}, False, Level.WARNING, "receives nothing from its primary"),
        ({"recovery": True, "follows": True, "receiving": 1}, False, Level.OK, "Healthy (a replica)"),
        ({"transaction_age": 250_000_000}, False, Level.OK, "Healthy"),
        ({"transaction_age": 1_600_000_000}, False, Level.WARNING, "547,483,648 transaction ids are left"),
        ({"transaction_age": 2_110_000_000}, False, Level.CRITICAL, "VACUUM is far behind"),
    ],
)
def test_what_the_state_means(state: dict[str, Any], primary: bool, level: Level, words: str) -> None:
    found = judge_postgresql({**WELL, **state}, 0.01, (), primary)
    assert found.level is level
    assert words in found.detail


@pytest.mark.parametrize(
    ("state", "expected"),
    [({}, (12.0, 97.0)), ({"database_limit": 12}, (11.0, 12.0)), ({"database_limit": 500}, (12.0, 97.0)), ({"used": None}, (None, None))],
)
def test_connections_used_of_those_allowed(state: dict[str, Any], expected: tuple[float | None, float | None]) -> None:
    found = judge_postgresql({**WELL, **state}, 0.01)
    assert (found.used, found.capacity, found.unit) == (*expected, "connections")


@pytest.mark.parametrize(("running", "level"), [(1, Level.WARNING), (3, Level.CRITICAL)])
def test_a_slow_statement_without_its_index(running: int, level: Level) -> None:
    slow = SlowStatement("SELECT 1", running, 2.0, missing_index="transactions.user_id")
    found = judge_postgresql(WELL, 0.01, (slow,))
    assert (found.level, found.detail) == (level, "Missing index on transactions.user_id")
    assert judge_postgresql(WELL, 0.01, (SlowStatement("SELECT 1", running, 2.0),)).level is Level.OK


@pytest.mark.parametrize(
    ("address", "dsn", "expected"),
    [
        ("db:5432", None, ("db", 5432, "postgres", "postgres", None)),
        ("db", None, ("db", 5432, "postgres", "postgres", None)),
        ("db:5433/payments", None, ("db", 5433, "postgres", "payments", None)),
        ("db:1", "postgresql://me:p%40ss@other:2/payments?sslmode=require", ("other", 2, "me", "payments", "p@ss")),
        ("db:1", "postgres://me@/payments", ("db", 1, "me", "payments", None)),
        ("[::1]:5432", None, ("::1", 5432, "postgres", "postgres", None)),
    ],
)
def test_logins(address: str, dsn: str | None, expected: tuple[object, ...]) -> None:
    found = login_from(address, dsn)
    assert (found.host, found.port, found.user, found.database, found.password) == expected
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize(
    ("address", "dsn"), [("db:x", None), ("", None), ("db:1", "host=db password=secret"), ("db:1", "mysql://a:secret@b/c")]
)
def test_what_is_no_login_is_said_without_the_secret(address: str, dsn: str | None) -> None:
    with pytest.raises(ProbeImpossibleError) as raised:
        login_from(address, dsn)
    assert "secret" not in raised.value.message
