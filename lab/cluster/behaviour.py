# SPDX-License-Identifier: GPL-3.0-or-later
"""How pods behave: what the cluster asks whoever knows the workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class PodStep:
    """One thing that happens to a pod, `after` seconds from its creation.

    `waiting`, `terminated` and `restarts` are about the first container; the others of a Running pod run. With `waiting` set, `terminated`
    and `exit_code` describe the run before and are shown as `lastState`, with `left` as the message that it left behind. `restarts` None
    leaves the count as it is. `message` is the one of the waiting or terminated state. `events` are (type Normal|Warning, reason,
    message), recorded by the kubelet.
    """

    after: float
    ready: bool = False
    phase: str = "Running"
    waiting: str | None = None
    terminated: str | None = None
    exit_code: int | None = None
    restarts: int | None = None
    message: str | None = None
    left: str | None = None
    events: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ExecResult:
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    seconds: float = 0.5
    """How long it takes where it is what a Job's pod is for; in a container that runs, the answer comes at once."""


class PodBehaviour(Protocol):
    """Asked again and again, never blocking; every answer may depend on the time of the cluster's clock."""

    def steps(self, pod: Mapping[str, Any]) -> Sequence[PodStep]:
        """What happens to the pod, ascending by `after`. Steps of the past are not replayed when they change; future ones may change."""

    def log(self, pod: Mapping[str, Any], container: str, previous: bool) -> Sequence[tuple[float, str]]:
        """(unix time, line), ascending; may grow over time."""

    def exec(self, pod: Mapping[str, Any], container: str, command: Sequence[str]) -> ExecResult:
        """The outcome of a command in a container."""

    def usage(self, pod: Mapping[str, Any]) -> tuple[float, float]:
        """CPU cores and memory bytes that the pod uses now."""
