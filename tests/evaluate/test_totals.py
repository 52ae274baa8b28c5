# SPDX-License-Identifier: GPL-3.0-or-later
"""The totals, and the aims that they miss."""

from __future__ import annotations

from evaluate.totals import missed_aims, totals
from tests.evaluate.outcomes import outcome

RIGHT = [outcome("rollback", "rollback", 100) for _ in range(20)]


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


def test_a_confidence_that_promises_too_much_misses_the_aim() -> None:
    wrong = [outcome("investigate", "monitor", 100) for _ in range(10)]
    assert any("were right, not 100%" in sentence for sentence in missed_aims(totals([*RIGHT, *wrong])))


def test_a_case_that_ends_with_an_error_misses_the_aim() -> None:
    found = totals([*RIGHT, outcome("investigate", "", error="the cluster did not answer")])
    assert found.errors == 1
    assert missed_aims(found) == ("1 cases ended with an error.",)
