# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of ResourceQuotas: what the pods of a namespace use of them. New pods are not held to it."""

from __future__ import annotations

from ..quantities import parse_quantity
from .context import Context, Object

_COUNTED = ("pods", "count/pods")


def reconcile(context: Context, quota: Object) -> None:
    hard = quota["spec"].get("hard") or {}
    pods = [
        pod
        for pod in context.store.list("Pod", quota["metadata"]["namespace"])
        if pod["status"].get("phase") not in ("Succeeded", "Failed")
    ]
    used = {name: str(len(pods)) if name in _COUNTED else _text(name, sum(_share(pod, name) for pod in pods)) for name in hard}
    context.write_status(quota, {"hard": hard, "used": used})


def _share(pod: Object, name: str) -> float:
    """What one pod counts for `requests.cpu` (also called `cpu`), `limits.memory` and their like."""
    kind, _, resource = name.rpartition(".")
    amounts = [(container.get("resources") or {}).get(kind or "requests", {}).get(resource, 0) for container in pod["spec"]["containers"]]
    return sum(map(parse_quantity, amounts))


def _text(name: str, amount: float) -> str:
    return f"{round(amount * 1000)}m" if name.endswith("cpu") and amount % 1 else str(round(amount))
