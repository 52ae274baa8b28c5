# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jaeger and Tempo, asked in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..clients.jaeger import JaegerClient
from ..clients.tempo import TempoClient
from ..model.traces import Edge
from .otlp import traces_from_otlp
from .spans import traces_from
from .trace import Trace

TEMPO_LIMIT = 20
"""Traces of each kind that are asked of Tempo, which gives each by itself."""


class TraceSource(Protocol):
    """Times are unix seconds; what is asked raises SourceUnavailableError when there is no answer."""

    name: str

    def most(self, limit: int) -> int:
        """How many traces are asked for where ``limit`` are wanted."""

    def find(self, service: str, start: float, end: float, limit: int, errors: bool, min_duration: float | None) -> list[Trace]:
        """Traces through ``service``."""

    def edges(self, end: float, lookback: float) -> list[Edge] | None:
        """The service graph; None where the source keeps none."""

    def notes(self) -> list[str]:
        """What is missing in what was found so far."""


class JaegerTraces:
    name = "Jaeger"

    def __init__(self, client: JaegerClient) -> None:
        self._client = client

    def most(self, limit: int) -> int:
        return limit

    def find(self, service: str, start: float, end: float, limit: int, errors: bool, min_duration: float | None) -> list[Trace]:
        tags = {"error": "true"} if errors else None
        return traces_from(self._client.traces(service, start, end, limit, tags, min_duration))

    def edges(self, end: float, lookback: float) -> list[Edge] | None:
        found = self._client.dependencies(end, lookback)
        return [Edge(str(edge.get("parent")), str(edge.get("child")), _count(edge.get("callCount"))) for edge in found]

    def notes(self) -> list[str]:
        return []


class TempoTraces:
    name = "Tempo"

    def __init__(self, client: TempoClient) -> None:
        self._client = client
        self._lost: list[str] = []

    def most(self, limit: int) -> int:
        return min(limit, TEMPO_LIMIT)

    def find(self, service: str, start: float, end: float, limit: int, errors: bool, min_duration: float | None) -> list[Trace]:
        return traces_from_otlp(self._client.traces(service, start, end, self.most(limit), errors, min_duration, self._lost))

    def edges(self, end: float, lookback: float) -> list[Edge] | None:
        return None

    def notes(self) -> list[str]:
        """A trace that could not be read may be the one that matters: those that are too large, or take too long, are seldom usual ones."""
        return [f"{len(self._lost)} traces that were found could not be read: {self._lost[0]}"] if self._lost else []


def source_of(client: JaegerClient | TempoClient) -> TraceSource:
    return TempoTraces(client) if isinstance(client, TempoClient) else JaegerTraces(client)


def edges_of(traces: Iterable[Trace]) -> list[Edge]:
    """Who calls whom, as the traces themselves show it."""
    calls: dict[tuple[str, str], int] = {}
    for trace in traces:
        services = {span.id: span.service for span in trace.spans}
        for span in trace.spans:
            caller = services.get(span.parent or "")
            if caller and span.service and caller != span.service:
                calls[caller, span.service] = calls.get((caller, span.service), 0) + 1
    return [Edge(caller, callee, count) for (caller, callee), count in calls.items()]


def _count(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
