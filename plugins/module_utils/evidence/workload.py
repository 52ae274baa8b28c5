# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload behind a service: its pods and why they fail, its events, usage and autoscaler, and what is around it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ObjectNotFound
from ..concurrency import Deadline
from ..errors import SourceUnavailableError
from ..model.service import Service, WorkloadKind
from ..model.surroundings import Condition
from ..model.workload import ClusterEvent, Pod, WorkloadState
from .controllers import first_missing, held_back_by, max_unavailable, pod_counts, rolling_out, unobserved_for, waits_at
from .events import events_of, node_events, warnings_by_pod
from .foundations import autoscaler_from, conditions_of, target_is_missing
from .injected import not_injected
from .neighbourhood import Neighbourhood
from .objects import Object, controller_of, count, mapping, metadata, moment, name_of, template_version
from .pods import Usage, pod_from, usage_from
from .snapshot import ClusterSnapshot, Listed
from .surroundings import look_around

T = TypeVar("T")

MAX_PODS = 100
"""Pods that are described one by one, those in trouble first; all are counted."""
_CREATING = frozenset({"Pending", "ContainerCreating", "PodInitializing"})

_SHOULD_BE = {"Available": "True", "Progressing": "True", "ReplicaFailure": "False"}
_PULL_TIME = 300.0
"""Seconds that a pod of a rollout may take to be created before that says anything: images have to be pulled."""


def workload(
    client: ClusterClient,
    service: Service,
    now: datetime,
    timeframe: float = 4 * 3600.0,
    snapshot: ClusterSnapshot | None = None,
    deadline: Deadline | None = None,
) -> WorkloadState:
    """The state of the service's workload. ``timeframe`` is how many seconds back events are looked for, ``deadline`` ends every wait.

    What can't be read besides the workload and its pods becomes a note. Raises ClusterError: ObjectNotFound when there is no such workload.
    """
    limit = deadline or Deadline(client.timeout)
    shared = snapshot or ClusterSnapshot(client, service, limit)
    around = Neighbourhood(client, service.namespace, limit)
    kind, since = service.workload_kind, now - timedelta(seconds=timeframe)
    found = shared.workload()
    notes: list[str] = []
    listed = shared.pods()
    if listed.cut:
        notes.append(f"pods: only the first {len(listed.found)} were read")
    conditions = conditions_of(found)
    goes_on = rolling_out(found, kind, conditions)
    pods = _pods(shared, service, now, since, goes_on, notes)
    scaler = _read(shared.autoscaler, "autoscaler", notes)
    seen = look_around(found, listed.found, shared, around, since)
    spec = mapping(found.get("spec"))
    version, image = template_version(mapping(spec.get("template")), service.container)
    desired, ready, updated, unavailable = pod_counts(kind, found)
    of_nodes = node_events(around.listed("node events") or (), {node.name for node in seen.surroundings.nodes}, since)
    told = _events(shared, service, name_of(scaler) if scaler else None, since, seen.related, notes)
    events = tuple(sorted((*told, *of_nodes), key=lambda event: (event.first_seen, event.last_seen)))
    return WorkloadState(
        kind=kind,
        name=service.workload,
        namespace=service.namespace,
        desired=desired,
        ready=ready,
        updated=updated,
        unavailable=unavailable,
        version=version,
        paused=bool(spec.get("paused")),
        pods=pods,
        events=events,
        autoscaler=autoscaler_from(scaler, target_is_missing(scaler), _as_admitted(listed.found, spec)) if scaler else None,
        image=image,
        conditions=_wrong(conditions),
        notes=(*notes, *around.notes()),
        status=conditions,
        rolling_out=goes_on,
        max_unavailable=max_unavailable(found, kind),
        unobserved_for=unobserved_for(found, now),
        misscheduled=count(mapping(found.get("status")).get("numberMisscheduled")),
        waits_at=waits_at(found, listed.found) if kind is WorkloadKind.STATEFUL_SET else None,
        name_taken=_taken(shared, service, first_missing(found, listed.found)) if kind is WorkloadKind.STATEFUL_SET else None,
        not_injected=not_injected(mapping(spec.get("template")), listed.found),
        headless_missing=seen.headless_missing,
        missing_classes=seen.missing_classes,
        deleted_at=moment(metadata(found).get("deletionTimestamp")),
        held_back_by=held_back_by(found, kind),
        surroundings=seen.surroundings,
    )


def _pods(shared: ClusterSnapshot, service: Service, now: datetime, since: datetime, goes_on: bool, notes: list[str]) -> tuple[Pod, ...]:
    listed = shared.pods().found
    usage = _usage(shared, notes)
    try:
        warnings = warnings_by_pod(shared.events_about(listed), listed, since)
    except SourceUnavailableError:
        warnings = {}  # said where the events themselves are read
    pods = [pod_from(pod, now, service.container, usage.get(name_of(pod)), warnings.get(name_of(pod), ())) for pod in listed]
    if goes_on:
        pods = [replace(pod, startup_time=max(pod.startup_time, _PULL_TIME)) if pod.reason in _CREATING else pod for pod in pods]
    if len(pods) > MAX_PODS:
        notes.append(f"pods: {MAX_PODS} of {len(pods)} are described, those in trouble first")
        pods = sorted(pods, key=_trouble_first)[:MAX_PODS]
    return tuple(sorted(pods, key=lambda pod: (pod.created_at, pod.name)))


def _as_admitted(pods: Sequence[Object], spec: Object) -> Object:
    """A pod as it was admitted, with the defaults of LimitRanges and what webhooks put in; the template where there is no pod."""
    return next((pod for pod in pods if mapping(pod.get("status")).get("phase") == "Running"), mapping(spec.get("template")))


def _taken(shared: ClusterSnapshot, service: Service, missing: str | None) -> str | None:
    """``missing``, where a pod of that name is there all the same: its controller does not say that it is in the way."""
    if missing is None:
        return None
    try:
        there = shared.get(f"/api/v1/namespaces/{service.namespace}/pods/{quote(missing, safe='')}")
    except SourceUnavailableError:
        return None
    return missing if controller_of(there).get("name") != service.workload else None


def _trouble_first(pod: Pod) -> tuple[bool, bool, float]:
    return pod.phase in ("Failed", "Succeeded"), pod.ready, -pod.created_at.timestamp()


def _usage(shared: ClusterSnapshot, notes: list[str]) -> Mapping[str, Usage]:
    try:
        return {name_of(entry): usage_from(entry) for entry in shared.pod_metrics().found}
    except ObjectNotFound:
        notes.append("usage: metrics.k8s.io is not served; install metrics-server to see it")
    except SourceUnavailableError as error:
        notes.append(f"usage: {error.message}")
    return {}


def _events(
    shared: ClusterSnapshot,
    service: Service,
    scaler: str | None,
    since: datetime,
    related: Collection[tuple[str, str]],
    notes: list[str],
) -> tuple[ClusterEvent, ...]:
    listed = _read(shared.events, "events", notes)
    if listed is None:
        return ()
    if listed.cut:
        notes.append(f"events: the namespace has more than the {len(listed.found)} that were read")
    revisions = _read(shared.revisions, "revisions", notes) or Listed(())
    owner = (service.workload_kind.value, service.workload)
    return events_of(listed.found, owner, (name_of(entry) for entry in revisions.found), scaler, since, related)


def _read(read: Callable[[], T], what: str, notes: list[str]) -> T | None:
    """What ``read`` returns; None with a note when it can't be had."""
    try:
        return read()
    except SourceUnavailableError as error:
        notes.append(f"{what}: {error.message}")
    return None


def _wrong(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Conditions that are not as they should be."""
    return tuple(
        f"{one.type}={one.status} ({one.reason}): {excerpt(one.message or '', 300)}"
        for one in conditions
        if one.status != _SHOULD_BE.get(one.type, one.status)
    )
