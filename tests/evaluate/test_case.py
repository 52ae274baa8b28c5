# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as right, as a false rollback and as a missed one."""

from __future__ import annotations

import pytest

from evaluate.case import Case
from tests.evaluate.outcomes import outcome


@pytest.mark.parametrize(
    ("truth", "said", "automatic", "right", "false", "missed"),
    [
        ("rollback", "rollback", True, True, False, False),
        ("rollback", "investigate", False, False, False, True),
        ("rollback/hotfix", "hotfix", False, True, False, False),
        ("investigate/monitor", "monitor", False, True, False, False),
        ("investigate", "rollback", False, False, True, False),
        ("investigate/rollback", "rollback", False, True, False, False),
        ("investigate", "investigate", True, True, True, False),
    ],
)
def test_an_answer_is_judged_by_every_action_that_is_acceptable(
    truth: str, said: str, automatic: bool, right: bool, false: bool, missed: bool
) -> None:
    one = outcome(truth, said, automatic=automatic)
    assert (one.right, one.false_rollback, one.missed_rollback) == (right, false, missed)


def test_an_error_is_a_wrong_answer() -> None:
    one = outcome("rollback", "", named="", error="Prometheus did not answer")
    assert (one.right, one.cause_right, one.missed_rollback) == (False, False, True)


@pytest.mark.parametrize(("kinds", "named", "right"), [(("load",), "load", True), (("load",), "node", False), ((), "node", True)])
def test_a_cause_is_right_when_the_truth_lists_it_or_lists_none(kinds: tuple[str, ...], named: str, right: bool) -> None:
    assert outcome("scale", "scale", kinds=kinds, named=named).cause_right is right


def test_about_a_third_is_held_out_and_always_the_same() -> None:
    held = [Case(f"kind/scenario-{number}", 0).held_out for number in range(300)]
    assert 70 < sum(held) < 130
    assert held == [Case(f"kind/scenario-{number}", 1).held_out for number in range(300)]
