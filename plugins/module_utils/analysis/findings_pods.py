# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about pods: what each of them fails for, in the words of whoever knows (kubelet, scheduler, the program itself)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.workload import NOT_ENDED, NOT_STARTED, ClusterEvent, Pod, WorkloadState
from ..units import format_duration
from .findings_usage import usage_findings
from .pod_advice import end_of, image_advice, may_not_run
from .pods import (
    CRASHES,
    IMAGE_REASONS,
    NODE_TROUBLE,
    UNSCHEDULED,
    failed_probe,
    failing,
    is_over,
    out_of_memory,
    stuck_at,
)
from .wording import plural

_START_REASONS = frozenset(
    {
        "CreateContainerError",
        "RunContainerError",
        "StartError",
        "ContainerCannotRun",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
    }
)
_CREATING = frozenset({"Pending", "ContainerCreating", "PodInitializing"})
_KNOWN = UNSCHEDULED | _CREATING | {"OOMKilled", "ReadinessGatesNotReady", "ContainersNotReady", "Terminating"}
"""Reasons that have a rule of their own, beside those of containers."""
_INTENDED = re.compile(r"node affinity/selector|NodeAffinity|untolerated taint|were unschedulable")
_OWN_LIMIT = re.compile(r"exceed(?:s|ed) (?:the|its)\b.*\blimit")
"""Evictions that the next pod faces as well (pkg/kubelet/eviction): by its own limits of local storage."""
_RECENT_OOM = 3600.0
_SHORT = 100
_RECENT_RESTART = 1800.0
_FINALIZER_TIME = 10.0
_STAYS = frozenset({"FailedKillPod", "FailedUnMount", "FailedUnmount", "FailedPreStopHook", "VolumeFailedUnmount"})
_TERMINATION_TIME = 60.0
"""Seconds beyond a pod's grace period after which its end is stuck."""


def pod_findings(state: WorkloadState, now: datetime, level: Level) -> Iterator[Finding]:
    """One finding for each way in which pods fail; ``level`` is that of the workload as a whole."""
    bad = failing(state.pods, now)
    live = tuple(pod for pod in bad if not is_over(pod))
    yield from _out_of_memory(state, now)
    yield from _by_container(live, level)
    yield from _unschedulable(live, state.events, now)
    yield from _not_starting(live, level, now)
    yield from _probes(live, level)
    yield from _gates(live, level)
    away = {node.name for node in state.surroundings.nodes if not node.ready}
    yield from _not_ready([pod for pod in live if pod.node not in away], level)
    yield from _evicted(state, now)
    yield from _otherwise(live if state.ready >= state.desired else bad, level)
    if state.ready < state.desired:
        yield from _taken(tuple(pod for pod in bad if pod.reason in NODE_TROUBLE))
    yield from _terminating(state.pods, now)
    yield from _restarted(state.pods, now)
    yield from _resized(state.pods)
    yield from usage_findings(state)


def _finding(name: str, level: Level, title: str, detail: str | None = None, since: datetime | None = None) -> Finding:
    return Finding(f"workload.{name}", Source.WORKLOAD, level, title, detail, since=since)


def _out_of_memory(state: WorkloadState, now: datetime) -> Iterator[Finding]:
    killed = [pod for pod in out_of_memory(state) if pod.reason == "OOMKilled" or _within(pod.last_restart_at, now, _RECENT_OOM)]
    if killed:
        limits = [limit for pod in killed if (limit := pod.container_memory_limit or pod.memory_limit)]
        name = f"container {killed[0].container}" if killed[0].container else killed[0].name
        title = f"{plural(len(killed), 'pod')} ended " + ("by the memory limit" if limits else "for want of memory") + " (OOMKilled)"
        detail = (
            f"{name} reached its limit of {min(limits) / 2**20:,.0f} MiB: it leaks, has more to do, or needs more"
            if limits
            else f"{name} has no memory limit: its node had none left. See who used it there, and set requests and limits"
        )
        yield _finding("out_of_memory", Level.CRITICAL, title, detail)


def _by_container(bad: Sequence[Pod], level: Level) -> Iterator[Finding]:
    """What the containers wait for, or end with: one finding for each container and kind of reason."""
    groups: dict[tuple[str, str | None], list[Pod]] = {}
    for pod in bad:
        kind = _kind(pod)
        if kind is not None:
            groups.setdefault((kind, pod.container), []).append(pod)
    for (kind, _unused), pods in list(groups.items())[:4]:
        yield {"image": _image, "configuration": _configuration, "container": _container, "crash": _crash}[kind](pods, level)


def _kind(pod: Pod) -> str | None:
    reason = pod.reason or ""
    if reason in IMAGE_REASONS:
        return "image"
    if reason == "CreateContainerConfigError":
        return "configuration"
    if reason in _START_REASONS:
        return "container"
    ended = pod.exit_code is not None and reason in ("Completed", "DeadlineExceeded")
    return "crash" if (reason in CRASHES and reason != "OOMKilled") or ended else None


def _image(pods: Sequence[Pod], level: Level) -> Finding:
    pod = pods[0]
    told = next((one.message for one in pod.warnings if one.reason in ("Failed", "InspectFailed") and "pull" in one.message), None)
    what = "is no valid name" if pod.reason == "InvalidImageName" else f"can't be pulled by {plural(len(pods), 'pod')}"
    said = told or pod.message
    advice = image_advice(said or "")
    detail = f"{said.rstrip('.')}. {advice}" if said else advice
    return _finding("image", level, f"Image {pod.image or 'of the pods'} {what} ({pod.reason})", detail)


def _configuration(pods: Sequence[Pod], level: Level) -> Finding:
    pod = pods[0]
    why = pod.message or "something that its configuration names is not there"
    if may_not_run(why):
        title = f"{_name(pod)} of {plural(len(pods), 'pod')} may not run as it is: {why} ({pod.reason})"
        return _finding("configuration", level, title, "Set runAsUser to another user than 0, or build the image for one")
    title = f"{_name(pod)} of {plural(len(pods), 'pod')} lacks configuration: {why} ({pod.reason})"
    return _finding("configuration", level, title, "Create what is missing, or correct the reference in the pod template")


def _container(pods: Sequence[Pod], level: Level) -> Finding:
    pod = pods[0]
    code = f", exit code {pod.exit_code}" if pod.exit_code is not None else ""
    return _finding("container", level, f"{_name(pod)} of {plural(len(pods), 'pod')} can't be started ({pod.reason}{code})", pod.message)


def _crash(pods: Sequence[Pod], level: Level) -> Finding:
    pod = max(pods, key=lambda one: one.restarts)
    code = f", exit code {pod.exit_code}" if pod.exit_code is not None else ""
    said = pod.message if pod.message and "back-off" not in pod.message.lower() else None
    probe = failed_probe(pod, ("Liveness", "Startup"))
    parts = [end_of(pod), said, f"{pod.restarts} restarts" if pod.restarts > 1 else None, probe.message if probe else None]
    if said is None and probe is None:
        parts.append(f"see the log of the previous run in {pod.name}")
    detail = "; ".join(part for part in parts if part)
    return _finding("crash", level, f"{_name(pod)} of {plural(len(pods), 'pod')} keeps ending ({pod.reason}{code})", detail or None)


def _unschedulable(bad: Sequence[Pod], events: Sequence[ClusterEvent], now: datetime) -> Iterator[Finding]:
    waiting = [pod for pod in bad if pod.reason in UNSCHEDULED]
    if waiting:
        gated = " (SchedulingGated)" if waiting[0].reason == "SchedulingGated" else ""
        told = next((one.message for pod in waiting for one in pod.warnings if one.reason == "FailedScheduling"), None)
        said = waiting[0].message or told
        cause = _obstacle(said or "")
        title = f"{plural(len(waiting), 'pod')} can't be scheduled{gated}" + (f": {cause}" if cause else "")
        parts = [said, _preempted(events, now)]
        yield _finding("unschedulable", Level.CRITICAL, title, " ".join(part for part in parts if part) or None)


def _preempted(events: Sequence[ClusterEvent], now: datetime) -> str | None:
    """Who took the pods' places, where somebody did lately: pods of a higher priority."""
    lately = [event for event in events if event.reason == "Preempted" and _within(event.last_seen, now, _RECENT_RESTART)]
    if not lately:
        return None
    newest = max(lately, key=lambda event: event.last_seen)
    ago = format_duration((now - newest.last_seen).total_seconds())
    return f"{plural(sum(event.count for event in lately), 'pod')} of a lower priority had to go, the last one {ago} ago: {newest.message}"


def _obstacle(said: str) -> str:
    """Of ``0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu. preemption: …`` what to name; empty if it is not told.

    Nodes that the pod does not want, or that do not want it, are so by intention, mostly: what the others lack explains more. Of several
    such things it is what most nodes lack.
    """
    told = re.match(r"\d+/\d+ nodes are available: (.+?)(?:\. |\.?$)", said)
    if told is None:
        return ""
    obstacles = re.findall(r"(\d+) ((?:(?!, \d+ ).)+)", told[1]) if told[1][0].isdigit() else [("0", told[1])]
    most_first = [what for _unused, what in sorted(obstacles, key=lambda each: int(each[0]), reverse=True) if len(what) < _SHORT]
    lacking = [what for what in most_first if not _INTENDED.search(what)][:1] or most_first[:2]
    return "; ".join(what.removeprefix("node(s) ").removeprefix("had ") for what in lacking)


def _not_starting(bad: Sequence[Pod], level: Level, now: datetime) -> Iterator[Finding]:
    groups: dict[tuple[str, str | None], list[Pod]] = {}
    for pod in bad:
        warning = stuck_at(pod)
        if warning is not None:
            groups.setdefault((warning.reason, None), []).append(pod)
        elif pod.reason in _CREATING:
            groups.setdefault((pod.reason, pod.container), []).append(pod)
    for (reason, container), pods in list(groups.items())[:3]:
        count, warning = plural(len(pods), "pod"), stuck_at(pods[0])
        since = format_duration((now - min(pod.started_at or pod.created_at for pod in pods)).total_seconds())
        if warning is not None:
            what, name = _stuck(reason)
            yield _finding(name, level, f"{what} for {count} ({reason})", f"{warning.message} ({plural(warning.count, 'time')})")
        elif container and pods[0].init:
            awaited = NOT_STARTED if (pods[0].message or "").endswith(NOT_STARTED) else NOT_ENDED
            yield _finding("init", level, f"Init container {container} of {count} {awaited}", f"{pods[0].message or awaited}: see its log")
        elif reason == "Pending" and pods[0].node is None and pods[0].message:
            yield _finding(
                "unscheduled", level, f"{count} not given a node by any scheduler (Pending)", f"since {since}; {pods[0].message}"
            )
        else:
            where = f" on node {pods[0].node}" if pods[0].node else ""
            detail = f"since {since}{where}; no warning says why: see how its image is pulled and its volumes are mounted"
            yield _finding("starting", level, f"{count} can't get beyond {reason}", detail)


def _stuck(reason: str) -> tuple[str, str]:
    if reason in ("FailedMount", "FailedAttachVolume", "FailedMapVolume"):
        return ("A volume can't be attached" if reason == "FailedAttachVolume" else "A volume can't be mounted"), "volume"
    if reason == "FailedPostStartHook":
        return "The postStart hook fails", "container"
    return "The pod's network can't be set up" if reason == "NetworkNotReady" else "The pod's sandbox can't be created", "sandbox"


def _probes(bad: Sequence[Pod], level: Level) -> Iterator[Finding]:
    for kind in ("Startup", "Liveness", "Readiness"):
        told = [(pod, probe) for pod in bad if (probe := failed_probe(pod, (kind,)))]
        if told:
            newest = max((probe for _unused, probe in told), key=lambda probe: probe.last_seen)
            times = plural(sum(probe.count for _unused, probe in told), "time")
            first = min(probe.first_seen for _unused, probe in told)
            waits = re.search(r"unready status: \[([^\]]+)\]", told[0][0].message or "")
            detail = f"{newest.message} ({times})" + (f"; not ready: container {waits[1]}" if waits else "")
            yield _finding(f"{kind.lower()}_probe", level, f"{kind} probe fails on {plural(len(told), 'pod')} (Unhealthy)", detail, first)


def _gates(bad: Sequence[Pod], level: Level) -> Iterator[Finding]:
    waiting = [pod for pod in bad if pod.reason == "ReadinessGatesNotReady"]
    if waiting:
        yield _finding("readiness_gates", level, f"{plural(len(waiting), 'pod')} held back by a readiness gate", waiting[0].message)


def _not_ready(bad: Sequence[Pod], level: Level) -> Iterator[Finding]:
    """Pods that run, and of which nobody says why they are not ready."""
    silent = [pod for pod in bad if pod.reason == "ContainersNotReady" and failed_probe(pod) is None and stuck_at(pod) is None]
    if silent:
        title = f"{plural(len(silent), 'pod')} running and not ready (ContainersNotReady)"
        said = f"{silent[0].message}; " if silent[0].message else ""
        yield _finding("not_ready", level, title, f"{said}no event is left that says how the readiness probe fails: see their logs")


def _otherwise(bad: Sequence[Pod], level: Level) -> Iterator[Finding]:
    """Reasons that no other rule knows, with what is said of them."""
    rest = [
        pod
        for pod in bad
        if pod.reason and pod.message and pod.reason not in _KNOWN | NODE_TROUBLE and (_kind(pod) is None or is_over(pod))
    ]
    for reason in list(dict.fromkeys(pod.reason for pod in rest))[:2]:
        pods = [pod for pod in rest if pod.reason == reason]
        yield _finding("pod", level, f"{plural(len(pods), 'pod')} failing ({reason})", pods[0].message)


def _taken(taken: Sequence[Pod]) -> Iterator[Finding]:
    if taken:
        title = f"{plural(len(taken), 'pod')} taken away by the node ({taken[0].reason})"
        yield _finding("evicted", Level.WARNING, title, taken[0].message)


def _evicted(state: WorkloadState, now: datetime) -> Iterator[Finding]:
    """Evictions of a moment ago, also where others took the pods' places: whatever was short may still be. Those of long ago are over."""
    if state.ready < state.desired:
        return  # told with the pods that are missing
    own = [pod for pod in state.pods if pod.reason == "Evicted" and _OWN_LIMIT.search(pod.message or "")]
    own = [pod for pod in own if _within(pod.ended_at or pod.created_at, now, _RECENT_RESTART)]
    if len(own) > 1:
        title = f"{plural(len(own), 'pod')} evicted lately by the limit of their own local storage"
        yield _finding("evicted", Level.WARNING, title, own[-1].message)
        return
    told = [(one, pod) for pod in state.pods if pod.reason == "Evicted" for one in pod.warnings if one.reason == "Evicted"]
    lately = [(one, pod) for one, pod in told if _within(one.last_seen, now, _RECENT_RESTART)]
    if lately:
        newest, pod = max(lately, key=lambda each: each[0].last_seen)
        ago = format_duration((now - newest.last_seen).total_seconds())
        title = f"{plural(len(lately), 'pod')} evicted lately, the last one {ago} ago; others took over"
        yield _finding("evicted", Level.WARNING, title, pod.message or newest.message, newest.first_seen)


def _terminating(pods: Sequence[Pod], now: datetime) -> Iterator[Finding]:
    stuck = []
    for pod in pods:
        if pod.terminating and pod.terminating_since is not None:
            patience = _FINALIZER_TIME if pod.finalizers or _not_ended(pod) else _TERMINATION_TIME
            if (now - pod.terminating_since).total_seconds() > patience:
                stuck.append(pod)
    if stuck:
        held = tuple(dict.fromkeys(one for pod in stuck for one in pod.finalizers))
        since = min(pod.terminating_since for pod in stuck if pod.terminating_since)
        over = f"{stuck[0].name}: its grace period ended {format_duration((now - since).total_seconds())} ago"
        told = next((why for pod in stuck if (why := _not_ended(pod))), None)
        why = f"held by the finalizer {', '.join(held)}" if held else f"its node {stuck[0].node or '(none)'} does not say that it ended"
        why += f"; {told}" if told else ""
        yield _finding("terminating", Level.WARNING, f"{plural(len(stuck), 'pod')} stuck in Terminating", f"{over}; {why}", since)


def _not_ended(pod: Pod) -> str | None:
    """What the kubelet says of a pod that it can't end; None where it says nothing."""
    return next((f"{one.reason}: {one.message}" for one in pod.warnings if one.reason in _STAYS), None)


def _restarted(pods: Sequence[Pod], now: datetime) -> Iterator[Finding]:
    """Ready pods that restarted a moment ago; those that are not ready say so themselves."""
    lately = [pod for pod in pods if pod.ready and pod.restarts and _within(pod.last_restart_at, now, _RECENT_RESTART)]
    lately = [pod for pod in lately if "OOMKilled" not in (pod.message or "")]
    if lately:
        newest = max(lately, key=lambda pod: pod.last_restart_at or pod.created_at)
        ago = format_duration((now - (newest.last_restart_at or now)).total_seconds())
        probe = failed_probe(newest, ("Liveness", "Startup"))
        why = f"; {probe.message}" if probe else ""
        detail = f"{newest.name}: {plural(newest.restarts, 'restart')}, {newest.message or 'the last one'} {ago} ago{why}"
        yield _finding("restarts", Level.WARNING, f"{plural(len(lately), 'pod')} restarted lately", detail)


def _resized(pods: Sequence[Pod]) -> Iterator[Finding]:
    refused = [pod for pod in pods if pod.resize_refused and not pod.terminating and not is_over(pod)]
    if refused:
        where = "its node" if len(refused) == 1 else "their nodes"
        title = f"The resize of {plural(len(refused), 'pod')} can't be done on {where}"
        detail = f"{refused[0].resize_refused}. What they had before still counts: ask for less, or have them made anew elsewhere"
        yield _finding("resize", Level.WARNING, title, detail)


def _name(pod: Pod) -> str:
    return f"{'Init container' if pod.init else 'Container'} {pod.container or ''}".rstrip()


def _within(at: datetime | None, now: datetime, seconds: float) -> bool:
    return at is not None and (now - at).total_seconds() < seconds
