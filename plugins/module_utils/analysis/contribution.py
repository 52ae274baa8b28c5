# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How likely a deployment contributed to a degradation that is noticeable but no outage.

The probability starts at even odds, once something is worse after the deployment than before, and each further fact moves it:

=====================================================  ======
one signal is worse                                       50
each further one (two at most)                           +10
traffic is as before, so load does not explain it        +10
traffic rose by half or more, which may explain it       -20
it began within 15 minutes after the deployment          +15
it began 15 minutes to an hour after it                  -10
it began later, or nobody knows when                     -20
it grows gradually, as many things do                     -5
=====================================================  ======

What began before the deployment, or isn't worse at all, is not its doing (at most 5 to 10). Nothing is surer than 95.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..lean import dataclass
from ..units import format_change, format_duration

MOST = 95
PROMPT = 900.0
"""Seconds after a deployment within which its effect is expected: the strongest band of the rollback score."""
DELAYED = 3600.0

_TRAFFIC_AS_BEFORE = 0.2
_TRAFFIC_ROSE = 0.5


@dataclass(frozen=True, slots=True)
class Degradation:
    """What is known about it. ``delay`` is seconds from the deployment to the onset, below zero when it began before.

    ``worse`` are the titles of the signals that are worse; ``traffic_change`` is relative (0.5 for half as much again).
    """

    worse: Sequence[str]
    traffic_change: float | None
    delay: float | None
    tolerance: float
    """seconds by which the onset may be off"""
    gradual: bool


@dataclass(frozen=True, slots=True)
class Contribution:
    """``confidence`` is 0..95; the sentences are the reasons for and against."""

    confidence: int
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]


def contribution(known: Degradation) -> Contribution:
    """The probability, in percent, that the deployment contributed, with its reasons."""
    if not known.worse:
        return Contribution(5, (), ("No signal is worse than before the deployment",))
    if known.delay is not None and known.delay < -known.tolerance:
        return Contribution(10, (), (f"{known.worse[0]} was worse {format_duration(-known.delay)} before the deployment already",))
    points = 50 + 10 * min(len(known.worse) - 1, 2)
    speaks_for, against = [], []
    if len(known.worse) > 1:
        speaks_for.append(f"{', '.join(known.worse)} are worse than before")
    timing = _timing(known.delay)
    points += timing
    if known.delay is None:
        against.append("When it began is not known")
    else:
        sentence = f"{known.worse[0]} increased {in_minutes(known.delay)} after deployment"
        (speaks_for if timing > 0 else against).append(sentence)
    if known.gradual:
        points -= 5
        against.append("Degradation is gradual, not immediate")
    change = known.traffic_change
    if change is not None and abs(change) < _TRAFFIC_AS_BEFORE:
        points += 10
        speaks_for.append(f"Traffic is as before ({format_change(change)}), so load does not explain it")
    elif change is not None and change >= _TRAFFIC_ROSE:
        points -= 20
        against.append(f"Traffic rose ({format_change(change)}), which may explain it")
    return Contribution(max(5, min(MOST, points)), tuple(speaks_for), tuple(against))


def confidence_level(confidence: int) -> str:
    """high, medium, low or none: the limits of the rollback score."""
    return "high" if confidence >= 80 else "medium" if confidence >= 60 else "low" if confidence >= 40 else "none"


def _timing(delay: float | None) -> int:
    if delay is None or delay > DELAYED:
        return -20
    return 15 if delay <= PROMPT else -10


def in_minutes(delay: float) -> str:
    """``30min``: seconds to whole minutes, from a quarter of an hour on to five of them, since an onset is no more exact."""
    if delay < 60:
        return "less than 1min"
    if delay >= 3600:
        return format_duration(delay)
    step = 5 if delay >= PROMPT else 1
    return f"{step * round(delay / 60 / step)}min"
