# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.stability import PROVEN_AFTER, rolled_back_from
from ansible_collections.devops.incident_response.plugins.module_utils.errors import InvalidOptionError, NotFoundError
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision, Rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.target import (
    TargetError,
    describe,
    resolve,
)

Make = Callable[..., Revision]
History = Callable[..., Rollouts]


@pytest.mark.parametrize(
    ("target", "number"),
    [("v2.3.0", 4), ("2.3.0", 4), ("4", 4), ("3", 3), ("payment-api-3", 3), ("previous", 4), ("latest-stable", 4), ("v2.3.1", 5), ("5", 5)],
)
def test_a_target_means_a_revision(rollouts: History, target: str, number: int) -> None:
    assert resolve(target, rollouts()).number == number


def test_an_unknown_target_lists_those_that_exist(rollouts: History) -> None:
    with pytest.raises(NotFoundError) as missing:
        resolve("v9.9.9", rollouts())
    assert "v2.3.1 (revision 5) (current), v2.3.0 (revision 4), v2.2.0 (revision 3)" in missing.value.message
    assert missing.value.details["revisions"] == [5, 4, 3]


@pytest.mark.parametrize("target", ["", "a b", "v1;rm -rf", '"}', "../x", "{{ x }}", "x" * 200])
def test_what_can_be_no_target_is_refused_by_its_option(rollouts: History, target: str) -> None:
    with pytest.raises(InvalidOptionError, match="Option 'target'"):
        resolve(target, rollouts())


def test_a_version_is_the_current_revision_where_that_has_it_else_the_newest(revision: Make, rollouts: History) -> None:
    again = rollouts(revision(5, "v2"), revision(4, "v2", hours=1), revision(3, "v1", hours=1, ago=1), revision(2, "v1", hours=1, ago=2))
    assert resolve("v2", again).number == 5
    assert resolve("v1", again).number == 3


def test_a_number_that_is_also_another_revisions_version_is_not_guessed(revision: Make, rollouts: History) -> None:
    builds = rollouts(revision(5, "6"), revision(4, "3", hours=9), revision(3, "2", hours=9, ago=9))
    with pytest.raises(TargetError, match="payment-api-4 or payment-api-3"):
        resolve("3", builds)
    assert resolve("6", builds).number == 5
    assert resolve("payment-api-3", builds).number == 3


def test_previous_needs_a_revision_before(revision: Make, rollouts: History) -> None:
    with pytest.raises(NotFoundError, match="no revision before"):
        resolve("previous", rollouts(revision(1, "v1")))


def test_previous_does_not_bring_back_what_was_rolled_back_from(revision: Make, rollouts: History) -> None:
    after = (revision(6, "v2.3.0", was_rollback=True), revision(5, "v2.3.1", hours=0.1))
    with pytest.raises(TargetError, match=r"would bring back v2\.3\.1"):
        resolve("previous", rollouts(*after))
    assert resolve("previous", rollouts(*after, in_progress=True)).number == 6
    assert resolve("latest-stable", rollouts(*after)).number == 6
    assert resolve("v2.3.1", rollouts(*after)).number == 5


def test_latest_stable_is_the_newest_that_was_proven(revision: Make, rollouts: History) -> None:
    hours = PROVEN_AFTER / 3600
    history = rollouts(
        revision(5, "v5"), revision(4, "v4", hours=hours - 0.1), revision(3, "v3", hours=hours), revision(2, "v2", hours=900)
    )
    assert resolve("latest-stable", history).number == 3


def test_latest_stable_skips_what_was_rolled_back_from(revision: Make, rollouts: History) -> None:
    history = rollouts(
        revision(7, "v7"), revision(6, "v4", hours=8, was_rollback=True), revision(5, "v5", hours=40), revision(3, "v3", hours=50)
    )
    assert rolled_back_from(history.revisions[2], history)
    assert resolve("latest-stable", history).number == 6
    worse = rollouts(revision(7, "v7"), revision(6, "v4", hours=1, was_rollback=True), revision(5, "v5", hours=40))
    assert resolve("latest-stable", worse).number == 6


def test_latest_stable_is_the_longest_active_where_none_was_proven(revision: Make, rollouts: History) -> None:
    history = rollouts(revision(5, "v5"), revision(4, "v4", hours=1), revision(3, "v3", hours=3), revision(2, "v2", hours=2))
    assert resolve("latest-stable", history).number == 3


def test_latest_stable_does_not_guess_where_nothing_is_known(revision: Make, rollouts: History) -> None:
    history = rollouts(revision(5, "v5"), revision(4, "v4", hours=1, active_from=None))
    with pytest.raises(NotFoundError, match="known to have been stable"):
        resolve("latest-stable", history)


def test_a_revision_without_a_version_is_called_by_its_number(revision: Make) -> None:
    assert describe(revision(4, None)) == "revision 4"


def test_a_restart_is_passed_over(rollouts: History) -> None:
    known = rollouts()
    alike = replace(known.revisions[1], content="same", version=known.current.version)
    current = replace(known.current, content="same")
    restarted = replace(known, current=current, previous=alike, revisions=(current, alike, *known.revisions[2:]))
    assert resolve("previous", restarted).number == 3
    assert resolve("latest-stable", restarted).number == 3
    with pytest.raises(NotFoundError, match="only restarted"):
        resolve("previous", replace(restarted, revisions=(current, alike)))
