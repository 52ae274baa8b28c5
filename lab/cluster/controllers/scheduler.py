# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: every pod goes to the fitting node with the fewest pods."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..quantities import parse_quantity
from ..store import copied
from ..timestamps import to_seconds
from . import affinity, claims
from .context import Context, Object, condition, is_active

_COMPONENT = "default-scheduler"
_RESOURCES = ("cpu", "memory")


def schedule(context: Context) -> None:
    """Binds every pod that waits for a node."""
    pods = context.store.list("Pod")
    waiting = [pod for pod in pods if _is_ours(pod) and not pod["spec"].get("nodeName") and not pod["metadata"].get("deletionTimestamp")]
    if not waiting:
        return
    nodes = context.store.list("Node")
    load = {node["metadata"]["name"]: _Load() for node in nodes}
    for pod in pods:
        if pod["spec"].get("nodeName") in load and is_active(pod):
            load[pod["spec"]["nodeName"]].add(pod)
    for pod in waiting:
        if (waits_for := claims.refusal(context, pod)) is not None:
            _refuse(context, pod, [waits_for], len(nodes))
            continue
        repelled = affinity.repelled(context, pod, nodes)
        refusals = {
            node["metadata"]["name"]: _refusal(node, pod, load[node["metadata"]["name"]])
            or (affinity.REFUSAL if node["metadata"]["name"] in repelled else None)
            for node in nodes
        }
        fitting = [name for name, refusal in refusals.items() if refusal is None]
        if fitting:
            chosen = min(fitting, key=lambda name: (load[name].pods, name))
            load[chosen].add(_bind(context, pod, chosen))
        else:
            words = [refusal for refusal in refusals.values() if refusal]
            _refuse(context, pod, sorted({f"{words.count(word)} {word}" for word in words}), len(nodes))


def _is_ours(pod: Object) -> bool:
    """Pods that ask for another scheduler wait for that one."""
    return bool(pod["spec"].get("schedulerName", _COMPONENT) == _COMPONENT)


@dataclass(slots=True)
class _Load:
    """What runs on a node: how many pods, and what they request together."""

    pods: int = 0
    requested: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_RESOURCES, 0.0))

    def add(self, pod: Object) -> None:
        self.pods += 1
        for resource in _RESOURCES:
            self.requested[resource] += _requested(pod, resource)


def _requested(pod: Object, resource: str) -> float:
    return sum(
        parse_quantity(((container.get("resources") or {}).get("requests") or {}).get(resource, "0"))
        for container in pod["spec"]["containers"]
    )


def _refusal(node: Object, pod: Object, load: _Load) -> str | None:
    """Why the pod cannot go to the node, in the scheduler's words; None when it can."""
    if node["spec"].get("unschedulable"):
        return "node(s) were unschedulable"
    ready = condition(node, "Ready")
    if ready is not None and ready["status"] != "True":
        return "node(s) had untolerated taint {node.kubernetes.io/not-ready: }"
    repelling = next((taint for taint in node["spec"].get("taints") or () if _repels(taint, pod)), None)
    if repelling is not None:
        return f"node(s) had untolerated taint {{{repelling['key']}: {repelling.get('value', '')}}}"
    if not (pod["spec"].get("nodeSelector") or {}).items() <= (node["metadata"].get("labels") or {}).items():
        return "node(s) didn't match Pod's node affinity/selector"
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    for resource in _RESOURCES:
        if resource in allocatable and load.requested[resource] + _requested(pod, resource) > parse_quantity(allocatable[resource]):
            return f"Insufficient {resource}"
    if "pods" in allocatable and load.pods >= parse_quantity(allocatable["pods"]):
        return "Too many pods"
    return None


def _repels(taint: Object, pod: Object) -> bool:
    if taint["effect"] not in ("NoSchedule", "NoExecute"):
        return False
    return not any(
        (not toleration.get("key") or toleration["key"] == taint["key"])
        and toleration.get("effect") in (None, "", taint["effect"])
        and (toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", ""))
        for toleration in pod["spec"].get("tolerations") or ()
    )


def _condition(status: str, now: float, **more: str) -> Object:
    return {"type": "PodScheduled", "status": status, "lastProbeTime": None, "lastTransitionTime": to_seconds(now), **more}


def _bind(context: Context, pod: Object, node: str) -> Object:
    bound = copied(pod)
    bound["spec"]["nodeName"] = node
    others = [c for c in bound["status"].get("conditions") or () if c["type"] != "PodScheduled"]
    bound["status"]["conditions"] = [*others, _condition("True", context.clock())]
    stored = context.store.update(bound, status_only=True)
    meta = pod["metadata"]
    context.record(stored, "Scheduled", f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}", _COMPONENT)
    return stored


def _refuse(context: Context, pod: Object, reasons: list[str], nodes: int) -> None:
    message = f"0/{nodes} nodes are available: {', '.join(reasons)}." if nodes else "no nodes available to schedule pods"
    known = condition(pod, "PodScheduled")
    if known is not None and known.get("message") == message:
        return
    others = [c for c in pod["status"].get("conditions") or () if c["type"] != "PodScheduled"]
    unschedulable = _condition("False", context.clock(), reason="Unschedulable", message=message)
    stored = context.write_status(pod, pod["status"] | {"conditions": [*others, unschedulable]})
    context.record(stored, "FailedScheduling", message, _COMPONENT, "Warning")
