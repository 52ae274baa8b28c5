# SPDX-License-Identifier: GPL-3.0-or-later
"""What every controller works with, and what they all do: find pods, own objects, create and delete pods, record events."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..admission import admitted
from ..deletion import DeleteOptions, delete_object
from ..errors import ApiError
from ..events import EventRecorder
from ..resources import STORED
from ..selectors import matches_labels
from ..store import Store, copied
from ..timestamps import parse

Object = dict[str, Any]

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 60.0
"""Seconds between two tries to create a pod that is refused; each is twice as long as the one before."""
_HASH_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an owner's pods are refused, how long (seconds) is waited until the next try, and when that is."""

    message: str
    waited: float
    next_try: float


@dataclass(frozen=True, slots=True)
class Context:
    store: Store
    events: EventRecorder
    clock: Callable[[], float]
    usage: Callable[[Object], tuple[float, float]] = lambda _pod: (0.0, 0.0)
    """Cores and bytes that a pod uses."""
    looks: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """By the uid of an autoscaler that is at work: when it looked, and how many pods it wanted."""
    refused: dict[str, Refusal] = field(default_factory=dict)
    """By the uid of an owner."""

    def record(self, about: Object, reason: str, message: str, component: str, event_type: str = "Normal") -> None:
        self.events.record(about, event_type, reason, message, component=component, at=self.clock())

    def refusal(self, owner: Object) -> str | None:
        """Why the last pod of the owner was refused; None when it was not."""
        found = self.refused.get(owner["metadata"]["uid"])
        return found.message if found else None

    def write_status(self, obj: Object, status: Object, annotations: dict[str, str] | None = None) -> Object:
        """Writes a status, and annotations on top of those there are."""
        updated = obj | {"status": status}
        if annotations:
            meta = obj["metadata"]
            updated["metadata"] = meta | {"annotations": (meta.get("annotations") or {}) | annotations}
        return self.store.update(updated, status_only=True)

    def adopt(self, kind: str, owner: Object) -> list[Object]:
        """The objects of a kind that the owner controls, after taking those that its selector matches and nobody controls."""
        namespace, uid = owner["metadata"]["namespace"], owner["metadata"]["uid"]
        selector, found = owner["spec"].get("selector"), []
        for obj in self.store.list(kind, namespace):
            controller = controller_of(obj)
            if controller is None and not obj["metadata"].get("deletionTimestamp"):
                if not matches_labels(selector, obj["metadata"].get("labels") or {}) or owner["metadata"].get("deletionTimestamp"):
                    continue
                adopted = copied(obj)
                adopted["metadata"].setdefault("ownerReferences", []).append(owner_reference(owner))
                obj = self.store.update(adopted)
            elif controller is None or controller["uid"] != uid:
                continue
            found.append(obj)
        return found

    def create_pod(self, owner: Object, template: Object, component: str, **overrides: Any) -> Object | None:
        """A pod of a template. `overrides` are more metadata (`name`, `labels`), and `nodeName`.

        None when it is refused, which is an event then; it is tried again as seldom as a controller does.
        """
        uid, now = owner["metadata"]["uid"], self.clock()
        before = self.refused.get(uid)
        if before is not None and now < before.next_try:
            return None
        template = copied(template)
        meta = {key: template["metadata"][key] for key in ("labels", "annotations") if template["metadata"].get(key)}
        meta |= {"namespace": owner["metadata"]["namespace"], "ownerReferences": [owner_reference(owner)]}
        if "name" in overrides:
            meta["name"] = overrides["name"]
            meta["generateName"] = f"{owner['metadata']['name']}-"
        else:
            meta["generateName"] = f"{owner['metadata']['name']}-"
        meta["labels"] = (meta.get("labels") or {}) | overrides.get("labels", {})
        spec = template["spec"] | ({"nodeName": overrides["nodeName"]} if overrides.get("nodeName") else {})
        try:
            pod = self.store.create(admitted(self.store, {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": spec}))
        except ApiError as error:
            wait = min(before.waited * 2, _LONGEST_WAIT) if before else _FIRST_WAIT
            self.refused[uid] = Refusal(error.message, wait, now + wait)
            message = f"Error creating: {error.message}"
            if component == "statefulset-controller":
                message = f"create Pod {meta['name']} in StatefulSet {owner['metadata']['name']} failed error: {error.message}"
            self.record(owner, "FailedCreate", message, component, "Warning")
            return None
        self.refused.pop(uid, None)
        message = f"Created pod: {pod['metadata']['name']}"
        if component == "statefulset-controller":
            message = f"create Pod {pod['metadata']['name']} in StatefulSet {owner['metadata']['name']} successful"
        self.record(owner, "SuccessfulCreate", message, component)
        return pod

    def delete_pod(self, owner: Object, pod: Object, component: str) -> None:
        delete_object(self.store, STORED["Pod"], pod, DeleteOptions(), self.clock())
        message = f"Deleted pod: {pod['metadata']['name']}"
        if component == "statefulset-controller":
            message = f"delete Pod {pod['metadata']['name']} in StatefulSet {owner['metadata']['name']} successful"
        self.record(owner, "SuccessfulDelete", message, component)


def controller_of(obj: Object) -> Object | None:
    return next((owner for owner in obj["metadata"].get("ownerReferences") or () if owner.get("controller")), None)


def owner_reference(owner: Object) -> Object:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def template_hash(template: Any, collisions: int = 0) -> str:
    """A stable short hash in the alphabet of Kubernetes' names: FNV-1a over canonical JSON, so not the real values."""
    value = 0x811C9DC5
    for byte in json.dumps(template, sort_keys=True).encode() + (str(collisions).encode() if collisions else b""):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return "".join(_HASH_ALPHABET[ord(digit) % len(_HASH_ALPHABET)] for digit in str(value))


def is_active(pod: Object) -> bool:
    return pod["status"].get("phase") not in ("Succeeded", "Failed") and not pod["metadata"].get("deletionTimestamp")


def condition(obj: Object, condition_type: str) -> Object | None:
    return next((c for c in (obj.get("status") or {}).get("conditions") or () if c["type"] == condition_type), None)


def is_ready(pod: Object) -> bool:
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def is_available(pod: Object, min_ready_seconds: int, now: float) -> bool:
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return False
    return min_ready_seconds == 0 or parse(found["lastTransitionTime"]) + min_ready_seconds <= now


def first_to_delete(pods: Sequence[Object]) -> list[Object]:
    """Pods in the order in which a ReplicaSet gives them up (`ActivePodsWithRanks` in `pkg/controller/controller_utils.go`)."""
    on_node: dict[str, int] = {}
    for pod in pods:
        node = pod["spec"].get("nodeName", "")
        on_node[node] = on_node.get(node, 0) + 1

    def rank(pod: Object) -> tuple[Any, ...]:
        ready = condition(pod, "Ready")
        ready_since = parse(ready["lastTransitionTime"]) if ready and ready["status"] == "True" else 0.0
        cost = int((pod["metadata"].get("annotations") or {}).get("controller.kubernetes.io/pod-deletion-cost", 0))
        restarts = max((status.get("restartCount", 0) for status in pod["status"].get("containerStatuses") or ()), default=0)
        return (
            bool(pod["spec"].get("nodeName")),
            {"Pending": 0, "Unknown": 1}.get(pod["status"].get("phase", "Pending"), 2),
            is_ready(pod),
            cost,
            -on_node[pod["spec"].get("nodeName", "")],
            -ready_since,
            -restarts,
            -parse(pod["metadata"]["creationTimestamp"]),
            pod["metadata"]["name"],
        )

    return sorted(pods, key=rank)


def resolved(value: Any, total: int, *, round_up: bool) -> int:
    """An int-or-percent such as maxSurge."""
    if isinstance(value, str) and value.endswith("%"):
        share = int(value[:-1]) * total
        return -(-share // 100) if round_up else share // 100
    return int(value or 0)
