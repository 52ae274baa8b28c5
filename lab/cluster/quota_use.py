# SPDX-License-Identifier: GPL-3.0-or-later
"""What pods use of a ResourceQuota, and whether one more fits (`plugin/pkg/admission/resourcequota`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .quantities import parse_quantity
from .store import Store

Object = dict[str, Any]

_COUNTED = ("pods", "count/pods")
_COMPUTE = ("cpu", "memory", "ephemeral-storage")


def share(pod: Object, name: str) -> float:
    """What one pod counts for `pods`, `requests.cpu` (also called `cpu`), `limits.memory` and their like."""
    if name in _COUNTED:
        return 1.0
    kind, _, resource = name.rpartition(".")
    amounts = [(container.get("resources") or {}).get(kind or "requests", {}).get(resource, 0) for container in pod["spec"]["containers"]]
    return sum(map(parse_quantity, amounts))


def used(store: Store, quota: Object) -> dict[str, float]:
    """What the pods of its namespace that are not over use, by the names that it limits."""
    pods = [pod for pod in store.list("Pod", quota["metadata"]["namespace"]) if pod["status"].get("phase") not in ("Succeeded", "Failed")]
    return {name: sum(share(pod, name) for pod in pods) for name in quota["spec"].get("hard") or {}}


def text(name: str, amount: float) -> str:
    """As a quantity is written."""
    if name.endswith("cpu") and amount % 1:
        return f"{round(amount * 1000)}m"
    if name.endswith(("memory", "storage")):
        for unit, size in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
            if amount and amount % size == 0:
                return f"{round(amount / size)}{unit}"
    return str(round(amount))


def objections(store: Store, pod: Object, quota: Object) -> list[str]:
    """In the words of the plugin; none where the pod fits."""
    hard: Mapping[str, Any] = quota["spec"].get("hard") or {}
    if quota["spec"].get("scopes") or quota["spec"].get("scopeSelector"):
        return []
    mine = quota["metadata"]["name"]
    unsaid = {name: _silent(pod, name) for name in hard if name.rpartition(".")[2] in _COMPUTE}
    if any(unsaid.values()):
        lacking = "; ".join(f"{name} for: {','.join(containers)}" for name, containers in sorted(unsaid.items()) if containers)
        return [f"failed quota: {mine}: must specify {lacking}"]
    before = used(store, quota)
    over = [name for name in sorted(hard) if share(pod, name) and before[name] + share(pod, name) > parse_quantity(hard[name])]
    if not over:
        return []
    asked, there = ({name: of(name) for name in over} for of in (lambda name: share(pod, name), before.__getitem__))
    shown = [",".join(f"{name}={text(name, amounts[name])}" for name in over) for amounts in (asked, there)]
    limited = ",".join(f"{name}={hard[name]}" for name in over)
    return [f"exceeded quota: {mine}, requested: {shown[0]}, used: {shown[1]}, limited: {limited}"]


def _silent(pod: Object, name: str) -> list[str]:
    """The containers that do not say how much they want of it."""
    kind, _, resource = name.rpartition(".")
    return [
        container["name"]
        for container in pod["spec"]["containers"]
        if resource not in ((container.get("resources") or {}).get(kind or "requests") or {})
    ]
