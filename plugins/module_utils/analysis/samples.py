# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether one sample of measurements is better, the same or worse than another, and how sure that is.

``compare_samples`` is the function. "Worse" needs two things: a difference that chance does not explain (the rank-sum test of Wilcoxon, and
Mann and Whitney) and one that matters. "Same" is not the lack of "worse": it is shown by its own test (two one-sided tests for equivalence,
Schuirmann 1987, here with ranks), and is not said where single values are far out. Everything between is "unknown".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, median

from ..model.sample_comparison import SampleComparison
from ..units import format_value
from .rank_sum import one_sided, smallest_p
from .series import Point, spread

BETTER, SAME, WORSE, UNKNOWN = "better", "same", "worse", "unknown"

ALPHA = 0.05
"""Probability of calling chance a difference (two-sided), or a difference the same, from which on nothing is said."""
NOTICEABLE = 0.1
"""Share of the median before from which a difference matters."""

_QUIET_DEVIATIONS, _QUIET_SHARE = 0.5, 0.25
"""What is usual anyway is no difference: half a standard deviation of the values before, but no more than a quarter of their median."""
_OTHER_SPREAD = 3.0
"""Multiple of the other sample's spread from which the values vary in another way."""
_MOST_VALUES = 200
_SUREST = 0.9999


def compare_samples(
    now: Iterable[float],
    before: Iterable[float],
    direction: int = 1,
    *,
    smallest: float = 0.0,
    noticeable: float = NOTICEABLE,
    unit: str = "number",
    limits: Sequence[float] = (),
) -> SampleComparison:
    """Compares ``now`` with ``before``: independent measurements of one thing in one unit, in any order. NaN and infinities are left out.

    ``direction`` is 1 where higher is worse, -1 where lower is worse, 0 where either is (then nothing is better). ``smallest`` is the least
    difference that matters, in the values' unit; ``noticeable`` the same as a share of the median before; the larger of the two counts.
    ``unit`` is for the sentence alone. A value that is one of ``limits`` is only known to be at least that: that more values lie so high is
    known to be more, that as many do is not known to be the same. Samples may be of any and of different sizes; one that is too small for
    any answer gives unknown.
    """
    ours, theirs = _known(now), _known(before)
    if not ours or not theirs:
        which = "now" if not ours else "before"
        return SampleComparison(UNKNOWN, f"there are no values from {which}", values_now=len(ours), values_before=len(theirs))
    above, below = one_sided(ours, theirs)
    p_value = min(1.0, 2 * min(above, below))
    superiority = _superiority(ours, theirs)
    shift = median(one - other for one in ours for other in theirs)
    needed = max(noticeable * abs(median(theirs)), smallest)
    sign = 1 if above <= below else -1
    moved = max(sign * shift, sign * (fmean(ours) - fmean(theirs)), sign * (median(ours) - median(theirs)))
    verdict, sureness, why = UNKNOWN, None, ""
    beyond = [limited(median(sample), limits) for sample in (ours, theirs)]
    if any(beyond) and not (p_value <= ALPHA and sign > 0) and not (beyond == [False, True] and p_value <= ALPHA):
        why = "most values are only known to be at least that, which tells no difference"
    elif p_value <= ALPHA and moved > 0 and moved >= needed:
        verdict = WORSE if direction == 0 or sign == direction else BETTER
        sureness = 1 - p_value
    else:
        margin = _margin(theirs, needed)
        equivalence = _equivalence(ours, theirs, margin)
        outside = _outside(ours, theirs, margin)
        if equivalence <= ALPHA and not outside:
            verdict, sureness = SAME, 1 - equivalence
        else:
            why = _why_unknown(ours, theirs, p_value, outside)
    return SampleComparison(
        verdict=verdict,
        sentence=_sentence(ours, theirs, verdict, sureness, why, unit, limits),
        p_value=p_value,
        sureness=None if sureness is None else min(_SUREST, sureness),
        superiority=superiority,
        shift=shift,
        values_now=len(ours),
        values_before=len(theirs),
    )


def unlike(now: Iterable[float], before: Iterable[float], needed: float) -> bool:
    """Whether ``now`` is spread so differently from ``before`` that equal middles do not make them the same. ``needed`` is what matters."""
    narrow, wide = sorted((spread(_known(now)), spread(_known(before))))
    return wide > needed and wide > _OTHER_SPREAD * narrow


def apart(points: Sequence[Point], window: float) -> list[float]:
    """Values whose windows, that each look back ``window`` seconds, do not overlap, the newest first: what overlaps says the same twice."""
    values: list[float] = []
    taken = None
    for at, value in reversed(points):
        if taken is None or taken - at >= window:
            values.append(value)
            taken = at
    return values


def limited(value: float | None, limits: Sequence[float]) -> bool:
    """Whether ``value`` is one of ``limits``: only known to be at least that."""
    return value is not None and any(math.isclose(value, limit, rel_tol=1e-9) for limit in limits)


def _known(values: Iterable[float]) -> list[float]:
    """The numbers among ``values``; of very many, some that are evenly spread."""
    known = [value for value in values if math.isfinite(value)]
    stride = math.ceil(len(known) / _MOST_VALUES) if known else 1
    return known[::stride]


def _superiority(ours: Sequence[float], theirs: Sequence[float]) -> float:
    wins = sum((one > other) + 0.5 * (one == other) for one in ours for other in theirs)
    return wins / (len(ours) * len(theirs))


def _margin(theirs: Sequence[float], needed: float) -> float:
    """How far apart the samples may be and still be the same, in their unit."""
    return max(needed, min(_QUIET_DEVIATIONS * spread(theirs), _QUIET_SHARE * abs(median(theirs))))


def _equivalence(ours: Sequence[float], theirs: Sequence[float], margin: float) -> float:
    """Probability that samples look so alike although they are ``margin`` apart: the larger of two one-sided tests'."""
    if margin == 0:
        if set(ours) != set(theirs) or len(set(ours)) > 1:
            return 1.0
        margin = 1.0  # all are one value, and any margin separates it from another
    _unused, below = one_sided(ours, [value + margin for value in theirs])
    above, _unused = one_sided(ours, [value - margin for value in theirs])
    return max(above, below)


def _outside(ours: Sequence[float], theirs: Sequence[float], margin: float) -> int:
    """How many values of now are out of all that was seen before: ranks do not see how far out they are."""
    room = max(margin, spread(theirs))
    low, high = min(theirs) - room, max(theirs) + room
    return sum(not low <= value <= high for value in ours)


def _why_unknown(ours: Sequence[float], theirs: Sequence[float], p_value: float, outside: int) -> str:
    if 2 * smallest_p(len(ours), len(theirs)) > ALPHA:
        return "too few values to tell"
    if outside:
        return f"{outside} of {len(ours)} values are out of all that was seen before, the others are not"
    if p_value <= ALPHA:
        return "there is a difference, but whether it matters is not sure"
    return "chance may explain the difference, and the values do not show that they are the same either"


def _sentence(
    ours: Sequence[float], theirs: Sequence[float], verdict: str, sureness: float | None, why: str, unit: str, limits: Sequence[float]
) -> str:
    middles = [f"{'at least ' if limited(median(one), limits) else ''}{format_value(median(one), unit)}" for one in (ours, theirs)]
    counted = f"median {middles[0]} ({_count(ours)}) against {middles[1]} ({_count(theirs)})"
    if sureness is None:
        return f"{verdict}: {why}; {counted}"
    return f"{verdict}, {_percent(sureness)} sure: {counted}"


def _count(values: Sequence[float]) -> str:
    return "1 value" if len(values) == 1 else f"{len(values)} values"


def _percent(share: float) -> str:
    return "more than 99.9%" if share > 0.999 else f"{100 * share:.3g}%"
