# SPDX-License-Identifier: GPL-3.0-or-later
"""ReplicaSets: as many active pods as the spec says."""

from __future__ import annotations

from ..timestamps import to_seconds
from .context import Context, Object, condition, first_to_delete, is_active, is_available, is_ready

_COMPONENT = "replicaset-controller"


def reconcile(context: Context, replica_set: Object) -> None:
    owned = context.adopt("Pod", replica_set)
    pods = [pod for pod in owned if is_active(pod)]
    spec = replica_set["spec"]
    missing = int(spec.get("replicas", 1)) - len(pods)
    if not replica_set["metadata"].get("deletionTimestamp"):
        for _ in range(missing):
            pod = context.create_pod(replica_set, spec["template"], _COMPONENT)
            if pod is None:
                break
            pods.append(pod)
        if missing < 0:
            for pod in first_to_delete(pods)[:-missing]:
                context.delete_pod(replica_set, pod, _COMPONENT)
                pods.remove(pod)
    _write_status(context, replica_set, pods, terminating=_terminating(context, owned))


def _terminating(context: Context, pods: list[Object]) -> int:
    found = (context.store.get("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods)
    return sum(pod is not None and bool(pod["metadata"].get("deletionTimestamp")) for pod in found)


def _write_status(context: Context, replica_set: Object, pods: list[Object], *, terminating: int) -> None:
    spec = replica_set["spec"]
    ready = sum(is_ready(pod) for pod in pods)
    available = sum(is_available(pod, int(spec.get("minReadySeconds", 0)), context.clock()) for pod in pods)
    template_labels = (spec["template"]["metadata"].get("labels") or {}).items()
    labeled = sum(template_labels <= (pod["metadata"].get("labels") or {}).items() for pod in pods)
    counts = {"replicas": len(pods), "fullyLabeledReplicas": labeled, "readyReplicas": ready, "availableReplicas": available}
    status = {key: value for key, value in counts.items() if value or key == "replicas"}
    status["terminatingReplicas"] = terminating
    status["observedGeneration"] = replica_set["metadata"]["generation"]
    context.write_status(replica_set, status | _conditions(context, replica_set))


def _conditions(context: Context, replica_set: Object) -> Object:
    """`ReplicaFailure`, as long as pods are refused."""
    others = [c for c in (replica_set.get("status") or {}).get("conditions") or () if c["type"] != "ReplicaFailure"]
    known = condition(replica_set, "ReplicaFailure")
    refusal = context.refusal(replica_set)
    if refusal is None:
        return {"conditions": others} if others else {}
    if known is None or known["message"] != refusal:
        known = {"type": "ReplicaFailure", "status": "True", "lastTransitionTime": to_seconds(context.clock())}
        known |= {"reason": "FailedCreate", "message": refusal}
    return {"conditions": [*others, known]}
