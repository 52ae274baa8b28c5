# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A StatefulSet that waits for a pod which will never become ready.

With the pod management policy OrderedReady, the controller replaces nothing while a pod is broken, not even when its template is put
back: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback. The documented way out is to delete the
broken pods after the template is right again; their volumes stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError, workload_path
from ..evidence.objects import count, labels_of, mapping, metadata, moment, name_of, sequence
from ..model.rollout import Revision
from ..model.service import Service, WorkloadKind
from .clock import Clock
from .pods import pods_of
from .progress import HASH_LABELS
from .strategy import first_replaced, ordinal
from .trouble import trouble_of

UNREADY_FOR = 60.0
"""Seconds after which a pod that is not ready, and that nothing is known to be wrong with, counts as broken."""
_NOTICED_WITHIN = 15.0
"""Seconds in which the controller should have seen the new template: a pod that is deleted before would come back as it was."""


def free_stateful_set(client: ClusterClient, service: Service, target: Revision, clock: Clock) -> list[str]:
    """Deletes the broken pods of other revisions than ``target`` on which an OrderedReady StatefulSet waits; says which, and why.

    Nothing is deleted of another kind of workload, of another policy, under OnDelete, below the partition, or while the controller has
    not seen the template. Whatever can't be read or deleted is left to the progress, which names the pod that is waited for.
    """
    if service.workload_kind is not WorkloadKind.STATEFUL_SET:
        return []
    try:
        workload = _noticed(client, service, clock)
        broken = _broken(workload, pods_of(client, service.namespace, workload), target, clock.now()) if workload else []
        for pod, _why in broken:
            body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": metadata(pod).get("uid")}}
            client.delete(f"/api/v1/namespaces/{service.namespace}/pods/{name_of(pod)}", body=body)
    except ClusterError as error:
        return [f"A broken pod that the StatefulSet waits for could not be deleted: {error.message}"]
    return [f"Deleted {name_of(pod)}, for which the StatefulSet would wait: {why}" for pod, why in broken]


def _noticed(client: ClusterClient, service: Service, clock: Clock) -> Mapping[str, Any] | None:
    end = clock.monotonic() + _NOTICED_WITHIN
    while True:
        workload = client.get(workload_path(service.workload_kind, service.namespace, service.workload))
        if count(mapping(workload.get("status")).get("observedGeneration")) >= count(metadata(workload).get("generation")):
            return workload
        if clock.monotonic() >= end:
            return None
        clock.sleep(0.2)


def _broken(workload: Mapping[str, Any], pods: list[dict[str, Any]], target: Revision, now: datetime) -> list[tuple[dict[str, Any], str]]:
    """The pods, each with what is wrong with it."""
    spec = mapping(workload.get("spec"))
    strategy = mapping(spec.get("updateStrategy"))
    if spec.get("podManagementPolicy", "OrderedReady") != "OrderedReady" or strategy.get("type") == "OnDelete":
        return []
    first = first_replaced(workload)
    found = []
    for pod in pods:
        marks = [labels_of(pod)[label] for label in HASH_LABELS if labels_of(pod).get(label)]
        if metadata(pod).get("deletionTimestamp") or {target.template_hash, target.name} & set(marks) or ordinal(pod) < first:
            continue
        if why := trouble_of([pod]) or _unready(pod, now):
            found.append((pod, why))
    return found


def _unready(pod: Mapping[str, Any], now: datetime) -> str | None:
    """What keeps a pod that runs from being ready for good: it crashes again and again, or has not been ready for UNREADY_FOR.

    Between two crashes a pod runs, and nothing in its present state says that it will end again.
    """
    status = mapping(pod.get("status"))
    ready = next((one for one in map(mapping, sequence(status.get("conditions"))) if one.get("type") == "Ready"), None)
    if ready is None or ready.get("status") == "True":
        return None
    for container in map(mapping, sequence(status.get("containerStatuses"))):
        ended = mapping(mapping(container.get("lastState")).get("terminated")) or mapping(mapping(container.get("state")).get("terminated"))
        if not container.get("ready") and ended.get("exitCode"):
            restarts = count(container.get("restartCount"))
            return f"its container {container.get('name')} ended with exit code {ended['exitCode']}, {restarts} restarts"
    since = moment(ready.get("lastTransitionTime"))
    if since is None or (now - since).total_seconds() < UNREADY_FOR:
        return None
    return f"not ready since {since:%H:%M:%S} UTC"
