# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line of the timeline."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from ..lean import dataclass


class EventKind(StrEnum):
    DEPLOYMENT = "deployment"
    CLUSTER = "cluster"
    METRIC = "metric"
    LOG = "log"
    DECISION = "decision"
    NOTIFICATION = "notification"
    ROLLBACK = "rollback"
    MITIGATION = "mitigation"
    RECOVERY = "recovery"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Event:
    """``source`` is what saw it (kubernetes, prometheus, logs, devops.incident_response); ``actor`` who did it."""

    at: datetime
    kind: EventKind
    source: str
    title: str
    detail: str | None = None
    actor: str | None = None
