# SPDX-License-Identifier: GPL-3.0-or-later
"""The query engine: PromQL text in, result with warnings and infos out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lab.prometheus import expressions as ast
from lab.prometheus.annotations import Annotations
from lab.prometheus.errors import BadData, QueryTimeout
from lab.prometheus.evaluator import Evaluator, QueryContext
from lab.prometheus.grid import Grid, StepSeries
from lab.prometheus.parser import parse
from lab.prometheus.storage import Labels, Storage

_DOCUMENTED_TYPES = {"matrix": "range vector", "string": "string"}


@dataclass(frozen=True, slots=True)
class ResultSeries:
    """Labels and (Unix milliseconds, value) pairs, ascending; one pair in an instant vector."""

    labels: Labels
    points: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a query gave. ``type`` is ``vector``, ``matrix``, ``scalar`` (one series without labels) or ``string`` (``text``).

    ``at`` is the evaluation time in Unix ms; of a range query its start.
    """

    type: ast.ValueType
    at: int
    series: list[ResultSeries]
    text: str
    warnings: list[str]
    infos: list[str]


class Engine:
    """Evaluates PromQL over a storage. Times are Unix seconds, durations seconds.

    ``lookback`` is how old the newest sample of a series may be; ``default_step`` is the resolution of subqueries that give none, which
    is the server's evaluation interval; ``monotonic`` is the clock for time limits.
    """

    def __init__(
        self, storage: Storage, lookback: float = 300.0, default_step: float = 60.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.storage = storage
        self._lookback = lookback
        self._default_step = default_step
        self._monotonic = monotonic

    def instant(self, query: str, at: float, timeout: float | None = None, lookback: float | None = None) -> Result:
        """The value of ``query`` at one time. Raises ``ParseError``, ``ExecutionError`` or ``QueryTimeout``."""
        expression = parse(query)
        at_ms = round(at * 1000)
        context = self._context(at_ms, at_ms, timeout, lookback)
        evaluator = Evaluator(context, Grid(at_ms, at_ms, 1))
        kind = ast.value_type(expression)
        text = ""
        match kind:
            case "vector":
                series = [
                    ResultSeries(each.labels, [(at_ms, value)])
                    for each in evaluator.vector(expression)
                    if (value := each.values[0]) is not None
                ]
            case "scalar":
                series = [ResultSeries({}, [(at_ms, evaluator.scalar(expression)[0])])]
            case "matrix":
                samples = evaluator.matrix(expression)
                series = _by_labels(ResultSeries(each.labels, list(zip(each.times, each.values, strict=True))) for each in samples)
            case "string":
                literal = ast.unwrapped(expression)
                assert isinstance(literal, ast.Text)
                series, text = [], literal.value
        return Result(kind, at_ms, series, text, context.annotations.warnings(), context.annotations.infos())

    def range(
        self, query: str, start: float, end: float, step: float, timeout: float | None = None, lookback: float | None = None
    ) -> Result:
        """The values of ``query`` from ``start`` to ``end``, ``step`` apart, sorted by labels. Raises as ``instant`` does."""
        expression = parse(query)
        kind = ast.value_type(expression)
        if kind in _DOCUMENTED_TYPES:
            raise BadData(f'invalid expression type "{_DOCUMENTED_TYPES[kind]}" for range query, must be Scalar or instant Vector')
        grid = Grid(round(start * 1000), round(end * 1000), max(1, int(step * 1000)))
        context = self._context(grid.start, grid.end, timeout, lookback)
        evaluator = Evaluator(context, grid)
        vector = [StepSeries({}, list(evaluator.scalar(expression)))] if kind == "scalar" else evaluator.vector(expression)
        times = grid.times
        points = ((each.labels, [(t, v) for t, v in zip(times, each.values, strict=True) if v is not None]) for each in vector)
        series = _by_labels(ResultSeries(labels, present) for labels, present in points if present)
        return Result("matrix", grid.start, series, "", context.annotations.warnings(), context.annotations.infos())

    def _context(self, start: int, end: int, timeout: float | None, lookback: float | None) -> QueryContext:
        deadline = None if timeout is None else self._monotonic() + timeout

        def check_deadline() -> None:
            if deadline is not None and self._monotonic() > deadline:
                raise QueryTimeout("query timed out in expression evaluation")

        lookback_ms = round((lookback or self._lookback) * 1000)
        return QueryContext(self.storage, lookback_ms, start, end, round(self._default_step * 1000), Annotations(), check_deadline)


def _by_labels(series: Iterable[ResultSeries]) -> list[ResultSeries]:
    return sorted(series, key=lambda each: sorted(each.labels.items()))
