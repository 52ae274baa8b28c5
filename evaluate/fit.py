# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits the curve by which the collection turns how sure its rules are into how often they are right, and tries it on scenarios held out."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from ansible_collections.devops.incident_response.plugins.module_utils.decision.calibration import (
    AS_STATED,
    SUREST,
    Calibration,
    chance,
    log_odds,
)

from evaluate.calibration import bins, expected_error
from evaluate.case import Outcome

_FOLDS = 5
_STEPS = 50
_PULL = 1.0
"""Precision of the belief that the slope is that of the rules: few answers are wrong, and they are all that tells it."""


def fitted(outcomes: Sequence[Outcome]) -> Calibration:
    """The curve for ``outcomes``, whose confidences have to be as the rules state them. Newton's method on Platt's penalised likelihood."""
    right = sum(one.right for one in outcomes)
    high, low = (right + 1) / (right + 2), 1 / (len(outcomes) - right + 2)
    points = [(log_odds(one.confidence) - SUREST, high if one.right else low) for one in outcomes]
    slope = 1.0
    for _step in range(_STEPS):
        gradient, curve = -_PULL * (slope - 1), _PULL
        for odds, target in points:
            said = chance(SUREST + slope * odds)
            gradient += (target - said) * odds
            curve += said * (1 - said) * odds * odds
        slope = min(max(slope + gradient / curve, 0.0), 2.0)
    return Calibration(round(slope, 2))


def report(outcomes: Sequence[Outcome]) -> str:
    """The curve, and how it does on scenarios that it was not fitted to, beside what the rules state."""
    answered = [one for one in outcomes if one.error is None]
    held_out: list[tuple[int, bool]] = []
    for fold in range(_FOLDS):
        curve = fitted([one for one in answered if _fold(one) != fold])
        held_out += [(curve.percent(one.confidence), one.right) for one in answered if _fold(one) == fold]
    stated = [(AS_STATED.percent(one.confidence), one.right) for one in answered]
    found = fitted(answered)
    lines = [f"MEASURED = Calibration({found.slope})  # {len(answered)} answers"]
    for title, answers in (("as stated", stated), ("fitted, on scenarios held out", held_out)):
        brier = sum((confidence / 100 - right) ** 2 for confidence, right in answers) / len(answers)
        each = "; ".join(f"{one.low}-{one.high}: {one.right} of {one.count}, said {one.stated:.0f}" for one in bins(answers) if one.stated)
        lines.append(f"{title}: off by {expected_error(bins(answers)):.1f} points, Brier {brier:.4f} ({each})")
    return "\n".join(lines)


def _fold(one: Outcome) -> int:
    """All variants of a scenario are in one fold: they are alike."""
    return crc32(one.case.scenario[::-1].encode()) % _FOLDS
