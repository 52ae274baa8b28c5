# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of every pod: when it was created, ready, restarted and deleted. Metrics and faults read it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.cluster import timestamps


@dataclass(slots=True)
class PodRecord:
    """Times are Unix seconds. ``ready``, ``restarts`` and ``waiting`` are the values from a moment on, in order."""

    namespace: str
    name: str
    workload: str
    version: str
    container: str
    node: str
    address: str
    created: float
    deleted: float | None = None
    leaving: float | None = None
    """When its deletion was asked for."""
    ready: list[tuple[float, bool]] = field(default_factory=list)
    restarts: list[tuple[float, int]] = field(default_factory=list)
    waiting: list[tuple[float, str]] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        return self.deleted is None and bool(self.ready) and self.ready[-1][1]

    @property
    def is_staying(self) -> bool:
        return self.deleted is None and self.leaving is None


def value_at(changes: list[tuple[float, Any]], t: float, default: Any) -> Any:
    """The value that holds at ``t``."""
    index = bisect_right(changes, t, key=lambda change: change[0])
    return changes[index - 1][1] if index else default


class PodHistory:
    """All pods of the workloads that the scenario knows, those of the past included."""

    def __init__(self, workloads: Iterable[tuple[str, str]]) -> None:
        """``workloads`` are (namespace, name)."""
        self._workloads = set(workloads)
        self.records: dict[str, PodRecord] = {}
        """By uid; pods of the past have a made-up one."""
        self._living: dict[str, list[PodRecord]] = {}
        """Of each workload, those that were not deleted when there were so many records as ``_indexed`` says of which dictionary."""
        self._indexed: tuple[dict[str, PodRecord], int] = ({}, -1)

    def of(self, workload: str) -> list[PodRecord]:
        return [record for record in self.records.values() if record.workload == workload]

    def staying(self, workload: str) -> list[PodRecord]:
        """Those that exist and are not being deleted."""
        records, count = self._indexed
        if records is not self.records or count != len(records):
            self._indexed = self.records, len(self.records)
            self._living = {}
            for record in self.records.values():
                if record.deleted is None:
                    self._living.setdefault(record.workload, []).append(record)
        return [record for record in self._living.get(workload, ()) if record.is_staying]

    def observe(self, change: str, pod: Mapping[str, Any], now: float) -> bool:
        """Take in a change (ADDED, MODIFIED, DELETED) of a pod of the cluster; says whether it is one that counts."""
        meta = pod["metadata"]
        workload = (meta.get("labels") or {}).get("app", "")
        if (meta["namespace"], workload) not in self._workloads:
            return False
        record = self.records.get(meta["uid"])
        if record is None:
            record = self.records[meta["uid"]] = _record(pod, workload)
        if change == "DELETED":
            record.deleted = now
            return True
        if meta.get("deletionTimestamp") and record.leaving is None:
            record.leaving = now
            _note(record.ready, now, False)
        record.address = pod.get("status", {}).get("podIP") or record.address
        record.node = pod.get("spec", {}).get("nodeName") or record.node
        for status in (pod.get("status", {}).get("containerStatuses") or ())[:1]:
            at = _last_change(pod, status, now)
            _note(record.ready, at, bool(status.get("ready")) and record.leaving is None)
            _note(record.restarts, at, int(status.get("restartCount", 0)))
            _note(record.waiting, at, (status.get("state", {}).get("waiting") or {}).get("reason", ""))
        return True


def _last_change(pod: Mapping[str, Any], status: Mapping[str, Any], now: float) -> float:
    """When the pod came into this state: the newest of the times that it tells, so that a past that is made up afterwards is right too."""
    state, before = status.get("state") or {}, (status.get("lastState") or {}).get("terminated") or {}
    ready: Mapping[str, Any] = next((each for each in pod["status"].get("conditions") or () if each["type"] == "Ready"), {})
    created = pod["metadata"]["creationTimestamp"]
    told = (created, ready.get("lastTransitionTime"), (state.get("running") or {}).get("startedAt"), before.get("finishedAt"))
    return min(now, max(timestamps.parse(text) for text in told if text))


def _note(changes: list[tuple[float, Any]], now: float, value: Any) -> None:
    if not changes or changes[-1][1] != value:
        changes.append((max(now, changes[-1][0]) if changes else now, value))


def _record(pod: Mapping[str, Any], workload: str) -> PodRecord:
    meta, container = pod["metadata"], pod["spec"]["containers"][0]
    return PodRecord(
        namespace=meta["namespace"],
        name=meta["name"],
        workload=workload,
        version=image_version(container.get("image", "")),
        container=container["name"],
        node=pod["spec"].get("nodeName", ""),
        address=pod.get("status", {}).get("podIP", ""),
        created=timestamps.parse(meta["creationTimestamp"]),
    )


def image_version(image: str) -> str:
    """The tag of an image reference, ``latest`` where there is none."""
    name, _, tag = image.partition("@")[0].rpartition(":")
    return tag if name and "/" not in tag else "latest"
