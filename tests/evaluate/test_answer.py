# SPDX-License-Identifier: GPL-3.0-or-later
"""The specification's three examples, asked over the wire and answered as it says."""

from __future__ import annotations

import pytest

from evaluate.answer import answer
from evaluate.case import Case


@pytest.mark.parametrize(
    ("scenario", "action", "confidence", "score", "headline"),
    [
        ("payment-api", "rollback", 95, 95, "IMMEDIATE ROLLBACK to v2.3.0 (last stable)"),
        ("auth-service", "investigate", 75, 60, "INVESTIGATE Redis cache degradation (not deployment-related)"),
        ("user-api", "monitor", 82, None, "MONITOR for additional 2 hours before rollback decision"),
    ],
)
def test_the_examples(scenario: str, action: str, confidence: int, score: int | None, headline: str) -> None:
    found = answer(Case(scenario, 0))
    assert found.error is None
    assert (found.action, found.confidence, found.headline) == (action, confidence, headline)
    assert found.score == score or score is None
    assert found.right
    assert found.cause_right


def test_the_same_case_has_the_same_answer() -> None:
    first, again = answer(Case("user-api", 1)), answer(Case("user-api", 1))
    assert (first.action, first.confidence, first.score, first.headline) == (again.action, again.confidence, again.score, again.headline)
