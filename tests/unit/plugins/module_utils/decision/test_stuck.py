# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    DAY,
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
    signal,
    traffic,
)

POLICY = Policy(page=(), rollback="approval", update_interval=None, mttr_target=None)


def recommended(
    cpu: float = 0.18, requests: float = 70, since: float = 40 * MINUTE, age: float = 6 * DAY, **sources: Any
) -> Recommendation:
    """Errors and latency rose ``since``, the processors are at ``cpu`` of usually 33 %, requests at ``requests`` of usually 70."""
    signals = metrics(errors(0.09, 0.002, since), latency(3.0, 0.25, since), traffic(requests, 70), signal("cpu", cpu, 0.33))
    given = {"dependencies": dependencies(dependency("glossary")), **sources}
    return recommend(diagnostics(rollouts=deployed(age), metrics=signals, **given), POLICY, NOW, Options())


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
