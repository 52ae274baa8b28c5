# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the things that a service needs are doing."""

from __future__ import annotations

from dataclasses import dataclass

from .finding import Level
from .service import DependencyType


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


@dataclass(frozen=True, slots=True)
class Dependencies:
    health: tuple[DependencyHealth, ...]
    notes: tuple[str, ...] = ()
