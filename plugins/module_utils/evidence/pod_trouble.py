# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a pod is not well: the one reason, of all that its status says, that explains the most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..clients.answers import excerpt
from ..lean import dataclass
from ..model.workload import NOT_ENDED, NOT_STARTED
from .objects import Object, count, mapping, metadata, moment, sequence

BACK_OFF_RESET = timedelta(minutes=10)
"""The kubelet forgets a container's crashes after it ran this long; until then it is in its crash loop, also while it runs.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
"""

_INITIALIZING = 7
"""The rank of an init container that the others wait for."""
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True)
class Container:
    """A container's status. ``sidecar`` is an init container that goes on running beside the others."""

    status: Mapping[str, Any]
    init: bool
    sidecar: bool

    @property
    def name(self) -> str:
        return str(self.status.get("name") or "")


@dataclass(frozen=True, slots=True)
class Trouble:
    """``rank`` orders what is wrong with the containers of a pod: the lowest explains the most."""

    rank: int
    reason: str
    message: str | None = None
    exit_code: int | None = None
    container: Container | None = None


def containers_of(found: Object) -> list[Container]:
    """The statuses of a pod's containers, without init containers that ended well."""
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    always = {str(one.get("name")) for one in map(mapping, sequence(spec.get("initContainers"))) if one.get("restartPolicy") == "Always"}
    containers = []
    for key in ("initContainerStatuses", "containerStatuses"):
        for entry in map(mapping, sequence(status.get(key))):
            init = key == "initContainerStatuses"
            done = mapping(mapping(entry.get("state")).get("terminated")).get("exitCode") == 0
            if not (init and done):
                containers.append(Container(entry, init, init and str(entry.get("name")) in always))
    return containers


def trouble_of(found: Object, containers: Sequence[Container], now: datetime) -> Trouble:
    """What is wrong with a pod that is not ready, or on its way out."""
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    if metadata(found).get("deletionTimestamp"):
        return Trouble(0, "Terminating")
    if status.get("reason"):  # Evicted, NodeLost, Preempting …
        return Trouble(0, str(status["reason"]), text(status.get("message")))
    conditions = {str(mapping(entry).get("type")): mapping(entry) for entry in sequence(status.get("conditions"))}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return Trouble(0, str(scheduled.get("reason") or "Unschedulable"), text(scheduled.get("message")))
    if not scheduled and not spec.get("nodeName") and status.get("phase") == "Pending":
        scheduler = spec.get("schedulerName") or "default-scheduler"
        return Trouble(0, "Pending", text(f"no scheduler has looked at it: see whether {scheduler} runs, which its schedulerName asks for"))
    restarts_always = spec.get("restartPolicy", "Always") == "Always"
    troubles = [trouble for one in containers if (trouble := _container_trouble(one, restarts_always, now))]
    if any(not one.init and mapping(one.status.get("state")).get("running") for one in containers):
        troubles = [trouble for trouble in troubles if trouble.rank != _INITIALIZING]  # the others did not wait for it
    if troubles:
        return min(troubles, key=lambda trouble: trouble.rank)
    gates = _closed_gates(spec, conditions)
    if gates and conditions.get("ContainersReady", {}).get("status") == "True":
        told = ": ".join(str(part) for key in ("reason", "message") if (part := conditions.get(gates[0], {}).get(key)))
        said = f" ({told})" if told else ""
        return Trouble(6, "ReadinessGatesNotReady", text(f"readiness gate {', '.join(gates)} is not True{said}"))
    not_ready = conditions.get("Ready", {})
    fallback = "ContainersNotReady" if status.get("phase") == "Running" else status.get("phase") or "Unknown"
    return Trouble(9, str(not_ready.get("reason") or fallback), text(not_ready.get("message")))


def last_end(container: Container) -> Mapping[str, Any] | None:
    """How the container's newest run that is over ended."""
    status = container.status
    ended = mapping(mapping(status.get("state")).get("terminated")) or mapping(mapping(status.get("lastState")).get("terminated"))
    return ended or None


def text(value: Any) -> str | None:
    return excerpt(value, 400) if isinstance(value, str) and value else None


def _closed_gates(spec: Object, conditions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    gates = [str(mapping(gate).get("conditionType")) for gate in sequence(spec.get("readinessGates"))]
    return [gate for gate in gates if conditions.get(gate, {}).get("status") != "True"]


def _container_trouble(container: Container, restarts_always: bool, now: datetime) -> Trouble | None:
    """What is wrong with one container; None when it runs and is ready, or ended well."""
    entry = container.status
    state = mapping(entry.get("state"))
    last = mapping(mapping(entry.get("lastState")).get("terminated"))
    ended = mapping(state.get("terminated")) or last
    waiting = mapping(state.get("waiting"))
    crashed = bool(ended) and ended.get("exitCode") != 0
    code = ended.get("exitCode")
    if crashed and ended.get("reason") == "OOMKilled" and not entry.get("ready") and _still(ended, waiting, state, now):
        return Trouble(1, "OOMKilled", text(f"container {container.name} exceeded its memory limit"), code, container)
    if waiting:
        reason = str(waiting.get("reason") or "Waiting")
        rank = 8 if reason in _STARTING else 2
        said = _last_words(container.name, last) if reason == "CrashLoopBackOff" else None
        return Trouble(rank, reason, said or text(waiting.get("message")), code, container)
    if crashed and restarts_always and count(entry.get("restartCount")) and not entry.get("ready") and _recent(ended, now):
        return Trouble(3, "CrashLoopBackOff", _ending(container.name, ended), code, container)
    if mapping(state.get("terminated")) and crashed:
        return Trouble(4, str(ended.get("reason") or "Error"), _ending(container.name, ended), code, container)
    if mapping(state.get("terminated")) and not container.init and restarts_always:
        return Trouble(5, str(ended.get("reason") or "Completed"), _ending(container.name, ended), code, container)
    if container.init and mapping(state.get("running")) and (not container.sidecar or entry.get("started") is False):
        since = moment(mapping(state.get("running")).get("startedAt"))
        running = f" since {since:%Y-%m-%d %H:%M:%SZ}" if since else ""
        awaited = NOT_STARTED if container.sidecar else NOT_ENDED
        return Trouble(_INITIALIZING, "PodInitializing", f"init container {container.name} runs{running} and {awaited}", None, container)
    return None


def _still(ended: Mapping[str, Any], waiting: Object, state: Object, now: datetime) -> bool:
    """Whether that end is what keeps the container from being ready: it waits or is over, or began again just now."""
    return bool(waiting or state.get("terminated")) or not ended.get("finishedAt") or _recent(ended, now)


def _recent(ended: Mapping[str, Any], now: datetime) -> bool:
    at = moment(ended.get("finishedAt"))
    return at is not None and now - at < BACK_OFF_RESET


def _last_words(name: str, ended: Mapping[str, Any]) -> str | None:
    """What a container that is backed off left behind (its termination message, or why it could not start); None where that is nothing."""
    telling = ended.get("message") or ended.get("reason") not in (None, "Error", "Completed")
    return _ending(name, ended) if telling else None


def _ending(name: str, ended: Mapping[str, Any]) -> str | None:
    said = ": ".join(str(ended[key]) for key in ("reason", "message") if ended.get(key) and ended[key] != "Error") or ended.get("reason")
    return text(f"container {name} exited with {ended.get('exitCode')}: {said or ''}")
