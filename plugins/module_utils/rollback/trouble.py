# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why pods of the target do not become ready, in the words of the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..clients.answers import excerpt
from ..evidence.objects import mapping, moment, name_of, sequence

_WAITING = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)


def trouble_of(pods: Iterable[Mapping[str, Any]]) -> str | None:
    """``ImagePullBackOff (payment-api-6d4f8): Back-off pulling image …`` for the first pod that can't start; None when all can."""
    for pod in pods:
        problem = _pod_trouble(pod)
        if problem:
            reason, message = problem
            return excerpt(f"{reason} ({name_of(pod)}): {message}" if message else f"{reason} ({name_of(pod)})")
    return None


def never_ready(pod: Mapping[str, Any], since: datetime, now: datetime) -> float | None:
    """Seconds, counted from ``since`` at most, for which ``pod`` runs without being ready; None for one that is ready or does not run."""
    status = mapping(pod.get("status"))
    ready = next((one for one in map(mapping, sequence(status.get("conditions"))) if one.get("type") == "Ready"), None)
    at = moment(ready.get("lastTransitionTime")) if ready is not None and ready.get("status") != "True" else None
    return None if at is None or status.get("phase") != "Running" else (now - max(at, since)).total_seconds()


def _pod_trouble(pod: Mapping[str, Any]) -> tuple[str, str] | None:
    """Reason and message."""
    status = mapping(pod.get("status"))
    for condition in sequence(status.get("conditions")):
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return "Unschedulable", str(condition.get("message") or "")
    for container in (*sequence(status.get("initContainerStatuses")), *sequence(status.get("containerStatuses"))):
        waiting = mapping(mapping(container.get("state")).get("waiting"))
        if waiting.get("reason") in _WAITING:
            return str(waiting["reason"]), str(waiting.get("message") or "")
    return None
