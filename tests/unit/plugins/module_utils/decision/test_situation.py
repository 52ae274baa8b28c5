# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    MINUTE,
    NOW,
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

AUTOMATIC = Policy(page=("on_call",), rollback="automatic", update_interval=600.0, mttr_target=600.0)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW)


def test_more_of_what_failed_before_is_looked_into_first() -> None:
    def failing(now: float, before: float) -> Recommendation:
        state = workload(*pods(4, created_at=NOW - timedelta(seconds=10 * MINUTE)))
        felt = metrics(errors(now, before, 9 * MINUTE), latency(0.15, 0.15), traffic(30, 30))
        return recommended(diagnostics(rollouts=deployed(10 * MINUTE), workload=state, metrics=felt))

    assert failing(0.22, 0.002).action is Action.ROLLBACK
    assert failing(0.22, 0.095).action is Action.INVESTIGATE
    assert failing(0.40, 0.095).action is Action.ROLLBACK


def standing(waited: float) -> Diagnostics:
    """A rollout of which one pod is never ready, while users feel nothing."""
    young = pods(0, 1, reason="NotReady", restarts=0, created_at=NOW - timedelta(seconds=waited))
    unready = cluster_event(waited - 10, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404", name="app-4-0")
    state = workload(*pods(3, number=3), *young, desired=4, updated=1, events=[unready])
    felt = metrics(errors(0.001, 0.001), latency(0.15, 0.15), traffic(30, 30))
    return diagnostics(workload=state, rollouts=deployed(waited, in_progress=True), metrics=felt)


def test_a_rollout_that_stands_still_is_rolled_back_by_a_person() -> None:
    assert recommended(standing(5 * MINUTE)).action is Action.MONITOR
    found = recommended(standing(11 * MINUTE))
    assert (found.action, found.automatic) == (Action.ROLLBACK, False)


def slower(factor: float, since: float, before: float = 0.1) -> Action:
    """Nothing fails; requests are slower since a minute after the rollout."""
    state = workload(*pods(4, created_at=NOW - timedelta(seconds=since + MINUTE)))
    felt = metrics(errors(0.001, 0.001), latency(factor * before, before, since), traffic(30, 30))
    return recommended(diagnostics(rollouts=deployed(since + MINUTE), workload=state, metrics=felt)).action


def test_three_times_as_slow_for_a_quarter_of_an_hour_was_watched_long_enough() -> None:
    assert slower(3.5, since=20 * MINUTE) is Action.ROLLBACK
    assert slower(3.5, since=8 * MINUTE) is Action.MONITOR
    assert slower(2.2, since=20 * MINUTE) is Action.MONITOR
    assert slower(3.5, since=20 * MINUTE, before=0.03) is Action.MONITOR, "nobody notices"
