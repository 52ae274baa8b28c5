# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.pods import full_with_age, killed_again
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
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
