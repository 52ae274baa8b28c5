# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams of log lines, by tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from lab.loki.discovery import detected_level, service_name
from lab.loki.logql import Labels, Query


@dataclass(frozen=True, slots=True)
class Line:
    """``at`` is nanoseconds since 1970. ``metadata`` belongs to this line only (Loki 3's structured metadata)."""

    at: int
    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)


_Stream = frozenset[tuple[str, str]]


class LogStore:
    """``current``: whether it names services and levels by itself, as Loki does since 3.0 unless it is told otherwise."""

    def __init__(self, current: bool = False) -> None:
        self._current = current
        self._streams: dict[str, dict[_Stream, list[Line]]] = {}

    def push(self, tenant: str, labels: Labels, lines: list[Line]) -> None:
        """A line that repeats the one before it, at the same moment, is not kept."""
        labels = self._with_service(labels)
        kept = self._streams.setdefault(tenant, {}).setdefault(frozenset(labels.items()), [])
        for line in map(partial(self._with_level, labels), lines):
            if not kept or (kept[-1].at, kept[-1].text) != (line.at, line.text):
                kept.append(line)
        kept.sort(key=lambda line: line.at)

    def lines(self, tenant: str, query: Query, start: int, end: int, limit: int, newest_first: bool) -> list[tuple[Labels, Line]]:
        """Labels with the line's metadata among them, and line; ``start`` is inclusive and ``end`` is not."""
        found: list[tuple[Labels, Line]] = [
            (merged, line)
            for labels, lines in self._pushed(tenant)
            if query.selects(labels)
            for line in (reversed(lines) if newest_first else lines)
            if start <= line.at < end and query.passes(line.text, merged := {**labels, **line.metadata})
        ]
        found.sort(key=lambda one: -one[1].at if newest_first else one[1].at)
        return found[:limit]

    def streams(self, tenant: str, start: int, end: int) -> Iterator[Labels]:
        """Those with lines from then to then."""
        for labels, lines in self._pushed(tenant):
            if any(start <= line.at < end for line in lines):
                yield labels

    def _with_service(self, labels: Labels) -> Labels:
        return {**labels, "service_name": service_name(labels)} if self._current else labels

    def _with_level(self, labels: Labels, line: Line) -> Line:
        if not self._current:
            return line
        return replace(line, metadata={**line.metadata, "detected_level": detected_level(labels, line.metadata, line.text)})

    def _pushed(self, tenant: str) -> Iterator[tuple[Labels, list[Line]]]:
        for labels, lines in self._streams.get(tenant, {}).items():
            yield dict(sorted(labels)), lines
