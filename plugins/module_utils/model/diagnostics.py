# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All evidence of one look at a service, and what was drawn from it."""

from __future__ import annotations

from datetime import datetime

from ..lean import dataclass
from .changes import Changes
from .dependencies import Dependencies
from .event import Event
from .evidence import Evidence
from .finding import Finding
from .impact import Impact
from .logs import Logs
from .metrics import Metrics
from .rollout import Rollouts
from .service import Service
from .traces import Traces
from .workload import WorkloadState


@dataclass(frozen=True, slots=True)
class Diagnostics:
    service: Service
    collected_at: datetime
    timeframe: float
    """seconds that were looked back"""
    took_ms: int
    workload: Evidence[WorkloadState]
    rollouts: Evidence[Rollouts]
    logs: Evidence[Logs]
    metrics: Evidence[Metrics]
    traces: Evidence[Traces]
    dependencies: Evidence[Dependencies]
    changes: Evidence[Changes]
    impact: Evidence[Impact]
    findings: tuple[Finding, ...] = ()
    events: tuple[Event, ...] = ()
    """What the sources saw, in order; our own actions are added by the record."""
