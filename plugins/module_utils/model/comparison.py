# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One deployment, before against after."""

from __future__ import annotations

from datetime import datetime

from ..lean import dataclass
from .recommendation import Guard
from .sample_comparison import SampleComparison


@dataclass(frozen=True, slots=True)
class ComparedSignal:
    """``change`` is (after - before) / before (3.0 for +300 %); None when it can't be computed, with ``reason``."""

    name: str
    title: str
    unit: str
    before: float | None
    after: float | None
    change: float | None
    verdict: str
    """better, same, worse or unknown"""
    reason: str | None = None
    comparison: SampleComparison | None = None
    """How sure the difference between single minutes before and after is."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """A ready Prometheus alert. ``then`` is what should happen when it fires ("roll back", "investigate")."""

    name: str
    expr: str
    for_seconds: float
    title: str
    then: str


@dataclass(frozen=True, slots=True)
class DeploymentComparison:
    version: str
    previous_version: str | None
    deployed_at: datetime
    author: str | None
    before: tuple[datetime, datetime] | None
    after: tuple[datetime, datetime]
    signals: tuple[ComparedSignal, ...]
    confidence: int
    """0..100 that the deployment contributed"""
    level: str
    evidence: tuple[str, ...]
    headline: str
    """"MONITOR for additional 2 hours before rollback decision" """
    reasoning: tuple[str, ...]
    monitoring: tuple[str, ...]
    alerts: tuple[AlertRule, ...] = ()
    guards: tuple[Guard, ...] = ()
    monitor_for: float | None = None
    """seconds"""
    rules: str = ""
    """The alerts as the text of a Prometheus rule file; empty where there are none."""
