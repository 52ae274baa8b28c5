# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold whatever the evidence is."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import from_result, to_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Shape
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    NOW,
    bad_deployment,
    degraded_cache,
    dependencies,
    dependency,
    deployed,
    diagnostics,
    errors,
    latency,
    memory,
    metrics,
    pods,
    revision,
    rollouts,
    slow_leak,
    table_scan,
    traces,
    traffic,
    without,
    workload,
)

SOURCES = [source.value for source in Source]


def hold(found: Recommendation) -> None:
    if found.automatic:
        assert found.action is Action.ROLLBACK
        assert not any(guard.forbids for guard in found.guards)
        assert found.score.score >= 80
        assert found.target_revision is not None
    if found.action is Action.ROLLBACK:
        assert not any(guard.forbids for guard in found.guards)
    assert 0 <= found.confidence <= 95
    assert sum(one.confidence for one in found.hypotheses) <= 100
    assert found.headline
    assert found.automatic_reason
    assert found.tree
    document = json.loads(json.dumps(to_result(found), allow_nan=False))
    assert from_result(Recommendation, document) == found


def every_combination() -> Iterator[tuple[str, ...]]:
    for count in range(len(SOURCES) + 1):
        yield from itertools.combinations(SOURCES, count)


@pytest.mark.parametrize(
    "given", [bad_deployment(), degraded_cache(), slow_leak(), diagnostics()], ids=["deployment", "cache", "leak", "healthy"]
)
def test_no_missing_source_breaks_it_or_makes_it_bolder(given: Diagnostics) -> None:
    for gone in every_combination():
        found = recommend(without(given, *gone), AUTOMATIC, NOW, Options())
        hold(found)
        if {"metrics", "rollouts"} & set(gone):
            assert not found.automatic


def some_diagnostics(chance: random.Random) -> Diagnostics:
    """Evidence of every kind, put together at random."""

    def pick(*values: Any) -> Any:
        return chance.choice(values)

    age, onset = pick(30, 120, 400, 1200, 5000, 2 * DAY), pick(None, 20, 100, 300, 3000, 14000)
    shape = pick(Shape.SUDDEN, Shape.GRADUAL, Shape.UNKNOWN)
    health = [
        dependency("db", pick(*Level), "detail", used=pick(None, 95.0), capacity=pick(None, 0.0, 100.0), unit=pick(None, "connections")),
        dependency("cache", pick(*Level), "detail"),
    ]
    history = pick(
        deployed(age, in_progress=pick(True, False), paused=pick(True, False, False), owner_reverts=pick(True, False, False)),
        rollouts(revision(1, "v1", age)),
        rollouts(
            revision(3, "v3", pick(None, age), was_rollback=pick(True, False)),
            revision(2, "v2", age + 700, age),
            revision(1, "v1", None, age),
        ),
    )
    given = {
        "rollouts": history,
        "workload": workload(
            *pods(pick(0, 2, 5)),
            *pods(0, pick(0, 3), pick("CrashLoopBackOff", "OOMKilled", "Evicted", "Unschedulable", "Unhealthy")),
            *pods(pick(0, 1), pick(0, 1), number=3),
        ),
        "metrics": metrics(
            errors(pick(None, 0.0, 0.0005, 0.03, 0.5), pick(None, 0.0, 0.001, 0.04), onset, shape=shape),
            latency(pick(None, 0.0, 0.2, 6.0), pick(None, 0.0, 0.15), onset, shape=shape),
            traffic(pick(0, 100, 500), pick(0, 100), pick(None, onset)),
            memory(pick(0.0, 0.5, 0.97), pick(0.0, 0.5), pick(None, 9000), shape=shape, trend_per_hour=pick(None, -0.1, 0.0, 0.1)),
        ),
        "dependencies": dependencies(*health),
        "traces": traces(*pick((), (table_scan(),)), error_services=pick((), [("app", 5)], [("db", 90)])),
    }
    return without(diagnostics(**given), *[source for source in SOURCES if chance.random() < 0.1])


@pytest.mark.parametrize("seed", range(20))
def test_no_evidence_breaks_it(seed: int) -> None:
    chance = random.Random(seed)
    for _unused in range(60):
        options = Options(
            severity=chance.choice([None, "P0", "P3"]), rollback_allowed=chance.random() < 0.9, use_logs_only=chance.random() < 0.2
        )
        hold(recommend(some_diagnostics(chance), AUTOMATIC, NOW, options))


@pytest.mark.parametrize("policy", ["approval", "never"])
def test_only_the_automatic_policy_is_automatic(policy: str) -> None:
    assert not recommend(bad_deployment(), Policy((), policy, None, None), NOW).automatic


@pytest.mark.parametrize("delay", range(0, 900, 45))
def test_a_later_onset_never_makes_the_deployment_likelier(delay: int) -> None:
    def at(seconds: float) -> int:
        age = 1000.0
        return (
            recommend(bad_deployment(age, age - seconds, traces=traces(), dependencies=dependencies()), AUTOMATIC, NOW)
            .hypotheses[0]
            .confidence
        )

    assert at(delay) >= at(delay + 45)
