# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a deployment against after it, signal by signal.

What is compared first are the values over the two windows; how sure a difference is, and whether equal values are the same at all, is told
from the single minutes in them (``samples.compare_samples``).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..lean import dataclass
from ..model.comparison import ComparedSignal
from ..model.comparison_raw import RawComparedSignal, RawComparison
from ..model.metrics import Shape
from ..units import format_value
from .onset import Course, onset
from .samples import BETTER, NOTICEABLE, SAME, UNKNOWN, WORSE, apart, compare_samples, limited, unlike
from .series import finite, slope_per_hour

__all__ = ["BETTER", "NOTICEABLE", "SAME", "UNKNOWN", "WORSE", "FollowedSignal", "follow", "is_gradual", "named"]

_TRAFFIC = "request_rate"
_TRAFFIC_LOST = 0.2
"""Share of the requests whose loss is a change for the worse. More of them are neither."""
_SMALLEST = {"share": 0.001, "seconds": 0.001}
"""The least change that means anything, by unit."""


@dataclass(frozen=True, slots=True)
class FollowedSignal:
    """A compared signal with its course from the window before on; ``course.onset`` is unix seconds."""

    compared: ComparedSignal
    course: Course
    trend_per_hour: float | None

    @property
    def worse(self) -> bool:
        return self.compared.verdict == WORSE


def follow(raw: RawComparison, deployed_at: float) -> tuple[FollowedSignal, ...]:
    """Every signal of ``raw`` with its verdict and course. ``deployed_at`` is unix seconds."""
    return tuple(_followed(one, raw, deployed_at) for one in raw.signals)


def named(signals: Sequence[FollowedSignal], name: str) -> FollowedSignal | None:
    return next((one for one in signals if one.compared.name == name), None)


def _followed(raw: RawComparedSignal, around: RawComparison, deployed_at: float) -> FollowedSignal:
    direction = 0 if raw.name == _TRAFFIC else -1 if raw.higher_is_better else 1
    course = onset(raw.points, None, direction, _SMALLEST.get(raw.unit, 0.0))
    after = [point for point in raw.points if point[0] >= deployed_at]
    return FollowedSignal(_compared(raw, around, direction), course, slope_per_hour(after))


def _compared(raw: RawComparedSignal, around: RawComparison, direction: int) -> ComparedSignal:
    before, after = raw.before, raw.after
    change, reason = None, raw.reason
    if before is not None and after is not None:
        change = (after - before) / before if before > 0 else 0.0 if after == before else None
        if change is None:
            reason = "it was zero before"
    verdict = _verdict(raw, change)
    sample = None
    if before is not None and after is not None and around.before is not None:
        then, now = (_within(raw, window, around.lookback) for window in (around.before, around.after))
        smallest = _SMALLEST.get(raw.unit, 0.0)
        sample = compare_samples(now, then, direction, smallest=smallest, unit=raw.unit, limits=raw.limits)
        if verdict == SAME and raw.name != _TRAFFIC:
            if sample.verdict in (WORSE, BETTER):
                verdict = sample.verdict
            elif sample.verdict == UNKNOWN and unlike(now, then, max(NOTICEABLE * abs(before), smallest)):
                verdict, reason = UNKNOWN, "it is as high as before on the whole, but goes up and down in another way"
    if before is not None and after is not None and limited(after, raw.limits):
        reason = f"after it, it is at least {format_value(after, raw.unit)}: beyond the highest bucket, so how far is not known"
        if after <= before or limited(before, raw.limits):
            change, verdict = None, UNKNOWN
    return ComparedSignal(raw.name, raw.title, raw.unit, before, after, change, verdict, reason, sample)


def _within(raw: RawComparedSignal, window: tuple[float, float], lookback: float) -> list[float]:
    """Independent values of the window, none of which has seen anything from before it."""
    start, end = window
    return apart([point for point in finite(raw.points) if start + lookback <= point[0] <= end], lookback)


def _verdict(raw: RawComparedSignal, change: float | None) -> str:
    if raw.before is None or raw.after is None:
        return UNKNOWN
    difference = raw.after - raw.before
    if raw.name == _TRAFFIC:
        return WORSE if change is not None and change <= -_TRAFFIC_LOST else SAME
    if abs(difference) < _SMALLEST.get(raw.unit, 0.0) or (change is not None and abs(change) < NOTICEABLE):
        return SAME
    return WORSE if (difference > 0) is not raw.higher_is_better else BETTER


def is_gradual(signals: Sequence[FollowedSignal]) -> bool:
    """Whether all that became worse and left its level did so over half an hour or more."""
    shapes = [one.course.shape for one in signals if one.worse and one.course.onset is not None]
    return bool(shapes) and Shape.SUDDEN not in shapes and Shape.GRADUAL in shapes
