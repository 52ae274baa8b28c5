# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a rollout is finished, by the same rules as ``kubectl rollout status`` (k8s.io/kubectl/pkg/polymorphichelpers)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ..evidence.objects import count, mapping, metadata, sequence
from ..model.service import WorkloadKind
from .strategy import replicas_of, strategy_of


def unfinished(kind: WorkloadKind, workload: Mapping[str, Any]) -> str | None:
    """What the rollout of ``workload`` still waits for; None when it is complete."""
    status = mapping(workload.get("status"))
    if count(metadata(workload).get("generation")) > count(status.get("observedGeneration")):
        return "the controller to notice the change"
    if kind is WorkloadKind.DEPLOYMENT:
        return _deployment(workload, status)
    if kind is WorkloadKind.STATEFUL_SET:
        return _stateful_set(workload, status)
    return _daemon_set(workload, status)


def failing_conditions(workload: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(identity, text) of each condition that says the rollout can't go on: its deadline passed, or pods can't be created.

    The identity changes when the condition comes about anew. A Deployment keeps that of the rollout before until something moves, so
    one that was there before a change says nothing about it.
    """
    found = []
    for condition in sequence(mapping(workload.get("status")).get("conditions")):
        late = condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded"
        barred = condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
        if late or barred:
            told = f"{condition.get('type')} {condition.get('lastUpdateTime')} {condition.get('message')}"
            found.append((hashlib.sha256(told.encode()).hexdigest()[:12], f"{condition.get('reason')}: {condition.get('message')}"))
    return tuple(found)


def _deployment(workload: Mapping[str, Any], status: Mapping[str, Any]) -> str | None:
    wanted = replicas_of(WorkloadKind.DEPLOYMENT, workload)
    updated, there, available = (count(status.get(key)) for key in ("updatedReplicas", "replicas", "availableReplicas"))
    if updated < wanted:
        return f"{wanted - updated} of {wanted} new pods to be created"
    if there > updated:
        return f"{there - updated} old pods to end"
    if available < updated:
        return f"{updated - available} of {updated} new pods to become available"
    return None


def _stateful_set(workload: Mapping[str, Any], status: Mapping[str, Any]) -> str | None:
    wanted = replicas_of(WorkloadKind.STATEFUL_SET, workload)
    strategy = strategy_of(WorkloadKind.STATEFUL_SET, workload)
    updated, ready = count(status.get("updatedReplicas")), count(status.get("readyReplicas"))
    if ready < wanted:
        return f"{wanted - ready} of {wanted} pods to become ready"
    if strategy.partition:
        missing = wanted - strategy.partition - updated
        return f"{missing} of {wanted - strategy.partition} pods to be replaced" if missing > 0 else None
    if strategy.name == "OnDelete":
        # The controller never writes down that such a rollout is over: currentRevision stays what it was.
        return f"{wanted - updated} of {wanted} pods to be replaced" if updated < wanted else None
    if status.get("updateRevision") != status.get("currentRevision"):
        return f"{wanted - updated} of {wanted} pods to be replaced"
    return None


def _daemon_set(workload: Mapping[str, Any], status: Mapping[str, Any]) -> str | None:
    wanted = replicas_of(WorkloadKind.DAEMON_SET, workload)
    updated, available = count(status.get("updatedNumberScheduled")), count(status.get("numberAvailable"))
    if updated < wanted:
        return f"{wanted - updated} of {wanted} pods to be replaced"
    if available < wanted:
        return f"{wanted - available} of {wanted} pods to become available"
    return None
