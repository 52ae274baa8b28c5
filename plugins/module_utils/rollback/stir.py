# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices that something moves at a rollout, from the cluster's watch events.

An event only says when to look: what is told comes from a whole look each time. So nothing is ever missed or counted twice when a watch
is cut, when it is too old for the server (410 Gone), or when events come late; the worst that happens is the pause of a plain look. Only
the event that ends the rollout is a look already: it holds the workload as it is then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError, workload_path
from ..concurrency import start
from ..evidence.objects import count, mapping, metadata, selector_text
from ..model.service import Service
from .status import unfinished

_CALM = 1.0
"""Seconds between two looks while much moves: each costs the API server the list of all pods. The end is not waited for."""
_LOOKING = 0.1
"""Share of the time that looks may take: a cluster that has enough to do with the rollout itself is looked at less often."""
_UNWATCHED = 1.0
"""Seconds between two looks where nothing may be watched."""
_PODS_FROM = 3
"""The wait from which on the pods are watched. Until then there is a look a second, and most rollouts are over; every event of a pod costs
the API server some of what the rollout needs."""
_AGAIN_AFTER = 1.0
"""Seconds before a watch that ended early is begun anew."""


class Stir:
    """Watches the workload, and its pods where it takes longer, for ``seconds``.

    The threads end by then, and never keep the process from ending.
    """

    def __init__(self, client: ClusterClient, service: Service, seconds: float, workload: Mapping[str, Any] | None = None) -> None:
        """``workload`` is what the change was answered with: what comes after that is watched."""
        self._client = client
        self._service = service
        self._workload = workload
        self._final: Mapping[str, Any] | None = None
        self._end = time.monotonic() + seconds
        self._moved = threading.Event()
        self._finished = threading.Event()
        self._barred = threading.Event()
        self._looks_since = time.monotonic()
        self._waits = 0
        start(self._watch_workload, "workload watch")

    def wait(self, seconds: float) -> Mapping[str, Any] | None:
        """Returns when something moved since the last time and at once when the rollout is finished; else after ``seconds``.

        Gives the workload where it is finished, and known to be no older than the one that was given.
        """
        self._waits += 1
        if self._waits == _PODS_FROM:
            start(self._watch_pods, "pod watch")
        began = time.monotonic()
        calm = max(_CALM, (began - self._looks_since) / _LOOKING)
        unwatched = self._barred.is_set() or self._waits < _PODS_FROM
        if self._moved.wait(min(seconds, _UNWATCHED) if unwatched else seconds):
            self._finished.wait(max(0.0, min(calm, seconds - (time.monotonic() - began))))
        self._moved.clear()
        self._finished.clear()
        self._looks_since = time.monotonic()
        final, self._final = self._final, None
        return final

    def _watch_workload(self) -> None:
        service = self._service
        path = workload_path(service.workload_kind, service.namespace)
        query = {"fieldSelector": f"metadata.name={service.workload}"}
        if self._workload is not None:
            query["resourceVersion"] = str(metadata(self._workload).get("resourceVersion"))

        def follow(seconds: float) -> None:
            asked = dict(query)
            query.pop("resourceVersion", None)  # once: a watch that was cut begins with what is there by then
            for event in self._client.watch(path, asked, seconds):
                found = mapping(event.get("object"))
                ended = found.get("kind") == service.workload_kind.value and unfinished(service.workload_kind, found) is None
                self._final = found if ended and event.get("type") in ("ADDED", "MODIFIED") and self._is_newer(found) else None
                if ended:
                    self._finished.set()
                self._moved.set()

        self._again_and_again(follow)

    def _is_newer(self, found: Mapping[str, Any]) -> bool:
        """A server may show at first what was there before the change."""
        before = self._workload
        return before is not None and count(metadata(found).get("generation")) >= count(metadata(before).get("generation"))

    def _watch_pods(self) -> None:
        service = self._service
        try:
            workload = self._workload or self._client.get(workload_path(service.workload_kind, service.namespace, service.workload))
        except ClusterError:
            self._barred.set()
            return  # whoever looks will say so
        # What is there already is told first, as old as the server likes: nothing of it is read.
        selector = {"labelSelector": selector_text(mapping(mapping(workload.get("spec")).get("selector"))), "resourceVersion": "0"}

        def follow(seconds: float) -> None:
            for _event in self._client.stirs(f"/api/v1/namespaces/{service.namespace}/pods", selector, seconds):
                self._moved.set()

        self._again_and_again(follow)

    def _again_and_again(self, follow: Callable[[float], None]) -> None:
        while (left := self._end - time.monotonic()) > 0:
            try:
                follow(left)
            except ClusterError as error:
                if error.status in (401, 403, 404):
                    self._barred.set()
                    return  # it may look and not watch: plain looks have to do
            time.sleep(min(_AGAIN_AFTER, max(0.0, self._end - time.monotonic())))
