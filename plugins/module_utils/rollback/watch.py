# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a rollout again and again until something has happened that is worth telling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..clients.cluster import ClusterClient, ObjectNotFound, workload_path
from ..model.rollback import ProgressLine, RollbackProgress
from ..model.service import Service
from .clock import Clock
from .obstacles import refused_pods, why_not_ready
from .patience import TRANSIENT
from .pods import own_pods, pods_of
from .progress import Following, look, slow_pod

PAUSE = 1.0
"""Seconds between two looks when the cluster does not say that something moved."""
WATCHED_PAUSE = 3.0
"""The same where the cluster does say so."""
SETTLING = 2.0
"""Seconds for which more changes are waited for once there is one, so that they are told together."""


def watch(
    client: ClusterClient,
    service: Service,
    following: Following,
    at_most: float,
    clock: Clock,
    until_moved: Callable[[float], Mapping[str, Any] | None] | None = None,
    workload: Mapping[str, Any] | None = None,
) -> tuple[Following, RollbackProgress]:
    """Progress since ``following``: returns soon after a change, at once when complete or stuck, else after ``at_most`` seconds.

    ``until_moved`` waits until something moves, so many seconds at most, and may give the workload as it was seen then; where it is not
    given, a pause is slept. ``workload`` is for the first look, where it was seen just now. A cluster that does not answer for a while is
    waited for; ClusterError when it still does not at the end.
    """
    pause = PAUSE if until_moved is None else WATCHED_PAUSE
    end = clock.monotonic() + at_most
    lines: list[ProgressLine] = []
    while True:
        try:
            following, progress = one_look(client, service, following, clock, workload)
        except TRANSIENT as error:
            workload = None
            if clock.monotonic() >= end:
                raise
            clock.sleep(max(PAUSE, min(error.retry_after or 0.0, end - clock.monotonic())))
            continue
        if progress.lines and not lines:
            end = min(end, clock.monotonic() + SETTLING)
        lines += progress.lines
        left = end - clock.monotonic()
        if progress.state != "progressing" or left <= 0:
            return following, replace(progress, lines=tuple(lines))
        workload = None
        if until_moved is None:
            clock.sleep(min(pause, left))
        else:
            workload = until_moved(min(pause, left))


def one_look(
    client: ClusterClient,
    service: Service,
    following: Following,
    clock: Clock,
    workload: Mapping[str, Any] | None = None,
    pods: Sequence[Mapping[str, Any]] | None = None,
) -> tuple[Following, RollbackProgress]:
    """Progress right now. ``workload`` and ``pods``, those that its selector matches, are given where they were read just now."""
    try:
        workload = workload or client.get(workload_path(service.workload_kind, service.namespace, service.workload))
    except ObjectNotFound:
        reason = f"somebody deleted {service.workload_kind.value} {service.workload} in {service.namespace} meanwhile"
        return following, RollbackProgress(state="stuck", done=0, desired=0, versions=(), lines=(), stuck_reason=reason)
    known = {one.hash for one in (following.target, *following.others)}
    own = pods_of(client, service.namespace, workload, known) if pods is None else own_pods(workload, pods, known)
    refused = refused_pods(client, service.workload_kind, workload, own, following.started_at)
    slow = _slow(client, slow_pod(own, service.container, following, clock.now()), following)
    return look(service.workload_kind, workload, own, service.container, following, clock.now(), refused, slow)


def _slow(client: ClusterClient, found: tuple[Any, str] | None, following: Following) -> str | None:
    """What is known of a pod that does not become ready. Its events are asked for once."""
    if found is None:
        return None
    pod, text = found
    if following.slow is not None and following.slow.startswith(text):
        return following.slow
    why = why_not_ready(client, pod)
    return f"{text}: {why}" if why else text
