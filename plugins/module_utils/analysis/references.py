# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signal held against several pasts, each a sample of measurements, and how sure the difference is."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ..lean import dataclass
from ..model.metrics import SignalBaseline
from ..model.sample_comparison import SampleComparison
from ..units import format_value
from .samples import UNKNOWN, apart, compare_samples, limited
from .series import Point, finite

DAY_BEFORE, SAME_HOUR, WEEK_BEFORE, BEFORE_DEPLOYMENT = "day_before", "same_hour", "week_before", "before_deployment"

FEWEST_DAYS = 3
"""Days of which the same hour is needed before it counts as usual: two may both have been unusual."""
_DAY = 86400.0
_WEEK = 7
"""Days."""
_BEFORE = 7200.0
"""Seconds before an onset or a deployment that are looked at: enough values to be sure by a single one of now."""
_PRESENT = 900.0
"""Seconds of the recent past that are "now", where nothing began in between."""
_FEWEST_BEFORE = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a signal's values. Times are unix seconds; ``window`` is how many seconds each point looks back.

    ``direction`` and ``smallest`` are as for ``compare_samples``.
    """

    recent: Sequence[Point]
    same_hour: Sequence[Point]
    value: float | None
    day_before: float | None
    window: float
    now: float
    direction: int
    smallest: float
    unit: str
    limits: Sequence[float] = ()
    """As for ``compare_samples``."""


def references(known: Measured, onset: float | None, deployed_at: float | None) -> tuple[SampleComparison, tuple[SignalBaseline, ...]]:
    """The comparison with what is usual, and every baseline with its own.

    Usual is the same hour of the last days, where there are enough of them; else the time before the onset, or before the deployment.
    """
    recent = finite(known.recent)
    ours = _present(recent, known, onset)
    days = _by_day(known)
    usual = [value for values in days.values() for value in values]
    hourly = _compared(ours, usual, known)
    weekday = days.get(_WEEK, [])
    deployment = _before(recent, deployed_at, known.window)
    deployed = _compared(ours, deployment, known)
    found = [
        _baseline(DAY_BEFORE, known.day_before, known, reason="no value a day ago"),
        _baseline(
            SAME_HOUR,
            median(median(values) for values in days.values()) if days else None,
            known,
            len(days),
            hourly if days else None,
            "no values at this time of the day on any of the days before",
        ),
        _baseline(
            WEEK_BEFORE,
            median(weekday) if weekday else None,
            known,
            len(weekday) and 1,
            _compared(ours, weekday, known) if weekday else None,
            "no values at this time a week ago",
        ),
    ]
    if deployed_at is not None:
        found.append(
            _baseline(
                BEFORE_DEPLOYMENT,
                median(deployment) if deployment else None,
                known,
                comparison=deployed if deployment else None,
                reason="no values from before the deployment within the timeframe",
            )
        )
    return _usual(hourly, len(days), _compared(ours, _before(recent, onset, known.window), known), deployed), tuple(found)


def _usual(hourly: SampleComparison, days: int, onset: SampleComparison, deployed: SampleComparison) -> SampleComparison:
    """The comparison that has most to go by."""
    if days >= FEWEST_DAYS:
        return hourly
    candidates = [one for one in (onset, deployed) if one.values_before >= _FEWEST_BEFORE]
    return next((one for one in candidates if one.verdict != UNKNOWN), candidates[0] if candidates else hourly)


def _present(recent: Sequence[Point], known: Measured, onset: float | None) -> list[float]:
    """Independent values of now: those since the onset where that is younger, each of which has seen nothing from before it."""
    since = known.now - _PRESENT
    if onset is not None and onset + known.window > since:
        since = min(onset + known.window, recent[-1][0] if recent else known.now)
    values = apart([point for point in recent if point[0] >= since], known.window)
    return values or ([known.value] if known.value is not None else [])


def _before(recent: Sequence[Point], moment: float | None, window: float) -> list[float]:
    """Independent values of the time before ``moment``."""
    return [] if moment is None else apart([point for point in recent if moment - _BEFORE <= point[0] < moment], window)


def _by_day(known: Measured) -> dict[int, list[float]]:
    """Independent values around this time of the day, by how many days ago they are."""
    days: dict[int, list[Point]] = {}
    for point in finite(known.same_hour):
        days.setdefault(round((known.now - point[0]) / _DAY), []).append(point)
    return {day: apart(points, known.window) for day, points in days.items()}


def _compared(ours: Sequence[float], theirs: Sequence[float], known: Measured) -> SampleComparison:
    return compare_samples(ours, theirs, known.direction, smallest=known.smallest, unit=known.unit, limits=known.limits)


def _baseline(
    name: str, value: float | None, known: Measured, days: int = 0, comparison: SampleComparison | None = None, reason: str | None = None
) -> SignalBaseline:
    beyond = limited(value, known.limits)
    comparable = known.value is not None and value is not None and value > 0 and not (beyond and limited(known.value, known.limits))
    ratio = known.value / value if comparable and known.value is not None and value is not None else None
    why = reason if value is None else f"at least {format_value(value, known.unit)}: beyond the highest bucket" if beyond else None
    return SignalBaseline(name, value, ratio, days, comparison, why)
