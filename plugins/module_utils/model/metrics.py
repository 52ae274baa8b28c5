# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden signals, now against their baseline."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from ..lean import dataclass
from .sample_comparison import SampleComparison

CLIENT_ERROR_RATE = "client_error_rate"
"""The signal of the requests that are refused with 4xx."""


class Shape(StrEnum):
    """How a signal left its baseline."""

    STEADY = "steady"
    SUDDEN = "sudden"
    GRADUAL = "gradual"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SignalBaseline:
    """One of the pasts that a signal is held against. ``value`` is in the signal's unit; None is unknown, and ``reason`` says why."""

    name: str
    """day_before, same_hour or before_deployment"""
    value: float | None
    ratio: float | None = None
    """The present value as a multiple of it; None when it is zero or unknown, or when both are lower limits."""
    days: int = 0
    """Of how many days it is, for same_hour."""
    comparison: SampleComparison | None = None
    """How sure a difference is; None for day_before, which is a single value."""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal. ``value`` and ``baseline`` are in ``unit``; None means unknown, and ``reason`` says why.

    ``ratio`` is value / baseline (450.0 for 45 % against 0.1 %); None when the baseline is zero or unknown.
    ``onset`` is when it left its baseline.
    """

    name: str
    """error_rate, request_rate, latency_p95, latency_p50, memory, cpu, cpu_throttling, pool or the name of a team's own query.

    client_error_rate is there only where more is refused with 4xx than usual, and fewer requests than usual are answered.
    """
    title: str
    unit: str
    """share (0..1), seconds, per_second, bytes or number"""
    value: float | None
    baseline: float | None
    ratio: float | None = None
    onset: datetime | None = None
    shape: Shape = Shape.UNKNOWN
    reason: str | None = None
    window: float | None = None
    """seconds over which ``value`` was taken"""
    higher_is_better: bool = False
    trend_per_hour: float | None = None
    """Slope over the timeframe in units an hour, where there is enough of it."""
    critical_ratio: float = 10.0
    earlier_onsets: tuple[datetime, ...] = ()
    onset_gap: float | None = None
    """Seconds between the two points that ``onset`` is the middle of; None where it was not found so."""
    """When it was as bad as now before, and recovered, within the timeframe."""
    recovering: bool = False
    """It has come back most of the way to its baseline by itself, and still does."""
    comparison: SampleComparison | None = None
    """How sure it is that it differs from what is usual: the same hour of several days, else before the onset or the deployment."""
    baselines: tuple[SignalBaseline, ...] = ()
    """``baseline`` is the one that is shown; these are all."""
    at_least: bool = False
    """``value`` is a lower limit: what is measured lies beyond the highest bucket of its histogram. ``ratio`` is one as well, then."""
    baseline_at_least: bool = False
    """``baseline`` is a lower limit."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another service whose requests fail too, by its ``job``. ``error_rate`` is a share; ``onset`` is None where it is not known."""

    name: str
    error_rate: float
    onset: datetime | None = None


@dataclass(frozen=True, slots=True)
class PodShare:
    """The share of requests that failed in one pod within five minutes."""

    pod: str
    error_rate: float


@dataclass(frozen=True, slots=True)
class Metrics:
    signals: tuple[Signal, ...]
    onset: datetime | None
    """The earliest onset of the signals that users feel (errors, latency)."""
    scrape_interval: float | None = None
    """seconds; the tolerance of every onset"""
    notes: tuple[str, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    """Other services that fail and usually do not, the worst first."""
    preset: str | None = None
    """Whose metric names the values were found under."""
    pods: tuple[PodShare, ...] = ()
    """In which pods requests fail, the worst first; where many fail, and the series tell the pods apart.

    Where none fail and there is a ``client_error_rate``, in which they are refused more often than is usual.
    """

    def signal(self, name: str) -> Signal | None:
        return next((signal for signal in self.signals if signal.name == name), None)
