# SPDX-License-Identifier: GPL-3.0-or-later
"""How observations spread over the buckets of a histogram, so that ``histogram_quantile`` finds the P95 that is wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Upper bounds in seconds that the official client libraries use for durations; ``+Inf`` comes on top."""

NATIVE_SCHEMA = 2
NATIVE_BUCKETS = range(-39, 28)
"""Indices of the buckets of a native histogram, from a millisecond to a minute and more; each ends at ``2^(index / 2^schema)`` seconds."""

_P95_Z = 1.6448536269514722
"""The 95th percentile of the standard normal distribution."""

_QUANTILE = 0.95


def cumulative(p50: float, p95: float, bounds: Sequence[float]) -> list[float]:
    """The share of observations at or below each bound: log-normal through both percentiles (seconds, 0 < p50 < p95).

    The two bounds around ``p95`` are moved by what ``histogram_quantile`` loses by interpolating linearly in the bucket
    (promql/quantile.go), so that it gives ``p95`` exactly.
    Raises ValueError when ``p95`` is above the last bound: then it would give that bound.
    """
    if not 0 < p50 < p95:
        raise ValueError(f"the P50 ({p50:g} s) must be above zero and below the P95 ({p95:g} s)")
    if p95 > bounds[-1]:
        raise ValueError(f"a P95 of {p95:g} s is above the last bucket ({bounds[-1]:g} s)")
    sigma = math.log(p95 / p50) / _P95_Z
    shares = [0.5 * (1 + math.erf(math.log(bound / p50) / sigma / math.sqrt(2))) for bound in bounds]
    upper = next(index for index, bound in enumerate(bounds) if p95 <= bound)
    below, low = (shares[upper - 1], bounds[upper - 1]) if upper else (0.0, 0.0)
    within = (p95 - low) / (bounds[upper] - low)
    lost = _QUANTILE - (below + within * (shares[upper] - below))
    weight = (1 - within) ** 2 + within**2
    if upper:
        shares[upper - 1] += lost * (1 - within) / weight
        shares[upper] += lost * within / weight
    else:
        shares[upper] += lost / within
    return _ascending(shares, upper, within)


def bucket_share(p50: float, p95: float, index: int) -> float:
    """The share of observations in a native bucket: log-normal through both percentiles; what is beyond the last is in them."""
    sigma = math.log(p95 / p50) / _P95_Z

    def below(bound: float) -> float:
        return 0.5 * (1 + math.erf(math.log(bound / p50) / sigma / math.sqrt(2)))

    lower = below(2.0 ** ((index - 1) / 2**NATIVE_SCHEMA)) if index > NATIVE_BUCKETS[0] else 0.0
    upper = below(2.0 ** (index / 2**NATIVE_SCHEMA)) if index < NATIVE_BUCKETS[-1] else 1.0
    return upper - lower


def _ascending(shares: list[float], upper: int, within: float) -> list[float]:
    """The shares as a distribution again, with the P95 kept."""
    if shares[upper] > 1:
        shares[upper] = 1.0
        if upper:
            shares[upper - 1] = (_QUANTILE - within) / (1 - within)
    for index in range(upper - 2, -1, -1):
        shares[index] = min(shares[index], shares[index + 1])
    for index in range(upper + 1, len(shares)):
        shares[index] = min(max(shares[index], shares[index - 1]), 1.0)
    return shares


def mean(p50: float, p95: float) -> float:
    """The average of the log-normal distribution through both percentiles, in their unit."""
    sigma = math.log(p95 / p50) / _P95_Z
    return p50 * math.exp(sigma * sigma / 2)
