# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pod as it is: whether it is ready, since when, on what, and the reason that explains its state best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any

from ..lean import dataclass
from ..model.workload import PROBE_REASONS, Pod, PodWarning
from .objects import (
    Object,
    count,
    digest_of,
    is_ready,
    mapping,
    metadata,
    moment,
    name_of,
    quantity,
    revision_hash_of,
    sequence,
    template_version,
)
from .pod_trouble import Container, containers_of, last_end, text, trouble_of

TOLD_FOR = timedelta(hours=4)
"""How long a restart says something about the state of a pod that has been ready since."""

_Ends = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Usage:
    """Cores and bytes, together and by container."""

    cpu: float | None
    memory: float | None
    containers: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


def pod_from(
    found: Object, now: datetime, container: str | None = None, usage: Usage | None = None, warnings: Sequence[PodWarning] = ()
) -> Pod:
    """The Pod for a pod object; ``container`` is the one whose image tag is the version."""
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    ready = is_ready(found)
    containers = containers_of(found)
    ends = {one.name: end for one in containers if (end := last_end(one)) is not None}
    ended = list(ends.values())
    newest = max(ends, key=lambda name: moment(ends[name].get("finishedAt")) or datetime.min.replace(tzinfo=UTC), default=None)
    newest_end = ends[newest] if newest is not None else None
    terminating = bool(metadata(found).get("deletionTimestamp"))
    trouble = trouble_of(found, containers, now) if not ready or terminating else None
    restarts = sum(count(one.status.get("restartCount")) for one in containers)
    restarted_at = moment(newest_end.get("finishedAt")) if newest_end and restarts else None
    told = newest_end if restarts and (restarted_at is None or now - restarted_at < TOLD_FOR) else None
    version, image = template_version(found, container)
    about = trouble.container if trouble else None
    restarted = newest if told and not trouble and len(containers) > 1 else None
    created = moment(metadata(found).get("creationTimestamp")) or now
    return Pod(
        name=name_of(found),
        version=version,
        ready=ready and not terminating,
        phase=str(status.get("phase") or "Unknown"),
        created_at=created,
        revision_hash=revision_hash_of(found),
        reason=trouble.reason if trouble else None,
        message=trouble.message if trouble else _restart(told, restarted),
        exit_code=trouble.exit_code if trouble and trouble.exit_code is not None else _exit_code(told or (newest_end if trouble else None)),
        restarts=restarts,
        last_restart_at=restarted_at,
        node=spec.get("nodeName"),
        terminating=terminating,
        cpu_usage=usage.cpu if usage else None,
        cpu_limit=_limit(spec, "cpu"),
        memory_usage=usage.memory if usage else None,
        memory_limit=_limit(spec, "memory"),
        container_memory_limit=_memory_limit_of(spec, about.name if about else newest),
        container=about.name if about else restarted,
        init=about.init if about else False,
        image=_image_of(spec, about) or image,
        image_digest=digest_of(found, container),
        started_at=_earliest(created, status, containers),
        ended_at=_ended_at(status, ended),
        last_run=_lasted(newest_end),
        startup_time=max((_startup_time(mapping(one)) for one in sequence(spec.get("containers"))), default=0.0),
        terminating_since=moment(metadata(found).get("deletionTimestamp")),
        finalizers=tuple(str(one) for one in sequence(metadata(found).get("finalizers"))),
        memory_share=_share(spec, usage, "limits", "memory"),
        cpu_share=_share(spec, usage, "limits", "cpu"),
        memory_of_request=_share(spec, usage, "requests", "memory"),
        cpu_of_request=_share(spec, usage, "requests", "cpu"),
        resize_refused=_resize_refused(status),
        warnings=tuple(warnings) if not ready or terminating else tuple(one for one in warnings if one.reason in PROBE_REASONS),
    )


def usage_from(found: Object) -> Usage:
    """What a PodMetrics object says its containers use."""
    entries = [mapping(entry) for entry in sequence(found.get("containers"))]
    used = [mapping(entry.get("usage")) for entry in entries]
    by_name = {
        str(entry.get("name")): (quantity(use.get("cpu")), quantity(use.get("memory"))) for entry, use in zip(entries, used, strict=True)
    }
    return Usage(_total(use.get("cpu") for use in used), _total(use.get("memory") for use in used), by_name)


def _restart(ended: Mapping[str, Any] | None, container: str | None) -> str | None:
    of = f" of container {container}" if container else ""
    return text(f"last restart{of}: {ended.get('reason') or 'ended'} (exit code {ended.get('exitCode')})") if ended else None


def _exit_code(ended: Mapping[str, Any] | None) -> int | None:
    code = ended.get("exitCode") if ended else None
    return code if isinstance(code, int) else None


def _lasted(ended: Mapping[str, Any] | None) -> float | None:
    begin, end = (moment(ended.get(key)) for key in ("startedAt", "finishedAt")) if ended else (None, None)
    return max((end - begin).total_seconds(), 0.0) if begin and end else None


def _image_of(spec: Object, about: Container | None) -> str | None:
    if about is None:
        return None
    containers = [mapping(one) for key in ("initContainers", "containers") for one in sequence(spec.get(key))]
    image = next((one.get("image") for one in containers if one.get("name") == about.name), None) or about.status.get("image")
    return str(image) if image else None


def _earliest(created: datetime, status: Object, containers: Sequence[Container]) -> datetime:
    times = [created, moment(status.get("startTime"))]
    times += [moment(mapping(mapping(one.status.get("state")).get("running")).get("startedAt")) for one in containers]
    return min(at for at in times if at is not None)


def _ended_at(status: Object, ended: _Ends) -> datetime | None:
    """The latest thing that is known to have happened to a pod that is over."""
    if status.get("phase") not in ("Failed", "Succeeded"):
        return None
    times = [moment(end.get("finishedAt")) for end in ended]
    times += [moment(mapping(one).get("lastTransitionTime")) for one in sequence(status.get("conditions"))]
    return max((at for at in times if at is not None), default=None)


def _startup_time(container: Object) -> float:
    """Seconds until a container that never answers its probe is given up on, or is expected to answer."""

    def longest(name: str) -> float:
        probe = mapping(container.get(name))
        if not probe:
            return 0.0
        tries = count(probe.get("failureThreshold")) or 3
        return float(count(probe.get("initialDelaySeconds")) + tries * (count(probe.get("periodSeconds")) or 10))

    return longest("startupProbe") + longest("readinessProbe")


def _resize_refused(status: Object) -> str | None:
    """What the kubelet says of a resize that it will not do on this node; one that it puts off is tried again.

    https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/#pod-resize-status
    """
    for one in map(mapping, sequence(status.get("conditions"))):
        refused = {"PodResizePending": "Infeasible", "PodResizeInProgress": "Error"}.get(str(one.get("type")))
        if refused is not None and one.get("status") == "True" and one.get("reason") == refused:
            return text(f"{refused}: {one.get('message') or 'no reason is given'}")
    return "Infeasible" if status.get("resize") == "Infeasible" else None


def _share(spec: Object, usage: Usage | None, of: str, resource: str) -> float | None:
    """The largest share of its ``limits`` or ``requests`` that a container uses; None when none has any, or usage is not known."""
    shares = []
    for container in map(mapping, sequence(spec.get("containers"))):
        limit = quantity(mapping(mapping(container.get("resources")).get(of)).get(resource))
        cpu, memory = usage.containers.get(str(container.get("name")), (None, None)) if usage else (None, None)
        used = cpu if resource == "cpu" else memory
        if limit and used is not None:
            shares.append(used / limit)
    return max(shares, default=None)


def _limit(spec: Object, resource: str) -> float | None:
    """The pod's limit: the sum over its containers; None when one of them has none, since the pod then has none."""
    limits = [
        quantity(mapping(mapping(mapping(entry).get("resources")).get("limits")).get(resource))
        for entry in sequence(spec.get("containers"))
    ]
    return sum(limit for limit in limits if limit is not None) if limits and None not in limits else None


def _memory_limit_of(spec: Object, name: str | None) -> float | None:
    """The container's limit, else the one that the containers of the pod share.

    https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/
    """
    containers = [mapping(one) for key in ("initContainers", "containers") for one in sequence(spec.get(key))]
    limited = [*(one for one in containers if one.get("name") == name), spec]
    limits = (quantity(mapping(mapping(one.get("resources")).get("limits")).get("memory")) for one in limited)
    return next((limit for limit in limits if limit is not None), None)


def _total(values: Iterable[Any]) -> float | None:
    amounts = [amount for amount in map(quantity, values) if amount is not None]
    return sum(amounts) if amounts else None
