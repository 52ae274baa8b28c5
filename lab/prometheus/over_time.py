# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``*_over_time`` functions, which summarise the samples of each window (promql/functions.go)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

from lab.prometheus.arithmetic import kahan_add, kahan_sum, largest, mean, quantile, smallest
from lab.prometheus.grid import Column
from lab.prometheus.native import NativeHistogram
from lab.prometheus.native_values import has_histograms, summed
from lab.prometheus.windows import Windows


def _summary(function: Callable[[Sequence[float]], float]) -> Callable[[Windows], Column]:
    def column(windows: Windows) -> Column:
        values = windows.series.values
        if values and type(values[0]) is float and values.count(values[0]) == len(values):
            return _of_constant(function, windows)
        if has_histograms(values):
            return [_seen(function, seen) if seen else None for seen in windows.values()]
        return [function(seen) if seen else None for seen in windows.values()]

    return column


def _of_constant(function: Callable[[Sequence[float]], float], windows: Windows) -> Column:
    """Of equal values, such as a limit, windows of one length are the same."""
    value = windows.series.values[0]
    lengths = [high - low for low, high in zip(windows.lows, windows.highs, strict=True)]
    found = {length: _of_equal(function, value, length) if length else None for length in set(lengths)}
    return [found[length] for length in lengths]


@lru_cache(maxsize=4096)
def _of_equal(function: Callable[[Sequence[float]], float], value: float, length: int) -> float:
    """Many series have the same value all the time."""
    return function([value] * length)


def _seen(function: Callable[[Sequence[float]], float], values: Sequence[float]) -> float | None:
    """Of a window with histograms: they are counted, added up and passed on; other functions do not see them."""
    histograms = [value for value in values if isinstance(value, NativeHistogram)]
    if not histograms or function in (_count, _first, _last, _present):
        return function(values)
    if function in (kahan_sum, mean):
        if len(histograms) < len(values):
            return None
        return summed(histograms).times(1.0 if function is kahan_sum else 1.0 / len(histograms))
    numbers = [value for value in values if not isinstance(value, NativeHistogram)]
    return function(numbers) if numbers else None


def _count(values: Sequence[float]) -> float:
    return float(len(values))


def _first(values: Sequence[float]) -> float:
    return values[0]


def _last(values: Sequence[float]) -> float:
    return values[-1]


def _present(_values: Sequence[float]) -> float:
    return 1.0


def _variance(values: Sequence[float]) -> float:
    """Welford's method with compensated sums (``varianceOverTime``)."""
    average = average_rest = squares = squares_rest = 0.0
    for count, value in enumerate(values, 1):
        delta = value - (average + average_rest)
        average, average_rest = kahan_add(delta / count, average, average_rest)
        squares, squares_rest = kahan_add(delta * (value - (average + average_rest)), squares, squares_rest)
    return (squares + squares_rest) / len(values)


def _deviation(values: Sequence[float]) -> float:
    return math.sqrt(_variance(values))


def _quantile(windows: Windows) -> Column:
    return [quantile(q, values) if values else None for q, values in zip(windows.parameters[0], windows.values(), strict=True)]


OVER_TIME_FUNCTIONS: dict[str, Callable[[Windows], Column]] = {
    "avg_over_time": _summary(mean),
    "count_over_time": _summary(_count),
    "first_over_time": _summary(_first),
    "last_over_time": _summary(_last),
    "max_over_time": _summary(largest),
    "min_over_time": _summary(smallest),
    "present_over_time": _summary(_present),
    "quantile_over_time": _quantile,
    "stddev_over_time": _summary(_deviation),
    "stdvar_over_time": _summary(_variance),
    "sum_over_time": _summary(kahan_sum),
}
KEEP_NAME = frozenset({"first_over_time", "last_over_time"})
"""These act like an offset, so that their result is still the metric."""
