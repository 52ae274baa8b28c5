# SPDX-License-Identifier: GPL-3.0-or-later
"""What all outcomes come to, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evaluate.calibration import Bin, bins, expected_error
from evaluate.case import ROLLBACK, Outcome

MOST_MISSED = 0.05
"""Share of the needed rollbacks that may be missed."""
WIDEST_GAP = 10.0
"""Percentage points between what a confidence says and how many are right."""
TELLING = 20
"""Answers from which the gap of one bin says something: with fewer it is chance that speaks."""
AUTOMATIC_SCORE, ROLLBACK_SCORE = 80, 60
"""From which the specification's score alone would roll back by itself, and recommend it."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of outcomes. ``score_*`` are what the rollback score alone would have come to; its bins count where a rollback was right."""

    cases: int
    errors: int
    right: int
    cause_right: int
    needed: int
    false_rollbacks: int
    false_automatic: int
    missed: int
    unknown: int
    calibration: tuple[Bin, ...]
    calibration_error: float
    score_calibration: tuple[Bin, ...]
    score_false_automatic: int
    score_missed: int


def totals(outcomes: Sequence[Outcome]) -> Totals:
    answered = [one for one in outcomes if one.error is None]
    calibration = bins((one.confidence, one.right) for one in answered)
    return Totals(
        cases=len(outcomes),
        errors=len(outcomes) - len(answered),
        right=sum(one.right for one in answered),
        cause_right=sum(one.cause_right for one in answered),
        needed=sum(one.needs_rollback for one in outcomes),
        false_rollbacks=sum(one.false_rollback for one in outcomes),
        false_automatic=sum(one.false_rollback and one.automatic for one in outcomes),
        missed=sum(one.missed_rollback for one in outcomes),
        unknown=sum(one.named in ("", "unknown") for one in answered),
        calibration=calibration,
        calibration_error=expected_error(calibration),
        score_calibration=bins((one.score, ROLLBACK in one.actions) for one in answered),
        score_false_automatic=sum(one.score >= AUTOMATIC_SCORE and ROLLBACK not in one.actions for one in answered),
        score_missed=sum(one.score < ROLLBACK_SCORE and one.needs_rollback for one in answered),
    )


def missed_aims(found: Totals) -> tuple[str, ...]:
    """The aims that are not met, each as a sentence; none when all is well."""
    return tuple(_missed(found))


def false_ones(found: Iterable[Totals]) -> tuple[str, ...]:
    """The one aim of cases that go without some evidence: whatever is missing, no rollback is recommended where it is wrong."""
    count = sum(one.false_rollbacks for one in found)
    return (f"{count} rollbacks were recommended where they are wrong, for lack of evidence.",) if count else ()


def _missed(found: Totals) -> Iterator[str]:
    if found.errors:
        yield f"{found.errors} cases ended with an error."
    if found.false_rollbacks:
        yield f"{found.false_rollbacks} rollbacks were recommended where they are wrong ({found.false_automatic} automatic); none may be."
    if found.missed > MOST_MISSED * found.needed:
        yield f"{found.missed} of {found.needed} needed rollbacks were missed; at most {MOST_MISSED:.0%} may be."
    if found.calibration_error > WIDEST_GAP:
        yield f"Confidences are off by {found.calibration_error:.0f} points on average; at most {WIDEST_GAP:.0f} may be."
    for one in found.calibration:
        if one.count >= TELLING and abs(one.gap or 0.0) > WIDEST_GAP:
            yield f"Of the answers given {one.low} to {one.high}, {one.observed:.0f}% were right, not {one.stated:.0f}%."
