# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: cluster addresses, and the Endpoints and EndpointSlices of the pods that they select."""

from __future__ import annotations

from typing import Any

from ..selectors import matches_labels
from .context import Context, Object, is_ready, owner_reference


def reconcile(context: Context, service: Object) -> None:
    spec = service["spec"]
    if "clusterIP" not in spec and spec["type"] != "ExternalName":
        number = context.store.random_bits(16)
        address = f"10.96.{number >> 8}.{number & 255}"
        service = context.store.update(service | {"spec": spec | {"clusterIP": address, "clusterIPs": [address]}})
    if not spec.get("selector"):
        return
    pods = [
        pod
        for pod in context.store.list("Pod", service["metadata"]["namespace"])
        if matches_labels({"matchLabels": spec["selector"]}, pod["metadata"].get("labels") or {}) and _has_address(pod)
    ]
    ports = [_port(port, pods) for port in spec.get("ports") or ()]
    _write(context, _endpoints(service, pods, ports))
    _write(context, _slice(service, pods, ports))


def _has_address(pod: Object) -> bool:
    return bool(pod["status"].get("podIP")) and pod["status"].get("phase") not in ("Succeeded", "Failed")


def _port(port: Object, pods: list[Object]) -> Object:
    target: Any = port.get("targetPort", port["port"])
    if isinstance(target, str):
        named = [p for pod in pods for c in pod["spec"]["containers"] for p in c.get("ports") or () if p.get("name") == target]
        target = named[0]["containerPort"] if named else port["port"]
    return {"name": port.get("name", ""), "port": target, "protocol": port.get("protocol", "TCP")}


def _target(pod: Object) -> Object:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _endpoints(service: Object, pods: list[Object], ports: list[Object]) -> Object:
    meta = service["metadata"]
    subset: Object = {"addresses": [], "notReadyAddresses": []}
    for pod in pods:
        if not pod["metadata"].get("deletionTimestamp"):
            address = {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": _target(pod)}
            subset["addresses" if is_ready(pod) else "notReadyAddresses"].append(address)
    subset = {key: addresses for key, addresses in subset.items() if addresses}
    if subset:
        subset["ports"] = [{k: v for k, v in port.items() if v != ""} for port in ports]
    labels = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    return {
        "kind": "Endpoints",
        "apiVersion": "v1",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"], "labels": (meta.get("labels") or {}) | labels},
        **({"subsets": [subset]} if subset else {}),
    }


def _slice(service: Object, pods: list[Object], ports: list[Object]) -> Object:
    meta = service["metadata"]
    endpoints = []
    for pod in pods:
        leaving = bool(pod["metadata"].get("deletionTimestamp"))
        conditions = {"ready": is_ready(pod) and not leaving, "serving": is_ready(pod), "terminating": leaving}
        endpoints.append(
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": conditions,
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": _target(pod),
            }
        )
    labels = {"kubernetes.io/service-name": meta["name"], "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
    return {
        "kind": "EndpointSlice",
        "apiVersion": "discovery.k8s.io/v1",
        "metadata": {
            "name": f"{meta['name']}-{meta['uid'][:5]}",
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            "labels": (meta.get("labels") or {}) | labels,
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    }


def _write(context: Context, wanted: Object) -> None:
    meta = wanted["metadata"]
    current = context.store.get(wanted["kind"], meta["namespace"], meta["name"])
    if current is None:
        context.store.create(wanted)
        return
    wanted = wanted | {"metadata": current["metadata"] | meta}
    # Of hundreds of pods one copy more takes longer than all of this.
    if wanted != current:
        context.store.update(wanted)


def forget(context: Context) -> None:
    """Removes Endpoints made for Services that are gone; slices go with their owner."""
    for endpoints in context.store.list("Endpoints"):
        meta = endpoints["metadata"]
        made_here = (meta.get("labels") or {}).get("endpoints.kubernetes.io/managed-by") == "endpoint-controller"
        if made_here and context.store.get("Service", meta["namespace"], meta["name"]) is None:
            context.store.delete("Endpoints", meta["namespace"], meta["name"])
