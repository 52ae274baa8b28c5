# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's pods as the scenario wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lab.cluster.behaviour import ExecResult, PodStep
from lab.pods import lifecycle
from lab.pods.commands import Commands
from lab.pods.log_lines import PodLogs
from lab.scenario.model import Fault, PodFailure, Workload
from lab.world.exporters.containers import pod_factor
from lab.world.pods import PodRecord
from lab.world.world import World

_NEVER_STARTED = frozenset({"ImagePullBackOff", "ConfigurationError"})
_NEVER_RESTARTED = _NEVER_STARTED | {"NotReady", "NodeNotReady"}


class ScenarioPods:
    """A ``lab.cluster.behaviour.PodBehaviour``. ``has_image`` says whether the registry holds an image reference."""

    def __init__(self, world: World, has_image: Callable[[str], bool], commands: Commands) -> None:
        self._world = world
        self._has_image = has_image
        self._commands = commands
        self._logs = PodLogs(world, self.runs)
        self._ranked: dict[int, tuple[int, dict[tuple[float, str], int]]] = {}
        """By fault: how many pods there were when its pods were put in order, and the order."""

    def steps(self, pod: Mapping[str, Any]) -> Sequence[PodStep]:
        """See ``PodBehaviour.steps``."""
        record = self._record(pod)
        image = pod["spec"]["containers"][0].get("image", "")
        container = lifecycle.Container(pod["metadata"]["name"], pod["spec"]["containers"][0]["name"], image)
        if not self._has_image(image):
            return lifecycle.unpullable(container, None)
        if record is None:
            return lifecycle.starting(container, 1.0)
        startup = self._workload(record).startup
        found = self._failure(record)
        if found is None:
            return lifecycle.starting(container, startup)
        failure, first, mended = found
        match failure.reason:
            case "ImagePullBackOff":
                return lifecycle.unpullable(container, mended)
            case "ConfigurationError":
                return lifecycle.unconfigured(container, failure, mended)
            case "NotReady" | "NodeNotReady":
                return lifecycle.unready(container, startup, failure, first, mended)
            case _:
                return lifecycle.crashing(container, startup, failure, first, mended)

    def log(self, pod: Mapping[str, Any], container: str, previous: bool) -> Sequence[tuple[float, str]]:
        """See ``PodBehaviour.log``."""
        record = self._record(pod)
        if record is None or container != record.container:
            return []
        return self._logs.lines(record, previous)

    def exec(self, pod: Mapping[str, Any], container: str, command: Sequence[str]) -> ExecResult:
        """See ``PodBehaviour.exec``."""
        return self._commands.run(pod, container, command)

    def usage(self, pod: Mapping[str, Any]) -> tuple[float, float]:
        """See ``PodBehaviour.usage``."""
        record = self._record(pod)
        if record is None:
            return 0.01, 32 * 2.0**20
        resources = self._workload(record).resources_of(record.version)
        now, factor = self._world.clock(), pod_factor(record.name)
        cores, memory = (
            self._world.signal(f"{record.workload}.{name}").at(now) if self._world.has(f"{record.workload}.{name}") else 0.1
            for name in ("cpu", "memory")
        )
        return cores * resources.cpu * factor, memory * resources.memory * factor

    def runs(self, record: PodRecord) -> Sequence[lifecycle.Run]:
        """The runs of the pod's container, in seconds from the creation of the pod."""
        found = self._failure(record)
        if found is None or found[0].reason in _NEVER_RESTARTED:
            return (lifecycle.Run(0.0, None),)
        failure, first, mended = found
        return lifecycle.crash_runs(first, failure, mended)

    def _record(self, pod: Mapping[str, Any]) -> PodRecord | None:
        return self._world.pods.records.get(pod["metadata"]["uid"])

    def _workload(self, record: PodRecord) -> Workload:
        return self._world.scenario.workloads[record.workload]

    def _failure(self, record: PodRecord) -> tuple[PodFailure, float, float | None] | None:
        """How the pod fails, and when it does so first and when that is over, in seconds from its creation."""
        for name, fault in self._world.scenario.faults.items():
            failure = fault.pods
            if failure is None or not _concerns(fault, failure, record) or not self._is_chosen(failure, fault, record):
                continue
            span = self._world.fault_span(name, record.created)
            if span is None:
                continue
            onset, end = span
            startup = self._workload(record).startup
            first = 0.0 if failure.reason in _NEVER_STARTED else startup + failure.after
            if failure.reason == "StartupFailure":
                first = min(startup, failure.run)
            began = self._world.start + failure.onset if failure.onset is not None else onset
            if fault.condition is None or fault.condition.version is None or record.created < self._world.start:
                first = max(first, began - record.created)
            return failure, first, None if end is None else end - record.created
        return None

    def _is_chosen(self, failure: PodFailure, fault: Fault, record: PodRecord) -> bool:
        """Every so many pods, in the order of their creation, as the share says."""
        index = self._order(failure, fault)[record.created, record.name]
        return int(round((index + 1) * failure.share, 9)) > int(round(index * failure.share, 9))

    def _order(self, failure: PodFailure, fault: Fault) -> dict[tuple[float, str], int]:
        """Places of the pods that the failure concerns. They change only with the pods there are, unless it is about a node."""
        known, order = self._ranked.get(id(fault), (-1, {}))
        if known != len(self._world.pods.records) or failure.node is not None:
            alike = sorted(
                (other.created, other.name)
                for other in self._world.pods.of(failure.workload or (fault.condition.workload if fault.condition else ""))
                if _concerns(fault, failure, other) and (other.deleted is None or other.deleted > self._world.start)
            )
            order = {pod: place for place, pod in enumerate(alike)}
            self._ranked[id(fault)] = len(self._world.pods.records), order
        return order


def _concerns(fault: Fault, failure: PodFailure, record: PodRecord) -> bool:
    condition = fault.condition
    workload = failure.workload or (condition.workload if condition else None)
    if workload != record.workload or failure.node not in (None, record.node):
        return False
    return condition is None or condition.version is None or condition.version == record.version
