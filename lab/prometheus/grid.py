# SPDX-License-Identifier: GPL-3.0-or-later
"""Series on the steps of a query, and the raw samples that they come from.

A query is evaluated for all its steps at once: every expression gives one column per series, with one place per step, ``None`` where the
series has no value. An instant query is a grid of one step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.prometheus.errors import ExecutionError
from lab.prometheus.labels import LabelKey, label_key
from lab.prometheus.storage import Labels

Column = list[float | None]


@dataclass(frozen=True, slots=True)
class Grid:
    """The evaluation times: Unix milliseconds from ``start`` to ``end``, ``step`` apart. It is empty where ``end`` is before ``start``."""

    start: int
    end: int
    step: int

    @property
    def times(self) -> range:
        return range(self.start, self.end + 1, self.step)


@dataclass(frozen=True, slots=True)
class StepSeries:
    """One series of an instant vector, over all steps."""

    labels: Labels
    values: Column


@dataclass(frozen=True, slots=True)
class SampleSeries:
    """The raw samples of one series: ascending Unix milliseconds and the values at them."""

    labels: Labels
    times: list[int]
    values: list[float]
    ends: bool = True
    """It may hold stale markers."""


def merged(vector: Iterable[StepSeries]) -> list[StepSeries]:
    """``vector`` with series of equal labels made one, which is an error where both have a value at a step.

    Names can be dropped from two series that then differ in nothing (promql/engine.go, ``mergeSeriesWithSameLabelset``).
    """
    found: dict[LabelKey, StepSeries] = {}
    for series in vector:
        key = label_key(series.labels)
        known = found.get(key)
        found[key] = series if known is None else StepSeries(known.labels, _united(known.values, series.values))
    return list(found.values())


def _united(left: Column, right: Column) -> Column:
    if any(a is not None and b is not None for a, b in zip(left, right, strict=True)):
        raise ExecutionError("vector cannot contain metrics with the same labelset")
    return [b if a is None else a for a, b in zip(left, right, strict=True)]
