# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of all pods that the scenario knows, those of the past included, labelled as Promtail and Alloy do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lab.loki.logql import Labels, Query
from lab.loki.store import Line, LogStore
from lab.pods.lifecycle import Run
from lab.pods.log_lines import PodLogs
from lab.world.pods import PodRecord
from lab.world.world import World

_SECOND = 10**9


class PodLogStore(LogStore):
    """What is pushed is there as well. ``runs`` gives the runs of a pod's container."""

    def __init__(self, world: World, runs: Callable[[PodRecord], Sequence[Run]]) -> None:
        super().__init__(current=True)
        self._world = world
        self._logs = PodLogs(world, runs)

    def lines(self, tenant: str, query: Query, start: int, end: int, limit: int, newest_first: bool) -> list[tuple[Labels, Line]]:
        found = super().lines(tenant, query, start, end, limit, newest_first)
        for record in self._there(start, end):
            labels = self._with_service(_labels(record))
            if query.selects(labels):
                lines = (self._with_level(labels, line) for line in self._of(record) if start <= line.at < end)
                found += [(merged, line) for line in lines if query.passes(line.text, merged := {**labels, **line.metadata})]
        found.sort(key=lambda one: -one[1].at if newest_first else one[1].at)
        return found[:limit]

    def streams(self, tenant: str, start: int, end: int) -> Iterator[Labels]:
        yield from super().streams(tenant, start, end)
        yield from (self._with_service(_labels(record)) for record in self._there(start, end))

    def _there(self, start: int, end: int) -> Iterator[PodRecord]:
        for record in self._world.pods.records.values():
            if record.created * _SECOND < end and (record.deleted is None or record.deleted * _SECOND > start):
                yield record

    def _of(self, record: PodRecord) -> Iterator[Line]:
        """Of the run that is on, and of the one before it."""
        for previous in (True, False):
            for at, text in self._logs.lines(record, previous):
                if record.deleted is None or at < record.deleted:
                    yield Line(round(at * _SECOND), text)


def _labels(record: PodRecord) -> Labels:
    return {
        "app": record.workload,
        "container": record.container,
        "job": f"{record.namespace}/{record.workload}",
        "namespace": record.namespace,
        "pod": record.name,
    }
