# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about what pods use of what they may use, and of what they asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.workload import Pod, WorkloadState
from .wording import plural

_NEAR_MEMORY_LIMIT = 0.9
_AT_CPU_LIMIT = 0.95


def usage_findings(state: WorkloadState) -> Iterator[Finding]:
    """Near a limit is a warning. Over a request is one only where the node is short of memory: the kubelet evicts such pods first.

    https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction
    """
    pods = [pod for pod in state.pods if not pod.terminating]
    yield from _near("memory", "memory", "it is killed when it gets there", _shares(pods, "memory_share", _NEAR_MEMORY_LIMIT))
    yield from _near("cpu", "CPU", "it is throttled there", _shares(pods, "cpu_share", _AT_CPU_LIMIT))
    short = {node.name for node in state.surroundings.nodes if any(one.type == "MemoryPressure" for one in node.problems)}
    first = [pod for pod in pods if pod.node in short and _over_request(pod)]
    if first:
        worst = max(first, key=lambda pod: pod.memory_of_request or 0.0)
        title = f"{plural(len(first), 'pod')} above the memory request on a node that is short of memory: evicted first"
        asked = f"{worst.memory_of_request:.1f} times what it requests" if worst.memory_of_request else "memory, and requests none"
        yield _finding("eviction", Level.WARNING, title, f"{worst.name} uses {asked}", worst.memory_of_request)
    for what, name in (("memory", "memory_of_request"), ("CPU", "cpu_of_request")):
        over = _shares([pod for pod in pods if pod not in first and getattr(pod, _limit(what)) is None], name, 1.0)
        if over:
            share, pod_name = max(over)
            title = f"{plural(len(over), 'pod')} without a {what} limit above the {what} request"
            yield _finding("usage", Level.OK, title, f"{pod_name} uses {share:.1f} times what it requests", share)


def _over_request(pod: Pod) -> bool:
    return pod.memory_of_request > 1.0 if pod.memory_of_request is not None else pod.memory_usage is not None


def _limit(what: str) -> str:
    return "memory_share" if what == "memory" else "cpu_share"


def _shares(pods: Sequence[Pod], name: str, least: float) -> list[tuple[float, str]]:
    return [(share, pod.name) for pod in pods if (share := getattr(pod, name)) is not None and share >= least]


def _near(name: str, limit: str, then: str, near: Sequence[tuple[float, str]]) -> Iterator[Finding]:
    if near:
        share, pod = max(near)
        title = f"{plural(len(near), 'pod')} near the {limit} limit"
        yield Finding(
            f"workload.{name}", Source.WORKLOAD, Level.WARNING, title, f"{pod} uses {share:.0%} of it; {then}", observed=share, unit="share"
        )


def _finding(name: str, level: Level, title: str, detail: str, ratio: float | None) -> Finding:
    return Finding(f"workload.{name}", Source.WORKLOAD, level, title, detail, ratio=ratio)
