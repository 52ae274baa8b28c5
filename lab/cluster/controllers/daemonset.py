# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets: one pod on every node that fits, updated a few nodes at a time."""

from __future__ import annotations

from ..defaults import TEMPLATE_GENERATION
from ..store import copied
from . import revisions
from .context import Context, Object, is_active, is_available, is_ready, resolved

_COMPONENT = "daemonset-controller"
_HASH_LABEL = "controller-revision-hash"


def _fits(node: Object, daemon_set: Object) -> bool:
    wanted = daemon_set["spec"]["template"]["spec"].get("nodeSelector") or {}
    return bool(wanted.items() <= (node["metadata"].get("labels") or {}).items())


def _hash_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(_HASH_LABEL, ""))


def reconcile(context: Context, daemon_set: Object) -> None:
    revision, known = revisions.current(context, daemon_set, _HASH_LABEL)
    revision_hash = revision["metadata"]["labels"][_HASH_LABEL]
    by_node: dict[str, list[Object]] = {}
    for pod in context.adopt("Pod", daemon_set):
        by_node.setdefault(pod["spec"].get("nodeName", ""), []).append(pod)
    nodes = [node["metadata"]["name"] for node in context.store.list("Node") if _fits(node, daemon_set)]
    if not daemon_set["metadata"].get("deletionTimestamp"):
        _place(context, daemon_set, nodes, by_node, revision_hash)
        _update(context, daemon_set, nodes, by_node, revision_hash)
    _write_status(context, daemon_set, nodes, revision_hash)
    in_use = {name for pods in by_node.values() for name in (f"{daemon_set['metadata']['name']}-{_hash_of(pod)}" for pod in pods)}
    revisions.forget_old(context, daemon_set, known, in_use | {revision["metadata"]["name"]})


def _place(context: Context, daemon_set: Object, nodes: list[str], by_node: dict[str, list[Object]], revision_hash: str) -> None:
    for node in nodes:
        if not by_node.get(node):
            generation = daemon_set["metadata"]["annotations"][TEMPLATE_GENERATION]
            labels = {_HASH_LABEL: revision_hash, "pod-template-generation": generation}
            template = copied(daemon_set["spec"]["template"])
            context.create_pod(daemon_set, template, _COMPONENT, labels=labels, nodeName=node)
    for node, pods in by_node.items():
        for pod in pods:
            if not pod["metadata"].get("deletionTimestamp") and (node not in nodes or not is_active(pod)):
                context.delete_pod(daemon_set, pod, _COMPONENT)


def _update(context: Context, daemon_set: Object, nodes: list[str], by_node: dict[str, list[Object]], revision_hash: str) -> None:
    """Replaces unavailable old pods at once, and available ones as far as maxUnavailable allows."""
    strategy = daemon_set["spec"]["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return
    allowed = resolved(strategy["rollingUpdate"]["maxUnavailable"], len(nodes), round_up=True) or 1
    min_ready, now = int(daemon_set["spec"].get("minReadySeconds", 0)), context.clock()
    unavailable, replaceable = 0, []
    for node in nodes:
        pods = [pod for pod in by_node.get(node, ()) if is_active(pod)]
        available = bool(pods) and is_available(pods[0], min_ready, now)
        unavailable += not available
        if pods and _hash_of(pods[0]) != revision_hash:
            replaceable.append((available, pods[0]))
    for available, pod in sorted(replaceable, key=lambda entry: entry[0]):
        if available and unavailable >= allowed:
            return
        context.delete_pod(daemon_set, pod, _COMPONENT)
        unavailable += available


def _write_status(context: Context, daemon_set: Object, nodes: list[str], revision_hash: str) -> None:
    min_ready, now = int(daemon_set["spec"].get("minReadySeconds", 0)), context.clock()
    pods = [pod for pod in context.adopt("Pod", daemon_set) if not pod["metadata"].get("deletionTimestamp")]
    placed = [pod for pod in pods if pod["spec"].get("nodeName") in nodes]
    available = sum(is_available(pod, min_ready, now) for pod in placed)
    counts = {
        "updatedNumberScheduled": sum(_hash_of(pod) == revision_hash for pod in placed),
        "numberAvailable": available,
        "numberUnavailable": len(nodes) - available,
    }
    status: Object = {
        "currentNumberScheduled": len({pod["spec"]["nodeName"] for pod in placed}),
        "numberMisscheduled": len(pods) - len(placed),
        "desiredNumberScheduled": len(nodes),
        "numberReady": sum(is_ready(pod) for pod in placed),
        "observedGeneration": daemon_set["metadata"]["generation"],
    }
    context.write_status(daemon_set, status | {key: count for key, count in counts.items() if count})
