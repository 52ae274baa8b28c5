# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling native histograms from numbers where only one of them counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.prometheus.grid import Column, StepSeries, merged
from lab.prometheus.labels import without_name
from lab.prometheus.native import NativeHistogram


def has_histograms(values: Sequence[float | None]) -> bool:
    return NativeHistogram in set(map(type, values))


def numbers(vector: Sequence[StepSeries]) -> list[StepSeries]:
    """The vector without its histograms: series that have some keep their numbers."""
    return [
        StepSeries(series.labels, [None if isinstance(value, NativeHistogram) else value for value in series.values])
        if has_histograms(series.values)
        else series
        for series in vector
    ]


def of_histograms(vector: Sequence[StepSeries], function: Callable[[NativeHistogram, int], float]) -> list[StepSeries]:
    """``function`` of every histogram and its step; series without any are left out."""
    result = []
    for series in vector:
        if has_histograms(series.values):
            column: Column = [
                function(value, step) if isinstance(value, NativeHistogram) else None for step, value in enumerate(series.values)
            ]
            result.append(StepSeries(without_name(series.labels), column))
    return merged(result)


def summed(values: Sequence[NativeHistogram]) -> NativeHistogram:
    found = values[0]
    for value in values[1:]:
        found = found + value
    return found
