# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.stability import (
    failing_target,
    last_stable,
    rolled_back_from,
    still_rolling_out,
)
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    DAY,
    HOUR,
    deployed,
    pods,
    revision,
    rollouts,
    workload,
)


def test_the_newest_proven_one_is_returned_to() -> None:
    history = rollouts(revision(5, "v5", 60), revision(4, "v4", HOUR, 60), revision(3, "v3", DAY, HOUR), revision(2, "v2", 9 * DAY, DAY))
    stable = last_stable(history, history.current)
    assert stable is not None
    assert stable.version == "v3"


def test_without_a_proven_one_the_longest_is() -> None:
    history = rollouts(revision(4, "v4", 60), revision(3, "v3", 300, 60), revision(2, "v2", 4000, 300))
    stable = last_stable(history, history.current)
    assert stable is not None
    assert stable.version == "v2"


@pytest.mark.parametrize(
    ("third", "second", "wanted"),
    [(1, 3, "v3"), (240, 500, "v3"), (HOUR, 1.9 * HOUR, "v3"), (240, HOUR, "v2"), (HOUR, 2.1 * HOUR, "v2"), (None, HOUR, "v2")],
)
def test_a_little_longer_is_no_better(third: float | None, second: float, wanted: str) -> None:
    """``third`` and ``second`` are seconds for which v3 and v2 were active; None is unknown."""
    at = 60 + (third or 0.0)
    newer = revision(3, "v3", at, 60) if third is not None else revision(3, "v3", None)
    history = rollouts(revision(4, "v4", 60), newer, revision(2, "v2", at + second, at))
    found = last_stable(history, history.current)
    assert found is not None
    assert found.version == wanted


def test_what_somebody_rolled_back_from_is_not_returned_to() -> None:
    history = rollouts(revision(5, "v5", 60), revision(4, "v2", DAY, 60, was_rollback=True), revision(3, "v3", 9 * DAY, DAY))
    assert rolled_back_from(history.revisions[2], history)
    stable = last_stable(history, history.revisions[1])
    assert stable is None


def test_there_may_be_none() -> None:
    history = rollouts(revision(1, "v1", 60))
    assert last_stable(history, history.current) is None


def test_a_target_without_a_ready_pod_fails() -> None:
    assert failing_target(revision(3, "v3", 60, 30, pods=2, ready_pods=0))
    assert not failing_target(revision(3, "v3", 60, 30))


def test_a_rollout_goes_on_while_other_pods_run() -> None:
    going = deployed(60, in_progress=True)
    assert still_rolling_out(going, workload(*pods(2), *pods(3, number=3)))
    assert still_rolling_out(going, workload(*pods(2), updated=2, desired=5))
    assert still_rolling_out(going, None)
    assert not still_rolling_out(going, workload(*pods(4, 1)))
    assert not still_rolling_out(deployed(60), workload(*pods(2), *pods(3, number=3)))
