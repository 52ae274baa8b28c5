# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of PodDisruptionBudgets: how many pods may be evicted now."""

from __future__ import annotations

from ..selectors import matches_labels
from ..timestamps import to_seconds
from .context import Context, Object, condition, controller_of, is_active, is_ready, resolved


def reconcile(context: Context, budget: Object) -> None:
    spec, meta = budget["spec"], budget["metadata"]
    pods = [
        pod
        for pod in context.store.list("Pod", meta["namespace"])
        if is_active(pod) and matches_labels(spec.get("selector"), pod["metadata"].get("labels") or {})
    ]
    expected = _expected(context, pods)
    if "maxUnavailable" in spec:
        desired = max(expected - resolved(spec["maxUnavailable"], expected, round_up=True), 0)
    else:
        desired = resolved(spec.get("minAvailable", 1), expected, round_up=True)
    healthy = sum(is_ready(pod) for pod in pods)
    allowed = max(healthy - desired, 0) if expected else 0
    counts = {"currentHealthy": healthy, "desiredHealthy": desired, "disruptionsAllowed": allowed, "expectedPods": expected}
    word, status = ("SufficientPods", "True") if allowed else ("InsufficientPods", "False")
    old = condition(budget, "DisruptionAllowed")
    since = old["lastTransitionTime"] if old and old["status"] == status else to_seconds(context.clock())
    state = {"type": "DisruptionAllowed", "status": status, "reason": word, "message": "", "lastTransitionTime": since}
    state["observedGeneration"] = meta["generation"]
    context.write_status(budget, {"conditions": [state], "observedGeneration": meta["generation"], **counts})


def _expected(context: Context, pods: list[Object]) -> int:
    """The pods that the controllers of the selected ones want in all."""
    owners = {(o["kind"], pod["metadata"]["namespace"], o["name"]) for pod in pods if (o := controller_of(pod))}
    sizes = [
        int(owner["spec"].get("replicas", 0))
        for kind, namespace, name in owners
        if kind in ("ReplicaSet", "StatefulSet", "ReplicationController") and (owner := context.store.get(kind, namespace, name))
    ]
    return sum(sizes) if sizes else len(pods)
