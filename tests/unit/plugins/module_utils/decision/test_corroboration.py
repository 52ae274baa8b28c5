# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told who has to decide about a rollback for which nothing but the time speaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    MINUTE,
    NOW,
    bad_deployment,
    changes,
    dependencies,
    dependency,
    deployed,
    errors,
    latency,
    logs,
    metrics,
    pattern,
    pods,
    traffic,
    workload,
)

BLIND = {"workload": workload(*pods(5)), "logs": None, "traces": None, "dependencies": None, "changes": None}
LOGS, PROBES, MIGRATIONS = "read the errors in the logs", "none of it was probed", "no database migration"


def recommended(service: Service | None = None, **sources: object) -> Recommendation:
    given = bad_deployment(**{**BLIND, **sources})
    return recommend(replace(given, service=service or given.service), AUTOMATIC, NOW)


def before(found: Recommendation) -> list[str]:
    return list(found.next_steps[: found.next_steps.index("Execute rollback (recommended)")])


def told(found: Recommendation) -> list[str]:
    return [text for text in (LOGS, PROBES, MIGRATIONS) if any(text in step for step in before(found))]


def test_what_is_not_known_is_looked_at_first() -> None:
    found = recommended()
    assert (found.action, found.automatic) == (Action.ROLLBACK, False)
    assert told(found) == [LOGS, PROBES, MIGRATIONS]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"logs": logs(pattern("ERROR", "KeyError: 'region'", 400, 80, True))}, [MIGRATIONS]),
        ({"dependencies": dependencies(dependency("db"))}, [MIGRATIONS]),
        ({"logs": logs()}, [PROBES, MIGRATIONS]),
        ({"service": Service("app", schema_check=("check-schema",))}, [LOGS, PROBES]),
    ],
)
def test_what_is_known_is_not(more: dict[str, object], expected: list[str]) -> None:
    assert told(recommended(**more)) == expected  # type: ignore[arg-type]


def test_it_is_less_sure_and_not_urgent() -> None:
    blind, seen = recommended(), recommended(dependencies=dependencies(dependency("db")))
    assert blind.headline == "ROLLBACK to v2.3.0 (last stable)"
    assert seen.headline == "IMMEDIATE ROLLBACK to v2.3.0 (last stable)"
    assert blind.confidence < seen.confidence
    assert blind.hypotheses[0].confidence <= 70 < 80 <= seen.hypotheses[0].confidence


def test_errors_that_only_tell_of_waiting_do_not_tell_who_was_slow() -> None:
    for words, expected in (("ticket <*> lost", True), ("canceling statement due to statement timeout", False)):
        found = recommended(logs=logs(pattern("ERROR", words, 400, 80, True)))
        assert (found.action, found.automatic) == (Action.ROLLBACK, expected), words


@pytest.mark.parametrize(
    ("new", "more", "automatic"),
    [
        ("v3.0.0", {}, False),
        ("v2.4.0", {}, True),
        ("2025-11", {}, True),
        ("v3.0.0", {"changes": changes("Added: seats")}, True),
        ("v3.0.0", {"service": Service("app", schema_check=("check-schema",))}, True),
    ],
)
def test_the_way_back_over_a_major_version_is_a_persons_where_nothing_tells_of_migrations(
    new: str, more: dict[str, object], automatic: bool
) -> None:
    row = deployed(135)
    row = replace(row, current=replace(row.current, version=new), revisions=(replace(row.current, version=new), *row.revisions[1:]))
    found = recommended(**{"rollouts": row, "dependencies": dependencies(dependency("db")), **more})  # type: ignore[arg-type]
    assert (found.action, found.automatic) == (Action.ROLLBACK, automatic)
    assert automatic or "new major version" in found.automatic_reason


def test_what_began_after_the_rollout_was_over_is_not_rolled_back_for_the_time_alone() -> None:
    made = workload(*pods(5, created_at=NOW - timedelta(seconds=13 * MINUTE)))
    felt = metrics(errors(0.4, 0.002, 7 * MINUTE), latency(0.2, 0.2), traffic(30, 30))
    given = {"workload": made, "rollouts": deployed(13 * MINUTE), "metrics": felt}
    found = recommended(**given, logs=logs(pattern("ERROR", "ticket <*> lost", 400, 7 * MINUTE, True)))
    assert found.action is Action.INVESTIGATE


def test_a_stack_trace_does_not_make_a_refused_login_the_versions_own_doing() -> None:
    own = replace(pattern("ERROR", "login failed", 400, 80, True), files=("app/store.py",))
    named = replace(own, sample="KeyError: password authentication failed for user app")
    found = [recommended(logs=logs(one)) for one in (own, named)]
    assert [(one.action, one.automatic) for one in found] == [(Action.ROLLBACK, True), (Action.ROLLBACK, False)]
