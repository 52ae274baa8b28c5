# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe found, before the team's own queries are taken into account."""

from __future__ import annotations

from collections.abc import Sequence

from ..lean import dataclass
from ..model.dependencies import Measure, SlowStatement
from ..model.finding import Level

_WORST_FIRST = (Level.CRITICAL, Level.WARNING, Level.UNKNOWN, Level.OK)


@dataclass(frozen=True, slots=True)
class Probed:
    """``used`` and ``capacity`` are in ``unit``, where the dependency says them itself."""

    level: Level
    detail: str
    latency: float | None = None
    used: float | None = None
    capacity: float | None = None
    unit: str = "bytes"
    problems: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    statements: tuple[SlowStatement, ...] = ()
    addresses: tuple[str, ...] = ()
    makes_room: bool = False
    """That all of ``capacity`` is used is no outage: what is least needed gives way."""


@dataclass(frozen=True, slots=True)
class Problem:
    level: Level
    text: str


def judged(problems: Sequence[Problem], healthy: str = "Healthy") -> tuple[Level, str, tuple[str, ...]]:
    """Level, line, and all that is wrong, worst first."""
    ordered = sorted(problems, key=lambda problem: _WORST_FIRST.index(problem.level))
    if not ordered:
        return Level.OK, healthy, ()
    return ordered[0].level, ordered[0].text, tuple(problem.text for problem in ordered)
