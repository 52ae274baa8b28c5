# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a series has been as bad as now: what comes and goes was not brought by what was deployed in between."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from .series import Point, finite, smoothed

_AS_BAD = 0.5
"""Share of the way from the baseline to the present level from which a moment is of the same kind."""
_SHORTEST = 60.0
"""Seconds that an episode lasts at least: less is a blip."""
_AS_LARGE = 0.75
"""The same for the middle of an episode, which is of the same kind only where it is about as large."""
_DISTINCT = 3.0
_NORMAL_MAD = 1.4826
"""Standard deviations of what is usual by which an episode has to stand out; what a median of absolute deviations is of one."""
_APART = 180.0
"""Seconds back near the baseline that part two episodes."""


def episodes(points: Sequence[Point], base: float, direction: int = 1) -> tuple[float, ...]:
    """When each episode began (unix seconds), the present one last; empty when the series is near ``base`` now.

    ``direction`` is 1 where higher is worse, -1 where lower is.
    """
    known = finite(points)
    if len(known) < 3:
        return ()
    times, values = [at for at, _unused in known], smoothed([value for _unused, value in known])
    now = median(values[-3:])
    limit = base + _AS_BAD * (now - base)
    if direction * (limit - base) <= 0:
        return ()
    runs: list[list[float]] = []
    for at, value in zip(times, values, strict=True):
        if direction * (value - limit) < 0:
            continue
        if runs and at - runs[-1][1] <= _APART:
            runs[-1][1] = at
        else:
            runs.append([at, at])
    if not runs or times[-1] - runs[-1][1] > _APART:
        return ()
    before = [value for at, value in zip(times, values, strict=True) if at < runs[-1][0]]
    if direction * (limit - base) < _DISTINCT * _usual_deviation(before, base):
        # What lies between comes as far by chance.
        return (runs[-1][0],)
    as_large = base + _AS_LARGE * (now - base)
    earlier = [
        first
        for first, last in runs[:-1]
        if last - first >= _SHORTEST
        and direction * (median(value for at, value in zip(times, values, strict=True) if first <= at <= last) - as_large) >= 0
    ]
    return (*earlier, runs[-1][0])


def _usual_deviation(values: Sequence[float], base: float) -> float:
    """Standard deviation of most of the values around ``base``: episodes, which are fewer, add nothing to it."""
    return _NORMAL_MAD * median(abs(value - base) for value in values) if values else 0.0
