# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container logs as they were read, before anything is grouped."""

from __future__ import annotations

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class RawLog:
    """One container's log, oldest line first. Each line begins with the time at which the container runtime got it (RFC 3339)."""

    pod: str
    container: str
    previous: bool
    """It is the log of the container before its last restart."""
    version: str | None
    text: bytes
    """UTF-8, not decoded: most lines are only counted."""


@dataclass(frozen=True, slots=True)
class RawLogs:
    window: float
    """seconds that were asked for"""
    logs: tuple[RawLog, ...]
    notes: tuple[str, ...] = ()
    """What could not be read, and where something was cut."""
