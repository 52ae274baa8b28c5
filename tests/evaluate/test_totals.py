# SPDX-License-Identifier: GPL-3.0-or-later
"""The totals, and the aims that they miss."""

from __future__ import annotations

import pytest

from evaluate.totals import missed_aims, totals
from tests.evaluate.outcomes import outcome

RIGHT = [outcome("rollback", "rollback", 100, scenario=f"right/{number}") for number in range(20)]


def test_what_the_score_alone_would_have_done_stands_beside_it() -> None:
    found = totals(
        [
            outcome("rollback", "rollback", score=95),
            outcome("rollback", "rollback", score=55),
            outcome("investigate", "investigate", score=85),
            outcome("investigate", "rollback", score=30, automatic=True),
        ]
    )
    assert (found.cases, found.needed, found.right) == (4, 2, 3)
    assert (found.false_rollbacks, found.false_automatic, found.missed) == (1, 1, 0)
    assert (found.score_false_automatic, found.score_missed) == (1, 1)
    assert [(one.count, one.right) for one in found.score_calibration] == [(2, 1), (0, 0), (1, 1), (1, 0)]


def test_what_is_right_misses_no_aim() -> None:
    assert missed_aims(totals(RIGHT)) == ()


def test_one_false_rollback_is_one_too_many() -> None:
    sentence = missed_aims(totals([*RIGHT, outcome("investigate", "rollback", 100)]))[0]
    assert sentence.startswith("1 rollbacks were recommended where they are wrong")


def test_one_in_twenty_may_be_missed() -> None:
    missed = [outcome("rollback", "investigate", 10)]
    assert missed_aims(totals([*RIGHT[:19], *missed])) == ()
    assert missed_aims(totals([*RIGHT[:18], *missed])) == ("1 of 19 needed rollbacks were missed; at most 5% may be.",)


@pytest.mark.parametrize(("scenarios", "variants", "told"), [(20, 1, True), (20, 2, True), (19, 1, False), (11, 2, False), (4, 5, False)])
def test_a_confidence_that_promises_too_much_in_many_scenarios_misses_the_aim(scenarios: int, variants: int, told: bool) -> None:
    """However many variants of them there are; most others are as sure as they should be."""
    wrong = [outcome("rollback", "none" if n % 2 else "rollback", 70, scenario=f"wrong/{n}") for n in range(scenarios)]
    right = [outcome("rollback", "rollback", 100, scenario=f"well/{n}") for n in range(300)]
    sentences = missed_aims(totals([*right, *wrong] * variants))
    assert any("given 60 to 79" in sentence for sentence in sentences) is told


def test_a_case_that_ends_with_an_error_misses_the_aim() -> None:
    found = totals([*RIGHT, outcome("investigate", "", error="the cluster did not answer")])
    assert found.errors == 1
    assert missed_aims(found) == ("1 cases ended with an error.",)
