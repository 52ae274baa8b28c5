# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates an expression for all steps of a grid (promql/engine.go, ``evaluator.eval``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lab.prometheus import binary as operators
from lab.prometheus import expressions as ast
from lab.prometheus.aggregation import aggregate, count_values
from lab.prometheus.annotations import Annotations
from lab.prometheus.arithmetic import NAN
from lab.prometheus.calls import CALLS
from lab.prometheus.elementwise import negated
from lab.prometheus.errors import ExecutionError
from lab.prometheus.grid import Grid, SampleSeries, StepSeries
from lab.prometheus.native_values import numbers
from lab.prometheus.selectors import fetch, newest, newest_places, without_stale
from lab.prometheus.storage import Matcher, Storage
from lab.prometheus.windows import Windows

_MAX_SUBQUERY_STEPS = 1_000_000
"""The real server counts samples, 50 million of them (``--query.max-samples``)."""


@dataclass(frozen=True, slots=True)
class QueryContext:
    """What stays the same throughout one query; times are ms. ``check_deadline`` raises ``QueryTimeout``."""

    storage: Storage
    lookback: int
    start: int
    end: int
    default_step: int
    annotations: Annotations
    check_deadline: Callable[[], None]
    read: dict[tuple[Sequence[Matcher], int, int], list[SampleSeries]] = field(default_factory=dict)
    """What range selectors have read: one that is in a query twice is read once."""


class Evaluator:
    """Evaluates expressions on one grid. A subquery is evaluated by an evaluator of its own on a finer grid."""

    def __init__(self, context: QueryContext, grid: Grid) -> None:
        self.context = context
        self.grid = grid
        self.times = grid.times

    def vector(self, expression: ast.Expression) -> list[StepSeries]:
        """An instant vector for every step. Series may turn out to have no value at any step."""
        self.context.check_deadline()
        if not self.times:
            return []
        match expression:
            case ast.VectorSelector():
                return self.select(expression, timestamps=False)
            case ast.Parentheses():
                return self.vector(expression.expression)
            case ast.Negation():
                return negated(self.vector(expression.expression))
            case ast.Aggregation():
                return self._aggregation(expression)
            case ast.Binary():
                return self._binary(expression)
            case ast.Call() if expression.function in CALLS:
                return CALLS[expression.function](self, expression)
        raise ExecutionError(f"the simulated server does not evaluate {_described(expression)}")

    def scalar(self, expression: ast.Expression) -> list[float]:
        """A number for every step."""
        match expression:
            case ast.Number():
                return [expression.value] * len(self.times)
            case ast.Parentheses():
                return self.scalar(expression.expression)
            case ast.Negation():
                return [-value for value in self.scalar(expression.expression)]
            case ast.Binary():
                return operators.scalar_operation(expression, self.scalar(expression.left), self.scalar(expression.right))
            case ast.Call(function="time"):
                return [time / 1000 for time in self.times]
            case ast.Call(function="pi"):
                return [math.pi] * len(self.times)
            case ast.Call(function="scalar"):
                return self._only_elements(expression.arguments[0])
        raise ExecutionError(f"the simulated server does not evaluate {_described(expression)}")

    def matrix(self, expression: ast.Expression) -> list[SampleSeries]:
        """The samples of a range vector at the grid's first step, for a query that is nothing but a range vector."""
        expression = ast.unwrapped(expression)
        assert isinstance(expression, ast.MatrixSelector | ast.Subquery)
        ends = self.window_ends(expression)
        result = []
        for series in self.samples(expression, ends):
            windows = Windows.over(series, ends[:1], [self.grid.start], expression.range, [], {})
            low, high = windows.lows[0], windows.highs[0]
            if low < high:
                result.append(SampleSeries(series.labels, series.times[low:high], series.values[low:high]))
        return result

    def select(self, selector: ast.VectorSelector, timestamps: bool) -> list[StepSeries]:
        """The newest value of each series, or the time of that sample in seconds."""
        references = self._references(selector.offset, selector.at)
        lookback = self.context.lookback
        result = []
        places: dict[int, list[int | None]] = {}  # by the identity of times, which many series share
        for series in fetch(self.context.storage, selector.matchers, references[0] - lookback, references[-1]):
            self.context.check_deadline()
            if id(series.times) not in places:
                places[id(series.times)] = newest_places(series.times, references, lookback)
            picked = [time / 1000 for time in series.times] if timestamps else series.values
            result.append(StepSeries(series.labels, newest(series, places[id(series.times)], picked)))
        return result

    def window_ends(self, selector: ast.MatrixSelector | ast.Subquery) -> list[int]:
        """Where the windows of a range vector end, one for each step."""
        bound = selector.vector if isinstance(selector, ast.MatrixSelector) else selector
        return self._references(bound.offset, bound.at)

    def samples(self, selector: ast.MatrixSelector | ast.Subquery, ends: Sequence[int]) -> list[SampleSeries]:
        """The samples that the windows ending at ``ends`` can see."""
        start, end = ends[0] - selector.range, ends[-1]
        if isinstance(selector, ast.MatrixSelector):
            return self._read(selector.vector.matchers, start, end)
        step = selector.step or self.context.default_step
        first = (start // step + 1) * step
        inner = Evaluator(self.context, Grid(first, end, step))
        if len(inner.times) > _MAX_SUBQUERY_STEPS:
            raise ExecutionError("query processing would load too many samples into memory in query execution")
        samples = []
        for series in inner.vector(selector.expression):
            kept = [(time, value) for time, value in zip(inner.times, series.values, strict=True) if value is not None]
            samples.append(SampleSeries(series.labels, [time for time, _ in kept], [value for _, value in kept]))
        return samples

    def _read(self, matchers: Sequence[Matcher], start: int, end: int) -> list[SampleSeries]:
        """The samples of a range selector, of which nobody changes any."""
        key = (tuple(matchers), start, end)
        if key not in self.context.read:
            self.context.read[key] = [without_stale(series) for series in fetch(self.context.storage, matchers, start, end)]
        return self.context.read[key]

    def _references(self, offset: int, at: ast.At) -> list[int]:
        """The times that a selector looks at, one for each step."""
        pinned = {"start": self.context.start, "end": self.context.end}[at] if isinstance(at, str) else at
        if pinned is not None:
            return [pinned - offset] * len(self.times)
        return [time - offset for time in self.times]

    def _only_elements(self, argument: ast.Expression) -> list[float]:
        """``scalar()``: the value of a vector of one element, NaN for any other."""
        columns = [series.values for series in numbers(self.vector(argument))]
        result = [NAN] * len(self.times)
        for step, row in enumerate(zip(*columns, strict=True)):
            present = [value for value in row if value is not None]
            if len(present) == 1:
                result[step] = present[0]
        return result

    def _aggregation(self, aggregation: ast.Aggregation) -> list[StepSeries]:
        parameter = ast.unwrapped(aggregation.parameter) if aggregation.parameter else None
        if isinstance(parameter, ast.Text):
            return count_values(aggregation, self.vector(aggregation.expression), parameter.value)
        scalars = self.scalar(parameter) if parameter else None
        vector = self.vector(aggregation.expression)
        if aggregation.operator == "quantile" and scalars:
            self._check_quantiles(scalars, aggregation.parameter_position)
        return aggregate(aggregation, vector, scalars)

    def _check_quantiles(self, qs: Sequence[float], position: str) -> None:
        """The server names NaN, the largest above 1 and the smallest below 0."""
        numbers = [q for q in qs if q == q]
        if len(numbers) < len(qs):
            self.context.annotations.invalid_quantile(NAN, position)
        for extreme in (max(numbers, default=0.0), min(numbers, default=0.0)):
            if not 0 <= extreme <= 1:
                self.context.annotations.invalid_quantile(extreme, position)

    def _binary(self, expression: ast.Binary) -> list[StepSeries]:
        left, right = expression.left, expression.right
        if ast.value_type(right) == "scalar":
            return operators.vector_scalar_operation(expression, self.vector(left), self.scalar(right), scalar_first=False)
        if ast.value_type(left) == "scalar":
            return operators.vector_scalar_operation(expression, self.vector(right), self.scalar(left), scalar_first=True)
        operation = operators.set_operation if expression.operator in ast.SET_OPERATORS else operators.vector_operation
        return operation(expression, self.vector(left), self.vector(right))


def _described(expression: ast.Expression) -> str:
    return f"the function {expression.function}" if isinstance(expression, ast.Call) else f"a {ast.value_type(expression)} here"
