# SPDX-License-Identifier: GPL-3.0-or-later
"""What pods log: lines made of the scenario's patterns, always alike for the same pod and moment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from lab.pods.lifecycle import Run
from lab.scenario.model import LogPattern
from lab.scenario.texts import fill, hash_share
from lab.world.curve import Curve
from lab.world.pods import PodRecord
from lab.world.world import World

_KEPT = 3600.0
"""Seconds for which a running pod's regular lines are kept."""


class PodLogs:
    """``runs`` gives the runs of a pod's container."""

    def __init__(self, world: World, runs: Callable[[PodRecord], Sequence[Run]]) -> None:
        self._world = world
        self._runs = runs
        self._epoch = -1
        self._shared: dict[tuple[int, str], Mapping[str, int]] = {}
        """What ``_sharing`` found since the last change."""

    def lines(self, record: PodRecord, previous: bool) -> Sequence[tuple[float, str]]:
        """(Unix time, line), ascending, up to now: of the container's run, or with ``previous`` of the run that ended last."""
        now = self._world.clock()
        window = self._window(record, now, previous)
        if window is None:
            return []
        found: list[tuple[float, str]] = []
        for number, pattern in enumerate(self._world.scenario.logs):
            if (pattern.workload or self._world.scenario.service) == record.workload:
                logger = f"[{pattern.logger}] " if pattern.logger else ""
                for at, text in self._of_pattern(number, pattern, record, window):
                    found.append((at, f"{_stamp(at)} {pattern.level:<5} {logger}{text}"))
                    found.extend((at, line) for line in pattern.detail)
        found.sort(key=lambda line: line[0])
        return found

    def _window(self, record: PodRecord, now: float, previous: bool) -> tuple[float, float] | None:
        """From when to when the run in question wrote; None when there was none."""
        runs = [run for run in self._runs(record) if record.created + run.start <= now]
        ended = [run for run in runs if run.end is not None and record.created + run.end <= now]
        if previous:
            run = ended[-1] if ended else None
        else:
            run = runs[-1] if runs else None
        if run is None:
            return None
        end = now if run.end is None else min(now, record.created + run.end)
        return record.created + run.start, end

    def _of_pattern(self, number: int, pattern: LogPattern, record: PodRecord, window: tuple[float, float]) -> Iterator[tuple[float, str]]:
        if pattern.version is not None and pattern.version != record.version:
            return
        if not self._writes(pattern, record):
            return
        times = self._counted(pattern, record, window) if pattern.count is not None else self._regular(number, pattern, record, window)
        for index, at in times:
            yield at, fill(pattern.text, f"{record.name}/{number}/{index}")

    def _writes(self, pattern: LogPattern, record: PodRecord) -> bool:
        return pattern.pods == "all" or (pattern.pods == "failing") == (len(self._runs(record)) > 1)

    def _counted(self, pattern: LogPattern, record: PodRecord, window: tuple[float, float]) -> Iterator[tuple[int, float]]:
        """This pod's part of a count that the pods of the start of the lab share, over the time in which its log can be read."""
        assert pattern.count is not None
        assert pattern.start is not None
        sharing = self._sharing(pattern, record.workload)
        if record.name not in sharing:
            return
        position, pods = sharing[record.name], len(sharing)
        part = pattern.count // pods + (position < pattern.count % pods)
        begin = max(window[0], self._world.start + pattern.start)
        end = min(window[1], self._world.start + (pattern.end if pattern.end is not None else 0.0))
        if begin < end:
            for index in range(part):
                yield index, begin + (index + 0.5) * (end - begin) / part

    def _sharing(self, pattern: LogPattern, workload: str) -> Mapping[str, int]:
        """The places of those pods of the workload that share the pattern's count."""
        if self._epoch != self._world.epoch:
            self._epoch = self._world.epoch
            self._shared.clear()
        known = self._shared.get((id(pattern), workload))
        if known is None:
            of_workload = self._world.pods.of(workload)
            names = sorted(other.name for other in of_workload if self._counts(pattern, other) and self._writes(pattern, other))
            known = self._shared[id(pattern), workload] = {name: place for place, name in enumerate(names)}
        return known

    def _counts(self, pattern: LogPattern, record: PodRecord) -> bool:
        """Whether the pod was there at the start of the lab and is of the pattern's version."""
        start = self._world.start
        there = record.created <= start and (record.deleted is None or record.deleted > start)
        return there and (pattern.version is None or pattern.version == record.version)

    def _regular(self, number: int, pattern: LogPattern, record: PodRecord, window: tuple[float, float]) -> Iterator[tuple[int, float]]:
        assert pattern.every is not None
        begin = max(window[0], window[1] - _KEPT)
        end = window[1]
        if pattern.start is not None:
            begin = max(begin, self._world.start + pattern.start)
        if pattern.end is not None:
            end = min(end, self._world.start + pattern.end)
        level = self._world.level(pattern.fault) if pattern.fault is not None else Curve.constant(1.0)
        phase = (hash_share(f"{record.name}/{number}") - 1) * pattern.every
        for index in range(math.ceil((begin - phase) / pattern.every), math.floor((end - phase) / pattern.every) + 1):
            at = phase + index * pattern.every
            if level.at(at) >= 0.5:
                yield index, at


def _stamp(at: float) -> str:
    milliseconds = round(at * 1000)
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=7200)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
