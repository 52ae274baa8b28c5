# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``*_over_time`` functions, which summarise the samples of each window (promql/functions.go)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lab.prometheus.arithmetic import kahan_add, kahan_sum, largest, mean, quantile, smallest
from lab.prometheus.grid import Column
from lab.prometheus.windows import Windows


def _summary(function: Callable[[Sequence[float]], float]) -> Callable[[Windows], Column]:
    def column(windows: Windows) -> Column:
        return [function(values) if values else None for values in windows.values()]

    return column


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
    "count_over_time": _summary(lambda values: float(len(values))),
    "first_over_time": _summary(lambda values: values[0]),
    "last_over_time": _summary(lambda values: values[-1]),
    "max_over_time": _summary(largest),
    "min_over_time": _summary(smallest),
    "present_over_time": _summary(lambda values: 1.0),
    "quantile_over_time": _quantile,
    "stddev_over_time": _summary(_deviation),
    "stdvar_over_time": _summary(_variance),
    "sum_over_time": _summary(kahan_sum),
}
KEEP_NAME = frozenset({"first_over_time", "last_over_time"})
"""These act like an offset, so that their result is still the metric."""
