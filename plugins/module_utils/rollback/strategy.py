# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a workload replaces its pods, and what its users notice of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..evidence.objects import count, mapping, name_of
from ..lean import dataclass
from ..model.service import WorkloadKind


@dataclass(frozen=True, slots=True)
class Strategy:
    """``surge`` and ``unavailable`` are pods: how many more, and how many fewer, there may be meanwhile."""

    name: str
    """RollingUpdate, Recreate or OnDelete"""
    title: str
    surge: int
    unavailable: int
    partition: int = 0
    """Of a StatefulSet: pods with a lower ordinal keep their revision."""


def replicas_of(kind: WorkloadKind, workload: Mapping[str, Any]) -> int:
    """Pods that ``workload`` should have; for a DaemonSet, nodes that should run one."""
    if kind is WorkloadKind.DAEMON_SET:
        return int((workload.get("status") or {}).get("desiredNumberScheduled") or 0)
    replicas = workload["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def replaced_pods(kind: WorkloadKind, workload: Mapping[str, Any]) -> int:
    """Pods that a rollout gives the new template: all but those that a StatefulSet's partition keeps."""
    return max(replicas_of(kind, workload) - strategy_of(kind, workload).partition, 0)


def first_replaced(stateful_set: Mapping[str, Any]) -> int:
    """The lowest ordinal that a rollout replaces. Where ordinals do not begin at 0, the partition counts from the first of them."""
    spec = mapping(stateful_set.get("spec"))
    return count(mapping(spec.get("ordinals")).get("start")) + strategy_of(WorkloadKind.STATEFUL_SET, stateful_set).partition


def ordinal(pod: Mapping[str, Any]) -> int:
    """The number at the end of the name of a StatefulSet's pod."""
    number = name_of(pod).rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def strategy_of(kind: WorkloadKind, workload: Mapping[str, Any]) -> Strategy:
    """Defaults are those of the apps/v1 API: 25 % for a Deployment, one pod for a DaemonSet, one after the other for a StatefulSet."""
    spec = workload["spec"]
    replicas = replicas_of(kind, workload)
    declared = spec.get("strategy" if kind is WorkloadKind.DEPLOYMENT else "updateStrategy") or {}
    name = str(declared.get("type") or "RollingUpdate")
    rolling = declared.get("rollingUpdate") or {}
    if name == "Recreate":
        return Strategy(name, "Recreate (downtime)", 0, replicas)
    if name == "OnDelete":
        return Strategy(name, "OnDelete (a pod is replaced when somebody deletes it)", 0, 0)
    if kind is WorkloadKind.DEPLOYMENT:
        surge = _absolute(rolling.get("maxSurge", "25%"), replicas, math.ceil)
        unavailable = _absolute(rolling.get("maxUnavailable", "25%"), replicas, math.floor)
        if surge == 0 and unavailable == 0:
            unavailable = 1  # as the Deployment controller resolves it, since otherwise nothing could ever move
    else:
        surge = _absolute(rolling.get("maxSurge", 0), replicas, math.ceil)
        unavailable = _absolute(rolling.get("maxUnavailable", 0 if surge else 1), replicas, math.ceil)
    return Strategy(name, _title(unavailable, replicas), surge, unavailable, int(rolling.get("partition") or 0))


def _title(unavailable: int, replicas: int) -> str:
    if replicas and unavailable >= replicas:
        return f"Rolling update (downtime: all {replicas} pods may be replaced at once)" if replicas > 1 else "Rolling update (downtime)"
    return "Rolling update (zero-downtime)"


def _absolute(value: Any, replicas: int, rounded: Any) -> int:
    """An IntOrString of the API as a number of pods."""
    text = str(value)
    return int(rounded(int(text[:-1]) * replicas / 100)) if text.endswith("%") else int(text)
