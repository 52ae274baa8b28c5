# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    APPROVAL,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    dependencies,
    dependency,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    metrics,
    pattern,
    pods,
    signal,
    traffic,
    workload,
)


def recommended(
    cpu: float = 0.18, requests: float = 70, since: float = 40 * MINUTE, age: float = 6 * DAY, **sources: Any
) -> Recommendation:
    """Errors and latency rose ``since``, the processors are at ``cpu`` of usually 33 %, requests at ``requests`` of usually 70."""
    signals = metrics(errors(0.09, 0.002, since), latency(3.0, 0.25, since), traffic(requests, 70), signal("cpu", cpu, 0.33))
    given = {"dependencies": dependencies(dependency("glossary")), **sources}
    return recommend(diagnostics(rollouts=deployed(age), metrics=signals, **given), APPROVAL, NOW, Options())


def test_workers_that_wait_are_restarted() -> None:
    found = recommended()
    assert (found.action, found.hypotheses[0].title) == (Action.RESTART, "Stuck workers")
    assert found.hypotheses[0].check_next[0] == "Take a thread dump of a pod before it is restarted"


@pytest.mark.parametrize(
    "given",
    [
        {"cpu": 0.33},
        {"requests": 30},
        {"since": 5 * MINUTE},
        {"age": 45 * MINUTE},
        {"dependencies": dependencies(dependency("glossary", Level.CRITICAL, "connection refused"))},
        {"dependencies": dependencies()},
        {"logs": logs(pattern("ERROR", "glossary: connection refused", 300))},
    ],
    ids=[
        "busy",
        "fewer requests",
        "a moment ago",
        "after a release",
        "a dependency fails",
        "nothing was probed",
        "errors of another's failure",
    ],
)
def test_what_explains_it_otherwise(given: dict[str, Any]) -> None:
    assert "Stuck workers" not in [one.title for one in recommended(**given).hypotheses]


def partly(age: float = HOUR, created: float = HOUR, **more: Any) -> dict[str, Any]:
    """A release ``age`` seconds ago of which some pods do not answer their probe any more; no dependency is known."""
    unready = pods(0, 3, reason="ContainersNotReady", created_at=NOW - timedelta(seconds=created), **{"restarts": 0, **more})
    ready = pods(3, created_at=NOW - timedelta(seconds=created))
    return {"age": age, "workload": workload(*ready, *unready), "dependencies": None}


def test_some_pods_that_do_not_answer_any_more_are_restarted_soon_after_a_release_too() -> None:
    found = recommended(cpu=0.14, since=20 * MINUTE, **partly())
    assert (found.action, found.hypotheses[0].title) == (Action.RESTART, "Stuck workers")
    assert "3 pods do not answer any more while others are well" in found.hypotheses[0].evidence_for


@pytest.mark.parametrize(
    "given",
    [
        {"cpu": 0.33, **partly()},
        partly(created=25 * MINUTE),
        partly(restarts=2),
        partly(node="node-9"),
        {**partly(), "workload": workload(*pods(0, 6, reason="ContainersNotReady", restarts=0))},
        {**partly(), "dependencies": dependencies(dependency("db", Level.CRITICAL, "connection refused"))},
        {**partly(), "logs": logs(pattern("ERROR", "db: connection refused", 300, 20 * MINUTE))},
    ],
    ids=["busy", "never well for long", "restarted", "one node", "all of them", "dependency down", "errors of a dependency"],
)
def test_what_hits_all_pods_or_was_never_well_is_no_such_case(given: dict[str, Any]) -> None:
    found = recommended(**{"cpu": 0.14, "since": 20 * MINUTE, **given})
    assert "Stuck workers" not in [one.title for one in found.hypotheses]
