# SPDX-License-Identifier: GPL-3.0-or-later
"""metrics.k8s.io/v1beta1: usage of pods and nodes, as metrics-server reports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .behaviour import PodBehaviour
from .errors import not_found
from .request import RequestInfo
from .selectors import label_predicate
from .store import Store
from .timestamps import to_seconds

Object = dict[str, Any]

_WINDOW = "15.021s"


def _usage(cores: float, memory: float) -> Object:
    return {"cpu": f"{round(cores * 1e9)}n", "memory": f"{round(memory / 1024)}Ki"}


def _measured(obj: Object, kind: str, now: float) -> Object:
    meta = {key: obj["metadata"][key] for key in ("name", "namespace", "labels") if key in obj["metadata"]}
    return {
        "kind": kind,
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": meta | {"creationTimestamp": to_seconds(now)},
        "timestamp": to_seconds(now),
        "window": _WINDOW,
    }


def _running(pod: Mapping[str, Any]) -> bool:
    statuses = pod["status"].get("containerStatuses") or ()
    return pod["status"].get("phase") == "Running" and any((s.get("state") or {}).get("running") is not None for s in statuses)


def _pod_metrics(pod: Object, behaviour: PodBehaviour, now: float) -> Object:
    """All of a pod's usage is put down to its first container."""
    cores, memory = behaviour.usage(pod)
    first, *others = (container["name"] for container in pod["spec"]["containers"])
    containers = [{"name": first, "usage": _usage(cores, memory)}, *({"name": name, "usage": _usage(0, 0)} for name in others)]
    return _measured(pod, "PodMetrics", now) | {"containers": containers}


def _node_metrics(node: Object, store: Store, behaviour: PodBehaviour, now: float) -> Object:
    pods = store.list("Pod", where=lambda pod: pod["spec"].get("nodeName") == node["metadata"]["name"] and _running(pod))
    usages = [behaviour.usage(pod) for pod in pods]
    total = _usage(sum(cores for cores, _ in usages), sum(memory for _, memory in usages))
    return _measured(node, "NodeMetrics", now) | {"usage": total}


def answer(info: RequestInfo, query: Mapping[str, str], store: Store, behaviour: PodBehaviour, now: float) -> Object:
    """One measurement or a list of them. Raises ApiErrors (400, 404)."""
    assert info.resource is not None
    kind = info.resource.kind
    selected = label_predicate(query.get("labelSelector", ""))
    if kind == "PodMetrics":
        pods = store.list("Pod", info.namespace, lambda pod: _running(pod) and selected(pod))
        objects = [pod for pod in pods if not info.name or pod["metadata"]["name"] == info.name]
        measured = [_pod_metrics(pod, behaviour, now) for pod in objects]
    else:
        nodes = store.list("Node", where=lambda node: selected(node) and info.name in ("", node["metadata"]["name"]))
        measured = [_node_metrics(node, store, behaviour, now) for node in nodes]
    if info.name:
        if not measured:
            raise not_found(info.resource, f"{info.namespace}/{info.name}" if info.namespace else info.name)
        return measured[0]
    return {"kind": f"{kind}List", "apiVersion": info.resource.api_version, "metadata": {}, "items": measured}
