# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits the curve by which the collection turns how sure its rules are into how often they are right, and tries it on scenarios held out."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from ansible_collections.devops.incident_response.plugins.module_utils.decision.calibration import (
    AS_STATED,
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
    points = [(log_odds(one.confidence), high if one.right else low) for one in outcomes]
    offset, slope = 0.0, 1.0
    for _step in range(_STEPS):
        gradient_a = gradient_b = curve_aa = curve_ab = curve_bb = 0.0
        for odds, target in points:
            said = chance(offset + slope * odds)
            weight = said * (1 - said)
            gradient_a += target - said
            gradient_b += (target - said) * odds
            curve_aa, curve_ab, curve_bb = curve_aa + weight, curve_ab + weight * odds, curve_bb + weight * odds * odds
        gradient_b -= _PULL * (slope - 1)
        curve_bb += _PULL
        determinant = curve_aa * curve_bb - curve_ab * curve_ab
        offset += (curve_bb * gradient_a - curve_ab * gradient_b) / determinant
        slope += (curve_aa * gradient_b - curve_ab * gradient_a) / determinant
    return Calibration(round(offset, 2), round(max(slope, 0.0), 2))


def report(outcomes: Sequence[Outcome]) -> str:
    """The curve, and how it does on scenarios that it was not fitted to, beside what the rules state."""
    answered = [one for one in outcomes if one.error is None]
    held_out: list[tuple[int, bool]] = []
    for fold in range(_FOLDS):
        curve = fitted([one for one in answered if _fold(one) != fold])
        held_out += [(curve.percent(one.confidence), one.right) for one in answered if _fold(one) == fold]
    stated = [(AS_STATED.percent(one.confidence), one.right) for one in answered]
    found = fitted(answered)
    lines = [f"MEASURED = Calibration(offset={found.offset}, slope={found.slope})  # {len(answered)} answers"]
    for title, answers in (("as stated", stated), ("fitted, on scenarios held out", held_out)):
        brier = sum((confidence / 100 - right) ** 2 for confidence, right in answers) / len(answers)
        each = "; ".join(f"{one.low}-{one.high}: {one.right} of {one.count}, said {one.stated:.0f}" for one in bins(answers) if one.stated)
        lines.append(f"{title}: off by {expected_error(bins(answers)):.1f} points, Brier {brier:.4f} ({each})")
    return "\n".join(lines)


def _fold(one: Outcome) -> int:
    """All variants of a scenario are in one fold: they are alike."""
    return crc32(one.case.scenario[::-1].encode()) % _FOLDS
