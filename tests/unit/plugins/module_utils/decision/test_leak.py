# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources that are used up bit by bit."""

from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Shape
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    MINUTE,
    NOW,
    dependencies,
    dependency,
    deployed,
    diagnostics,
    errors,
    latency,
    memory,
    metrics,
    traces,
    traffic,
)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW)


def of(given: Recommendation) -> int:
    """Percent of a leak's likelihood."""
    return next((one.confidence for one in given.hypotheses if one.cause == "resource_leak"), 0)


def test_a_leak_without_a_deployment_is_restarted() -> None:
    gradual = {"shape": Shape.GRADUAL}
    leak = metrics(
        errors(0.01, 0.002, 7000, **gradual),
        latency(0.9, 0.1, 7000, **gradual),
        traffic(100, 100),
        memory(0.93, 0.5, 9000, trend_per_hour=0.15, **gradual),
    )
    found = recommended(diagnostics(metrics=leak))
    assert found.action is Action.RESTART


def test_memory_that_is_full_is_surer_where_nothing_else_comes_into_question() -> None:
    full = metrics(errors(0.05, 0.002, 900), latency(0.9, 0.1, 900), traffic(100, 100), memory(0.97, 0.5, 9000, trend_per_hour=0.02))
    alone = recommended(diagnostics(metrics=full))
    assert alone.action is Action.RESTART
    down = dependencies(dependency("ledger", Level.CRITICAL, "Connection refused"))
    for beside in ({"rollouts": deployed(20 * MINUTE)}, {"dependencies": down}, {"traces": traces(error_services=[("ledger", 80)])}):
        assert of(recommended(diagnostics(metrics=full, **beside))) <= of(alone) - 15
