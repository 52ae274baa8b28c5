# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of samples that a range vector function sees at each step: left-open, as in Prometheus 3."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from lab.prometheus.grid import Column, SampleSeries


@dataclass(frozen=True, slots=True)
class Windows:
    """For each step, the samples ``series[low:high]`` with ``end - range < time <= end``.

    ``ends`` are the windows' ends and ``times`` the evaluation times (they differ by ``offset`` and ``@``); ``range`` is the windows'
    length; all in ms. ``parameters`` are the function's scalar arguments, one column each.
    """

    series: SampleSeries
    lows: list[int]
    highs: list[int]
    ends: list[int]
    times: list[int]
    range: int
    parameters: list[list[float]]

    @classmethod
    def over(
        cls,
        series: SampleSeries,
        ends: list[int],
        times: list[int],
        length: int,
        parameters: list[list[float]],
        known: dict[int, tuple[list[int], list[int]]],
    ) -> Windows:
        """The windows that end at ``ends``. ``known`` keeps where they are among the times that many series share, by their identity."""
        stamps = series.times
        if id(stamps) not in known:
            lows = [bisect_right(stamps, end - length) for end in ends]
            known[id(stamps)] = lows, [bisect_right(stamps, end, low) for end, low in zip(ends, lows, strict=True)]
        return cls(series, *known[id(stamps)], ends, times, length, parameters)

    def values(self) -> list[list[float]]:
        """The values in each window."""
        values = self.series.values
        return [values[low:high] for low, high in zip(self.lows, self.highs, strict=True)]


def no_column(windows: Windows) -> Column:
    """A column without a value."""
    return [None] * len(windows.ends)
