# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the things that a service needs are doing."""

from __future__ import annotations

from ..lean import dataclass
from .finding import Level
from .service import DependencyType

PROBE_TIMEOUT = 3.0
"""Seconds that a dependency has to answer, however much time there is for all of them."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that a dependency says of itself: ``miss_rate`` 0.45 ``share``, ``replication_lag`` 12.0 ``seconds``."""

    name: str
    value: float
    unit: str = "number"


@dataclass(frozen=True, slots=True)
class SlowStatement:
    """A statement that takes its time in a database, without the values in it. Seconds."""

    statement: str
    running: int
    """Sessions that run it at this moment."""
    longest: float | None = None
    """How long the oldest of them has been at it."""
    average: float | None = None
    """Since the server's statistics were reset."""
    calls: int | None = None
    missing_index: str | None = None
    """``table.column`` by which it searches and which no valid index leads with."""


@dataclass(frozen=True, slots=True)
class DependencyHealth:
    """``used`` and ``capacity`` are in ``unit`` (95 of 100 connections, bytes of memory)."""

    name: str
    title: str
    type: DependencyType
    address: str
    level: Level
    detail: str
    """One line for the report: "Healthy", "Connection pool exhausted (95/100)", "connection refused"."""
    latency: float | None = None
    """seconds of the probe"""
    used: float | None = None
    capacity: float | None = None
    unit: str | None = None
    problems: tuple[str, ...] = ()
    """All that is wrong with it, worst first; ``detail`` says the first of them."""
    measures: tuple[Measure, ...] = ()
    statements: tuple[SlowStatement, ...] = ()
    addresses: tuple[str, ...] = ()
    """What its name resolves to (dns)."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    health: tuple[DependencyHealth, ...]
    notes: tuple[str, ...] = ()
