# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something that was bad is on its way back by itself."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from .series import Point, finite

_BACK = 0.55
"""Share of the way from the worst to the baseline that has to be behind it: less is the usual coming and going."""
_STILL = 0.08
"""Share of that way by which it has to have come nearer in the last minutes: what has settled halfway is not recovering."""
_NOW, _EARLIER = 60.0, 240.0
_FEWEST = 5


def recovering(points: Sequence[Point], base: float, since: float, direction: int = 1) -> bool:
    """Whether the series, bad since ``since`` (unix seconds), has come back most of the way to ``base``, and still does.

    ``direction`` is 1 where higher is worse, -1 where lower is.
    """
    known = [(at, direction * (value - base)) for at, value in finite(points) if at >= since]
    if len(known) < 3 * _FEWEST:
        return False
    end = known[-1][0]
    now = [value for at, value in known if at > end - _NOW]
    earlier = [value for at, value in known if end - _EARLIER - _NOW <= at < end - _EARLIER + _NOW]
    worst = max(median(value for _unused, value in known[start : start + _FEWEST]) for start in range(len(known) - _FEWEST + 1))
    if worst <= 0 or not earlier:
        return False
    return median(now) <= (1 - _BACK) * worst and median(earlier) - median(now) >= _STILL * worst
