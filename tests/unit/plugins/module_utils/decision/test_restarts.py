# SPDX-License-Identifier: GPL-3.0-or-later
"""``kubectl rollout restart`` makes a revision, and deploys nothing."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options, situation
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Rollouts
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    MINUTE,
    NOW,
    ago,
    bad_deployment,
    diagnostics,
    errors,
    latency,
    metrics,
    pods,
    revision,
    rollouts,
    traffic,
    workload,
)


def restarted(restart: float, deployed: float) -> Rollouts:
    """v2.3.1 since ``deployed`` seconds, its pods restarted ``restart`` seconds ago, after three days of v2.3.0."""
    return rollouts(
        revision(5, "v2.3.1", restart, content="new"),
        revision(4, "v2.3.1", deployed, restart, content="new"),
        revision(3, "v2.3.0", deployed + 3 * DAY, deployed, content="old"),
    )


def test_a_restart_just_before_is_no_deployment() -> None:
    signals = metrics(errors(0.5, 0.001, 80), latency(3.0, 0.15, 80), traffic(100, 100))
    given = diagnostics(rollouts=restarted(2 * MINUTE, 10 * DAY), metrics=signals)
    facts = situation(given, NOW, Options())
    assert facts.suspect_since == ago(10 * DAY)
    assert not facts.implicated
    found = recommend(given, AUTOMATIC, NOW)
    assert found.action is not Action.ROLLBACK
    assert "no_recent_deployment" in {guard.name for guard in found.guards}


def test_a_bad_version_that_was_restarted_in_vain_goes_back_to_the_version_before() -> None:
    given = bad_deployment(rollouts=restarted(2 * MINUTE, 6 * MINUTE), onset=5 * MINUTE)
    found = recommend(given, AUTOMATIC, NOW)
    assert (found.action, found.target_revision) == (Action.ROLLBACK, 3)


def test_pods_from_before_a_restart_run_the_same_version() -> None:
    old = tuple(replace(pod, name=f"{pod.name}-old") for pod in pods(1, 2, number=4))
    given = bad_deployment(rollouts=restarted(MINUTE, 6 * MINUTE), onset=5 * MINUTE, workload=workload(*pods(1, 1, number=5), *old))
    assert not situation(given, NOW, Options()).old_pods_failing


def test_nothing_else_to_go_back_to_is_said() -> None:
    same = rollouts(revision(5, "v2.3.1", 2 * MINUTE, content="new"), revision(4, "v2.3.1", 6 * MINUTE, 2 * MINUTE, content="new"))
    found = recommend(bad_deployment(rollouts=same, onset=5 * MINUTE), AUTOMATIC, NOW)
    assert found.action is Action.HOTFIX
    asked = recommend(bad_deployment(rollouts=same, onset=5 * MINUTE), AUTOMATIC, NOW, Options(target=same.revisions[1]))
    assert "target_is_current" in {guard.name for guard in asked.guards}


def test_the_same_tag_with_another_image_is_a_deployment() -> None:
    new = rollouts(
        revision(5, "v2.3.1", 2 * MINUTE, content="new", image_digest="sha256:b"),
        revision(4, "v2.3.1", 10 * DAY, 2 * MINUTE, content="new", image_digest="sha256:a"),
    )
    assert situation(bad_deployment(rollouts=new), NOW, Options()).suspect_since == ago(2 * MINUTE)
