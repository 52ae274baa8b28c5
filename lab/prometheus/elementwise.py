# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that change every value of an instant vector by itself, and drop the metric's name (promql/functions.go)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lab.prometheus.arithmetic import INF, ceil, divide, floor, larger, logarithm, smaller, total
from lab.prometheus.dates import DATE_FUNCTIONS
from lab.prometheus.grid import Column, StepSeries, merged
from lab.prometheus.labels import without_name
from lab.prometheus.native_values import numbers


def _sign(value: float) -> float:
    return -1.0 if value < 0 else 1.0 if value > 0 else value


def _inverse_tanh(value: float) -> float:
    return math.copysign(INF, value) if abs(value) == 1 else total(math.atanh)(value)


UNARY_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "acos": total(math.acos),
    "acosh": total(math.acosh),
    "asin": total(math.asin),
    "asinh": math.asinh,
    "atan": math.atan,
    "atanh": _inverse_tanh,
    "ceil": ceil,
    "cos": total(math.cos),
    "cosh": total(math.cosh),
    "deg": lambda value: value * (180 / math.pi),
    "exp": total(math.exp),
    "floor": floor,
    "ln": logarithm(math.log),
    "log10": logarithm(math.log10),
    "log2": logarithm(math.log2),
    "rad": lambda value: value * (math.pi / 180),
    "sgn": _sign,
    "sin": total(math.sin),
    "sinh": total(math.sinh),
    "sqrt": total(math.sqrt),
    "tan": total(math.tan),
    "tanh": math.tanh,
    **DATE_FUNCTIONS,
}

Limits = Sequence[list[float]]


def _clamped(value: float, lowest: float, highest: float) -> float | None:
    return None if highest < lowest else larger(lowest, smaller(highest, value))


def _rounded(value: float, nearest: float) -> float:
    """To a multiple of ``nearest``, ties upwards; by the inverse, as the server does, which loses less precision."""
    inverse = divide(1.0, nearest)
    return divide(floor(value * inverse + 0.5), inverse)


PARAMETER_FUNCTIONS: dict[str, Callable[..., float | None]] = {
    "clamp": _clamped,
    "clamp_max": lambda value, highest: _clamped(value, -INF, highest),
    "clamp_min": lambda value, lowest: _clamped(value, lowest, INF),
    "round": lambda value, nearest=1.0: _rounded(value, nearest),
}
"""These take scalars after the value; ``None`` leaves the element out."""


def mapped(function: Callable[[float], float], vector: Sequence[StepSeries]) -> list[StepSeries]:
    """``function`` applied to every value."""
    return merged(
        StepSeries(without_name(series.labels), [None if value is None else function(value) for value in series.values])
        for series in numbers(vector)
    )


def mapped_with(function: Callable[..., float | None], vector: Sequence[StepSeries], parameters: Limits) -> list[StepSeries]:
    """``function`` applied to every value and the scalar parameters of its step."""
    result = []
    for series in numbers(vector):
        column: Column = [
            None if value is None else function(value, *scalars) for value, *scalars in zip(series.values, *parameters, strict=True)
        ]
        result.append(StepSeries(without_name(series.labels), column))
    return merged(result)


def negated(vector: Sequence[StepSeries]) -> list[StepSeries]:
    """Unary minus, which histograms know as well."""
    return merged(
        StepSeries(without_name(series.labels), [None if value is None else -value for value in series.values]) for series in vector
    )
