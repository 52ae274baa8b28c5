# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that fill what they may use, and pods that can't be started any more: whose fault it is, and what undoing a version would help."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ago,
    changes,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    memory,
    metrics,
    pattern,
    pods,
    traffic,
    workload,
)

BLIND = {"logs": None, "traces": None, "dependencies": None, "changes": None}
ONSET = 8 * MINUTE
OUTAGE = metrics(errors(0.2, 0.002, ONSET), latency(0.2, 0.2), traffic(50, 50))
FULL = "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. "
NODE_FULL = "The node was low on resource: ephemeral-storage. Threshold quantity: 10% available: 3%."


def recommended(age: float, *there: Pod, **more: object) -> Recommendation:
    given = {"metrics": OUTAGE, **BLIND, **more}
    return recommend(diagnostics(workload=workload(*there), rollouts=deployed(age), **given), AUTOMATIC, NOW)


def evicted(message: str) -> tuple[Pod, ...]:
    return tuple(replace(pod, phase="Failed", message=message, restarts=0, ended_at=ago(ONSET)) for pod in pods(0, 2, "Evicted"))


def test_pods_that_fill_their_own_storage_since_a_release_are_the_releases() -> None:
    found = recommended(33 * MINUTE, *pods(3), *evicted(FULL))
    assert (found.hypotheses[0].cause, found.action, found.automatic) == ("deployment", Action.ROLLBACK, False)


def test_a_node_without_room_is_nobodys_release() -> None:
    found = recommended(33 * MINUTE, *pods(3), *evicted(NODE_FULL))
    assert (found.hypotheses[0].cause, found.action) == ("node", Action.INVESTIGATE)


def test_without_a_release_it_is_what_they_write() -> None:
    found = recommended(10 * DAY, *pods(3), *evicted(FULL))
    assert (found.hypotheses[0].cause, found.action) == ("storage", Action.INVESTIGATE)


@pytest.mark.parametrize(
    ("reason", "cause"), [("ImagePullBackOff", "platform"), ("ErrImagePull", "platform"), ("CreateContainerConfigError", "configuration")]
)
def test_what_ran_before_and_cannot_be_started_anew_is_no_versions_fault(reason: str, cause: str) -> None:
    anew = tuple(replace(pod, created_at=ago(ONSET), restarts=0) for pod in pods(0, 2, reason))
    found = recommended(HOUR, *pods(3, created_at=ago(HOUR)), *anew)
    assert (found.hypotheses[0].cause, found.action) == (cause, Action.INVESTIGATE)
    assert "cannot_start_anew" in [guard.name for guard in found.guards]


def test_a_version_of_which_no_pod_was_ever_started_is() -> None:
    new = tuple(replace(pod, created_at=ago(ONSET), restarts=0) for pod in pods(0, 2, "ImagePullBackOff"))
    found = recommended(ONSET + 20, *pods(3, number=3), *new)
    assert (found.hypotheses[0].cause, found.action) == ("deployment", Action.ROLLBACK)


def killed(age: float) -> Pod:
    (pod,) = pods(1, exit_code=137, message="container app exceeded its memory limit (OOMKilled)", created_at=ago(2 * HOUR))
    return replace(pod, restarts=1, last_restart_at=ago(age))


@pytest.mark.parametrize(("since", "cause"), [(2 * HOUR, "deployment"), (9 * MINUTE, "crash")])
def test_memory_that_rose_with_the_release_and_ends_each_pod_once(since: float, cause: str) -> None:
    felt = metrics(*OUTAGE.signals, memory(0.58, 0.43, since))
    found = recommended(2 * HOUR, killed(5 * MINUTE), killed(7 * MINUTE), *pods(2, created_at=ago(2 * HOUR)), metrics=felt)
    assert found.hypotheses[0].cause == cause
    assert (found.action is Action.ROLLBACK) is (cause == "deployment")


def test_what_began_late_is_a_versions_if_a_commit_speaks_of_the_same() -> None:
    late = {"logs": logs(pattern("ERROR", "request rejected: waited 5s for the render lock", 300, ONSET, True))}
    told = recommended(45 * MINUTE, *pods(5), **{**late, "changes": changes("One lock around the renderer")})
    other = recommended(45 * MINUTE, *pods(5), **{**late, "changes": changes("Other words for the help page")})
    assert (told.action, told.automatic, other.action) == (Action.ROLLBACK, False, Action.INVESTIGATE)


def test_requests_that_stay_slow_since_the_rollout_are_reason_enough_without_anything_else() -> None:
    for factor, expected in ((4.4, Action.ROLLBACK), (2.0, Action.MONITOR)):
        felt = metrics(errors(0.002, 0.002), latency(0.11 * factor, 0.11, 16 * MINUTE), traffic(50, 50))
        found = recommended(16 * MINUTE, *pods(5, created_at=ago(16 * MINUTE)), metrics=felt)
        assert (found.action, found.automatic) == (expected, False)


def test_where_nobody_knows_when_it_began_another_s_failure_is_no_version_s() -> None:
    felt = metrics(errors(0.2, 0.002), latency(0.2, 0.2), traffic(50, 50))
    for words, cause in (("connect ECONNREFUSED 203.0.113.9:443", "dependency"), ("TypeError: label is undefined", "deployment")):
        found = recommended(30 * MINUTE, *pods(3), metrics=felt, logs=logs(pattern("ERROR", words, 150)))
        assert found.hypotheses[0].cause == cause, words
        assert not found.automatic
