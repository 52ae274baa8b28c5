# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of the part of the lab that holds the series, and a small one in memory."""

from __future__ import annotations

import struct
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lab.prometheus.regex import compile_anchored

Labels = Mapping[str, str]

METRIC_NAME = "__name__"

_STALE_BITS = struct.pack("<Q", 0x7FF0000000000002)
STALE_NAN: float = struct.unpack("<d", _STALE_BITS)[0]
"""The NaN that marks the end of a series (model/value/value.go); other NaNs are ordinary values."""


def is_stale(value: float) -> bool:
    """Whether ``value`` is the stale marker."""
    return value != value and struct.pack("<d", value) == _STALE_BITS


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label: ``op`` is ``=``, ``!=``, ``=~`` or ``!~``; a missing label has the value ``""``."""

    name: str
    op: str
    value: str

    def predicate(self) -> Callable[[str], bool]:
        """A function that says whether a label's value fulfils the condition; raises ``re.error`` for a bad expression."""
        if self.op == "=":
            return self.value.__eq__
        if self.op == "!=":
            return self.value.__ne__
        fullmatch = compile_anchored(self.value).fullmatch
        if self.op == "=~":
            return lambda value: fullmatch(value) is not None
        return lambda value: fullmatch(value) is None


@dataclass(frozen=True, slots=True)
class Series:
    """A time series: its labels with ``__name__``, and its samples as (Unix seconds, value), ascending in time."""

    labels: Labels
    samples: Sequence[tuple[float, float]]

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.samples]

    @property
    def values(self) -> list[float]:
        return [value for _, value in self.samples]


@dataclass(frozen=True, slots=True)
class Columns:
    """The same as two columns: series that were scraped at the same moments may share the list of them."""

    labels: Labels
    times: list[float]
    values: list[float]
    ends: bool = True
    """It may hold stale markers."""

    @property
    def samples(self) -> list[tuple[float, float]]:
        return list(zip(self.times, self.values, strict=True))


class Storage(Protocol):
    """The series of a simulated production. Times are Unix seconds; every range is left-open, ``start < t <= end``."""

    def select(self, matchers: Sequence[Matcher], start: float, end: float) -> Sequence[Series | Columns]:
        """The series that fulfil all matchers, with their samples in the range; a series without any may be left out."""

    def label_names(self, matchers: Sequence[Matcher], start: float, end: float) -> list[str]:
        """The names of all labels of the matching series, sorted."""

    def label_values(self, name: str, matchers: Sequence[Matcher], start: float, end: float) -> list[str]:
        """All values of one label of the matching series, sorted."""

    def series(self, matchers: Sequence[Matcher], start: float, end: float) -> list[Labels]:
        """The labels of the matching series that have a sample in the range."""


def select_labels(labels: Iterable[Labels], matchers: Sequence[Matcher]) -> list[Labels]:
    """Those of ``labels`` that fulfil all matchers, in their order."""
    conditions = [(matcher.name, matcher.predicate()) for matcher in matchers]
    return [candidate for candidate in labels if all(holds(candidate.get(name, "")) for name, holds in conditions)]


class MemoryStorage:
    """Series kept in memory, for tests and small uses."""

    def __init__(self) -> None:
        self._series: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}

    def append(self, labels: Labels, t: float, value: float) -> None:
        """Add a sample at ``t`` Unix seconds; a sample that is older than the newest one finds its place. Empty labels are dropped."""
        key = tuple(sorted((name, text) for name, text in labels.items() if text))
        insort(self._series.setdefault(key, []), (t, value), key=lambda sample: sample[0])

    def select(self, matchers: Sequence[Matcher], start: float, end: float) -> list[Series]:
        """See ``Storage.select``; sorted by labels."""
        conditions = [(matcher.name, matcher.predicate()) for matcher in matchers]
        selected = []
        for key in sorted(self._series):
            labels = dict(key)
            if all(holds(labels.get(name, "")) for name, holds in conditions):
                samples = self._series[key]
                first = bisect_right(samples, start, key=lambda sample: sample[0])
                last = bisect_right(samples, end, key=lambda sample: sample[0])
                if first < last:
                    selected.append(Series(labels, samples[first:last]))
        return selected

    def series(self, matchers: Sequence[Matcher], start: float, end: float) -> list[Labels]:
        """See ``Storage.series``."""
        return [series.labels for series in self.select(matchers, start, end)]

    def label_names(self, matchers: Sequence[Matcher], start: float, end: float) -> list[str]:
        """See ``Storage.label_names``."""
        return sorted({name for labels in self.series(matchers, start, end) for name in labels})

    def label_values(self, name: str, matchers: Sequence[Matcher], start: float, end: float) -> list[str]:
        """See ``Storage.label_values``."""
        return sorted({labels[name] for labels in self.series(matchers, start, end) if name in labels})
