# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the storage: samples for range vectors, and the newest sample of each step for instant vectors."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import ne

from lab.prometheus.grid import Column, SampleSeries
from lab.prometheus.storage import Columns, Matcher, Storage, is_stale


def fetch(storage: Storage, matchers: Sequence[Matcher], start: int, end: int) -> list[SampleSeries]:
    """The matching series with their samples in ``start < t <= end`` (ms), stale markers included."""
    selected = [
        (series.labels, series.times, series.values, not isinstance(series, Columns) or series.ends)
        for series in storage.select(matchers, start / 1000, end / 1000)
    ]
    shared = {id(times): times for _, times, _, _ in selected}
    stamps = {key: [round(t * 1000) for t in times] for key, times in shared.items()}
    return [SampleSeries(labels, stamps[id(times)], values, ends) for labels, times, values, ends in selected]


def without_stale(series: SampleSeries) -> SampleSeries:
    """The series without its stale markers, which a range vector never shows."""
    if not series.ends or not any(map(ne, series.values, series.values)):  # no NaN at all
        return series
    kept = [(time, value) for time, value in zip(series.times, series.values, strict=True) if not is_stale(value)]
    return SampleSeries(series.labels, [time for time, _ in kept], [value for _, value in kept])


def newest_places(times: Sequence[int], references: Sequence[int], lookback: int) -> list[int | None]:
    """At each reference time, the place of the newest sample if that is younger than ``lookback``; all times in ms."""
    places: list[int | None] = []
    for reference in references:
        index = bisect_right(times, reference) - 1
        places.append(None if index < 0 or times[index] <= reference - lookback else index)
    return places


def newest(series: SampleSeries, places: Sequence[int | None], picked: Sequence[float]) -> Column:
    """What ``picked`` holds for the samples at ``places``, unless these are stale markers (promql/engine.go, ``vectorSelectorSingle``)."""
    values = series.values
    if not series.ends or not any(map(ne, values, values)):
        return [None if place is None else picked[place] for place in places]
    return [None if place is None or is_stale(values[place]) else picked[place] for place in places]
