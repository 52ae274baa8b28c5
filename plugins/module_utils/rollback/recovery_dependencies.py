# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the things that the service needs answer again, and still?

Those with a ``usage_query`` are judged by their usage (recovery_metrics). The others are asked as the diagnosis asks them. A dependency
counts from its first answer on, during the incident or after it: one that never answered from where this runs says nothing about the
service, which may well reach it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..concurrency import Deadline
from ..evidence.dependencies import dependencies
from ..evidence.probed import Probed
from ..model.dependencies import DependencyHealth
from ..model.finding import Level
from ..model.rollback import Measure
from ..model.service import Dependency, Service
from .recovery import Verification

Probe = Callable[[Dependency, float], Probed]
_WITHIN = 4.0
"""Seconds for all of them."""


def probed(service: Service, verification: Verification, probe: Probe | None = None) -> tuple[tuple[Measure, ...], tuple[str, ...]]:
    """A measure for each dependency that counts, and the names of those that have answered by now."""
    first = verification.looks == 0
    asked = [one for one in service.dependencies if not (one.usage_query and one.capacity_query)]
    wanted = tuple(one for one in asked if first or one.name in verification.answered)
    if not wanted:
        return (), verification.answered
    alone = Service(service.name, service.namespace, dependencies=tuple(_without_queries(one) for one in wanted))
    health = dependencies(alone, None, Deadline(_WITHIN), probe).health
    answered = {*verification.answered, *(one.name for one in health if has_answered(one))}
    return tuple(_measure(one) for one in health if one.name in answered), tuple(sorted(answered))


def has_answered(health: DependencyHealth) -> bool:
    """Whether there was an answer of any kind: a refused connection and a name that is not known are none."""
    return health.latency is not None or health.level in (Level.OK, Level.WARNING)


def _measure(health: DependencyHealth) -> Measure:
    passed = {Level.OK: True, Level.WARNING: True, Level.CRITICAL: False}.get(health.level)
    detail = health.detail if passed is not None else f"unknown whether recovered ({health.detail})"
    return Measure(f"dependency.{health.name}", health.title, passed, detail, health.latency, None, None, "seconds")


def _without_queries(dependency: Dependency) -> Dependency:
    return replace(dependency, usage_query=None, capacity_query=None)
