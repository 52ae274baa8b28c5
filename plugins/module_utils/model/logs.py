# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines of all pods of a service, grouped into patterns."""

from __future__ import annotations

from datetime import datetime

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class LogPattern:
    """``template`` is the line with its variable parts as ``<*>``; ``sample`` one real line of it, cut to a bound."""

    level: str
    """FATAL, ERROR, WARN, INFO, DEBUG or UNKNOWN"""
    template: str
    count: int
    sample: str
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    versions: tuple[str, ...] = ()
    new_since_deployment: bool | None = None
    """True when it is only seen after the current rollout began; None when that can't be told."""
    files: tuple[str, ...] = ()
    """Source files that its stack traces name, as these write them; bounded."""


@dataclass(frozen=True, slots=True)
class Logs:
    window: float
    """seconds that were asked for"""
    lines: int
    patterns: tuple[LogPattern, ...]
    """Worst level first, then by count; bounded."""
    containers: int
    """How many container logs were read (previous ones count)."""
    notes: tuple[str, ...] = ()
    """What could not be read, and where something was cut."""
