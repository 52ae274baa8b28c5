# SPDX-License-Identifier: GPL-3.0-or-later
"""When the pods of each revision came and went: one after the other, as a rolling update replaces them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lab.scenario.model import Workload

_MARGIN = 1.0
"""Seconds that the controllers take between one pod and the next."""


@dataclass(frozen=True, slots=True)
class PodLife:
    """Seconds relative to the start of the lab. ``deleted`` None: it is still there."""

    created: float
    deleted: float | None


def pod_lives(workload: Workload) -> list[list[PodLife]]:
    """The pods of every revision, in the order of the revisions. A rollout that is not over yet has come as far as the time allows."""
    lives: list[list[PodLife]] = []
    rollouts = [replacement_moments(workload, revision.deployed) for revision in workload.revisions]
    rollouts[-1] = last_replacements(workload)
    for position, moments in enumerate(rollouts):
        following = rollouts[position + 1] if position + 1 < len(rollouts) else []
        pods = []
        for index, moment in enumerate(moments):
            gone = following[index] - _MARGIN if index < len(following) else None
            if moment <= 0:
                pods.append(PodLife(moment, gone if gone is None or gone <= 0 else None))
        lives.append(pods)
    return lives


def last_replacements(workload: Workload) -> list[float]:
    """When each pod of the last revision was created, as far as its rollout has come."""
    moments = replacement_moments(workload, workload.revisions[-1].deployed)
    return moments[: math.ceil(workload.rolled_out * len(moments) - 1e-9)]


def replacement_moments(workload: Workload, deployed: float) -> list[float]:
    """When each pod of a revision was created. Whole seconds, as the cluster keeps them."""
    step = max(round(workload.startup + _MARGIN), 1)
    return [float(round(deployed + _MARGIN) + index * step) for index in range(workload.replicas)]
