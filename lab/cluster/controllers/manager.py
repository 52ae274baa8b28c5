# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every controller whenever something changed, and often enough for what only time changes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ..behaviour import PodBehaviour
from ..events import EventRecorder
from ..kubelet import Kubelet
from ..store import Change, Store
from . import (
    autoscalers,
    claims,
    daemonset,
    deployment,
    disruption,
    endpoints,
    garbage,
    job,
    namespaces,
    quotas,
    replicaset,
    scheduler,
    statefulset,
    volumes,
)
from .context import Context, Object

_log = logging.getLogger(__name__)

_TICK_SECONDS = 0.1
_REST = 4.0
"""Multiple of a tick's own time that is left to the servers: with hundreds of pods there is always something to do."""
_TIMED_TICKS = 4  # a pass for what only time changes comes at every fourth tick
_STEPS: tuple[tuple[str, Callable[[Context, Object], None]], ...] = (
    ("Namespace", namespaces.reconcile),
    ("Deployment", deployment.reconcile),
    ("StatefulSet", statefulset.reconcile),
    ("DaemonSet", daemonset.reconcile),
    ("ReplicaSet", replicaset.reconcile),
    ("Job", job.reconcile),
    ("PodDisruptionBudget", disruption.reconcile),
    ("ResourceQuota", quotas.reconcile),
    ("PersistentVolumeClaim", claims.reconcile),
    ("PersistentVolume", volumes.reconcile),
    ("HorizontalPodAutoscaler", autoscalers.reconcile),
    ("Service", endpoints.reconcile),
)
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)  # what objects raise that validation let through
_IGNORED = {"Event", "Lease", "ConfigMap", "Secret"}  # nothing that the controllers do depends on them


class ControllerManager:
    def __init__(self, store: Store, behaviour: PodBehaviour, clock: Callable[[], float]) -> None:
        events = EventRecorder(store)
        self._context = Context(store, events, clock, lambda pod: behaviour.usage(pod))
        self._kubelet = Kubelet(store, events, behaviour, clock)
        self._changed = True
        self._deleted = True
        self._ticks = 0
        store.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        self._changed = self._changed or change.kind not in _IGNORED
        self._deleted = self._deleted or change.type == "DELETED" or bool(change.object["metadata"].get("deletionTimestamp"))

    async def run(self) -> None:
        """Ticks until cancelled."""
        while True:
            began = time.thread_time()
            self.tick()
            await asyncio.sleep(max(_TICK_SECONDS, _REST * (time.thread_time() - began)))

    def tick(self) -> None:
        """Pods first, then whoever reacts to them. Each pass may cause changes that the next tick takes up."""
        self._kubelet.tick()
        self._ticks += 1
        if not self._changed and (self._ticks % _TIMED_TICKS or not self._waits_for_time()):
            return
        self._changed = False
        for kind, reconcile in _STEPS:
            for obj in self._context.store.list(kind):
                meta = obj["metadata"]
                current = self._context.store.get(kind, meta.get("namespace"), meta["name"])
                if current is not None:
                    self._reconcile(reconcile, current)
        scheduler.schedule(self._context)
        if self._deleted:
            self._deleted = False
            endpoints.forget(self._context)
            garbage.collect(self._context)

    def _reconcile(self, reconcile: Callable[[Context, Object], None], obj: Object) -> None:
        """One object that cannot be worked with does not stop the others."""
        try:
            reconcile(self._context, obj)
        except MALFORMED:
            _log.exception("cannot reconcile %s %s", obj["kind"], obj["metadata"]["name"])

    def _waits_for_time(self) -> bool:
        """Whether a rollout is under way, whose deadline or minReadySeconds passes without any change, or something scales by usage."""
        if autoscalers.waiting(self._context):
            return True
        for obj in self._context.store.list("Deployment"):
            status = obj.get("status") or {}
            if status.get("availableReplicas", 0) != obj["spec"]["replicas"] or status.get("updatedReplicas", 0) != obj["spec"]["replicas"]:
                return True
        # A Job waits for its deadline, and then for its removal.
        return bool(self._context.store.list("Job")) or any(
            (obj.get("status") or {}).get(available, 0) != (obj.get("status") or {}).get(wanted, 0)
            for kind, available, wanted in (
                ("StatefulSet", "availableReplicas", "replicas"),
                ("DaemonSet", "numberAvailable", "desiredNumberScheduled"),
            )
            for obj in self._context.store.list(kind)
        )
