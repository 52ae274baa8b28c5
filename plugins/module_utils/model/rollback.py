# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback, from plan to result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ..lean import dataclass
from .check import Check
from .service import WorkloadKind


class RollbackState(StrEnum):
    PLANNED = "planned"
    CHECKED = "checked"
    APPROVED = "approved"
    APPLYING = "applying"
    VERIFYING = "verifying"
    RECOVERED = "recovered"
    NOT_RECOVERED = "not_recovered"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """What will be changed. ``template`` is the pod template that the target revision had."""

    kind: WorkloadKind
    workload: str
    namespace: str
    from_revision: int
    from_version: str | None
    to_revision: int
    to_version: str | None
    replicas: int
    strategy: str
    """"Rolling update (zero-downtime)", "Recreate (downtime)", "OnDelete" """
    resource_version: str
    uid: str
    stable_for: float | None = None
    """seconds that the target was active before"""
    notes: tuple[str, ...] = ()
    """What the autoscaler, a disruption budget or an owner of the manifest will do."""


@dataclass(frozen=True, slots=True)
class VersionPods:
    version: str
    revision: int | None
    pods: int
    ready: int


@dataclass(frozen=True, slots=True)
class ProgressLine:
    at: datetime
    title: str
    """"Scaled up v2.3.0: 0 → 1 pod (healthy)" """


@dataclass(frozen=True, slots=True)
class RollbackProgress:
    """Where a rollout stands. ``done`` and ``desired`` are pods; ``remaining`` is seconds, None while it can't be told."""

    state: str
    """progressing, complete or stuck"""
    done: int
    desired: int
    versions: tuple[VersionPods, ...]
    lines: tuple[ProgressLine, ...]
    """New since the last look."""
    remaining: float | None = None
    stuck_reason: str | None = None
    waits_for: str | None = None
    """What is missing until it is complete"""
    target_fails: bool = False
    """Whether the target's pods do not come up, and fewer are ready than there were of what it replaces"""


@dataclass(frozen=True, slots=True)
class Measure:
    """One look at one measure of recovery. ``baseline`` and ``limit`` are in ``unit``."""

    name: str
    title: str
    passed: bool | None
    """None is unknown"""
    detail: str
    value: float | None = None
    baseline: float | None = None
    limit: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """``recovered`` is None when it could not be told (metrics missing)."""

    recovered: bool | None
    passes: int
    required_passes: int
    looks: int
    waited: float
    """seconds"""
    measures: tuple[Measure, ...]
    reason: str
    worse: tuple[str, ...] = ()
    """What is worse than it was before the rollback: a reason to undo it."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """The rollback's part of the incident record."""

    state: RollbackState
    plan: RollbackPlan | None
    requested_target: str
    requested_by: str | None = None
    checks: tuple[Check, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: tuple[ProgressLine, ...] = ()
    recovery: Recovery | None = None
    reason: str | None = None
    approval: str | None = None
    """Who or what allowed it ("auto-approved for P0", "approved by alice")."""
    overrides: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
