# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the storage: samples for range vectors, and the newest sample of each step for instant vectors."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from lab.prometheus.grid import Column, SampleSeries
from lab.prometheus.storage import Matcher, Storage, is_stale


def fetch(storage: Storage, matchers: Sequence[Matcher], start: int, end: int) -> list[SampleSeries]:
    """The matching series with their samples in ``start < t <= end`` (ms), stale markers included."""
    fetched = []
    for series in storage.select(matchers, start / 1000, end / 1000):
        times = [round(t * 1000) for t, _ in series.samples]
        fetched.append(SampleSeries(series.labels, times, [value for _, value in series.samples]))
    return fetched


def without_stale(series: SampleSeries) -> SampleSeries:
    """The series without its stale markers, which a range vector never shows."""
    if all(value == value or not is_stale(value) for value in series.values):
        return series
    kept = [(time, value) for time, value in zip(series.times, series.values, strict=True) if not is_stale(value)]
    return SampleSeries(series.labels, [time for time, _ in kept], [value for _, value in kept])


def newest(series: SampleSeries, references: Sequence[int], lookback: int, picked: Sequence[float]) -> Column:
    """At each reference time, what ``picked`` holds for the newest sample if that is younger than ``lookback`` and not a stale marker.

    promql/engine.go, ``vectorSelectorSingle``; all times in ms.
    """
    times, values = series.times, series.values
    column: Column = []
    for reference in references:
        index = bisect_right(times, reference) - 1
        if index < 0 or times[index] <= reference - lookback:
            column.append(None)
            continue
        value = values[index]
        column.append(None if value != value and is_stale(value) else picked[index])
    return column
