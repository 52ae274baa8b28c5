# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that was asked shows a missing index as well as traces do."""

from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options, situation
from ansible_collections.devops.incident_response.plugins.module_utils.model.dependencies import Dependencies, SlowStatement
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    HOUR,
    MINUTE,
    NOW,
    changes,
    dependencies,
    dependency,
    deployed,
    diagnostics,
    errors,
    latency,
    metrics,
    traffic,
)


def database(running: int = 5, *problems: str) -> Dependencies:
    statement = SlowStatement("SELECT * FROM orders WHERE customer = ?", running, 3.0, 2.5, 900, "orders.customer")
    told = ("Missing index on orders.customer", *problems)
    return dependencies(dependency("orders-db", Level.CRITICAL, told[0], title="Database", problems=told, statements=(statement,)))


def slow(age: float, onset: float, **sources: object) -> Diagnostics:
    signals = metrics(errors(0.2, 0.001, onset), latency(3.0, 0.15, onset), traffic(100, 100))
    given = {"rollouts": deployed(age), "metrics": signals, "dependencies": database(), "traces": None}
    return diagnostics(**{**given, **sources})


def test_it_points_at_the_version_that_came_with_it() -> None:
    found = recommend(slow(5 * MINUTE, 4 * MINUTE), AUTOMATIC, NOW)
    assert (found.action, found.hypotheses[0].title) == (Action.ROLLBACK, "Missing index on orders.customer")
    assert any("Database shows a full table scan" in sentence for sentence in found.hypotheses[0].evidence_for)
    assert "Add index on orders.customer" in found.remedies
    assert "dependency_failing" not in {guard.name for guard in found.guards}


def test_it_says_nothing_about_a_version_that_was_well_for_long() -> None:
    facts = situation(slow(3 * HOUR, 4 * MINUTE), NOW, Options())
    assert facts.missing_index is None
    assert [one.name for one in facts.unhealthy_dependencies] == ["orders-db"]


def test_a_statement_that_does_not_run_now_says_nothing() -> None:
    assert situation(slow(5 * MINUTE, 4 * MINUTE, dependencies=database(0)), NOW, Options()).missing_index is None


def test_a_database_with_other_trouble_stays_unhealthy() -> None:
    facts = situation(slow(5 * MINUTE, 4 * MINUTE, dependencies=database(5, "is a replica, and refuses writes")), NOW, Options())
    assert [one.name for one in facts.unhealthy_dependencies] == ["orders-db"]


def test_an_index_that_its_migration_dropped_does_not_come_back() -> None:
    dropped = changes("Drop an index", migrations=["migrations/0031_drop_reading_idx.sql"])
    found = recommend(slow(5 * MINUTE, 4 * MINUTE, changes=dropped), AUTOMATIC, NOW)
    assert found.action is Action.HOTFIX
    added = changes("An index", migrations=["migrations/0031_recreate_drop_reading_idx.sql"])
    assert recommend(slow(5 * MINUTE, 4 * MINUTE, changes=added), AUTOMATIC, NOW).action is Action.ROLLBACK
