# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload behind a service: its pods and why they fail, its events, usage and autoscaler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ObjectNotFound
from ..concurrency import Deadline
from ..errors import SourceUnavailableError
from ..model.service import Service, WorkloadKind
from ..model.workload import Autoscaler, ClusterEvent, Pod, WorkloadState
from .events import events_of
from .objects import Object, count, mapping, name_of, sequence, template_version
from .pods import Usage, pod_from, usage_from
from .snapshot import ClusterSnapshot, Listed

T = TypeVar("T")

MAX_PODS = 100
"""Pods that are described one by one, those in trouble first; all are counted."""

_SHOULD_BE = {"Available": "True", "Progressing": "True", "ReplicaFailure": "False"}


def workload(
    client: ClusterClient,
    service: Service,
    now: datetime,
    timeframe: float = 4 * 3600.0,
    snapshot: ClusterSnapshot | None = None,
) -> WorkloadState:
    """The state of the service's workload. ``timeframe`` is how many seconds back events are looked for.

    What can't be read besides the workload and its pods becomes a note. Raises ClusterError: ObjectNotFound when there is no such workload.
    """
    shared = snapshot or ClusterSnapshot(client, service, Deadline(client.timeout))
    found = shared.workload()
    notes: list[str] = []
    listed = shared.pods()
    if listed.cut:
        notes.append(f"pods: only the first {len(listed.found)} were read")
    usage = _usage(shared, notes)
    pods = [pod_from(pod, now, service.container, usage.get(name_of(pod))) for pod in listed.found]
    if len(pods) > MAX_PODS:
        notes.append(f"pods: {MAX_PODS} of {len(pods)} are described, those in trouble first")
        pods = sorted(pods, key=_trouble_first)[:MAX_PODS]
    scaler = _read(shared.autoscaler, "autoscaler", notes)
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    version, image = template_version(mapping(spec.get("template")), service.container)
    desired, ready, updated, unavailable = _counts(service.workload_kind, spec, status)
    return WorkloadState(
        kind=service.workload_kind,
        name=service.workload,
        namespace=service.namespace,
        desired=desired,
        ready=ready,
        updated=updated,
        unavailable=unavailable,
        version=version,
        paused=bool(spec.get("paused")),
        pods=tuple(sorted(pods, key=lambda pod: (pod.created_at, pod.name))),
        events=_events(shared, service, name_of(scaler) if scaler else None, now - timedelta(seconds=timeframe), notes),
        autoscaler=_autoscaler(scaler) if scaler else None,
        image=image,
        conditions=_conditions(status),
        notes=tuple(notes),
    )


def _trouble_first(pod: Pod) -> tuple[bool, float]:
    return pod.ready, -pod.created_at.timestamp()


def _usage(shared: ClusterSnapshot, notes: list[str]) -> Mapping[str, Usage]:
    try:
        return {name_of(entry): usage_from(entry) for entry in shared.pod_metrics().found}
    except ObjectNotFound:
        notes.append("usage: metrics.k8s.io is not served; install metrics-server to see it")
    except SourceUnavailableError as error:
        notes.append(f"usage: {error.message}")
    return {}


def _events(shared: ClusterSnapshot, service: Service, scaler: str | None, since: datetime, notes: list[str]) -> tuple[ClusterEvent, ...]:
    listed = _read(shared.events, "events", notes)
    if listed is None:
        return ()
    if listed.cut:
        notes.append(f"events: the namespace has more than the {len(listed.found)} that were read")
    revisions = _read(shared.revisions, "revisions", notes) or Listed(())
    owner = (service.workload_kind.value, service.workload)
    return events_of(listed.found, owner, (name_of(entry) for entry in revisions.found), scaler, since)


def _read(read: Callable[[], T], what: str, notes: list[str]) -> T | None:
    """What ``read`` returns; None with a note when it can't be had."""
    try:
        return read()
    except SourceUnavailableError as error:
        notes.append(f"{what}: {error.message}")
    return None


def _counts(kind: WorkloadKind, spec: Object, status: Object) -> tuple[int, int, int, int]:
    """Desired, ready, updated and unavailable pods."""
    if kind is WorkloadKind.DAEMON_SET:
        desired = count(status.get("desiredNumberScheduled"))
        ready, updated = count(status.get("numberReady")), count(status.get("updatedNumberScheduled"))
        return desired, ready, updated, count(status.get("numberUnavailable"))
    replicas = spec.get("replicas")
    desired = 1 if replicas is None else count(replicas)
    ready, updated = count(status.get("readyReplicas")), count(status.get("updatedReplicas"))
    return desired, ready, updated, max(desired - count(status.get("availableReplicas")), 0)


def _conditions(status: Object) -> tuple[str, ...]:
    """Conditions that are not as they should be."""
    wrong = []
    for entry in sequence(status.get("conditions")):
        kind, state = str(entry.get("type")), str(entry.get("status"))
        if state != _SHOULD_BE.get(kind, state):
            wrong.append(f"{kind}={state} ({entry.get('reason')}): {excerpt(str(entry.get('message') or ''), 300)}")
    return tuple(wrong)


def _autoscaler(found: Object) -> Autoscaler:
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    return Autoscaler(
        name=name_of(found),
        min_replicas=count(spec.get("minReplicas")) or 1,
        max_replicas=count(spec.get("maxReplicas")),
        current_replicas=count(status.get("currentReplicas")),
        desired_replicas=count(status.get("desiredReplicas")),
    )
