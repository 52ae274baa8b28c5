# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to watch while it is not yet clear whether to roll back: for how long, and from which values on to act."""

from __future__ import annotations

from ..model.service import Service
from ..units import format_value

_HOUR = 3600.0
_SHORTEST, _LONGEST = 1 * _HOUR, 4 * _HOUR
_MULTIPLE = 10.0
"""Multiple of the usual error rate that is in the strongest band of the rollback score."""
_LOWEST_ERROR_LIMIT, _HIGHEST_ERROR_LIMIT = 0.01, 0.05
"""Below the one an alert would be noise; above the other the decision tree calls the error rate high."""
_MEMORY_LIMITS = (0.8, 0.9, 0.95)
_HEADROOM = 0.02
_SLOWER = 2.0
"""Multiple of the usual latency from which the rollback score counts it."""
_LOWEST_LATENCY_LIMIT = 0.1
"""Seconds below which nobody waits."""
CPU_LIMIT = 0.9


def monitoring_time(age: float | None) -> float:
    """Seconds to go on watching: half as long as the deployment has been watched already, in whole hours, one to four of them."""
    if age is None:
        return _SHORTEST
    return min(_LONGEST, max(_SHORTEST, round(age / 2 / _HOUR) * _HOUR))


def error_rate_limit(baseline: float | None, service: Service) -> float:
    """The error rate (share) from which to roll back: ten times the usual one, between 1 % and 5 %; the objective where that is higher."""
    limit = _MULTIPLE * baseline if baseline is not None else _HIGHEST_ERROR_LIMIT
    limit = min(_HIGHEST_ERROR_LIMIT, max(_LOWEST_ERROR_LIMIT, limit))
    return round(max(limit, service.objectives.error_rate or 0.0), 4)


def memory_limit(value: float | None) -> float:
    """The share of the memory limit from which to investigate: 80 %, or the next step above what is used already."""
    return next((limit for limit in _MEMORY_LIMITS if value is None or value + _HEADROOM <= limit), _MEMORY_LIMITS[-1])


def latency_limit(baseline: float | None, service: Service) -> float | None:
    """The P95 in seconds from which to investigate: the objective, else twice the usual, 100 ms at least; None where neither is known."""
    if service.objectives.latency_p95 is not None:
        return service.objectives.latency_p95
    return None if baseline is None else round(max(_LOWEST_LATENCY_LIMIT, _SLOWER * baseline), 3)


def monitoring_plan(
    error_baseline: float | None, memory: float | None, service: Service, version: str, target: str | None, *, leak: bool
) -> tuple[str, ...]:
    """The steps of a watch on ``version``: the alerts to set, what to review, and the way back to ``target``."""
    steps = [f"Set alert: Error rate > {format_value(error_rate_limit(error_baseline, service), 'share')} → auto-rollback"]
    if memory is not None:
        steps.append(f"Set alert: Memory > {format_value(memory_limit(memory), 'share')} → investigate")
    steps.append(f"Review {version} code changes{' for memory leaks' if leak else ''}")
    if target is not None:
        steps.append(f"Prepare rollback plan to {target}")
    return tuple(steps)
