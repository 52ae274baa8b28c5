# SPDX-License-Identifier: GPL-3.0-or-later
"""Who fails requests among pods that get the same ones: a version, a node, or a canary that is a workload of its own."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import PodShare
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    MINUTE,
    NOW,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    metrics,
    pattern,
    pods,
    traffic,
    workload,
)

ONSET = 10 * MINUTE
BLIND = {"logs": None, "traces": None, "dependencies": None, "changes": None}


def recommended(shares: dict[str, float], *there: Pod, age: float = 11 * MINUTE, **more: object) -> Recommendation:
    felt = metrics(errors(0.2, 0.002, ONSET), latency(0.2, 0.2), traffic(50, 50))
    felt = replace(felt, pods=tuple(PodShare(name, share) for name, share in shares.items()))
    given = {"workload": workload(*there), "rollouts": deployed(age, in_progress=more.pop("in_progress", False)), "metrics": felt}
    return recommend(diagnostics(**{**BLIND, **given, **more}), AUTOMATIC, NOW)


NEW, OLD = pods(2, number=4), pods(3, number=3)
HALF = {"app-4-0": 0.5, "app-4-1": 0.5}
WELL = {"app-3-0": 0.0, "app-3-1": 0.0, "app-3-2": 0.0}


def test_the_new_version_alone() -> None:
    found = recommended({**HALF, **WELL}, *NEW, *OLD, in_progress=True)
    assert (found.action, found.automatic) == (Action.ROLLBACK, True)
    assert any("in its pods alone" in line for line in found.hypotheses[0].evidence_for)


def test_both_versions() -> None:
    found = recommended({**HALF, **dict.fromkeys(WELL, 0.4)}, *NEW, *OLD, in_progress=True)
    assert found.action is Action.INVESTIGATE
    assert [guard.name for guard in found.guards if guard.forbids] == ["old_version_fails"]


def test_one_pod_of_the_version_is_a_matter_of_where_it_runs() -> None:
    there = pods(4)
    shares = {"app-4-0": 0.8, "app-4-1": 0.0, "app-4-2": 0.0, "app-4-3": 0.001}
    found = recommended(shares, *there)
    assert (found.action, found.hypotheses[0].cause, found.hypotheses[0].title) == (Action.INVESTIGATE, "node", "Node node-0")
    assert [guard.name for guard in found.guards if guard.forbids] == ["some_pods_fail"]
    own = recommended(shares, *there, logs=logs(pattern("ERROR", "KeyError: 'shard'", 300, ONSET, True)))
    assert not [guard for guard in own.guards if guard.forbids], "it is looked at, but a person may go back"
    assert not own.automatic


def test_a_canary_that_is_a_workload_of_its_own() -> None:
    found = recommended({"app-canary-5d5c8b7f9-abcde": 0.6, **dict.fromkeys((pod.name for pod in pods(4)), 0.0)}, *pods(4), age=6 * DAY)
    assert (found.action, found.hypotheses[0].title) == (Action.INVESTIGATE, "Deployment of app-canary")
    assert "another_workload" in [guard.name for guard in found.guards if guard.forbids]
    assert found.remedies == ("Undo the rollout of app-canary, or scale it to zero",)
