# SPDX-License-Identifier: GPL-3.0-or-later
"""rate, increase, delta, irate, idelta, resets, changes, deriv and predict_linear (promql/functions.go)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import islice
from math import isinf
from operator import gt

from lab.prometheus import native_rates
from lab.prometheus.arithmetic import NAN, divide, kahan_add
from lab.prometheus.grid import Column
from lab.prometheus.native_values import has_histograms
from lab.prometheus.windows import Windows

RangeFunction = Callable[[Windows], Column]


def _extrapolated(is_counter: bool, is_rate: bool) -> RangeFunction:
    """``extrapolatedRate``: the difference of the first and last sample, extended to the ends of the window.

    It is extended all the way where the samples come within 1.1 average intervals of the window's end, else by half an interval; a
    counter is not extended below zero. Counter resets add the value before the reset.
    """

    def column(windows: Windows) -> Column:
        times, values = windows.series.times, windows.series.values
        if has_histograms(values):
            return native_rates.extrapolated(windows, is_counter, is_rate)
        resets = _falls(values) if is_counter else []
        per = windows.range / 1000 if is_rate else 1.0
        result: Column = []
        for low, high, end in zip(windows.lows, windows.highs, windows.ends, strict=True):
            if high - low < 2:
                result.append(None)
                continue
            first_time, last_time, first = times[low], times[high - 1], values[low]
            difference = values[high - 1] - first
            if resets:
                for index in resets[bisect_right(resets, low) : bisect_right(resets, high - 1)]:
                    difference += values[index - 1]
            to_start = (first_time - end + windows.range) / 1000
            to_end = (end - last_time) / 1000
            sampled = (last_time - first_time) / 1000
            average = sampled / (high - low - 1)
            threshold = average * 1.1
            if to_start >= threshold:
                to_start = average / 2
            if is_counter and difference > 0 and first >= 0:
                to_zero = sampled * (first / difference)
                if to_zero < to_start:
                    to_start = to_zero
            if to_end >= threshold:
                to_end = average / 2
            factor = (sampled + to_start + to_end) / sampled if sampled else 1.0
            result.append(difference * (factor / per))
        return result

    return column


def _falls(values: Sequence[float]) -> list[int]:
    """The indices of samples that are smaller than the one before."""
    if not any(map(gt, values, islice(values, 1, None))):
        return []
    return [index for index, value in enumerate(values) if index and value < values[index - 1]]


def _instant(is_rate: bool) -> RangeFunction:
    """``instantValue``: from the last two samples of the window."""

    def column(windows: Windows) -> Column:
        times, values = windows.series.times, windows.series.values
        result: Column = []
        for low, high in zip(windows.lows, windows.highs, strict=True):
            if high - low < 2 or times[high - 1] == times[high - 2]:
                result.append(None)
                continue
            value, before = values[high - 1], values[high - 2]
            if not (is_rate and value < before):
                value -= before
            result.append(value / ((times[high - 1] - times[high - 2]) / 1000) if is_rate else value)
        return result

    return column


def _count_pairs(differs: Callable[[float, float], bool]) -> RangeFunction:
    """How often a sample differs from the one before it in the window."""

    def column(windows: Windows) -> Column:
        values = windows.series.values
        places = [index for index in range(1, len(values)) if differs(values[index - 1], values[index])]
        return [
            float(bisect_right(places, high - 1) - bisect_right(places, low)) if high > low else None
            for low, high in zip(windows.lows, windows.highs, strict=True)
        ]

    return column


def _changed(before: float, value: float) -> bool:
    return value != before and not (value != value and before != before)


def _regression(times: Sequence[int], values: Sequence[float], origin: int) -> tuple[float, float]:
    """Slope per second and value at ``origin`` ms of the least-squares line (``linearRegression``)."""
    if all(value == values[0] for value in values):
        return (NAN, NAN) if isinf(values[0]) else (0.0, values[0])
    x_sum = x_rest = y_sum = y_rest = xy_sum = xy_rest = xx_sum = xx_rest = 0.0
    for time, y in zip(times, values, strict=True):
        x = (time - origin) / 1e3
        x_sum, x_rest = kahan_add(x, x_sum, x_rest)
        y_sum, y_rest = kahan_add(y, y_sum, y_rest)
        xy_sum, xy_rest = kahan_add(x * y, xy_sum, xy_rest)
        xx_sum, xx_rest = kahan_add(x * x, xx_sum, xx_rest)
    count = float(len(values))
    x_sum, y_sum, xy_sum, xx_sum = x_sum + x_rest, y_sum + y_rest, xy_sum + xy_rest, xx_sum + xx_rest
    slope = divide(xy_sum - x_sum * y_sum / count, xx_sum - x_sum * x_sum / count)
    return slope, y_sum / count - slope * x_sum / count


def _deriv(windows: Windows) -> Column:
    times, values = windows.series.times, windows.series.values
    return [
        _regression(times[low:high], values[low:high], times[low])[0] if high - low >= 2 else None
        for low, high in zip(windows.lows, windows.highs, strict=True)
    ]


def _predict_linear(windows: Windows) -> Column:
    times, values = windows.series.times, windows.series.values
    result: Column = []
    for low, high, now, ahead in zip(windows.lows, windows.highs, windows.times, windows.parameters[0], strict=True):
        if high - low < 2:
            result.append(None)
            continue
        slope, intercept = _regression(times[low:high], values[low:high], now)
        result.append(slope * ahead + intercept)
    return result


RATE_FUNCTIONS: dict[str, RangeFunction] = {
    "rate": _extrapolated(is_counter=True, is_rate=True),
    "increase": _extrapolated(is_counter=True, is_rate=False),
    "delta": _extrapolated(is_counter=False, is_rate=False),
    "irate": _instant(is_rate=True),
    "idelta": _instant(is_rate=False),
    "resets": _count_pairs(lambda before, value: value < before),
    "changes": _count_pairs(_changed),
    "deriv": _deriv,
    "predict_linear": _predict_linear,
}
