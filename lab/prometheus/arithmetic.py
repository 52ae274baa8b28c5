# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic on IEEE 754 doubles with the results of Go: where Python raises, these give an infinity or NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

INF = math.inf
NAN = math.nan
_LARGEST = 1.7976931348623157e308


def divide(left: float, right: float) -> float:
    """``left / right``; x/0 is an infinity with the signs' product, 0/0 is NaN."""
    if right:
        return left / right
    if left == 0 or left != left:
        return NAN
    return math.copysign(INF, left) * math.copysign(1.0, right)


def power(left: float, right: float) -> float:
    """``math.Pow``."""
    odd = abs(right) < 2**53 and right % 2 == 1
    try:
        return math.pow(left, right)
    except OverflowError:
        return -INF if left < 0 and odd else INF
    except ValueError:
        if left == 0:
            return math.copysign(INF, left) if odd else INF
        return NAN


def modulo(left: float, right: float) -> float:
    """``math.Mod``: the sign is that of ``left``."""
    try:
        return math.fmod(left, right)
    except ValueError:
        return NAN


def smaller(left: float, right: float) -> float:
    """``math.Min``: NaN if either is NaN, unless the other is -Inf."""
    if left == -INF or right == -INF:
        return -INF
    if left != left or right != right:
        return NAN
    return min(left, right)


def larger(left: float, right: float) -> float:
    """``math.Max``: NaN if either is NaN, unless the other is +Inf."""
    if left == INF or right == INF:
        return INF
    if left != left or right != right:
        return NAN
    return max(left, right)


def floor(value: float) -> float:
    """``math.Floor``, which keeps the sign of zero, infinities and NaN."""
    return math.copysign(float(math.floor(value)), value) if math.isfinite(value) else value


def ceil(value: float) -> float:
    """``math.Ceil``, which keeps the sign of zero, infinities and NaN."""
    return math.copysign(float(math.ceil(value)), value) if math.isfinite(value) else value


def total(function: Callable[[float], float], overflow: float = INF) -> Callable[[float], float]:
    """``function`` of :mod:`math` with NaN outside its domain and ±``overflow`` where the result is too large."""

    def evaluate(value: float) -> float:
        try:
            return function(value)
        except ValueError:
            return NAN
        except OverflowError:
            return math.copysign(overflow, value) if function is math.sinh else overflow

    return evaluate


def logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    """A logarithm that is -Inf at 0 and NaN below."""

    def evaluate(value: float) -> float:
        if value <= 0:
            return -INF if value == 0 else NAN
        return function(value)

    return evaluate


def kahan_add(increment: float, sum_: float, compensation: float) -> tuple[float, float]:
    """One step of Kahan-Neumaier summation (util/kahansum, ``Inc``)."""
    result = sum_ + increment
    if result > _LARGEST or result < -_LARGEST:
        return result, 0.0
    if abs(sum_) >= abs(increment):
        return result, compensation + ((sum_ - result) + increment)
    return result, compensation + ((increment - result) + sum_)


def kahan_sum(values: Iterable[float]) -> float:
    """The compensated sum."""
    sum_, compensation = _compensated(values)
    return sum_ + compensation


def _compensated(values: Iterable[float]) -> tuple[float, float]:
    """The sum and its compensation. The step is written out because this is the innermost loop of most queries."""
    sum_ = compensation = 0.0
    for value in values:
        result = sum_ + value
        if result > _LARGEST or result < -_LARGEST:
            compensation = 0.0
        elif abs(sum_) >= abs(value):
            compensation += (sum_ - result) + value
        else:
            compensation += (value - result) + sum_
        sum_ = result
    return sum_, compensation


def mean(values: Sequence[float]) -> float:
    """The average by a compensated sum, or incrementally once that sum overflows (promql/functions.go, ``funcAvgOverTime``)."""
    sum_, compensation = _compensated(values)
    if math.isfinite(sum_):
        return sum_ / len(values) + compensation / len(values)
    return _mean_of_large(values)


def _mean_of_large(values: Sequence[float]) -> float:
    sum_, compensation, average, incremental = values[0], 0.0, 0.0, False
    for count, value in enumerate(values[1:], 2):
        if not incremental:
            new_sum, new_compensation = kahan_add(value, sum_, compensation)
            if not math.isinf(new_sum):
                sum_, compensation = new_sum, new_compensation
                continue
            incremental = True
            average = sum_ / (count - 1)
            compensation /= count - 1
        share = (count - 1) / count
        average, compensation = kahan_add(value / count, share * average, share * compensation)
    return average + compensation if incremental else sum_ / len(values) + compensation / len(values)


def quantile(q: float, values: Sequence[float]) -> float:
    """The φ-quantile by linear interpolation; NaN values sort first (promql/quantile.go, ``quantile``)."""
    if not values or q != q:
        return NAN
    if q < 0:
        return -INF
    if q > 1:
        return INF
    ordered = sorted(values, key=lambda value: (value == value, value))
    rank = q * (len(ordered) - 1)
    lower = max(0, math.floor(rank))
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - math.floor(rank)
    if weight == 0:
        return ordered[lower]
    return ordered[lower] * (1 - weight) + ordered[upper] * weight


def largest(values: Sequence[float]) -> float:
    """The maximum; NaN only where every value is NaN."""
    found = max(values)
    return found if found == found else max((value for value in values if value == value), default=NAN)


def smallest(values: Sequence[float]) -> float:
    """The minimum; NaN only where every value is NaN."""
    found = min(values)
    return found if found == found else min((value for value in values if value == value), default=NAN)
