# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Something done to a service to make it bearable: scaled, restarted, its autoscaler held still, its maintenance page shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ..lean import dataclass


class MitigationAction(StrEnum):
    SCALE = "scale"
    RESTART = "restart"
    PAUSE_AUTOSCALING = "pause_autoscaling"
    SUSPEND_GITOPS = "suspend_gitops"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Mitigation:
    """``before`` and ``after`` are the values that were changed, by field; what undoing needs is all in here."""

    action: MitigationAction
    kind: str
    """Of the object that was changed; ``Hook`` for the team's own maintenance hook."""
    name: str
    namespace: str
    at: datetime
    title: str
    """"Scaled Deployment payment-api from 5 to 8 pods" """
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    undo: str | None = None
    """How to take it back, for people; None when it can't be."""
    undone: bool = False
    """It was taken back: ``before`` and ``after`` are those of the way back."""
