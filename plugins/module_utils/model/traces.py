# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What distributed tracing shows."""

from __future__ import annotations

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """Self time is the time spent in the operation and not in its children. Seconds, averages over the traces."""

    service: str
    operation: str
    self_time: float
    baseline_self_time: float | None
    calls: int
    errors: int
    statement: str | None = None
    """``db.statement`` / ``db.query.text`` of the slowest call."""
    table_scan: str | None = None
    """The ``table.column`` that lacks an index, or the table: as the span itself says, or as the database's catalogue shows."""
    checked: bool = False
    """Whether a database's catalogue was asked; without it, ``table_scan`` is what the span says."""


@dataclass(frozen=True, slots=True)
class RepeatedQuery:
    """The same statement many times in one trace (N+1)."""

    service: str
    statement: str
    """Without the values in it."""
    calls: int
    """In the trace that has it most often."""
    traces: int
    """How many traces have it that often."""
    duration: float
    """Seconds that all of them took in that trace."""
    baseline_calls: int | None = None
    """The same a day before; None where there are no traces of then."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One service calls another."""

    caller: str
    callee: str
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom the service calls: another service, a database, somebody outside. Calls and seconds are averages over its traces."""

    name: str
    calls: float
    """In one trace."""
    baseline_calls: float | None
    waited: float
    """Seconds of one trace that all calls to it take."""
    baseline_waited: float | None
    duration: float | None
    """Seconds of one call, of what was asked for the day before as well; of every call where nothing was; None where there are none."""
    baseline_duration: float | None
    """The same a day before; None where there are no traces of then, or nothing of it was asked for."""
    errors: float = 0.0
    """Of ``calls``, how many failed."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the time of the service goes to, in seconds of one trace: its ``own`` work, and waiting for each peer, the most first."""

    traces: int
    baseline_traces: int
    own: float
    baseline_own: float | None
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True)
class Traces:
    """Durations are seconds. ``error_services`` maps the service in which errors start to how many traces do."""

    traces: int
    error_traces: int
    slow_traces: int
    average_duration: float | None
    baseline_duration: float | None
    bottlenecks: tuple[Operation, ...]
    """Most self time first."""
    error_services: tuple[tuple[str, int], ...] = ()
    callers: tuple[str, ...] = ()
    """Services that call this one, directly or through others."""
    callees: tuple[str, ...] = ()
    """Services that this one calls, from the dependency graph."""
    notes: tuple[str, ...] = ()
    repeated: tuple[RepeatedQuery, ...] = ()
    """Most often first."""
    graph: tuple[Edge, ...] = ()
    """Which service calls which, as far as this one is concerned."""
    backend: str = "Jaeger"
    """Where the traces come from: Jaeger or Tempo."""
    waiting: Waiting | None = None
    """None where none of the newest traces has a span of the service."""
