# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rank-sum test of Wilcoxon, and Mann and Whitney (1947), with ties.

Small samples are counted out: of all ways to divide the values, how many have such a rank sum. Larger ones use the normal distribution,
with the corrections for ties and for continuity (Lehmann, Nonparametrics, 1975, chapter 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

_SMALL_SAMPLE = 8
_SMALL_TOTAL = 40
_LARGEST_TOTAL = 250
"""Below these the ways are counted: where one side is small or both together are, and never more than the last."""


def one_sided(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Probabilities, if both are from one distribution, that ``ours`` rank as high as they do or higher, and as low or lower.

    Both samples must have values.
    """
    ranks = _doubled_midranks([*ours, *theirs])
    count, total = len(ours), len(ranks)
    observed = sum(ranks[:count])
    if total <= _SMALL_TOTAL or (min(count, total - count) < _SMALL_SAMPLE and total <= _LARGEST_TOTAL):
        return _counted(ranks, count, observed)
    return _normal(ranks, count, observed)


def smallest_p(count: int, others: int) -> float:
    """The least one-sided probability that samples of these sizes can have."""
    return 1 / math.comb(count + others, count)


def _doubled_midranks(values: Sequence[float]) -> list[int]:
    """Twice each value's rank, so that the mean of tied ranks is whole."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    first = 1
    for _unused, tied in groupby(order, key=values.__getitem__):
        members = list(tied)
        for index in members:
            ranks[index] = 2 * first + len(members) - 1
        first += len(members)
    return ranks


def _counted(ranks: Sequence[int], count: int, observed: int) -> tuple[float, float]:
    total, everything = len(ranks), sum(ranks)
    if count > total - count:  # the other side's sum says the same, mirrored
        lower, higher = _counted_small(ranks, total - count, everything - observed)
        return higher, lower
    lower, higher = _counted_small(ranks, count, observed)
    return lower, higher


def _counted_small(ranks: Sequence[int], count: int, observed: int) -> tuple[float, float]:
    """As ``one_sided``. ``ways[k]`` is a number whose digits count, for each sum, the ways to choose ``k`` of the ranks with that sum."""
    all_ways = math.comb(len(ranks), count)
    digit = (all_ways.bit_length() + 7) // 8
    ways = [1] + [0] * count
    for number, rank in enumerate(ranks):
        shift = 8 * digit * rank
        for chosen in range(min(count, number + 1), 0, -1):
            ways[chosen] += ways[chosen - 1] << shift
    place = 8 * digit * observed
    high = _sum_of_digits(ways[count] >> place, digit)
    here = (ways[count] >> place) & ((1 << 8 * digit) - 1)
    return high / all_ways, (all_ways - high + here) / all_ways


def _sum_of_digits(number: int, digit: int) -> int:
    data = number.to_bytes(digit * (number.bit_length() // (8 * digit) + 1), "little")
    return sum(int.from_bytes(data[at : at + digit], "little") for at in range(0, len(data), digit))


def _normal(ranks: Sequence[int], count: int, observed: int) -> tuple[float, float]:
    total, others = len(ranks), len(ranks) - count
    expected = count * (total + 1) / 2
    ties = sum(size**3 - size for size in (len(list(same)) for _unused, same in groupby(sorted(ranks))))
    variance = count * others / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0, 1.0
    distance, deviation = observed / 2 - expected, math.sqrt(variance)
    return _tail((distance - 0.5) / deviation), _tail((-distance - 0.5) / deviation)


def _tail(deviations: float) -> float:
    return 0.5 * math.erfc(deviations / math.sqrt(2))
