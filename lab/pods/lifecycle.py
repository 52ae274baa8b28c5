# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a pod from its creation on, as the kubelet tells it: healthy, or failing in one of the ways that a scenario knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from lab.cluster.behaviour import PodStep
from lab.scenario.model import PodFailure

_HORIZON = 6 * 3600.0
"""Seconds of a pod's life for which restarts are worked out."""

_REMEMBERED = 4096
"""Pods of which the same is asked again at every tick."""

_BACK_OFF = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Seconds before each restart; the last holds from there on (kubelet, MaxContainerBackOff)."""


@dataclass(frozen=True, slots=True)
class Container:
    """What the kubelet's texts name."""

    pod: str
    name: str
    image: str


@dataclass(frozen=True, slots=True)
class Run:
    """A container's run, in seconds from the creation of its pod. ``end`` None: it goes on."""

    start: float
    end: float | None


@lru_cache(maxsize=_REMEMBERED)
def crash_runs(first: float, failure: PodFailure, mended: float | None = None) -> tuple[Run, ...]:
    """The runs of a container that fails ``first`` seconds after the pod's creation, and again after each restart.

    A run that starts at or after ``mended`` (seconds from creation) lasts.
    """
    runs = [Run(0.0, first)]
    end = first
    while end < _HORIZON:
        start = end + _BACK_OFF[min(len(runs) - 1, len(_BACK_OFF) - 1)]
        if mended is not None and start >= mended:
            runs.append(Run(start, None))
            break
        end = start + failure.run
        runs.append(Run(start, end))
    return tuple(runs)


def starting(container: Container, startup: float) -> list[PodStep]:
    """From the creation to a ready container."""
    pulled = f'Container image "{container.image}" already present on machine'
    begin = startup * 0.4
    return [
        PodStep(0.0, phase="Pending", waiting="ContainerCreating"),
        PodStep(
            begin,
            restarts=0,
            events=(
                ("Normal", "Pulled", pulled),
                ("Normal", "Created", f"Created container: {container.name}"),
                ("Normal", "Started", f"Started container {container.name}"),
            ),
        ),
        PodStep(startup, ready=True),
    ]


@lru_cache(maxsize=_REMEMBERED)
def crashing(container: Container, startup: float, failure: PodFailure, first: float, mended: float | None) -> tuple[PodStep, ...]:
    """Ready after ``startup``, unless it fails before, and then restarted again and again."""
    runs = crash_runs(first, failure, mended)
    steps = [step for step in starting(container, startup) if step.after < first]
    for number, (ended, following) in enumerate(pairwise(runs)):
        steps.extend(_failed(container, failure, number, ended, following))
        if following.end is None:
            steps.append(PodStep(following.start + startup, ready=True, restarts=number + 1))
    return tuple(steps)


def _failed(container: Container, failure: PodFailure, number: int, ended: Run, following: Run) -> Iterator[PodStep]:
    """A run's end, the wait, and the next start."""
    assert ended.end is not None
    reason = "OOMKilled" if failure.reason == "OOMKilled" else "Error"
    exit_code = 137 if failure.reason == "OOMKilled" else failure.exit_code
    waits = following.start > ended.end
    yield PodStep(
        ended.end,
        waiting="CrashLoopBackOff" if waits else None,
        terminated=reason,
        exit_code=exit_code,
        restarts=number,
        message=_back_off_message(container, following.start - ended.end) if waits else failure.message,
        left=failure.message if waits else None,
        events=_failure_events(container, failure, waits),
    )
    yield PodStep(
        following.start,
        restarts=number + 1,
        events=(
            ("Normal", "Created", f"Created container: {container.name}"),
            ("Normal", "Started", f"Started container {container.name}"),
        ),
    )


def _failure_events(container: Container, failure: PodFailure, waits: bool) -> tuple[tuple[str, str, str], ...]:
    events: list[tuple[str, str, str]] = []
    if failure.reason != "OOMKilled":
        probe = "Startup" if failure.reason == "StartupFailure" else "Liveness"
        events.append(("Warning", "Unhealthy", f"{probe} probe failed: {failure.probe}"))
        events.append(("Normal", "Killing", f"Container {container.name} failed {probe.lower()} probe, will be restarted"))
    if waits:
        events.append(("Warning", "BackOff", f"Back-off restarting failed container {container.name} in pod {container.pod}"))
    return tuple(events)


def _back_off_message(container: Container, seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    wait = f"{minutes}m{rest}s" if minutes else f"{rest}s"
    return f"back-off {wait} restarting failed container={container.name} pod={container.pod}"


def unready(container: Container, startup: float, failure: PodFailure, first: float, mended: float | None) -> list[PodStep]:
    """Runs all the time, but from ``first`` on its readiness probe fails, or nobody hears of its node any more."""
    steps = [step for step in starting(container, startup) if step.after < first]
    told = ("Warning", "Unhealthy", f"Readiness probe failed: {failure.probe}")
    if failure.reason == "NodeNotReady":
        told = ("Warning", "NodeNotReady", "Node is not ready")
    steps.append(PodStep(max(first, startup), events=(told,)))
    if mended is not None and mended > first:
        steps.append(PodStep(mended, ready=True))
    return steps


def unconfigured(container: Container, failure: PodFailure, mended: float | None) -> list[PodStep]:
    """It can't be created: something that its configuration refers to is not there."""
    problem = failure.message or f'configmap "{container.name}" not found'
    steps = [
        PodStep(0.0, phase="Pending", waiting="ContainerCreating"),
        PodStep(
            1.0,
            phase="Pending",
            waiting="CreateContainerConfigError",
            message=problem,
            events=(("Warning", "Failed", f"Error: {problem}"),),
        ),
    ]
    if mended is not None:
        steps.append(PodStep(max(mended, 2.0), ready=True, restarts=0))
    return steps


def unpullable(container: Container, mended: float | None) -> list[PodStep]:
    """Its image cannot be had."""
    problem = f'failed to pull and unpack image "{container.image}": not found'
    failed = f'Failed to pull image "{container.image}": rpc error: code = NotFound desc = {problem}'
    back_off = f'Back-off pulling image "{container.image}"'
    steps = [
        PodStep(0.0, phase="Pending", waiting="ContainerCreating"),
        PodStep(
            0.5,
            phase="Pending",
            waiting="ErrImagePull",
            message=problem,
            events=(
                ("Normal", "Pulling", f'Pulling image "{container.image}"'),
                ("Warning", "Failed", failed),
                ("Warning", "Failed", "Error: ErrImagePull"),
            ),
        ),
        PodStep(
            3.0,
            phase="Pending",
            waiting="ImagePullBackOff",
            message=f"{back_off}: {problem}",
            events=(("Normal", "BackOff", back_off), ("Warning", "Failed", "Error: ImagePullBackOff")),
        ),
    ]
    if mended is not None:
        steps.append(PodStep(max(mended, 4.0), ready=True, restarts=0))
    return steps
