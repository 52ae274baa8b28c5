# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.pods import (
    cannot_start_anew,
    failing,
    full_with_age,
    killed_again,
    killed_lately,
    over_its_storage,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod, PodWarning
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ago,
    pods,
    workload,
)

KILLED = "container app exceeded its memory limit (OOMKilled)"


def killed(age: float, restarts: int = 3, share: float = 0.4) -> Pod:
    """Ready again since its memory limit ended it ``age`` seconds ago."""
    (pod,) = pods(1)
    return replace(
        pod, exit_code=137, message=KILLED, restarts=restarts, last_restart_at=ago(age), memory_share=share, created_at=ago(3 * DAY)
    )


def never_killed(share: float, age: float = 3 * DAY) -> Pod:
    (pod,) = pods(1)
    return replace(pod, memory_share=share, created_at=ago(age))


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ((killed(5 * MINUTE), killed(20 * MINUTE), never_killed(0.4)), 2),
        ((killed(5 * MINUTE), never_killed(0.4), never_killed(0.4)), 0),
        ((killed(5 * MINUTE, restarts=1), killed(20 * MINUTE, restarts=1)), 0),
        ((killed(2 * HOUR), killed(3 * HOUR)), 0),
        ((replace(killed(5 * MINUTE), message="last restart: Error (exit code 137)"),), 0),
    ],
)
def test_pods_that_are_up_between_two_ends_by_the_memory_limit(there: tuple[Pod, ...], found: int) -> None:
    assert len(killed_again(there, NOW)) == found


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ((killed(10 * MINUTE, 1, 0.3), never_killed(0.97)), True),
        ((killed(10 * MINUTE, 1, 0.9), never_killed(0.97)), False),
        ((killed(10 * MINUTE, 1, 0.3), never_killed(0.97, age=HOUR)), False),
        ((killed(10 * MINUTE, 1, 0.3), never_killed(0.5)), False),
        ((never_killed(0.3), never_killed(0.97)), False),
    ],
)
def test_memory_that_goes_with_the_age_of_pods(there: tuple[Pod, ...], found: bool) -> None:
    assert (full_with_age(workload(*there), NOW) is not None) is found
    assert full_with_age(None, NOW) is None


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ((killed(5 * MINUTE, 1), killed(8 * MINUTE, 1), never_killed(0.4)), 2),
        ((killed(5 * MINUTE, 1), killed(30 * MINUTE, 1)), 0),
        ((killed(5 * MINUTE, 1), never_killed(0.4)), 0),
    ],
)
def test_pods_that_the_memory_limit_ended_once_each_since_it_began(there: tuple[Pod, ...], found: int) -> None:
    assert len(killed_lately(there, ago(10 * MINUTE))) == found
    assert killed_lately(there, None) == ()


@pytest.mark.parametrize(
    ("reason", "message", "own"),
    [
        ("Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. ", True),
        ("Evicted", 'Container app exceeded its local ephemeral storage limit "1Gi". ', True),
        ("Evicted", 'Usage of EmptyDir volume "tmp" exceeds the limit "500Mi". ', True),
        ("Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 10% available: 3%.", False),
        ("Error", "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. ", False),
    ],
)
def test_an_eviction_for_what_the_pod_wrote_is_no_trouble_of_its_node(reason: str, message: str, own: bool) -> None:
    (pod,) = pods(0, 1, reason)
    assert over_its_storage(replace(pod, message=message)) is own


def without_image(age: float, number: int = 4) -> Pod:
    (pod,) = pods(0, 1, "ImagePullBackOff", number)
    return replace(pod, created_at=ago(age), restarts=0)


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (without_image(12 * MINUTE), True),
        (without_image(HOUR), False),  # made together with those that run
        (without_image(12 * MINUTE, number=5), False),  # none of its revision runs
        (replace(without_image(12 * MINUTE), reason="CrashLoopBackOff"), False),
    ],
)
def test_what_cannot_be_started_although_others_of_its_revision_were(broken: Pod, found: bool) -> None:
    assert bool(cannot_start_anew((*pods(3), broken), NOW)) is found


@pytest.mark.parametrize(
    ("kind", "count", "startup_time", "age", "fails"),
    [
        ("Readiness", 1, 15.0, 45.0, False),
        ("Liveness", 2, 15.0, 45.0, False),
        ("Readiness", 1, 15.0, 65.0, True),
        ("Readiness", 5, 15.0, 45.0, True),  # as often as the kubelet bears
        ("Readiness", 5, 0.0, 45.0, True),
        ("Readiness", 1, 120.0, 90.0, False),
        ("Startup", 20, 300.0, 200.0, False),
        ("Startup", 20, 100.0, 200.0, True),
    ],
)
def test_a_young_pod_whose_probe_failed(kind: str, count: int, startup_time: float, age: float, fails: bool) -> None:
    (pod,) = pods(0, 1, "ContainersNotReady")
    told = PodWarning("Unhealthy", f"{kind} probe failed: connection refused", count, ago(age - 10), ago(5))
    young = replace(pod, restarts=0, created_at=ago(age), startup_time=startup_time, warnings=(told,))
    assert bool(failing((young,), NOW)) is fails
