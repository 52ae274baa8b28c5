# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a rollout again and again until something has happened that is worth telling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ..clients.cluster import ClusterClient, ClusterUnreachable, ServerError, TooManyRequests, workload_path
from ..model.rollback import ProgressLine, RollbackProgress
from ..model.service import Service
from .pods import pods_of
from .progress import Following, look

PAUSE = 1.0
"""Seconds between two looks."""
SETTLING = 2.0
"""Seconds for which more changes are waited for once there is one, so that they are told together."""


@dataclass(frozen=True, slots=True)
class Clock:
    """``now`` is an aware time for people, ``monotonic`` counts seconds, ``sleep`` waits them."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


def watch(
    client: ClusterClient, service: Service, following: Following, at_most: float, clock: Clock
) -> tuple[Following, RollbackProgress]:
    """Progress since ``following``: returns soon after a change, at once when complete or stuck, else after ``at_most`` seconds.

    A cluster that does not answer for a while is waited for; ClusterError when it still does not at the end.
    """
    end = clock.monotonic() + at_most
    lines: list[ProgressLine] = []
    while True:
        try:
            following, progress = one_look(client, service, following, clock)
        except (ClusterUnreachable, ServerError, TooManyRequests):
            if clock.monotonic() >= end:
                raise
            clock.sleep(PAUSE)
            continue
        if progress.lines and not lines:
            end = min(end, clock.monotonic() + SETTLING)
        lines += progress.lines
        if progress.state != "progressing" or clock.monotonic() >= end:
            return following, replace(progress, lines=tuple(lines))
        clock.sleep(PAUSE)


def one_look(client: ClusterClient, service: Service, following: Following, clock: Clock) -> tuple[Following, RollbackProgress]:
    """Progress right now."""
    workload = client.get(workload_path(service.workload_kind, service.namespace, service.workload))
    return look(service.workload_kind, workload, pods_of(client, service.namespace, workload), service.container, following, clock.now())
