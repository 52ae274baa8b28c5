# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the summary say what a person looks for first."""

from __future__ import annotations

from evaluate.table import summary, table
from evaluate.totals import totals
from tests.evaluate.outcomes import outcome

OUTCOMES = [
    outcome("rollback", "rollback", 95, score=95, automatic=True, scenario="good"),
    outcome("investigate", "rollback", 80, score=70, named="deployment", kinds=("load",), scenario="false"),
    outcome("rollback", "monitor", 60, score=40, scenario="missed"),
    outcome("scale", "investigate", 55, score=40, scenario="wrong"),
    outcome("scale", "", error="no such thing", scenario="broken"),
]


def test_every_outcome_has_a_line_with_its_verdict() -> None:
    lines = table(OUTCOMES).splitlines()
    assert len(lines) == 2 + len(OUTCOMES)
    assert [line.split()[-1] for line in lines[2:]] == ["right", "ROLLBACK", "MISSED", "wrong", "error"]
    assert "rollback*" in lines[2], "what would happen by itself is marked"
    assert "deployment (not load)" in lines[3]
    assert "no such thing" in lines[6]


def test_the_summary_counts() -> None:
    text = summary("All", totals(OUTCOMES))
    assert "All: 5 cases, in 2 of which a rollback is the right answer" in text
    assert "right action            1 of 5 (20%)" in text
    assert "false rollbacks         1 (0 automatic; the score alone: 0 automatic)" in text
    assert "missed rollbacks        1 of 2 (50%) (the score alone: 1)" in text
    assert "given 80 to 100        1 of 2 (50%, said 88%)      1 of 1 (100%, said 95%)" in text
