# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that were taken away or moved without a rollout."""

from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import ClusterEvent, Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ago,
    cluster_event,
    deployed,
    diagnostics,
    errors,
    latency,
    metrics,
    pods,
    traffic,
    workload,
)

ONSET = 10 * MINUTE
BLIND = {"logs": None, "traces": None, "dependencies": None, "changes": None}


def recommended(*there: Pod, events: tuple[ClusterEvent, ...] = (), age: float = 3 * DAY) -> Recommendation:
    felt = metrics(errors(0.12, 0.002, ONSET), latency(1.8, 0.2, ONSET), traffic(50, 50))
    given = {"workload": workload(*there, events=events), "rollouts": deployed(age), "metrics": felt, **BLIND}
    return recommend(diagnostics(**given), AUTOMATIC, NOW)


def scaled(age: float, before: int, now: int, number: int = 4) -> ClusterEvent:
    return cluster_event(age, "ScalingReplicaSet", f"Scaled down replica set app-hash{number} from {before} to {now}", "Deployment", "app")


def test_pods_that_somebody_took_away_come_back_by_scaling() -> None:
    found = recommended(*pods(2), events=(scaled(11 * MINUTE, 6, 2),))
    assert (found.action, found.headline) == (Action.SCALE, "SCALE UP (fewer pods than before: 2 of 6)")


@pytest.mark.parametrize(
    "event",
    [
        scaled(11 * MINUTE, 3, 2, number=3),  # the old version, as it is replaced
        scaled(2 * HOUR, 6, 2),
        scaled(8 * MINUTE, 6, 2),
        scaled(11 * MINUTE, 6, 5),
        scaled(11 * MINUTE, 6, 1),  # two are there again
    ],
)
def test_what_was_no_such_change(event: ClusterEvent) -> None:
    assert recommended(*pods(2), events=(event,)).action is Action.INVESTIGATE


def rescaled(up: int, down: int) -> tuple[ClusterEvent, ...]:
    kind = {"kind": "HorizontalPodAutoscaler", "name": "app"}
    above = "New size: 8; reason: cpu resource utilization (percentage of request) above target"
    return (
        cluster_event(50 * MINUTE, "SuccessfulRescale", above, count=up, **kind),  # type: ignore[arg-type]
        cluster_event(45 * MINUTE, "SuccessfulRescale", "New size: 2; reason: All metrics below target", count=down, **kind),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(("up", "down", "age", "unsteady"), [(5, 5, 3 * DAY, True), (5, 1, 3 * DAY, False), (5, 5, 11 * MINUTE, False)])
def test_an_autoscaler_that_does_not_find_its_size(up: int, down: int, age: float, unsteady: bool) -> None:
    found = recommended(*pods(4), events=rescaled(up, down), age=age)
    assert (found.hypotheses[0].title == "The autoscaler goes up and down") is unsteady


STOPPED = cluster_event(ONSET, "Killing", "Stopping container app", count=3)
UNFIT = cluster_event(ONSET, "Killing", "Container app failed liveness probe, will be restarted", count=3)
MOVED = (*pods(1), *pods(3, created_at=ago(ONSET)))


@pytest.mark.parametrize(
    ("there", "events", "age", "moved"),
    [
        (MOVED, (STOPPED,), HOUR, True),
        (MOVED, (), HOUR, True),  # the events are gone, and no autoscaler makes pods
        (MOVED, (UNFIT,), HOUR, True),
        ((*pods(3), *pods(1, created_at=ago(ONSET))), (STOPPED,), HOUR, False),
        ((*pods(1), *pods(3, created_at=ago(3 * MINUTE))), (STOPPED,), HOUR, False),  # after it had begun
        (MOVED, (STOPPED,), 11 * MINUTE, False),  # the rollout made them
        ((*MOVED, *pods(0, 1)), (STOPPED,), HOUR, False),
    ],
)
def test_pods_that_were_made_anew_as_it_began(there: tuple[Pod, ...], events: tuple[ClusterEvent, ...], age: float, moved: bool) -> None:
    found = recommended(*there, events=events, age=age)
    assert (found.hypotheses[0].title == "Pods are moved from node to node") is moved
    assert not moved or (found.action, found.hypotheses[0].cause) == (Action.INVESTIGATE, "node")
