# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From which values on something is worth a warning, or critical. The one table that findings are judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ..lean import dataclass
from ..model.finding import Level
from ..model.metrics import Signal
from ..model.service import Objectives
from .signals import worsening


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Ratios are multiples of the baseline; shares are fractions; ``negligible`` is in the signal's unit."""

    warning_ratio: float = 2.0
    """The lowest multiple that counts in the rollback score; the critical one is the signal's own."""
    warning_objective: float = 1.0
    critical_objective: float = 2.0
    """Multiples of a service level objective."""
    warning_saturation: float = 0.85
    critical_saturation: float = 0.95
    """Shares of the limit; above them memory is evicted, killed or throttled soon."""
    warning_throttling: float = 0.25
    critical_throttling: float = 0.75
    """Shares of the scheduler's periods; the lower one is that of the alert CPUThrottlingHigh of kubernetes-mixin."""
    usage_ratio: float = 1.25
    usage_change: float = 0.1
    """Multiple of the baseline and share of the limit by which usage has to rise to be worth a warning."""
    negligible: Mapping[str, float] = field(
        default_factory=lambda: {"error_rate": 0.01, "latency_p95": 0.1, "latency_p50": 0.1, "client_error_rate": 1.0}
    )
    """Up to here a signal is not critical, whatever its multiple: 12x of next to nothing is next to nothing."""


DEFAULT_THRESHOLDS = Thresholds()

USAGE = frozenset({"memory", "cpu", "pool"})
THROTTLING = "cpu_throttling"
"""Judged by how much there is alone: a little of it is usual, and many times nothing is still little."""
_BOTH_WAYS = frozenset({"request_rate"})
_ORDER = (Level.OK, Level.WARNING, Level.CRITICAL)


def worst(*levels: Level) -> Level:
    """The worst of the levels that are known; unknown when none is."""
    known = [level for level in levels if level is not Level.UNKNOWN]
    return max(known, key=_ORDER.index) if known else Level.UNKNOWN


def signal_level(signal: Signal, objectives: Objectives, limits: Thresholds = DEFAULT_THRESHOLDS) -> Level:
    """How bad a signal is, by its multiple of the baseline, its objective and, for usage, its limit. Unknown without any of them."""
    if signal.value is None:
        return Level.UNKNOWN
    level = worst(_by_ratio(signal, limits), _by_objective(signal, objectives, limits), _by_saturation(signal, limits))
    negligible = limits.negligible.get(signal.name)
    if level is Level.CRITICAL and negligible is not None and signal.value <= negligible:
        return Level.WARNING
    return level


def objective_of(signal: Signal, objectives: Objectives) -> float | None:
    """The service level objective for the signal, in its unit."""
    return {"error_rate": objectives.error_rate, "latency_p95": objectives.latency_p95}.get(signal.name)


def _by_ratio(signal: Signal, limits: Thresholds) -> Level:
    worse = worsening(signal)
    if signal.name == THROTTLING:
        return Level.UNKNOWN
    if worse is None or signal.value is None or signal.baseline is None:
        return Level.UNKNOWN
    if signal.name in USAGE:
        risen = worse >= limits.usage_ratio and signal.value - signal.baseline >= limits.usage_change
        return Level.WARNING if risen else Level.OK
    if signal.name in _BOTH_WAYS and 0 <= worse < 1:
        worse = 1 / worse if worse else float("inf")
    if worse >= signal.critical_ratio:
        return Level.CRITICAL
    return Level.WARNING if worse >= limits.warning_ratio else Level.OK


def _by_objective(signal: Signal, objectives: Objectives, limits: Thresholds) -> Level:
    objective = objective_of(signal, objectives)
    if objective is None or objective <= 0 or signal.value is None:
        return Level.UNKNOWN
    if signal.value >= limits.critical_objective * objective:
        return Level.CRITICAL
    return Level.WARNING if signal.value > limits.warning_objective * objective else Level.OK


def _by_saturation(signal: Signal, limits: Thresholds) -> Level:
    if signal.value is None or signal.name not in (*USAGE, THROTTLING):
        return Level.UNKNOWN
    warning, critical = limits.warning_saturation, limits.critical_saturation
    if signal.name == THROTTLING:
        warning, critical = limits.warning_throttling, limits.critical_throttling
    if signal.value > critical:
        return Level.CRITICAL
    return Level.WARNING if signal.value > warning else Level.OK
