# SPDX-License-Identifier: GPL-3.0-or-later
"""The traces that the tracer kept: found by time and by what they contain, and laid out only when they are shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from lab.jaeger.spans import Variant, duration, laid_out, read_trace_id, tags, trace_id, walk
from lab.scenario.model import Trace
from lab.world.world import World

_RETENTION = 2.5 * 86400.0
"""Seconds for which traces are kept."""

_GOLDEN = (math.sqrt(5) - 1) / 2
"""Its multiples spread evenly over 0..1, so that every stretch of traces has its share of failures."""

_SPREAD = 0.1
"""Traces are up to that share shorter or longer than the scenario says, which is their average."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for: times are Unix seconds, durations seconds, and are those of a span; ``min_whole`` is that of the trace.

    Jaeger always asks for a service; None is any.
    """

    service: str | None
    start: float
    end: float
    limit: int = 100
    operation: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    min_duration: float | None = None
    max_duration: float | None = None
    min_whole: float | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A trace before it is laid out."""

    pattern: int
    number: int
    start: float
    variant: Variant
    factor: float


class TraceStore:
    def __init__(self, world: World) -> None:
        self._world = world
        self._traces = world.scenario.traces

    def services(self) -> list[str]:
        return sorted({service for service, _ in self._operations()})

    def operations(self, service: str) -> list[str]:
        return sorted({operation for name, operation in self._operations() if name == service})

    def find(self, query: Query) -> list[dict[str, Any]]:
        """The newest traces that have a span as wanted, oldest first."""
        found: list[_Kept] = []
        matching = cache(lambda pattern, variant: self._spans_as_wanted(query, pattern, variant))
        for pattern in range(len(self._traces)):
            wanted = query.limit
            earliest = self._earliest(query, pattern, matching)
            for kept in self._newest_first(pattern, earliest, query.end) if earliest < query.end else ():
                whole = duration(self._traces[pattern].root, kept.variant.broken) * kept.factor
                if _lasts(whole, query) and any(_within(took * kept.factor, query) for took in matching(pattern, kept.variant)):
                    found.append(kept)
                    wanted -= 1
                    if wanted <= 0:
                        break
        found.sort(key=lambda kept: kept.start)
        return [self._shown(kept) for kept in found[-query.limit :]]

    def get(self, identity: str) -> dict[str, Any] | None:
        """The trace of an id (32 hexadecimal digits), if it is among those kept."""
        pattern, number = read_trace_id(identity)
        if pattern >= len(self._traces):
            return None
        kept = self._kept(pattern, number)
        return self._shown(kept) if kept is not None and self._identity(kept) == identity else None

    def dependencies(self, end: float, lookback: float) -> list[dict[str, Any]]:
        """Which service called which how often in the ``lookback`` seconds before ``end``."""
        seconds = min(end, self._world.clock()) - max(end - lookback, self._world.clock() - _RETENTION)
        calls: dict[tuple[str, str], float] = {}
        for trace in self._traces:
            for _, service, parent in walk(trace.root, self._service(trace), broken=False):
                if parent is not None and parent != service:
                    calls[parent, service] = calls.get((parent, service), 0.0) + trace.rate * max(seconds, 0.0)
        return [
            {"parent": parent, "child": child, "callCount": int(count)} for (parent, child), count in sorted(calls.items()) if count >= 1
        ]

    def _operations(self) -> Iterator[tuple[str, str]]:
        for trace in self._traces:
            for broken in (False, True):
                for span, service, _ in walk(trace.root, self._service(trace), broken):
                    yield service, span.operation

    def _service(self, trace: Trace) -> str:
        return trace.service or self._world.scenario.service

    def _newest_first(self, pattern: int, start: float, end: float) -> Iterator[_Kept]:
        """The traces of one kind that started in the time and are over by now."""
        rate, now = self._traces[pattern].rate, self._world.clock()
        first = math.ceil(max(start, now - _RETENTION) * rate)
        for number in range(math.floor(min(end, now) * rate), first - 1, -1):
            kept = self._kept(pattern, number)
            if kept is not None:
                yield kept

    def _kept(self, pattern: int, number: int) -> _Kept | None:
        """One trace; None where it is not over yet, or no longer kept."""
        trace, now = self._traces[pattern], self._world.clock()
        at = number / trace.rate
        broken = trace.fault is not None and self._world.level(trace.fault).at(at) > number * _GOLDEN % 1
        errors = trace.broken_errors if broken else trace.errors
        variant = Variant(broken, (number * _GOLDEN + 0.5) % 1 < errors)
        factor = 1 + _SPREAD * ((number * 7) % 11 - 5) / 5
        if at < now - _RETENTION or at + duration(trace.root, broken) * factor > now:
            return None
        return _Kept(pattern, number, at, variant, factor)

    def _earliest(self, query: Query, pattern: int, matching: Callable[[int, Variant], list[float]]) -> float:
        """From when on there can be traces as wanted: where no normal one can be, that is when they first broke."""
        for failed in (False, True):
            for took in matching(pattern, Variant(False, failed)):
                longest = duration(self._traces[pattern].root, False) * (1 + _SPREAD)
                if _lasts(longest, query) and _within(took * (1 + _SPREAD), replace(query, max_duration=None)):
                    return query.start
        fault = self._traces[pattern].fault
        if fault is None:
            return math.inf
        level = self._world.level(fault)
        rises = [at for at, value in zip(level.times, [*level.values[1:], level.values[-1]], strict=True) if value > 0]
        return max(query.start, min(rises, default=math.inf))

    def _spans_as_wanted(self, query: Query, pattern: int, variant: Variant) -> list[float]:
        """Durations of the spans of such a trace that are as wanted but for their duration."""
        trace = self._traces[pattern]
        return [
            duration(span, variant.broken)
            for span, service, _ in walk(trace.root, self._service(trace), variant.broken)
            if query.service in (None, service)
            and query.operation in (None, span.operation)
            and all(_text(tags(span, variant).get(key)) == value for key, value in query.tags.items())
        ]

    def _identity(self, kept: _Kept) -> str:
        return trace_id(self._world.scenario.name, kept.pattern, kept.number)

    def _shown(self, kept: _Kept) -> dict[str, Any]:
        trace = self._traces[kept.pattern]
        return laid_out(self._identity(kept), trace.root, self._service(trace), kept.variant, kept.start, kept.factor)


def _within(took: float, query: Query) -> bool:
    return (query.min_duration is None or took >= query.min_duration) and (query.max_duration is None or took <= query.max_duration)


def _lasts(whole: float, query: Query) -> bool:
    return query.min_whole is None or whole >= query.min_whole


def _text(value: str | int | float | bool | None) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
