# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a series left its baseline, and how.

The series' own first regime is the reference: binary segmentation (splits that explain most of the squared error) cuts it until what is
left is one level. What has moved away from that level by now, and stays away, began where it last left it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ..lean import dataclass
from ..model.metrics import Shape
from .series import Point, detrended, finite, jitter, smoothed, spread

GRADUAL_AFTER = 1800.0
"""Seconds from the baseline to the present level from which a change is gradual; the rise is an estimate, so a tenth less will do."""

_FEWEST_POINTS = 4
_FEWEST_POINTS_OF_A_REGIME = 5
_DEVIATIONS = 4.0
"""Standard deviations between two levels that noise does not bridge."""
_BAND = 3.0
"""Standard deviations around a level within which a value belongs to it."""
_SMALLEST_CHANGE = 0.1
"""Share of the level below which a change is none, however steady the series."""
_LEAVING, _ARRIVED = 0.1, 0.9
"""Shares of the whole change at which a value has left the old level, and reached the new one."""
_LONGEST_RELAPSE = 600.0
"""Seconds back at the baseline that may lie inside one incident (crashing pods come and go)."""
_SHORTEST_RELAPSE = 120.0
_LONG_AGO_RATIO = 2.0
"""Multiple of the day before that tells that a series had left its baseline before it was looked at."""
_GAP_STEPS = 4.0
_STEPS_NEAR = 4


@dataclass(frozen=True, slots=True)
class Course:
    """``onset`` is unix seconds, None where there is none or it is not known; levels are in the series' unit, ``rise`` in seconds."""

    shape: Shape
    onset: float | None = None
    level_before: float | None = None
    level_now: float | None = None
    rise: float | None = None
    reason: str | None = None
    """Why the shape is unknown, or what limits the onset."""
    gap: float | None = None
    """Seconds between the two points that the onset lies between; None where it is no such moment."""


def onset(points: Sequence[Point], day_before: float | None = None, direction: int = 1, smallest: float = 0.0) -> Course:
    """The course of ``points``.

    ``day_before`` is the level of the same hour a day ago: what is no worse than it then is no departure, whatever it was an hour ago.
    ``direction`` is 1 where higher is worse, -1 where lower is, 0 where both are a departure. ``smallest`` is the least change, in the
    series' unit, that means anything.
    """
    known = finite(points)
    if len(known) < _FEWEST_POINTS:
        return Course(Shape.UNKNOWN, reason="too few points to tell when it changed")
    times = [at for at, _unused in known]
    values = smoothed([value for _unused, value in known])
    end = _first_regime(times, values, smallest)
    noise = spread(detrended(known[:end]))
    level = _level_at_start(values[:end], noise)
    now = median(values[-3:])
    needed = max(_DEVIATIONS * noise, _SMALLEST_CHANGE * abs(level), smallest)
    if not _worse(now - level, needed, direction):
        first = median(values[: max(_FEWEST_POINTS_OF_A_REGIME, len(values) // 8)])
        return _unmoved(known, level, first, now, day_before, direction, smallest)
    if day_before is not None and not _worse(now - day_before, max(_SMALLEST_CHANGE * abs(day_before), smallest), direction):
        return Course(Shape.STEADY, level_before=level, level_now=now)
    change = now - level
    band = max(_BAND * noise / abs(change), _LEAVING)
    shares = [(value - level) / change for value in values]
    start = _start_of_departure(times, [share > band for share in shares])
    return _course(times, shares, start, band, level, now)


def _first_regime(times: Sequence[float], values: Sequence[float], smallest: float) -> int:
    """How many values, from the first, are at one level."""
    shortest = min(_FEWEST_POINTS_OF_A_REGIME, len(values) // 2)
    end = len(values)
    while end > shortest:
        cut = _best_cut(values[:end], shortest)
        left, right = values[:cut], values[cut:end]
        # A ramp's two halves differ by half of what its ends do.
        before, after = median(left), sum(right) / len(right)
        noise = max(_DEVIATIONS * max(spread(detrended(list(zip(times[:cut], left, strict=True)))), jitter(left)), jitter(right))
        if abs(after - before) <= max(noise, _SMALLEST_CHANGE / 2 * abs(before), smallest / 2):
            break
        end = cut
    return end


def _level_at_start(values: Sequence[float], noise: float) -> float:
    """The level of the first regime; where it is a slow ramp, the level from which that starts."""
    edge = max(3, len(values) // 10)
    first, last = median(values[:edge]), median(values[-edge:])
    return first if abs(last - first) > _DEVIATIONS * noise else median(values)


def _best_cut(values: Sequence[float], shortest: int) -> int:
    """How many values to cut off so that the squared distances to both sides' means are least; no less than ``shortest``."""
    total, count = sum(values), len(values)
    left = sum(values[:shortest])
    best, best_gain = shortest, float("-inf")
    for cut in range(shortest, count):
        gain = left * left / cut + (total - left) ** 2 / (count - cut)
        if gain > best_gain:
            best, best_gain = cut, gain
        left += values[cut]
    return best


def _worse(change: float, needed: float, direction: int) -> bool:
    return abs(change) > needed and (direction == 0 or change * direction > 0)


def _unmoved(
    known: Sequence[Point], level: float, first: float, now: float, day_before: float | None, direction: int, smallest: float
) -> Course:
    """A series at one level: as ever, or already away from its baseline when the timeframe began, of which its ``first`` values tell.

    A small step is no end of a noisy level: what came half way through it was not there from the first.
    """
    long_ago = day_before is not None and all(
        _worse(value - day_before, max((_LONG_AGO_RATIO - 1) * abs(day_before), smallest), direction) for value in (level, first, now)
    )
    if long_ago:
        reason = "it had left its baseline when the timeframe began, so the onset is that early or earlier"
        return Course(Shape.UNKNOWN, known[0][0], day_before, now, reason=reason)
    return Course(Shape.STEADY, level_before=level, level_now=now)


def _start_of_departure(times: Sequence[float], away: Sequence[bool]) -> int:
    """Index at which the departure that lasts until now began.

    A return to the baseline belongs to it when it is short, and shorter than the time away before it: a blip before is another story.
    """
    runs: list[tuple[int, int]] = []
    for index, is_away in enumerate(away):
        if is_away and runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        elif is_away:
            runs.append((index, index))
    start = runs[-1][0] if runs else len(times) - 1
    for first, last in reversed(runs[:-1]):
        relapse = times[start] - times[last]
        if relapse > min(_LONGEST_RELAPSE, max(_SHORTEST_RELAPSE, times[last] - times[first])):
            break
        start = first
    return start


def _course(times: Sequence[float], shares: Sequence[float], start: int, band: float, level: float, now: float) -> Course:
    arrived = next((index for index in range(start, len(shares)) if shares[index] >= _ARRIVED), len(shares) - 1)
    # A straight line through "left" and "arrived" gives the whole rise, and the moment at which it began.
    reach = max(_ARRIVED - band, _LEAVING)
    rise = (times[arrived] - times[start]) / reach
    # Neighbouring points may lie further apart long ago than lately.
    near = times[max(0, start - _STEPS_NEAR - 1) : start] or times[: _STEPS_NEAR + 1]
    step = median([later - earlier for earlier, later in pairwise(near)] or [0.0])
    before = times[start - 1] if start else times[start]
    reason = None
    if times[start] - before > _GAP_STEPS * step:
        began, reason = times[start], "there is no data just before it, so the onset may be earlier"
    elif rise > _GAP_STEPS * step:
        began = max(times[start] - band * rise, times[0])
    else:
        began = (before + times[start]) / 2
    shape = Shape.GRADUAL if rise >= 0.9 * GRADUAL_AFTER else Shape.SUDDEN
    return Course(shape, began, level, now, rise, reason, times[start] - before if start else None)
