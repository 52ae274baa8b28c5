# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics as they were read, before anything is judged."""

from __future__ import annotations

from ..lean import dataclass
from .metrics import PodShare


@dataclass(frozen=True, slots=True)
class RawSignal:
    """One signal in ``unit``. Each value is None where it is not known; ``reason`` then says why.

    ``recent`` are (unix seconds, value), oldest first, each over one minute (longer where targets are scraped less often).
    ``day_before`` is the value over one hour, a day ago.
    """

    name: str
    title: str
    unit: str
    last_5m: float | None
    last_1m: float | None
    day_before: float | None
    recent: tuple[tuple[float, float], ...]
    reason: str | None
    higher_is_better: bool
    critical_ratio: float
    same_hour: tuple[tuple[float, float], ...] = ()
    """(unix seconds, value) around this time of the day on the days before, oldest first, each as those of ``recent``."""
    limits: tuple[float, ...] = ()
    """A value that is one of these is only known to be at least that: the highest bounds of the buckets that it was computed from."""
    uncounted: float = 0.0
    """The share of it that may be missing in the present value, at most, because counters began anew."""
    incomplete: bool = False
    """A server behind the one that was asked did not answer for the present value, so that series may be missing in it."""


@dataclass(frozen=True, slots=True)
class RawNeighbour:
    """Another service that fails: its share of failed requests now and a day ago, and (unix seconds, share) lately."""

    job: str
    error_rate: float
    day_before: float | None
    recent: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class RawMetrics:
    signals: tuple[RawSignal, ...]
    scrape_interval: float | None
    """seconds, measured"""
    notes: tuple[str, ...]
    neighbours: tuple[RawNeighbour, ...] = ()
    """Other services with the same metrics, in the same namespace, that fail; the worst first, bounded."""
    remarks: tuple[str, ...] = ()
    """What is worth knowing although nothing is missing for it."""
    window: float = 60.0
    """seconds that each value of ``recent`` and ``same_hour`` looks back"""
    server_time: float | None = None
    """Prometheus' own now, in unix seconds; None where it gave none."""
    preset: str | None = None
    """Whose metric names the values were found under."""
    pods: tuple[PodShare, ...] = ()
    """In which pods requests fail, the worst first; where many fail, and the series tell the pods apart."""
    refusing: tuple[PodShare, ...] = ()
    """The same for requests that are refused."""
