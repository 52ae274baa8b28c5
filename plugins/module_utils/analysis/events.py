# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline as the sources saw it, in order and without repeats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from ..model.diagnostics import Diagnostics
from ..model.event import Event, EventKind
from ..model.metrics import Shape, Signal
from ..model.workload import ClusterEvent, WorkloadState
from .signals import worsening
from .stability import rolled_back_to
from .wording import handle, plural, signal_baseline, signal_value, version_of

_KUBERNETES, _PROMETHEUS, _LOGS = "kubernetes", "prometheus", "logs"

_WORTH_A_LINE = 1.25
"""Multiple of the baseline from which a signal's onset is an event."""
_SHOWN_LOG_LEVELS = frozenset({"FATAL", "ERROR", "WARN"})
_MOST_LOG_EVENTS = 5

_FIRST_FAILURE = {
    "Unhealthy": "First pod failed health check",
    "BackOff": "First pod crashed and is backed off",
    "OOMKilling": "First pod exceeded its memory limit",
    "Failed": "First pod could not be started",
    "FailedScheduling": "First pod could not be scheduled",
    "Evicted": "First pod was evicted",
    "FailedMount": "First pod could not mount its volume",
    "FailedCreate": "First pod could not be created",
}
"""Reasons of the kubelet's, scheduler's and controllers' warnings (pkg/kubelet/events, pkg/scheduler in kubernetes/kubernetes)."""
_NEW_SIZE = re.compile(r"^New size: (\d+)")
_SCALED = re.compile(r"^Scaled (?:up|down) replica set \S+ from (\d+) to (\d+)")


def events(diagnostics: Diagnostics) -> tuple[Event, ...]:
    """Deployments, first failures, scaling, onsets and first log lines within the timeframe, oldest first."""
    since = diagnostics.collected_at - timedelta(seconds=diagnostics.timeframe)
    found = [*_deployments(diagnostics), *_cluster(diagnostics), *_onsets(diagnostics), *_first_logs(diagnostics)]
    within = sorted((event for event in found if event.at >= since), key=lambda event: event.at)
    unique: dict[tuple[str, str], Event] = {}
    for event in within:
        unique.setdefault((event.title, event.detail or ""), event)
    return tuple(unique.values())


def _deployments(diagnostics: Diagnostics) -> Iterator[Event]:
    rollouts = diagnostics.rollouts.data
    # Times are whole seconds: of two in the same one, the number tells which came first.
    for revision in sorted(rollouts.revisions if rollouts else (), key=lambda one: one.number):
        if revision.active_from is None:
            continue
        what = (
            f"Rolled back to {version_of(revision)}"
            if rollouts and rolled_back_to(revision, rollouts)
            else f"Deployment {version_of(revision)} started"
        )
        actor = handle(revision.author) if revision.author else None
        yield Event(revision.active_from, EventKind.DEPLOYMENT, _KUBERNETES, what, revision.cause, actor)


def _cluster(diagnostics: Diagnostics) -> Iterator[Event]:
    state = diagnostics.workload.data
    if state is None:
        return
    yield from _failures(state)
    yield from _scaling(state)
    yield from _surroundings(state)


def _failures(state: WorkloadState) -> Iterator[Event]:
    for reason, title in _FIRST_FAILURE.items():
        seen = [event for event in state.events if event.reason == reason and event.object_kind in ("Pod", "ReplicaSet", "StatefulSet")]
        if seen:
            first = min(seen, key=lambda event: event.first_seen)
            total = sum(event.count for event in seen)
            detail = f"{first.object_name}: {first.message}" + (f" ({total} times since)" if total > 1 else "")
            yield Event(first.first_seen, EventKind.CLUSTER, _KUBERNETES, title, detail)
    startup = [event for event in state.events if event.reason == "Unhealthy" and event.message.startswith("Startup probe failed")]
    if startup:
        first = min(startup, key=lambda event: event.first_seen)
        times = plural(sum(event.count for event in startup), "time")
        yield Event(first.first_seen, EventKind.CLUSTER, _KUBERNETES, "New pods failing startup", f"{first.message} ({times})")


def _surroundings(state: WorkloadState) -> Iterator[Event]:
    """Configuration that was written, nodes that went away, and what else happened to them."""
    for change in state.surroundings.changes:
        what = "created" if change.created else "changed"
        yield Event(
            change.at, EventKind.CLUSTER, _KUBERNETES, f"{change.kind} {change.name} {what}", f"by {change.by}" if change.by else None
        )
    for node in state.surroundings.nodes:
        for one in node.problems:
            if one.since is not None:
                title = f"Node {node.name} not ready" if one.type == "Ready" else f"Node {node.name}: {one.type}"
                yield Event(one.since, EventKind.CLUSTER, _KUBERNETES, title, one.message)
    for event in state.events:
        if event.object_kind == "Node":
            yield Event(event.first_seen, EventKind.CLUSTER, _KUBERNETES, f"Node {event.object_name}: {event.reason}", event.message)


def _scaling(state: WorkloadState) -> Iterator[Event]:
    for event in state.events:
        size = _NEW_SIZE.match(event.message) if event.object_kind == "HorizontalPodAutoscaler" else None
        if size is None:
            continue
        from_size = _size_before(event, int(size[1]), state)
        steps = f"{from_size} → {size[1]} pods" if from_size is not None else f"to {plural(int(size[1]), 'pod')}"
        yield Event(event.first_seen, EventKind.CLUSTER, _KUBERNETES, f"Auto-scaling triggered ({steps})", event.message)


def _size_before(rescale: ClusterEvent, size: int, state: WorkloadState) -> int | None:
    """How many pods there were, by what the workload's controller said when it carried the rescale out."""
    for event in state.events:
        scaled = _SCALED.match(event.message)
        if scaled and int(scaled[2]) == size and abs(event.first_seen - rescale.first_seen) <= timedelta(seconds=15):
            return int(scaled[1])
    return None


def _onsets(diagnostics: Diagnostics) -> Iterator[Event]:
    metrics = diagnostics.metrics.data
    for signal in metrics.signals if metrics else ():
        worse = worsening(signal)
        if signal.onset is None or signal.value is None or signal.baseline is None or worse is None or signal.shape is Shape.UNKNOWN:
            continue
        if worse >= _WORTH_A_LINE or worse <= 1 / _WORTH_A_LINE:
            yield Event(signal.onset, EventKind.METRIC, _PROMETHEUS, _onset_title(signal, signal.value, signal.baseline))


def _onset_title(signal: Signal, value: float, baseline: float) -> str:
    up = value >= baseline
    verb = {Shape.SUDDEN: "spiked" if up else "dropped", Shape.GRADUAL: "began to rise" if up else "began to fall"}[signal.shape]
    return f"{signal.title} {verb} {signal_baseline(signal)} → {signal_value(signal)}"


def _first_logs(diagnostics: Diagnostics) -> Iterator[Event]:
    logs = diagnostics.logs.data
    if logs is None:
        return
    window_start: datetime = diagnostics.logs.collected_at - timedelta(seconds=0.98 * logs.window)
    shown = [pattern for pattern in logs.patterns if pattern.level in _SHOWN_LOG_LEVELS]
    for pattern in shown[:_MOST_LOG_EVENTS]:
        # What is there from the first line on began before the window, at a time that nobody knows.
        if pattern.first_seen is not None and pattern.first_seen > window_start:
            yield Event(
                pattern.first_seen, EventKind.LOG, _LOGS, f"First {pattern.level}: {pattern.template}", plural(pattern.count, "occurrence")
            )
