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
    limit = base + _AS_BAD * (median(values[-3:]) - base)
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
    return (*(first for first, last in runs[:-1] if last - first >= _SHORTEST), runs[-1][0])
