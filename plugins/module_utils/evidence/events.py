# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes events of a workload and of what belongs to it; repeats become one entry with a count."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from ..clients.answers import excerpt
from ..model.workload import DONE_AFTER_ALL, ClusterEvent, PodWarning
from .objects import Object, count, mapping, metadata, moment, name_of

MAX_EVENTS = 60
MAX_WARNINGS = 4
"""About one pod."""

MAX_NODE_EVENTS = 20
_NODE_TROUBLE = frozenset({"NodeNotReady", "NodeHasDiskPressure", "NodeHasInsufficientMemory", "NodeHasInsufficientPID", "Shutdown"})
"""Of type Normal all the same (pkg/kubelet/events, pkg/controller/nodelifecycle)."""

_VARIABLE = re.compile(r"\b(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{12,})\b")


def event_from(found: Object) -> ClusterEvent | None:
    """One event of either API; None when it carries no time at all.

    core/v1 fills ``firstTimestamp``, ``lastTimestamp`` and ``count``; events.k8s.io fills ``eventTime`` and ``series``.
    """
    series = mapping(found.get("series"))
    event_time = moment(found.get("eventTime"))
    first = (
        moment(found.get("firstTimestamp"))
        or moment(found.get("deprecatedFirstTimestamp"))
        or event_time
        or moment(metadata(found).get("creationTimestamp"))
    )
    last = (
        moment(found.get("lastTimestamp"))
        or moment(found.get("deprecatedLastTimestamp"))
        or moment(series.get("lastObservedTime"))
        or event_time
        or first
    )
    if first is None or last is None:
        return None
    subject = _subject(found)
    return ClusterEvent(
        first_seen=first,
        last_seen=max(first, moment(series.get("lastObservedTime")) or last),
        type=str(found.get("type") or "Normal"),
        reason=str(found.get("reason") or ""),
        object_kind=str(subject.get("kind") or ""),
        object_name=str(subject.get("name") or ""),
        message=excerpt(str(found.get("message") or found.get("note") or ""), 400),
        count=max(1, count(found.get("count")), count(found.get("deprecatedCount")), count(series.get("count"))),
    )


def events_of(
    found: Iterable[Object],
    workload: tuple[str, str],
    revisions: Iterable[str],
    autoscaler: str | None,
    since: datetime,
    related: Collection[tuple[str, str]] = (),
) -> tuple[ClusterEvent, ...]:
    """Events of ``workload`` (kind, name), of its ``revisions`` (names of ReplicaSets), pods and autoscaler, last seen after ``since``.

    Of what is ``related`` (kind, name) to it, only warnings, and the newest event that says that what failed went well. Grouped, oldest
    first, at most MAX_EVENTS of which warnings and the workload's own go first.
    """
    sets = frozenset(revisions)
    about_it = [(raw, own) for raw in found if (own := _belongs(about := _named(raw), workload, sets, autoscaler)) or about in related]
    events = [(event, own) for raw, own in about_it if (event := event_from(raw)) and event.last_seen >= since]
    around = [event for event, own in events if not own]
    warnings = [event for event in around if event.type != "Normal"]
    ours = [event for event, own in events if own]
    grouped = list(_grouped([*ours, *warnings, *_done_after_all(around, warnings)]))
    kept = sorted(grouped, key=lambda event: (event.object_kind == "Pod" and event.type == "Normal", -event.last_seen.timestamp()))
    return tuple(sorted(kept[:MAX_EVENTS], key=lambda event: (event.first_seen, event.last_seen)))


def _done_after_all(around: Iterable[ClusterEvent], warnings: Iterable[ClusterEvent]) -> Iterable[ClusterEvent]:
    """The newest event that something went well, of each object that a warning is about."""
    warned = {(event.object_kind, event.object_name) for event in warnings}
    done = [event for event in around if event.reason in DONE_AFTER_ALL and (event.object_kind, event.object_name) in warned]
    return {(event.object_kind, event.object_name): event for event in sorted(done, key=lambda event: event.last_seen)}.values()


def node_events(found: Iterable[Object], nodes: Collection[str], since: datetime) -> tuple[ClusterEvent, ...]:
    """What went wrong with these ``nodes`` after ``since``: warnings, and what the node's own components call normal though it is not.

    Grouped, oldest first, at most MAX_NODE_EVENTS, the newest ones.
    """
    events = [
        event
        for event in map(event_from, found)
        if event
        and event.last_seen >= since
        and event.object_kind == "Node"
        and event.object_name in nodes
        and (event.type != "Normal" or event.reason in _NODE_TROUBLE)
    ]
    newest = sorted(_grouped(events), key=lambda event: event.last_seen)[-MAX_NODE_EVENTS:]
    return tuple(sorted(newest, key=lambda event: event.first_seen))


def warnings_by_pod(found: Iterable[Object], pods: Iterable[Object], since: datetime) -> Mapping[str, tuple[PodWarning, ...]]:
    """The warnings about each of these pods by its name, newest first; events of an earlier pod of the same name are not its own."""
    uids = {name_of(pod): metadata(pod).get("uid") for pod in pods}
    warnings: dict[str, list[PodWarning]] = {}
    for raw in found:
        if _is_normal(raw):
            continue
        kind, name = _named(raw)
        event = event_from(raw) if kind == "Pod" and name in uids else None
        if event is not None and event.last_seen >= since and _subject(raw).get("uid") in (None, "", uids[name]):
            told = PodWarning(event.reason, event.message, event.count, event.first_seen, event.last_seen)
            warnings.setdefault(event.object_name, []).append(told)
    newest_first = {name: sorted(told, key=lambda one: one.last_seen, reverse=True) for name, told in warnings.items()}
    return {name: _one_of_each(told) for name, told in newest_first.items()}


def _one_of_each(warnings: list[PodWarning]) -> tuple[PodWarning, ...]:
    """The newest of each reason and kind of message: a probe of one kind does not hide that of another."""
    kept: dict[tuple[str, str], PodWarning] = {}
    for warning in warnings:
        kept.setdefault((warning.reason, warning.message.partition(":")[0]), warning)
    return tuple(kept.values())[:MAX_WARNINGS]


def _subject(found: Object) -> Object:
    """What the event is about, in either API."""
    return mapping(found.get("involvedObject")) or mapping(found.get("regarding"))


def _named(found: Object) -> tuple[str, str]:
    """Kind and name of what the event is about. Told before an event is read, since most are about something else."""
    subject = _subject(found)
    return str(subject.get("kind") or ""), str(subject.get("name") or "")


def _is_normal(found: Object) -> bool:
    return str(found.get("type") or "Normal") == "Normal"


def _belongs(about: tuple[str, str], workload: tuple[str, str], revisions: frozenset[str], autoscaler: str | None) -> bool:
    kind, name = about
    if about == workload:
        return True
    if kind == "HorizontalPodAutoscaler":
        return name == (autoscaler or workload[1])
    if kind == "ReplicaSet":
        return name in revisions
    if kind == "Pod":
        made_by = name.rpartition("-")[0]
        return made_by in revisions if workload[0] == "Deployment" else made_by == workload[1]
    return False


def _grouped(events: Iterable[ClusterEvent]) -> Iterable[ClusterEvent]:
    groups: dict[tuple[str, ...], list[ClusterEvent]] = {}
    for event in events:
        message = event.message.replace(event.object_name, "<pod>") if event.object_kind == "Pod" else event.message
        made_by = event.object_name.rpartition("-")[0] if event.object_kind == "Pod" else event.object_name
        groups.setdefault((event.type, event.reason, event.object_kind, made_by, _VARIABLE.sub("<*>", message)), []).append(event)
    for group in groups.values():
        first = min(group, key=lambda event: event.first_seen)
        yield ClusterEvent(
            first_seen=first.first_seen,
            last_seen=max(event.last_seen for event in group),
            type=first.type,
            reason=first.reason,
            object_kind=first.object_kind,
            object_name=first.object_name,
            message=first.message,
            count=sum(event.count for event in group),
        )
