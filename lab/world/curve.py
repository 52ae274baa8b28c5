# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities that follow time as straight lines between knots, and what accumulates from them.

Everything that the simulated production measures is made of these: a gauge is a curve, a counter is the integral of a product of
curves. Both are exact at any moment, so that no history has to be simulated step by step.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache


class Curve:
    """Straight lines between knots (Unix seconds, value), constant before the first and after the last.

    Two knots at one moment are a jump; at that moment the later one counts.
    """

    __slots__ = ("times", "values")

    def __init__(self, knots: Iterable[tuple[float, float]]) -> None:
        pairs = list(knots)
        self.times = [at for at, _ in pairs]
        self.values = [value for _, value in pairs]
        if not pairs or any(later < earlier for earlier, later in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("a curve needs knots in the order of time")

    @staticmethod
    def constant(value: float) -> Curve:
        return _constant(value)

    def at(self, t: float) -> float:
        index = bisect_right(self.times, t)
        if index == 0:
            return self.values[0]
        return self._within(index, t)

    def before(self, t: float) -> float:
        """The value just before ``t``: differs from ``at`` where the curve jumps."""
        index = bisect_left(self.times, t)
        if index == 0:
            return self.values[0]
        return self._within(index, t)

    def _within(self, index: int, t: float) -> float:
        if index == len(self.times):
            return self.values[-1]
        start, end = self.times[index - 1], self.times[index]
        low, high = self.values[index - 1], self.values[index]
        return low + (high - low) * (t - start) / (end - start)

    def sampled(self, times: Sequence[float]) -> list[float]:
        """The values at ``times``, which ascend."""
        if len(self.values) == 1:
            return self.values * len(times)
        return _by_segment(self.times, times, lambda index: self._line(index))

    def scaled(self, factor: float) -> Curve:
        return Curve(zip(self.times, (value * factor for value in self.values), strict=True))

    def mapped(self, function: Callable[[float], float], bends: Sequence[float] = ()) -> Curve:
        """``function`` of this curve, with further knots where the curve passes one of ``bends`` (ascending values)."""
        knots: list[tuple[float, float]] = []
        for index, (at, value) in enumerate(zip(self.times, self.values, strict=True)):
            if index:
                knots.extend(self._passages(index, bends, function))
            knots.append((at, function(value)))
        return Curve(knots)

    def _passages(self, index: int, bends: Sequence[float], function: Callable[[float], float]) -> list[tuple[float, float]]:
        start, end = self.times[index - 1], self.times[index]
        low, high = self.values[index - 1], self.values[index]
        if start == end or low == high:
            return []
        between = [bend for bend in bends if min(low, high) < bend < max(low, high)]
        if high < low:
            between.reverse()
        return [(start + (end - start) * (bend - low) / (high - low), function(bend)) for bend in between]

    def _line(self, index: int) -> tuple[float, list[float]]:
        """Origin and polynomial of the piece that ends at knot ``index``."""
        if index == 0:
            return self.times[0], [self.values[0]]
        start, low = self.times[index - 1], self.values[index - 1]
        if index == len(self.times):
            return start, [low]
        end = self.times[index]
        if end == start or self.values[index] == low:
            return start, [low]
        return start, [low, (self.values[index] - low) / (end - start)]


@lru_cache(maxsize=1024, typed=True)
def _constant(value: float) -> Curve:
    return Curve([(0.0, value)])


def total(curves: Sequence[Curve]) -> Curve:
    """The sum of curves."""
    times = sorted({at for curve in curves for at in curve.times})
    knots: list[tuple[float, float]] = []
    for at in times:
        before, after = sum(curve.before(at) for curve in curves), sum(curve.at(at) for curve in curves)
        if before != after:
            knots.append((at, before))
        knots.append((at, after))
    return Curve(knots)


class Integral:
    """What accumulates from ``since`` at a rate that is the product of curves."""

    __slots__ = ("_borders", "_pieces")

    def __init__(self, factors: Sequence[Curve], since: float) -> None:
        borders = sorted({since, *(at for curve in factors for at in curve.times if at > since)})
        self._borders = borders
        self._pieces: list[tuple[float, list[float]]] = [(since, [0.0])]
        reached = 0.0
        for position, start in enumerate(borders):
            end = borders[position + 1] if position + 1 < len(borders) else None
            polynomial = [1.0]
            for curve in factors:
                polynomial = _product(polynomial, _line_between(curve, start, end))
            integral = [reached, *(coefficient / (power + 1) for power, coefficient in enumerate(polynomial))]
            while len(integral) > 2 and integral[-1] == 0:
                integral.pop()
            self._pieces.append((start, integral))
            if end is not None:
                reached = _evaluate(integral, end - start)

    def at(self, t: float) -> float:
        return self.sampled([t])[0]

    def sampled(self, times: Sequence[float]) -> list[float]:
        """The values at ``times``, which ascend; 0 before the start."""
        return _by_segment(self._borders, times, lambda index: self._pieces[index])


def _line_between(curve: Curve, start: float, end: float | None) -> list[float]:
    """Polynomial, from ``start``, of a curve that has no knot between ``start`` and ``end`` (None: for ever)."""
    low = curve.at(start)
    if end is None:
        return [low]
    high = curve.before(end)
    return [low] if high == low else [low, (high - low) / (end - start)]


def _by_segment(borders: Sequence[float], times: Sequence[float], piece: Callable[[int], tuple[float, list[float]]]) -> list[float]:
    """Values at ascending ``times``: those from border ``i - 1`` to border ``i`` follow the polynomial of ``piece(i)``."""
    values: list[float] = []
    position = 0
    while position < len(times):
        index = bisect_right(borders, times[position])
        end = len(times) if index == len(borders) else bisect_left(times, borders[index], position)
        origin, polynomial = piece(index)
        run = times[position:end]
        if len(polynomial) == 1:
            values.extend([polynomial[0]] * len(run))
        elif len(polynomial) == 2:
            base, slope = polynomial
            values.extend([base + slope * (t - origin) for t in run])
        else:
            values.extend([_evaluate(polynomial, t - origin) for t in run])
        position = end
    return values


def _product(left: Sequence[float], right: Sequence[float]) -> list[float]:
    result = [0.0] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            result[i + j] += a * b
    return result


def _evaluate(polynomial: Sequence[float], x: float) -> float:
    value = 0.0
    for coefficient in reversed(polynomial):
        value = value * x + coefficient
    return value
