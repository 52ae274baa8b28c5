# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pod, and the reason that explains its state best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..clients.answers import excerpt
from ..model.workload import Pod
from .objects import Object, count, labels_of, mapping, metadata, moment, name_of, quantity, sequence, template_version

BACK_OFF_RESET = timedelta(minutes=10)
"""The kubelet forgets a container's crashes after it ran this long; until then it is in its crash loop, also while it runs.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
"""

_STARTING = frozenset({"ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True)
class Usage:
    """Cores and bytes."""

    cpu: float | None
    memory: float | None


@dataclass(frozen=True, slots=True)
class _Trouble:
    """``rank`` orders what is wrong with the containers of a pod: the lowest explains the most."""

    rank: int
    reason: str
    message: str | None = None
    exit_code: int | None = None


def pod_from(found: Object, now: datetime, container: str | None = None, usage: Usage | None = None) -> Pod:
    """The Pod for a pod object; ``container`` is the one whose image tag is the version."""
    spec, status, labels = mapping(found.get("spec")), mapping(found.get("status")), labels_of(found)
    ready = any(
        mapping(condition).get("type") == "Ready" and condition.get("status") == "True" for condition in sequence(status.get("conditions"))
    )
    statuses = _container_statuses(status)
    ended = [end for end in map(_last_end, statuses) if end is not None]
    last_end = max(ended, key=lambda end: moment(end.get("finishedAt")) or datetime.min.replace(tzinfo=UTC)) if ended else None
    terminating = bool(metadata(found).get("deletionTimestamp"))
    trouble = _trouble(found, statuses, now) if not ready or terminating else None
    restarts = sum(count(entry.get("restartCount")) for entry in statuses)
    return Pod(
        name=name_of(found),
        version=template_version(found, container)[0],
        ready=ready and not terminating,
        phase=str(status.get("phase") or "Unknown"),
        created_at=moment(metadata(found).get("creationTimestamp")) or now,
        revision_hash=labels.get("pod-template-hash") or labels.get("controller-revision-hash"),
        reason=trouble.reason if trouble else None,
        message=_message(trouble, last_end if restarts else None),
        exit_code=trouble.exit_code if trouble and trouble.exit_code is not None else _exit_code(last_end),
        restarts=restarts,
        last_restart_at=moment(last_end.get("finishedAt")) if last_end and restarts else None,
        node=spec.get("nodeName"),
        terminating=terminating,
        cpu_usage=usage.cpu if usage else None,
        cpu_limit=_limit(spec, "cpu"),
        memory_usage=usage.memory if usage else None,
        memory_limit=_limit(spec, "memory"),
    )


def usage_from(found: Object) -> Usage:
    """What a PodMetrics object says its containers use together."""
    containers = [mapping(mapping(entry).get("usage")) for entry in sequence(found.get("containers"))]
    return Usage(_total(entry.get("cpu") for entry in containers), _total(entry.get("memory") for entry in containers))


def _trouble(found: Object, statuses: list[Mapping[str, Any]], now: datetime) -> _Trouble:
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    if metadata(found).get("deletionTimestamp"):
        return _Trouble(0, "Terminating")
    if status.get("reason"):  # Evicted, NodeLost, Preempting …
        return _Trouble(0, str(status["reason"]), _text(status.get("message")))
    conditions = {str(mapping(entry).get("type")): mapping(entry) for entry in sequence(status.get("conditions"))}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return _Trouble(0, str(scheduled.get("reason") or "Unschedulable"), _text(scheduled.get("message")))
    restarts_always = spec.get("restartPolicy", "Always") == "Always"
    troubles = [trouble for entry in statuses if (trouble := _container_trouble(entry, restarts_always, now))]
    if troubles:
        return min(troubles, key=lambda trouble: trouble.rank)
    not_ready = conditions.get("Ready", {})
    return _Trouble(9, str(not_ready.get("reason") or status.get("phase") or "Unknown"), _text(not_ready.get("message")))


def _container_trouble(entry: Mapping[str, Any], restarts_always: bool, now: datetime) -> _Trouble | None:
    """What is wrong with one container; None when it runs and is ready, or ended well."""
    state, name = mapping(entry.get("state")), str(entry.get("name") or "")
    last = mapping(mapping(entry.get("lastState")).get("terminated"))
    ended = mapping(state.get("terminated")) or last
    waiting = mapping(state.get("waiting"))
    crashed = bool(ended) and ended.get("exitCode") != 0
    if crashed and ended.get("reason") == "OOMKilled" and not entry.get("ready"):
        return _Trouble(1, "OOMKilled", _text(f"container {name} exceeded its memory limit"), ended.get("exitCode"))
    if waiting:
        reason = str(waiting.get("reason") or "Waiting")
        rank = 8 if reason in _STARTING else 2
        return _Trouble(rank, reason, _text(waiting.get("message")), ended.get("exitCode"))
    if crashed and restarts_always and count(entry.get("restartCount")) and not entry.get("ready") and _recent(ended, now):
        return _Trouble(3, "CrashLoopBackOff", _ending(name, ended), ended.get("exitCode"))
    if mapping(state.get("terminated")) and crashed:
        return _Trouble(4, str(ended.get("reason") or "Error"), _ending(name, ended), ended.get("exitCode"))
    return None


def _recent(ended: Mapping[str, Any], now: datetime) -> bool:
    at = moment(ended.get("finishedAt"))
    return at is not None and now - at < BACK_OFF_RESET


def _ending(name: str, ended: Mapping[str, Any]) -> str | None:
    return _text(f"container {name} exited with {ended.get('exitCode')}: {ended.get('message') or ended.get('reason') or ''}")


def _message(trouble: _Trouble | None, last_end: Mapping[str, Any] | None) -> str | None:
    if trouble:
        return trouble.message
    return _text(f"last restart: {last_end.get('reason') or 'ended'} (exit code {last_end.get('exitCode')})") if last_end else None


def _container_statuses(status: Object) -> list[Mapping[str, Any]]:
    return [
        mapping(entry)
        for key in ("initContainerStatuses", "containerStatuses")
        for entry in sequence(status.get(key))
        if not (key == "initContainerStatuses" and mapping(mapping(mapping(entry).get("state")).get("terminated")).get("exitCode") == 0)
    ]


def _last_end(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    ended = mapping(mapping(entry.get("state")).get("terminated")) or mapping(mapping(entry.get("lastState")).get("terminated"))
    return ended or None


def _exit_code(ended: Mapping[str, Any] | None) -> int | None:
    code = ended.get("exitCode") if ended else None
    return code if isinstance(code, int) else None


def _limit(spec: Object, resource: str) -> float | None:
    """The pod's limit: the sum over its containers; None when one of them has none, since the pod then has none."""
    limits = [
        quantity(mapping(mapping(mapping(entry).get("resources")).get("limits")).get(resource))
        for entry in sequence(spec.get("containers"))
    ]
    return sum(limit for limit in limits if limit is not None) if limits and None not in limits else None


def _total(values: Iterable[Any]) -> float | None:
    amounts = [amount for amount in map(quantity, values) if amount is not None]
    return sum(amounts) if amounts else None


def _text(value: Any) -> str | None:
    return excerpt(value, 400) if isinstance(value, str) and value else None
