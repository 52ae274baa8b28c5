# SPDX-License-Identifier: GPL-3.0-or-later
"""Recording of Events: the same thing happening again to the same object raises a count, as client-go's recorder does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .store import Store, copied
from .timestamps import to_seconds


class EventRecorder:
    """Writes Events about objects, as one component of the cluster."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, ...], tuple[str, str]] = {}

    def record(
        self,
        about: Mapping[str, Any],
        event_type: str,
        reason: str,
        message: str,
        *,
        component: str,
        at: float,
        field_path: str = "",
    ) -> None:
        """`event_type` is Normal or Warning, `at` unix seconds, `field_path` like `spec.containers{app}`."""
        meta = about["metadata"]
        namespace = meta.get("namespace", "default")
        key = (about["kind"], namespace, meta["name"], meta["uid"], field_path, event_type, reason, message, component)
        known = self._store.get("Event", *self._known[key]) if key in self._known else None
        if known is not None:
            again = copied(known)
            again["count"] += 1
            again["lastTimestamp"] = to_seconds(at)
            self._store.update(again)
            return
        involved = {"kind": about["kind"], "namespace": meta.get("namespace"), "name": meta["name"], "uid": meta["uid"]}
        involved |= {"apiVersion": about["apiVersion"], "resourceVersion": meta["resourceVersion"], "fieldPath": field_path}
        source = {"component": component}
        host = (about.get("spec") or {}).get("nodeName") if component == "kubelet" else None
        event = self._store.create(
            {
                "kind": "Event",
                "apiVersion": "v1",
                "metadata": {
                    "name": f"{meta['name']}.{self._store.random_bits(56) | 1 << 60:x}",
                    "namespace": namespace,
                    "creationTimestamp": to_seconds(at),
                },
                "involvedObject": {k: v for k, v in involved.items() if v},
                "reason": reason,
                "message": message,
                "source": source | ({"host": host} if host else {}),
                "firstTimestamp": to_seconds(at),
                "lastTimestamp": to_seconds(at),
                "count": 1,
                "type": event_type,
                "eventTime": None,
                "reportingComponent": component,
                "reportingInstance": host or "",
            }
        )
        self._known[key] = (namespace, event["metadata"]["name"])
