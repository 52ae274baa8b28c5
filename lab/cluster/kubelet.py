# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet of every node: pods live through the steps of their behaviour, and go when they are deleted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import islice
from operator import attrgetter
from typing import Any

from .behaviour import PodBehaviour, PodStep
from .events import EventRecorder
from .job_runs import JobRuns
from .pod_status import after_step
from .store import Change, Store, copied
from .timestamps import parse

Object = dict[str, Any]

_STOP_SECONDS = 0.6
_after = attrgetter("after")


class _Life:
    """What the kubelet remembers of a pod: its exact start, and how much of its life is over (seconds)."""

    __slots__ = ("lived", "started", "stopping_since")

    def __init__(self, started: float, lived: float) -> None:
        self.started = started
        self.lived = lived
        self.stopping_since: float | None = None


class Kubelet:
    def __init__(self, store: Store, events: EventRecorder, behaviour: PodBehaviour, clock: Callable[[], float]) -> None:
        self._store = store
        self._events = events
        self._behaviour = JobRuns(behaviour)
        self._clock = clock
        self._lives: dict[str, _Life] = {}
        store.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind != "Pod":
            return
        uid = change.object["metadata"]["uid"]
        if change.type == "DELETED":
            self._lives.pop(uid, None)
        elif change.type == "ADDED":
            self._lives[uid] = self._begin(change.object)

    def _begin(self, pod: Object) -> _Life:
        """A pod that comes with container states keeps them, and goes on with the steps still ahead of it."""
        now = self._clock()
        created = parse(pod["metadata"]["creationTimestamp"])
        started = now if int(created) == int(now) else created
        kept = bool(pod["status"].get("containerStatuses"))
        return _Life(started, now - started if kept else -1.0)

    def tick(self) -> None:
        """Brings every pod to the present."""
        now = self._clock()
        for pod in self._store.list("Pod"):
            life = self._lives[pod["metadata"]["uid"]]
            if pod["metadata"].get("deletionTimestamp"):
                self._stop(pod, life, now)
            elif pod["spec"].get("nodeName"):
                self._live(pod, life, now)

    def _live(self, pod: Object, life: _Life, now: float) -> None:
        age = now - life.started
        steps = self._behaviour.steps(pod)
        for step in islice(steps, bisect_right(steps, life.lived, key=_after), None):
            if step.after > age:
                break
            pod = self._take(pod, step, life.started + step.after)
        life.lived = age

    def _take(self, pod: Object, step: PodStep, at: float) -> Object:
        updated = copied(pod)
        updated["status"] = after_step(updated, step, at)
        stored = self._store.update(updated, status_only=True)
        path = f"spec.containers{{{stored['spec']['containers'][0]['name']}}}"
        for event_type, reason, message in step.events:
            self._events.record(stored, event_type, reason, message, component="kubelet", at=at, field_path=path)
        return stored

    def _stop(self, pod: Object, life: _Life, now: float) -> None:
        """Containers end a moment after the deletion, or at the end of a shorter grace period."""
        if life.stopping_since is None:
            life.stopping_since = now
            for container in pod["spec"]["containers"]:
                path = f"spec.containers{{{container['name']}}}"
                message = f"Stopping container {container['name']}"
                self._events.record(pod, "Normal", "Killing", message, component="kubelet", at=now, field_path=path)
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 30)
        if now - life.stopping_since >= min(grace, _STOP_SECONDS) and not pod["metadata"].get("finalizers"):
            self._store.delete("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
