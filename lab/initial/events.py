# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of the past hour: of rollouts that happened in it, and those that the scenario tells."""

from __future__ import annotations

from typing import Any

from lab.cluster.events import EventRecorder
from lab.cluster.store import Store
from lab.cluster.timestamps import parse
from lab.initial.rollouts import last_replacements
from lab.scenario.model import ClusterEvent, Workload

Object = dict[str, Any]

_KEPT = 3600.0
"""Seconds for which an API server keeps events (``--event-ttl``)."""


class PastEvents:
    """Writes events into the store as if they had been recorded when they happened. ``start`` is the start of the lab, Unix seconds."""

    def __init__(self, store: Store, start: float) -> None:
        self._store = store
        self._recorder = EventRecorder(store)
        self._start = start

    def record(self, about: Object, reason: str, message: str, component: str, at: float, event_type: str = "Normal") -> None:
        """``at`` is relative to the start of the lab."""
        if -_KEPT <= at <= 0:
            self._recorder.record(about, event_type, reason, message, component=component, at=self._start + at)

    def rollout(self, deployment: Object, workload: Workload, old: Object | None, new: Object, pods: list[Object]) -> None:
        """The replacement of the pods of ``old`` by those of ``new``, one after the other."""
        moments = last_replacements(workload)
        for index, moment in enumerate(moments):
            if old is not None:
                size = workload.replicas - index
                text = f"Scaled down replica set {old['metadata']['name']} from {size} to {size - 1}"
                self.record(deployment, "ScalingReplicaSet", text, "deployment-controller", moment - 1)
            text = f"Scaled up replica set {new['metadata']['name']} from {index} to {index + 1}"
            self.record(deployment, "ScalingReplicaSet", text, "deployment-controller", moment)
        for pod, moment in zip(pods, moments, strict=False):
            meta = pod["metadata"]
            self.record(new, "SuccessfulCreate", f"Created pod: {meta['name']}", "replicaset-controller", moment)
            text = f"Successfully assigned {meta['namespace']}/{meta['name']} to {pod['spec']['nodeName']}"
            self.record(pod, "Scheduled", text, "default-scheduler", moment)

    def told(self, event: ClusterEvent, pod_hash: str) -> None:
        """An event of the scenario; what it is about need not be there any more."""
        kind, _, name = event.object.replace("{hash}", pod_hash).partition("/")
        about = self._store.get(kind, event.namespace, name) or {
            "kind": kind,
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": event.namespace, "uid": f"{kind.lower()}-{name}", "resourceVersion": ""},
        }
        message = event.message.replace("{hash}", pod_hash)
        first = event.at if event.first is None else event.first
        for number in range(event.count):
            at = first if event.count == 1 else first + (event.at - first) * number / (event.count - 1)
            self.record(about, event.reason, message, event.component, at, event.type)


def forget_old_events(store: Store, now: float) -> None:
    """Remove what an API server would no longer have at ``now`` (Unix seconds)."""
    for event in store.list("Event"):
        if parse(event["lastTimestamp"]) < now - _KEPT:
            store.delete("Event", event["metadata"]["namespace"], event["metadata"]["name"])
