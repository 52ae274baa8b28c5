# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload behind a service as the cluster reports it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .service import WorkloadKind


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod. ``reason`` is the reason that explains its state best (CrashLoopBackOff, OOMKilled, Unschedulable …)."""

    name: str
    version: str | None
    ready: bool
    phase: str
    created_at: datetime
    revision_hash: str | None = None
    """``pod-template-hash`` or ``controller-revision-hash``: which revision the pod belongs to."""
    reason: str | None = None
    message: str | None = None
    exit_code: int | None = None
    restarts: int = 0
    last_restart_at: datetime | None = None
    node: str | None = None
    terminating: bool = False
    cpu_usage: float | None = None
    """cores"""
    cpu_limit: float | None = None
    memory_usage: float | None = None
    """bytes"""
    memory_limit: float | None = None


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """A Kubernetes event; repeats are one entry with their ``count``."""

    first_seen: datetime
    last_seen: datetime
    type: str
    reason: str
    object_kind: str
    object_name: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Autoscaler:
    name: str
    min_replicas: int
    max_replicas: int
    current_replicas: int
    desired_replicas: int


@dataclass(frozen=True, slots=True)
class WorkloadState:
    """Counts are pods. ``desired`` is ``spec.replicas`` (for a DaemonSet, the nodes that want one)."""

    kind: WorkloadKind
    name: str
    namespace: str
    desired: int
    ready: int
    updated: int
    unavailable: int
    version: str | None
    paused: bool
    pods: tuple[Pod, ...]
    events: tuple[ClusterEvent, ...]
    """Oldest first; those of the workload, its ReplicaSets, pods and autoscaler."""
    autoscaler: Autoscaler | None = None
    image: str | None = None
    conditions: tuple[str, ...] = ()
    """Conditions that are not as they should be, as ``Progressing=False (ProgressDeadlineExceeded): text``."""
    notes: tuple[str, ...] = ()
    """What could not be read and why ("usage: metrics.k8s.io is not served"), and where something was cut."""
