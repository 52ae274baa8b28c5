# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What distributed tracing shows."""

from __future__ import annotations

from dataclasses import dataclass


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
    """Set when the span itself says that no index was used: the ``table.column`` that lacks one, or the table."""


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
