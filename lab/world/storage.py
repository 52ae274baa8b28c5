# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated production as the storage of a Prometheus server: samples at scrapes, computed when a query asks for them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from lab.prometheus.storage import METRIC_NAME, STALE_NAN, Columns, Labels, Matcher
from lab.scenario.texts import hash_share
from lab.world.exporters import containers, custom, http_server, kube_state, stores
from lab.world.series import SeriesDefinition
from lab.world.world import World

_RECENT = 1800.0
"""Seconds before the start of the lab from which on every scrape is kept; before that one each ``_COARSE`` seconds."""
_COARSE = 15.0
_OVERLOADED = 6 * 3600.0
"""Seconds before the start of the lab from which on scrapes are missing, if any are."""

_EXPORTERS = (http_server.series, containers.series, kube_state.series, stores.series, custom.series)


class WorldStorage:
    """A ``lab.prometheus.storage.Storage``. A series that ended has the stale marker at the scrape after its last sample."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._epoch = -1
        self._by_name: dict[str, list[SeriesDefinition]] = {}
        self._matched: dict[tuple[Matcher, ...], list[SeriesDefinition]] = {}
        """What was asked for since the last change: one query asks for the same several times."""

    def select(self, matchers: Sequence[Matcher], start: float, end: float) -> list[Columns]:
        """See ``Storage.select``."""
        times = self._scrapes(start, end)
        selected: list[Columns] = []
        spans: dict[tuple[int, int | None], list[float]] = {}
        if not times:
            return []
        first, last = times[0], times[-1]
        for definition in self._matching(matchers):
            until = definition.until
            if definition.since > last or (until is not None and until <= first):
                continue  # as most pods of the past are
            living, values = _samples(definition, times, spans)
            if living:
                selected.append(Columns(definition.labels, living, values, ends=until is not None))
        return selected

    def series(self, matchers: Sequence[Matcher], start: float, end: float) -> list[Labels]:
        """See ``Storage.series``."""
        times = self._scrapes(start, end)
        return [definition.labels for definition in self._matching(matchers) if _living(definition, times)]

    def label_names(self, matchers: Sequence[Matcher], start: float, end: float) -> list[str]:
        """See ``Storage.label_names``."""
        return sorted({name for labels in self.series(matchers, start, end) for name in labels})

    def label_values(self, name: str, matchers: Sequence[Matcher], start: float, end: float) -> list[str]:
        """See ``Storage.label_values``."""
        return sorted({labels[name] for labels in self.series(matchers, start, end) if name in labels})

    def _scrapes(self, start: float, end: float) -> list[float]:
        """The moments of scrapes with ``start < t <= end``, none in the future."""
        world, interval = self._world, self._world.scenario.scrape_interval
        recent = world.start - _RECENT
        end = min(end, world.clock())
        coarse = max(interval, _COARSE)
        times = [
            *_grid(max(start, world.beginning), min(end, recent), coarse),
            *_grid(max(start, recent), end, interval),
        ]
        missing = world.scenario.missing_scrapes
        return (
            [at for at in times if at < world.start - _OVERLOADED or hash_share(f"{world.scenario.seed}/{at}") >= missing]
            if missing
            else times
        )

    def _matching(self, matchers: Sequence[Matcher]) -> list[SeriesDefinition]:
        by_name = self._definitions()
        key = tuple(matchers)
        if key not in self._matched:
            self._matched[key] = self._found(matchers, by_name)
        return self._matched[key]

    @staticmethod
    def _found(matchers: Sequence[Matcher], by_name: Mapping[str, list[SeriesDefinition]]) -> list[SeriesDefinition]:
        names = [matcher for matcher in matchers if matcher.name == METRIC_NAME]
        conditions = [(matcher.name, matcher.predicate()) for matcher in matchers if matcher.name != METRIC_NAME]
        if len(names) == 1 and names[0].op == "=":
            candidates = by_name.get(names[0].value, [])
        else:
            wanted = [matcher.predicate() for matcher in names]
            candidates = [
                definition for name, definitions in by_name.items() if all(holds(name) for holds in wanted) for definition in definitions
            ]
        return [definition for definition in candidates if all(holds(definition.labels.get(label, "")) for label, holds in conditions)]

    def _definitions(self) -> dict[str, list[SeriesDefinition]]:
        if self._epoch != self._world.epoch:
            self._epoch = self._world.epoch
            self._by_name = {}
            self._matched.clear()
            for exporter in _EXPORTERS:
                for definition in exporter(self._world):
                    self._by_name.setdefault(definition.labels[METRIC_NAME], []).append(definition)
        return self._by_name


def _grid(start: float, end: float, step: float) -> list[float]:
    """Multiples of ``step`` with ``start < t <= end``."""
    first, last = int(start // step) + 1, int(end // step)
    return [index * step for index in range(first, last + 1)]


def _samples(
    definition: SeriesDefinition, times: list[float], spans: dict[tuple[int, int | None], list[float]]
) -> tuple[list[float], list[float]]:
    """Times and values. Series that lived for the same ``spans`` of the times (first and last place) share them."""
    first = bisect_left(times, definition.since)
    last = None if definition.until is None else bisect_left(times, definition.until)
    ends = last is not None and first < last < len(times)
    if (first, last) not in spans:
        spans[first, last] = times[first : last + 1 if ends and last is not None else last]
    shown = spans[first, last]
    if ends:
        return shown, [*definition.sampled(shown[:-1]), STALE_NAN]
    return shown, definition.sampled(shown)


def _living(definition: SeriesDefinition, times: list[float]) -> bool:
    first = bisect_left(times, definition.since)
    last = len(times) if definition.until is None else bisect_right(times, definition.until)
    return first < last
