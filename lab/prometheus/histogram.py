# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantiles and fractions of histograms; of classic ones the buckets are series with a label ``le`` (promql/quantile.go)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.prometheus import native
from lab.prometheus.annotations import Annotations
from lab.prometheus.arithmetic import INF, NAN, divide
from lab.prometheus.go_numbers import parse_float
from lab.prometheus.grid import Column, StepSeries, merged
from lab.prometheus.labels import LabelKey, label_key, without, without_name
from lab.prometheus.native_values import numbers, of_histograms

BUCKET_LABEL = "le"

_SMALL_DELTA = 1e-12
_SMALLEST_NORMAL = 2.2250738585072014e-308
_LARGEST = 1.7976931348623157e308


@dataclass(frozen=True, slots=True)
class Buckets:
    """Upper bounds, ascending and distinct, with the cumulative counts below them."""

    bounds: list[float]
    counts: list[float]


@dataclass(frozen=True, slots=True)
class Repair:
    """The correction of counts that decreased with the bound: where it began and ended, and the largest one; or none at all."""

    lowest: float = INF
    highest: float = -INF
    largest: float = 0.0


_UNREPAIRED = Repair()


def histogram_quantile(
    vector: Sequence[StepSeries], qs: list[float], times: range, annotations: Annotations, positions: Sequence[str]
) -> list[StepSeries]:
    """The φ-quantile of every histogram in ``vector``; ``positions`` are those of the two arguments."""
    for q in qs:
        if not 0 <= q <= 1:
            annotations.invalid_quantile(q, positions[0])

    def quantile(buckets: Buckets, step: int) -> float:
        value, repair = bucket_quantile(qs[step], buckets)
        if repair is not _UNREPAIRED:
            annotations.forced_monotonicity(times[step], (repair.lowest, repair.highest, repair.largest), positions[1])
        return value

    natives = of_histograms(vector, lambda histogram, step: native.quantile(qs[step], histogram))
    return merged([*natives, *_per_histogram(numbers(vector), quantile, annotations, positions[1])])


def histogram_fraction(
    vector: Sequence[StepSeries], lowers: list[float], uppers: list[float], annotations: Annotations, position: str
) -> list[StepSeries]:
    """The share of observations between two values, in every histogram of ``vector``."""
    natives = of_histograms(vector, lambda histogram, step: native.fraction(lowers[step], uppers[step], histogram))
    of_buckets = _per_histogram(
        numbers(vector), lambda buckets, step: bucket_fraction(lowers[step], uppers[step], buckets), annotations, position
    )
    return merged([*natives, *of_buckets])


def _per_histogram(
    vector: Sequence[StepSeries], function: Callable[[Buckets, int], float], annotations: Annotations, position: str
) -> list[StepSeries]:
    """Group series that differ in ``le`` only, and apply ``function`` to their buckets at each step."""
    groups: dict[LabelKey, list[tuple[float, StepSeries]]] = {}
    for series in vector:
        if all(value is None for value in series.values):
            continue
        bound = parse_float(series.labels.get(BUCKET_LABEL, ""))
        if bound is None or bound != bound:
            annotations.bad_bucket_label(series.labels.get(BUCKET_LABEL, ""), position)
            continue
        groups.setdefault(label_key(without(series.labels, {BUCKET_LABEL})), []).append((bound, series))
    result = []
    for group in groups.values():
        group.sort(key=lambda member: member[0])
        bounds = [bound for bound, _ in group]
        column: Column = []
        for step, counts in enumerate(zip(*(series.values for _, series in group), strict=True)):
            buckets = _coalesced(bounds, counts)
            column.append(function(buckets, step) if buckets.bounds else None)
        labels = without_name(without(group[0][1].labels, {BUCKET_LABEL}))
        result.append(StepSeries(labels, column))
    return merged(result)


def _coalesced(bounds: Sequence[float], counts: Sequence[float | None]) -> Buckets:
    """The buckets that have a count, those of equal bound added up."""
    buckets = Buckets([], [])
    for bound, count in zip(bounds, counts, strict=True):
        if count is None:
            continue
        if buckets.bounds and buckets.bounds[-1] == bound:
            buckets.counts[-1] += count
        else:
            buckets.bounds.append(bound)
            buckets.counts.append(count)
    return buckets


def bucket_quantile(q: float, buckets: Buckets) -> tuple[float, Repair]:
    """``BucketQuantile``: linear within a bucket, from 0 in the first, the second-highest bound in the last."""
    if q != q:
        return NAN, _UNREPAIRED
    if q < 0:
        return -INF, _UNREPAIRED
    if q > 1:
        return INF, _UNREPAIRED
    bounds = buckets.bounds
    if bounds[-1] != INF:
        return NAN, _UNREPAIRED
    counts, repair = _monotonic(bounds, buckets.counts)
    observations = counts[-1]
    if len(bounds) < 2 or observations == 0:
        return NAN, repair
    rank = q * observations
    index = _first_at_least(counts, rank)
    if index == len(bounds) - 1:
        return bounds[-2], repair
    if index == 0 and bounds[0] <= 0:
        return bounds[0], repair
    start, count = 0.0, counts[index]
    if index > 0:
        start = bounds[index - 1]
        count -= counts[index - 1]
        rank -= counts[index - 1]
    return start + (bounds[index] - start) * divide(rank, count), repair


def _first_at_least(counts: list[float], rank: float) -> int:
    """The first bucket but the last whose count reaches ``rank``; NaN reaches nothing."""
    if rank != rank or any(count != count for count in counts):
        return _go_search(len(counts) - 1, lambda index: counts[index] >= rank)
    return bisect_left(counts, rank, 0, len(counts) - 1)


def _go_search(length: int, holds: Callable[[int], bool]) -> int:
    """``sort.Search``, step by step: with NaN among the counts its result depends on the places it looks at."""
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _monotonic(bounds: Sequence[float], counts: Sequence[float]) -> tuple[list[float], Repair]:
    """``ensureMonotonicAndIgnoreSmallDeltas``: no decrease, and no difference that is only rounding."""
    fixed = list(counts)
    lowest, highest, largest = INF, -INF, 0.0
    before = fixed[0]
    for index in range(1, len(fixed)):
        count = fixed[index]
        if count == before:
            continue
        if _almost_equal(before, count):
            fixed[index] = before
        elif count < before:
            fixed[index] = before
            lowest, highest = min(lowest, bounds[index]), max(highest, bounds[index])
            largest = max(largest, before - count)
        else:
            before = count
    return fixed, _UNREPAIRED if highest == -INF else Repair(lowest, highest, largest)


def _almost_equal(left: float, right: float) -> bool:
    """Whether two counts differ by rounding only (util/almost)."""
    if left != left and right != right:
        return True
    magnitude = abs(left) + abs(right)
    difference = abs(left - right)
    if left == 0 or right == 0 or magnitude < _SMALLEST_NORMAL:
        return difference < _SMALL_DELTA * _SMALLEST_NORMAL
    return difference / min(magnitude, _LARGEST) < _SMALL_DELTA


def bucket_fraction(lower: float, upper: float, buckets: Buckets) -> float:
    """``BucketFraction``: the share of observations between ``lower`` and ``upper``, linear within a bucket."""
    bounds, counts = buckets.bounds, buckets.counts
    if bounds[-1] != INF or counts[-1] == 0 or lower != lower or upper != upper:
        return NAN
    if lower >= upper:
        return 0.0
    total = counts[-1]
    return (_rank(upper, bounds, counts, total) - _rank(lower, bounds, counts, total)) / total


def _rank(value: float, bounds: Sequence[float], counts: Sequence[float], total: float) -> float:
    """How many observations lie below ``value``, at most ``total``."""
    rank = 0.0
    start = 0.0 if bounds[0] > 0 else -INF
    for bound, count in zip(bounds, counts, strict=True):
        if start >= value:
            return min(rank, total)
        if bound > value:
            inside = count if start == -INF else rank + (count - rank) * (value - start) / (bound - start)
            return min(inside, total)
        rank, start = count, bound
    return total
