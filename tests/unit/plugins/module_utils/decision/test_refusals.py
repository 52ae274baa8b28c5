# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are refused with 4xx and used to be answered: a person is advised to go back where it came with a release."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import PodShare
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    MINUTE,
    NOW,
    deployed,
    diagnostics,
    errors,
    latency,
    metrics,
    pods,
    signal,
    traffic,
    workload,
)

BLIND = {"logs": None, "traces": None, "dependencies": None, "changes": None}


def recommended(onset: float, age: float, *there: Pod, shares: dict[str, float] | None = None, **rollout: object) -> Recommendation:
    refused = signal("client_error_rate", 0.4, 0.03, onset, title="Client error rate")
    felt = metrics(errors(0.001, 0.001), latency(0.2, 0.2), traffic(50, 50), refused, onset=onset)
    felt = replace(felt, pods=tuple(PodShare(name, share) for name, share in (shares or {}).items()))
    given = {"workload": workload(*(there or pods(3, created_at=NOW))), "rollouts": deployed(age, **rollout), "metrics": felt}
    return recommend(diagnostics(**{**BLIND, **given}), AUTOMATIC, NOW)


def test_with_a_release_it_is_rolled_back_by_a_person() -> None:
    found = recommended(10 * MINUTE, 11 * MINUTE, *pods(3, created_at=NOW))
    assert (found.action, found.automatic) == (Action.ROLLBACK, False)
    assert found.hypotheses[0].cause == "deployment"
    assert any("used to be answered" in line for line in found.hypotheses[0].evidence_for)
    assert "Client error rate: 40% (baseline 3%), of requests that used to be answered" in found.known
    assert "Blast radius: High (40% of requests refused with 4xx)" in found.reasoning


@pytest.mark.parametrize("age", [45 * MINUTE, 30 * 60 * MINUTE], ids=["long after a release", "without one"])
def test_else_the_clients_are_asked_first(age: float) -> None:
    found = recommended(10 * MINUTE, age)
    assert found.action is Action.INVESTIGATE
    assert found.hypotheses[0].cause == "caller"


def test_the_new_version_alone_is_shown_to_be_at_fault() -> None:
    new, old = pods(2, number=4), pods(3, number=3)
    shares = {**{pod.name: 0.5 for pod in new}, **{pod.name: 0.0 for pod in old}}
    found = recommended(10 * MINUTE, 11 * MINUTE, *new, *old, shares=shares, in_progress=True)
    assert (found.action, found.automatic) == (Action.ROLLBACK, False)
    assert any("in its pods alone" in line for line in found.hypotheses[0].evidence_for)
    assert all(one.confidence <= 10 for one in found.hypotheses if one.cause == "caller")


def test_both_versions_alike_are_not() -> None:
    new, old = pods(2, number=4), pods(3, number=3)
    found = recommended(10 * MINUTE, 11 * MINUTE, *new, *old, shares={pod.name: 0.4 for pod in (*new, *old)}, in_progress=True)
    assert found.action is Action.INVESTIGATE
    assert "old_version_fails" in [guard.name for guard in found.guards if guard.forbids]
