# SPDX-License-Identifier: GPL-3.0-or-later
"""Native histograms with exponential buckets (model/histogram/float_histogram.go, promql/quantile.go).

Those with custom bounds are not known here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from lab.prometheus.arithmetic import INF, NAN, divide

Counts = Mapping[int, float]
"""By the bucket's index ``i``, which holds what is in ``(base^(i-1), base^i]`` with ``base = 2^(2^-schema)``."""


class NativeHistogram(float):
    """A sample that is a histogram. It is a number (NaN) for the sake of everything that passes samples on.

    Sums, differences, multiples and quotients by a number are histograms; any other operation gives no result, which is None.
    """

    schema: int
    count: float
    total: float
    zero_threshold: float
    zero_count: float
    positive: Counts
    negative: Counts

    def __new__(
        cls,
        schema: int,
        count: float,
        total: float,
        positive: Counts,
        negative: Counts | None = None,
        zero_count: float = 0.0,
        zero_threshold: float = 0.0,
    ) -> NativeHistogram:
        """``total`` is the sum of all observations."""
        made = super().__new__(cls, NAN)
        made.schema, made.count, made.total = schema, float(count), float(total)
        made.zero_count, made.zero_threshold = float(zero_count), zero_threshold
        made.positive = {index: float(value) for index, value in positive.items() if value}
        made.negative = {index: float(value) for index, value in (negative or {}).items() if value}
        return made

    def buckets(self) -> Iterator[tuple[float, float, float]]:
        """Lower bound, upper bound and count, ascending; the one around zero where it has any."""
        for index in sorted(self.negative, reverse=True):
            yield -self._bound(index), -self._bound(index - 1), self.negative[index]
        if self.zero_count:
            yield -self.zero_threshold, self.zero_threshold, self.zero_count
        for index in sorted(self.positive):
            yield self._bound(index - 1), self._bound(index), self.positive[index]

    def coarsened(self, schema: int) -> NativeHistogram:
        """The same with fewer buckets: ``schema`` is not larger than its own."""
        if schema >= self.schema:
            return self
        shift = self.schema - schema

        def merged(counts: Counts) -> Counts:
            found: dict[int, float] = {}
            for index, value in counts.items():
                wider = ((index - 1) >> shift) + 1
                found[wider] = found.get(wider, 0.0) + value
            return found

        return NativeHistogram(
            schema, self.count, self.total, merged(self.positive), merged(self.negative), self.zero_count, self.zero_threshold
        )

    def was_reset(self, before: NativeHistogram) -> bool:
        """Whether it cannot have grown from ``before`` (``DetectReset``)."""
        if self.count < before.count or self.schema > before.schema or self.zero_count < before.zero_count:
            return True
        earlier = before.coarsened(self.schema)
        return any(
            mine.get(index, 0.0) < value
            for mine, theirs in ((self.positive, earlier.positive), (self.negative, earlier.negative))
            for index, value in theirs.items()
        )

    def _bound(self, index: int) -> float:
        return float(2.0 ** (index * 2.0**-self.schema))

    def _combined(self, other: NativeHistogram, sign: float) -> NativeHistogram:
        schema = min(self.schema, other.schema)
        mine, theirs = self.coarsened(schema), other.coarsened(schema)

        def added(left: Counts, right: Counts) -> Counts:
            return {index: left.get(index, 0.0) + sign * right.get(index, 0.0) for index in left.keys() | right.keys()}

        return NativeHistogram(
            schema,
            mine.count + sign * theirs.count,
            mine.total + sign * theirs.total,
            added(mine.positive, theirs.positive),
            added(mine.negative, theirs.negative),
            mine.zero_count + sign * theirs.zero_count,
            max(mine.zero_threshold, theirs.zero_threshold),
        )

    def times(self, factor: float) -> NativeHistogram:
        return NativeHistogram(
            self.schema,
            self.count * factor,
            self.total * factor,
            {index: value * factor for index, value in self.positive.items()},
            {index: value * factor for index, value in self.negative.items()},
            self.zero_count * factor,
            self.zero_threshold,
        )

    def __add__(self, other: Any) -> Any:
        return self._combined(other, 1.0) if isinstance(other, NativeHistogram) else None

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._combined(other, -1.0) if isinstance(other, NativeHistogram) else None

    def __rsub__(self, other: Any) -> Any:
        return None

    def __mul__(self, other: Any) -> Any:
        return None if isinstance(other, NativeHistogram) else self.times(other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return None if isinstance(other, NativeHistogram) else self.times(divide(1.0, other))

    def __rtruediv__(self, other: Any) -> Any:
        return None

    def __neg__(self) -> NativeHistogram:
        return self.times(-1.0)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NativeHistogram) and self._key() == other._key()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.schema, self.count, self.total))

    def _key(self) -> tuple[Any, ...]:
        return self.schema, self.count, self.total, self.zero_count, self.positive, self.negative


def quantile(q: float, histogram: NativeHistogram) -> float:
    """``HistogramQuantile``: on a logarithmic scale within a bucket, linear around zero."""
    if q < 0:
        return -INF
    if q > 1:
        return INF
    if histogram.count == 0 or q != q:
        return NAN
    forward = q < 0.5 or histogram.total != histogram.total
    buckets = [bucket for bucket in histogram.buckets() if bucket[2]]
    rank = (q if forward else 1 - q) * histogram.count
    count, bucket = 0.0, (0.0, 0.0, 0.0)
    for bucket in buckets if forward else reversed(buckets):
        count += bucket[2]
        if count >= rank:
            break
    lower, upper, inside = bucket
    if lower < 0 < upper:
        if histogram.positive and not histogram.negative:
            lower = 0.0
        elif histogram.negative and not histogram.positive:
            upper = 0.0
    count = min(count, histogram.count)
    if count < rank:
        return NAN if histogram.total != histogram.total else upper
    rank = rank - (count - inside) if forward else count - rank
    fraction = divide(rank, inside)
    if lower <= 0 <= upper:
        return lower + (upper - lower) * fraction
    low, high = math.log2(abs(lower)), math.log2(abs(upper))
    if lower > 0:
        return float(2.0 ** (low + (high - low) * fraction))
    return -float(2.0 ** (high + (low - high) * (1 - fraction)))


def fraction(lower: float, upper: float, histogram: NativeHistogram) -> float:
    """``HistogramFraction``: the share of observations between two values."""
    if histogram.count == 0 or lower != lower or upper != upper:
        return NAN
    if lower >= upper:
        return 0.0
    return (_rank(upper, histogram) - _rank(lower, histogram)) / histogram.count


def _rank(value: float, histogram: NativeHistogram) -> float:
    """How many observations are below it."""
    below = 0.0
    for lower, upper, count in histogram.buckets():
        start = 0.0 if lower < 0 < upper and histogram.positive and not histogram.negative else lower
        if upper <= value:
            below += count
        elif start < value:
            if start <= 0 <= upper:
                return below + count * (value - start) / (upper - start)
            low, high, at = math.log2(abs(start)), math.log2(abs(upper)), math.log2(abs(value))
            return below + count * (at - low) / (high - low)
    return below


def variance(histogram: NativeHistogram) -> float:
    """``histogramVariance``: every observation stands in the geometric middle of its bucket."""
    if histogram.count == 0:
        return NAN
    average, squares = histogram.total / histogram.count, 0.0
    for lower, upper, count in histogram.buckets():
        middle = 0.0 if lower <= 0 <= upper else math.copysign(math.sqrt(lower * upper), lower)
        squares += count * (middle - average) ** 2
    return squares / histogram.count
