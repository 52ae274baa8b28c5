# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload behind a service as the cluster reports it."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime

from ..lean import dataclass
from .service import WorkloadKind
from .surroundings import Autoscaler, Condition, Surroundings

__all__ = [
    "DONE_AFTER_ALL",
    "NOT_ENDED",
    "NOT_STARTED",
    "PROBE_REASONS",
    "UNSTARTABLE",
    "Autoscaler",
    "ClusterEvent",
    "Pod",
    "PodWarning",
    "WorkloadState",
]

UNSTARTABLE = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
"""What a container waits for that does not come by itself (pkg/kubelet): its image or its configuration is not there."""

PROBE_REASONS = frozenset({"Unhealthy", "ProbeError"})
"""Reasons of warnings about failed probes: the kubelet's, and that of OpenShift's kubelet where it got no answer at all."""

DONE_AFTER_ALL = frozenset(
    {
        "EnsuredLoadBalancer",
        "UpdatedLoadBalancer",
        "ProvisioningSucceeded",
        "VolumeResizeSuccessful",
        "FileSystemResizeSuccessful",
        "SuccessfulCreate",
        "SawCompletedJob",
        "Completed",
    }
)
"""Reasons of events that say of a Service, a claim or a Job that what failed before went well (controllers of Kubernetes and of CSI)."""

NOT_ENDED, NOT_STARTED = "has not ended", "has not started"
"""How the ``message`` of a pod ends that waits for an init container: for its end, or for a sidecar to be up."""


@dataclass(frozen=True, slots=True)
class PodWarning:
    """A warning that the cluster gave about one pod."""

    reason: str
    message: str
    count: int
    first_seen: datetime
    last_seen: datetime


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
    container_memory_limit: float | None = None
    """Bytes that the container which the reason or the last end is about may use; None when it has no limit."""
    container: str | None = None
    """The container that ``reason`` is about."""
    init: bool = False
    """That container is an init container."""
    image: str | None = None
    """Of that container, else of the one whose tag is the version."""
    image_digest: str | None = None
    """``sha256:…`` of the image that the container of the version runs, as the node reports it."""
    started_at: datetime | None = None
    """The earliest time at which the pod is known to have been there; ``created_at`` where nothing tells of an earlier one."""
    ended_at: datetime | None = None
    """When a pod of phase Failed or Succeeded ended; None when it did not, or when nobody knows."""
    last_run: float | None = None
    """Seconds that the newest run that is over lasted; None when none is, or when nobody knows."""
    startup_time: float = 0.0
    """Seconds that its probes give it to become ready."""
    terminating_since: datetime | None = None
    """When its grace period was over, or will be."""
    finalizers: tuple[str, ...] = ()
    memory_share: float | None = None
    """Of its limit, what the container nearest to it uses."""
    cpu_share: float | None = None
    memory_of_request: float | None = None
    """Multiple of its request, what the container most over it uses; None when none requests any, or usage is not known."""
    cpu_of_request: float | None = None
    resize_refused: str | None = None
    """Why it can't be given the resources that it was resized to in place."""
    warnings: tuple[PodWarning, ...] = ()
    """The newest first; those of pods that are not ready, and failed probes."""


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
class NotInjected:
    """A container that is not in the template, that something puts into its pods as they are made, and that these pods lack."""

    container: str
    pods: tuple[str, ...]
    others: int
    """Pods of the same template that have it."""


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
    status: tuple[Condition, ...] = ()
    """All conditions of the workload."""
    rolling_out: bool = False
    """Its newest template does not run everywhere yet, and its controller has not given up on it."""
    max_unavailable: int = 0
    """Pods that may be missing while it rolls out."""
    unobserved_for: float | None = None
    """Seconds for which its controller has not looked at its newest specification; None when it has, or when that is not known."""
    misscheduled: int = 0
    """Nodes that run a pod of a DaemonSet and should not."""
    waits_at: str | None = None
    """The pod of a StatefulSet that has to be ready before the following ones are made or replaced."""
    name_taken: str | None = None
    """The name of a pod that a StatefulSet has to make, where a pod that is not its own has that name."""
    not_injected: tuple[NotInjected, ...] = ()
    headless_missing: str | None = None
    """The Service that a StatefulSet's pods get their names from, where there is none."""
    missing_classes: tuple[str, ...] = ()
    """StorageClasses that a StatefulSet's claims name and that do not exist."""
    deleted_at: datetime | None = None
    """Since when it is being deleted."""
    held_back_by: str | None = None
    """What keeps a StatefulSet or DaemonSet from giving its newest template to all pods: ``partition 2``, ``OnDelete``."""
    surroundings: Surroundings = field(default_factory=Surroundings)
