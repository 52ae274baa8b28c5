# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods fail, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from ..model.workload import Pod, WorkloadState

STARTUP_GRACE = 60.0
"""Seconds that a pod may take to become ready before that says anything."""

CRASHES = frozenset({"CrashLoopBackOff", "OOMKilled", "Error", "StartError", "ContainerCannotRun"})
"""The program was started and ended."""
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
"""The revision itself is wrong: its image or its configuration is not there."""
UNSCHEDULED = frozenset({"Unschedulable", "SchedulingGated"})
NODE_TROUBLE = frozenset({"NodeLost", "NodeAffinity", "NodeShutdown", "Evicted", "Shutdown", "Terminated", "Preempting"})
"""The node took the pod away. https://kubernetes.io/docs/concepts/scheduling-eviction/"""

_STARTING = frozenset({"ContainerCreating", "PodInitializing", "ContainersNotReady"})


def failing(pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Pods that are not ready and should be: neither on their way out nor still within their time to start."""
    return tuple(pod for pod in pods if not pod.ready and not pod.terminating and not _starts(pod, now))


def starting(pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Pods that are not ready yet because they are young."""
    return tuple(pod for pod in pods if not pod.ready and not pod.terminating and _starts(pod, now))


def crashing(pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Failing pods whose program ends by itself, or that can't be started."""
    return tuple(pod for pod in failing(pods, now) if pod.reason in CRASHES | UNSTARTABLE)


def commonest_reason(pods: Sequence[Pod]) -> str | None:
    """The reason that explains most of the pods; None when none of them has one."""
    reasons = Counter(pod.reason for pod in pods if pod.reason)
    return reasons.most_common(1)[0][0] if reasons else None


def out_of_memory(state: WorkloadState) -> tuple[Pod, ...]:
    """Pods whose last end was the memory limit."""
    return tuple(pod for pod in state.pods if pod.reason == "OOMKilled" or (pod.exit_code == 137 and "OOMKilled" in (pod.message or "")))


def _starts(pod: Pod, now: datetime) -> bool:
    young = (now - pod.created_at).total_seconds() < STARTUP_GRACE
    return young and pod.restarts == 0 and (pod.reason is None or pod.reason in _STARTING)
