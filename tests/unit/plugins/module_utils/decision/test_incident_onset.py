# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    MINUTE,
    NOW,
    ago,
    bad_deployment,
    deployed,
    diagnostics,
    errors,
    latency,
    metrics,
    traffic,
    workload,
)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW)


def test_scrapes_that_are_missing_do_not_let_the_errors_begin_before_the_rollout() -> None:
    def with_hole(seconds: float) -> Recommendation:
        rate = errors(0.45, 0.001, 15 * MINUTE, onset_gap=seconds)
        return recommended(bad_deployment(age=14 * MINUTE, metrics=metrics(rate, latency(0.15, 0.15), traffic(30, 30))))

    assert "onset_before_deployment" in [one.name for one in with_hole(10.0).guards]
    assert "onset_before_deployment" not in [one.name for one in with_hole(180.0).guards]


def test_without_events_a_rollout_stands_still_since_its_first_pod_was_made() -> None:
    def waiting(restarts: int = 0, revision_hash: str = "hash4") -> Recommendation:
        new = Pod("app-new", "v2.3.1", False, "Running", ago(13 * MINUTE), revision_hash=revision_hash, restarts=restarts)
        old = [Pod(f"app-{number}", "v2.3.0", True, "Running", ago(9 * DAY), revision_hash="hash3") for number in range(3)]
        history = replace(deployed(13 * MINUTE), in_progress=True)
        return recommended(diagnostics(rollouts=history, workload=workload(*old, replace(new, reason="ContainersNotReady"))))

    assert waiting().action is Action.ROLLBACK
    assert waiting(revision_hash="hash3").action is not Action.ROLLBACK, "it runs what ran before"
    assert waiting(restarts=1).action is not Action.ROLLBACK, "when its program ended is not known"
