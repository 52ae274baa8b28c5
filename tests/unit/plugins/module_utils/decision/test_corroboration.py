# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told who has to decide about a rollback for which nothing but the time speaks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    NOW,
    bad_deployment,
    dependencies,
    dependency,
    logs,
    pattern,
    pods,
    workload,
)

POLICY = Policy(page=(), rollback="automatic", update_interval=None, mttr_target=None)
BLIND = {"workload": workload(*pods(5)), "logs": None, "traces": None, "dependencies": None, "changes": None}
LOGS, PROBES, MIGRATIONS = "read the errors in the logs", "none of it was probed", "no database migration"


def recommended(service: Service | None = None, **sources: object) -> Recommendation:
    given = bad_deployment(**{**BLIND, **sources})
    return recommend(replace(given, service=service or given.service), POLICY, NOW)


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
