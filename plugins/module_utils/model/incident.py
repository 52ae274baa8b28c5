# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident: one document that holds everything, and that every report is a rendering of."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from ..lean import dataclass
from .comparison import DeploymentComparison
from .diagnostics import Diagnostics
from .event import Event
from .mitigation import Mitigation
from .recommendation import Recommendation
from .rollback import Rollback
from .service import Service

SCHEMA_VERSION = 1


class Severity(StrEnum):
    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"

    @property
    def word(self) -> str:
        return {"P0": "Critical", "P1": "High", "P2": "Medium", "P3": "Low"}[self.value]


class IncidentStatus(StrEnum):
    INVESTIGATING = "investigating"
    MITIGATING = "mitigating"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a severity means. Durations are seconds; None is "not for this severity"."""

    page: tuple[str, ...]
    """Roles to page or notify at once, in the order of escalation."""
    rollback: str
    """automatic, approval or never"""
    update_interval: float | None
    mttr_target: float | None
    automatic_rollback_score: int = 80
    acceptable_unknown_checks: tuple[str, ...] = ()
    war_room: bool = False
    ticket: bool = False


@dataclass(frozen=True, slots=True)
class Notification:
    """One message that was sent, or why it was not. ``status`` is sent, failed or skipped."""

    at: datetime
    kind: str
    """page, notify, update, ticket or resolved"""
    recipient: str
    """role or channel"""
    status: str
    subject: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    id: str
    """``2025-10-21-payment-api-outage``: the stem of its files"""
    service: Service
    severity: Severity
    status: IncidentStatus
    declared_at: datetime
    started_at: datetime
    """When it began for the users: the onset where it is known, else when it was declared."""
    policy: Policy
    schema_version: int = SCHEMA_VERSION
    symptoms: tuple[str, ...] = ()
    commander: str | None = None
    resolved_at: datetime | None = None
    diagnostics: Diagnostics | None = None
    recommendation: Recommendation | None = None
    comparison: DeploymentComparison | None = None
    rollback: Rollback | None = None
    mitigations: tuple[Mitigation, ...] = ()
    """What was done besides, in order, those that took one back among them."""
    notifications: tuple[Notification, ...] = ()
    next_update_at: datetime | None = None
    actions: tuple[Event, ...] = ()
    """What this collection and the people did, in order. The timeline merges these with what the sources saw."""
    dry_run: bool = False

    @property
    def duration(self) -> float | None:
        """Seconds from start to resolution; None while it goes on."""
        return (self.resolved_at - self.started_at).total_seconds() if self.resolved_at else None
