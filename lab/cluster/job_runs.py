# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods of Jobs run one command and end: what a behaviour says of a command in a container is what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .behaviour import ExecResult, PodBehaviour, PodStep
from .timestamps import parse

_STARTS = 0.5


class JobRuns:
    """A behaviour for all pods, by the behaviour of those that belong to no Job."""

    def __init__(self, others: PodBehaviour) -> None:
        self._others = others
        self._results: dict[str, ExecResult] = {}

    def steps(self, pod: Mapping[str, Any]) -> Sequence[PodStep]:
        steps = self._others.steps(pod)
        if not of_a_job(pod) or any(step.waiting for step in steps):
            return steps
        result = self._result(pod)
        ended = PodStep(
            _STARTS + result.seconds,
            phase="Failed" if result.exit_code else "Succeeded",
            terminated="Error" if result.exit_code else "Completed",
            exit_code=result.exit_code,
        )
        return (PodStep(_STARTS, ready=True), ended)

    def log(self, pod: Mapping[str, Any], container: str, previous: bool) -> Sequence[tuple[float, str]]:
        if not of_a_job(pod):
            return self._others.log(pod, container, previous)
        result = self._result(pod)
        at = parse(pod["metadata"]["creationTimestamp"]) + _STARTS
        return [(at, line) for line in f"{result.stdout}{result.stderr}".splitlines()]

    def exec(self, pod: Mapping[str, Any], container: str, command: Sequence[str]) -> ExecResult:
        return self._others.exec(pod, container, command)

    def usage(self, pod: Mapping[str, Any]) -> tuple[float, float]:
        return self._others.usage(pod)

    def _result(self, pod: Mapping[str, Any]) -> ExecResult:
        """What the command came to; asked once, since it runs once."""
        uid, container = pod["metadata"]["uid"], pod["spec"]["containers"][0]
        if uid not in self._results:
            command = [*(container.get("command") or ()), *(container.get("args") or ())]
            self._results[uid] = self._others.exec(pod, container["name"], command) if command else ExecResult()
        return self._results[uid]


def of_a_job(pod: Mapping[str, Any]) -> bool:
    return any(owner.get("kind") == "Job" for owner in pod["metadata"].get("ownerReferences") or ())
