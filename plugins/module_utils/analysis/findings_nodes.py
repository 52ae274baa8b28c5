# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the nodes that the pods run on: how they are, and what happened to them a moment ago."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.service import WorkloadKind
from ..model.surroundings import Node
from ..model.workload import ClusterEvent, WorkloadState
from ..units import format_duration
from .wording import plural

_MOST = 3
_LATELY = timedelta(minutes=30)
_WAS_AWAY = timedelta(minutes=15)
"""Within which it matters that a node was away that is back: by then its pods are up again, or say themselves that they are not."""
_AWAY = frozenset({"NodeNotReady", "Rebooted"})
_TROUBLE: tuple[tuple[str, str | None, str], ...] = (
    ("SystemOOM|OOMKilling", None, "ran out of memory"),
    ("NodeNotReady", "Ready", "was not ready"),
    ("Rebooted", None, "was rebooted"),
    ("EvictionThresholdMet", "Pressure", "ran short and takes pods away"),
    ("NodeHasDiskPressure|FreeDiskSpaceFailed|ImageGCFailed|ContainerGCFailed", "DiskPressure", "was short of disk space"),
    ("NodeHasInsufficientMemory", "MemoryPressure", "was short of memory"),
    ("NodeHasInsufficientPID", "PIDPressure", "was short of process ids"),
    (r".*(?:Shutdown|Preempt|Interrupt|Terminat|Reboot|Freeze).*", None, "is about to be taken away"),
    (r".*(?:Oops|Hung|Deadlock|Read-?only|Corrupt|Unhealthy|Unregister|Down|XID|Xid).*", None, "had trouble"),
)
"""Reasons of events about nodes, the condition that says the same while it lasts, and what happened.

Of the kubelet (pkg/kubelet/events), node-problem-detector (its ``config/``) and the clouds' handlers of interruptions. What else is said
there (``InvalidDiskCapacity`` at every start) harms nobody.
"""


_PRESSURES = {
    "MemoryPressure": "Its kubelet takes pods away until there is memory again, those above their request first",
    "DiskPressure": "Its kubelet removes images and takes pods away until there is room on its disk again",
    "PIDPressure": "Its process ids run out: its kubelet takes pods away, and programs can't start processes or threads",
    "NetworkUnavailable": "Its network is not set up: its pods can't be reached from other nodes",
}
"""What follows of a condition that comes without a message.

https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
"""


def node_findings(state: WorkloadState, now: datetime) -> Iterator[Finding]:
    nodes = state.surroundings.nodes
    for node in [one for one in nodes if one.problems or one.deleted or not one.schedulable][:_MOST]:
        yield from _as_it_is(node, state)
    told = [(node, event, what) for node in nodes for event in state.events if (what := _lately(node, event, now))]
    told.sort(key=lambda each: each[1].last_seen, reverse=True)
    seen = {(node.name, what): (node, event, what) for node, event, what in reversed(told)}
    for node, event, what in list(seen.values())[::-1][:_MOST]:
        ago = format_duration(max((now - event.last_seen).total_seconds(), 0.0))
        title = f"Node {node.name}, which runs {plural(node.pods, 'pod')}, {what} {ago} ago ({event.reason})"
        yield _finding(Level.WARNING, title, f"{event.message} ({plural(event.count, 'time')})", event.first_seen)


def _as_it_is(node: Node, state: WorkloadState) -> Iterator[Finding]:
    runs = f"Node {node.name}, which runs {plural(node.pods, 'pod')},"
    level = Level.CRITICAL if 2 * node.pods >= max(state.desired, 1) else Level.WARNING
    if node.deleted:
        yield _finding(level, f"{runs} is not there any more")
        return
    for one in node.problems:
        if one.type == "Ready":
            reason = f", {one.reason}" if one.reason else ""
            yield _finding(level, f"{runs} is not ready (NotReady{reason})", one.message, one.since)
    for one in node.problems:
        if one.type != "Ready":
            means = one.message or _PRESSURES.get(one.type)
            what = one.type if one.status == "True" else f"{one.type}={one.status}"
            yield _finding(Level.WARNING, f"{runs} has {what}" + (f" ({one.reason})" if one.reason else ""), means)
    # The pods of a DaemonSet are made on cordoned nodes as well, and no drain takes them away.
    if not node.schedulable and state.kind is not WorkloadKind.DAEMON_SET:
        yield _finding(Level.WARNING, f"{runs} is cordoned (SchedulingDisabled)", "No new pods are placed there; a drain may follow")


def _lately(node: Node, event: ClusterEvent, now: datetime) -> str | None:
    """What an event says has happened to the node lately; None where it says nothing, or what a condition says still."""
    if event.object_kind != "Node" or event.object_name != node.name:
        return None
    for reasons, condition, what in _TROUBLE:
        if re.fullmatch(reasons, event.reason):
            lasts = condition is not None and any(_is_of(one.type, condition) for one in node.problems)
            recent = now - event.last_seen < (_WAS_AWAY if event.reason in _AWAY else _LATELY)
            return what if recent and not lasts else None
    return None


def _is_of(told: str, condition: str) -> bool:
    return told == condition or (condition == "Pressure" and told.endswith(condition))


def _finding(level: Level, title: str, detail: str | None = None, since: datetime | None = None) -> Finding:
    return Finding("workload.node", Source.WORKLOAD, level, title, detail, since=since)
