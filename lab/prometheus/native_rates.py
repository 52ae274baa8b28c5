# SPDX-License-Identifier: GPL-3.0-or-later
"""rate, increase and delta of native histograms (promql/functions.go, ``extrapolatedRate`` and ``histogramRate``)."""

from __future__ import annotations

from itertools import pairwise

from lab.prometheus.grid import Column
from lab.prometheus.native import NativeHistogram
from lab.prometheus.windows import Windows


def extrapolated(windows: Windows, is_counter: bool, is_rate: bool) -> Column:
    """As of numbers; a histogram's count says where it began. A window in which some samples are numbers has no result."""
    times, per = windows.series.times, windows.range / 1000 if is_rate else 1.0
    result: Column = []
    for low, high, end in zip(windows.lows, windows.highs, windows.ends, strict=True):
        samples = [value for value in windows.series.values[low:high] if isinstance(value, NativeHistogram)]
        if len(samples) < 2 or len(samples) < high - low:
            result.append(None)
            continue
        difference = _difference(samples, is_counter)
        sampled = (times[high - 1] - times[low]) / 1000
        to_start, to_end = (times[low] - end + windows.range) / 1000, (end - times[high - 1]) / 1000
        average = sampled / (len(samples) - 1)
        if to_start >= average * 1.1:
            to_start = average / 2
        if is_counter and difference.count > 0 and samples[0].count >= 0:
            to_start = min(to_start, sampled * (samples[0].count / difference.count))
        if to_end >= average * 1.1:
            to_end = average / 2
        factor = (sampled + to_start + to_end) / sampled if sampled else 1.0
        result.append(difference.times(factor / per))
    return result


def _difference(samples: list[NativeHistogram], is_counter: bool) -> NativeHistogram:
    """Of the last and the first, with what was lost in resets between them."""
    schema = min(each.schema for each in samples)
    found = samples[-1].coarsened(schema)
    first = samples[0]
    if is_counter:
        resets = [before for before, after in pairwise(samples) if after.was_reset(before)]
        for before in resets:
            if before is first:
                first = NativeHistogram(schema, 0.0, 0.0, {})
                continue
            found = found + before
    difference: NativeHistogram = found - first
    return difference
