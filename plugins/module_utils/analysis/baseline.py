# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a signal is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from ..lean import dataclass
from .onset import Course
from .references import FEWEST_DAYS
from .series import Point, finite

_DAY, _HOUR = 86400.0, 3600.0
_FEWEST_POINTS = 3
_UNUSUAL = 2.0
"""A day ago at this hour was not usual when it was this many times the hour before the onset (an incident then, not now)."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """``value`` in the signal's unit, None where there is nothing to compare with. ``reason`` says when it is not the day before."""

    value: float | None
    reason: str | None = None


def usual_of_day(day_before: float | None, same_hour: Sequence[Point], now: float, direction: int, smallest: float) -> Baseline:
    """The day before; or the median of all days' same hour, where there are several and the day before was an incident itself.

    That it was if none of the others was as bad. A day counts by its mean, as the day before does: of failures that are rare most minutes
    have none.
    ``now`` is unix seconds; ``direction`` and ``smallest`` are as for ``onset``.
    """
    days: dict[int, list[float]] = {}
    for at, value in finite(same_hour):
        days.setdefault(round((now - at) / _DAY), []).append(value)
    if day_before is None or len(days) < FEWEST_DAYS:
        return Baseline(day_before)
    means = {day: fmean(values) for day, values in days.items()}
    usual = median(means.values())
    worse, better = (usual, day_before) if direction < 0 else (day_before, usual)
    as_bad = any(day > 1 and (mean - day_before) * direction >= 0 for day, mean in means.items())
    if not direction or as_bad or worse < _UNUSUAL * better or worse - better <= smallest:
        return Baseline(day_before)
    return Baseline(usual, f"a day ago was unusual itself: compared with the same hour of {len(days)} days")


def baseline(
    day_before: float | None,
    points: Sequence[Point],
    course: Course,
    deployed_at: float | None,
    direction: int,
    same_hour: Sequence[Point] = (),
) -> Baseline:
    """The same hour a day ago; without it, or where it was not usual itself, the hour before the onset or before the deployment.

    ``deployed_at`` is unix seconds; ``direction`` as for ``onset``. ``same_hour`` are values of this time of the day on the days before,
    for when there is nothing else.
    """
    hour_before = _hour_before(points, course.onset if course.onset is not None else deployed_at)
    if day_before is None:
        usual = [value for _unused, value in finite(same_hour)]
        if hour_before is None and len(usual) >= _FEWEST_POINTS:
            return Baseline(median(usual), "no history from a day ago: compared with the same hour of other days")
        if hour_before is None:
            return Baseline(None, "no history: neither a day ago nor before the onset or the deployment")
        return Baseline(hour_before, "no history from a day ago: compared with the hour before")
    if course.rise is not None and hour_before is not None and direction * (day_before - _UNUSUAL * hour_before) > 0:
        return Baseline(hour_before, "a day ago was unusual itself: compared with the hour before the onset")
    return Baseline(day_before)


def _hour_before(points: Sequence[Point], moment: float | None) -> float | None:
    if moment is None:
        return None
    values = [value for at, value in finite(points) if moment - _HOUR <= at < moment]
    return median(values) if len(values) >= _FEWEST_POINTS else None
