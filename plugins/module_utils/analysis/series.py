# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small statistics that judging a series needs. Points are (unix seconds, value), oldest first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

Point = tuple[float, float]

_MOST_POINTS_OF_A_TREND = 60
_FEWEST_POINTS_OF_A_TREND = 10
_SHORTEST_TREND = 1800.0
_NORMAL_MAD = 1.4826
"""Median absolute deviation to standard deviation, for normally distributed values."""
_NORMAL_Q95 = 1.645
"""Standard deviations from the median to the 95th percentile of normally distributed values."""
_NORMAL_95_OF_DIFFERENCES = 1.96 * math.sqrt(2)
"""The same for the absolute difference of two of them."""
_JITTER_LAG = 4


def finite(points: Iterable[Point]) -> tuple[Point, ...]:
    """The points that are numbers, oldest first. Gaps (NaN) and infinities are no values."""
    return tuple(sorted((at, value) for at, value in points if math.isfinite(at) and math.isfinite(value)))


def smoothed(values: Sequence[float]) -> list[float]:
    """Running median of three: one value out of line leaves no trace, a step stays a step."""
    last = len(values) - 1
    if last < 2:
        return list(values)
    return [median(values[max(0, min(index - 1, last - 2)) : max(0, min(index - 1, last - 2)) + 3]) for index in range(last + 1)]


def spread(values: Sequence[float]) -> float:
    """Standard deviation, told from the middle of the values and from their upper tail, whichever is wider.

    The tail counts because rare errors leave most minutes at zero: their median deviation would be zero too.
    """
    if len(values) < 3:
        return 0.0
    ordered = sorted(values)
    middle = median(ordered)
    deviation = _NORMAL_MAD * median(abs(value - middle) for value in ordered)
    high = ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]
    low = ordered[max(0, math.floor(0.05 * len(ordered)))]
    return max(deviation, (high - middle) / _NORMAL_Q95, (middle - low) / _NORMAL_Q95)


def detrended(points: Sequence[Point]) -> list[float]:
    """The values' distances from their least-squares line."""
    count = len(points)
    if count < 3:
        return [0.0] * count
    middle, mean = sum(at for at, _unused in points) / count, sum(value for _unused, value in points) / count
    width = sum((at - middle) ** 2 for at, _unused in points)
    slope = sum((at - middle) * value for at, value in points) / width if width else 0.0
    return [value - mean - slope * (at - middle) for at, value in points]


def jitter(values: Sequence[float]) -> float:
    """Standard deviation from one moment to another, told from differences: a steady drift adds nothing to it, comings and goings do.

    The values compared are some apart, since neighbouring windows of a rate overlap.
    """
    differences = [later - earlier for earlier, later in zip(values, values[_JITTER_LAG:], strict=False)]
    if not differences:
        return 0.0
    drift = median(differences)
    ordered = sorted(abs(difference - drift) for difference in differences)
    return ordered[math.ceil(0.95 * len(ordered)) - 1] / _NORMAL_95_OF_DIFFERENCES


def slope_per_hour(points: Sequence[Point]) -> float | None:
    """Theil-Sen slope (the median of all pairs' slopes) in units an hour; None for less than half an hour or ten points."""
    known = finite(points)
    if len(known) < _FEWEST_POINTS_OF_A_TREND or known[-1][0] - known[0][0] < _SHORTEST_TREND:
        return None
    stride = max(1, math.ceil(len(known) / _MOST_POINTS_OF_A_TREND))
    picked = known[::stride]
    slopes = [
        (value - earlier) / (at - before) for index, (at, value) in enumerate(picked) for before, earlier in picked[:index] if at > before
    ]
    return median(slopes) * 3600 if slopes else None
