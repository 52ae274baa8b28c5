# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods fail, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from ..model.workload import PROBE_REASONS, UNSTARTABLE, Pod, PodWarning, WorkloadState

STARTUP_GRACE = 60.0
"""Seconds that a pod may take to become ready before that says anything."""

CRASHES = frozenset({"CrashLoopBackOff", "OOMKilled", "Error", "StartError", "ContainerCannotRun"})
"""The program was started and ended."""
IMAGE_REASONS = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
"""Waiting reasons of the kubelet (pkg/kubelet/images/types.go)."""
UNSCHEDULED = frozenset({"Unschedulable", "SchedulingGated"})
NODE_TROUBLE = frozenset({"NodeLost", "NodeAffinity", "NodeShutdown", "Evicted", "Shutdown", "Terminated", "Preempting"})
"""The node took the pod away. https://kubernetes.io/docs/concepts/scheduling-eviction/"""

STUCK = frozenset(
    {"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady", "FailedPostStartHook"}
)
"""Warnings of the kubelet and of the volume controller that say why a container can't be created (pkg/kubelet/events)."""

_STARTING = frozenset({"Pending", "ContainerCreating", "PodInitializing", "ContainersNotReady"})
_PASSING = ("timed out waiting for the condition", "not registered")
"""What the kubelet says of a volume in the first seconds of many a pod that then starts well."""
_LONGEST_STARTUP = 600.0
_FAILURES = 3
"""Failed probes in a row after which the kubelet acts, by default."""
_A_WHILE, _SOON = 30.0, 0.25
"""Seconds of a first run, beyond what a pod may take to start, and the part of it that the last one did not outlive."""
_OVER_FOR = 1800.0
"""Seconds after which a pod that ended, and that was replaced, says nothing any more."""
_LATELY = 2700.0
"""Seconds for which an end by the memory limit is of the present: a leak may take half an hour from one to the next."""
_AGAIN = 2
_OLD = 3 * 3600.0
_SIBLINGS = 300.0
"""Seconds between pods of one rollout, at most: what is made later was scaled up, or takes the place of one that was lost."""
_OWN_STORAGE = re.compile(r"ephemeral local storage usage exceeds|exceeded its local ephemeral storage limit|Usage of EmptyDir volume")
"""What the kubelet says where a pod is evicted for what it wrote itself, on a node that has room left (pkg/kubelet/eviction/helpers.go)."""
_FULL, _MUCH_LESS = 0.85, 0.75
"""Share of the limit from which a pod is as good as full, and part of that up to which another uses much less."""


def failing(pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Pods that are not ready and should be: neither on their way out, nor long over, nor still within their time to start."""
    return tuple(pod for pod in pods if not (pod.ready or pod.terminating or lies_around(pod, now) or _starts(pod, now)))


def starting(pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Pods that are not ready yet because they are young."""
    return tuple(pod for pod in pods if not pod.ready and not pod.terminating and _starts(pod, now))


def crashing(pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Failing pods whose program ends by itself, or that can't be started."""
    return tuple(pod for pod in failing(pods, now) if pod.reason in CRASHES | UNSTARTABLE)


def fails_to_start_again(pod: Pod) -> bool:
    """Whether it ran for a while at first, and ends soon after each start since: what changed in between is not its version."""
    if pod.reason not in CRASHES - {"OOMKilled"} or not pod.restarts or pod.last_run is None or not pod.warnings:
        return False
    well = (min(one.first_seen for one in pod.warnings) - pod.created_at).total_seconds() - pod.startup_time
    return well >= _A_WHILE and pod.last_run <= _SOON * well


def commonest_reason(pods: Sequence[Pod]) -> str | None:
    """The reason that explains most of the pods; None when none of them has one."""
    reasons = Counter(pod.reason for pod in pods if pod.reason)
    return reasons.most_common(1)[0][0] if reasons else None


def out_of_memory(state: WorkloadState) -> tuple[Pod, ...]:
    """Pods whose last end was the memory limit."""
    return tuple(pod for pod in state.pods if _by_memory(pod))


def killed_again(pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Pods that are up at this moment, and that the memory limit ends again and again; none unless it is half of all that should be there.

    They are well from one end to the next, which is when one may happen to look.
    """
    there = [pod for pod in pods if not (pod.terminating or is_over(pod))]
    again = tuple(
        pod
        for pod in there
        if pod.ready and _by_memory(pod) and pod.restarts >= _AGAIN and pod.last_restart_at is not None
        if (now - pod.last_restart_at).total_seconds() <= _LATELY
    )
    return again if 2 * len(again) >= len(there) else ()


def full_with_age(state: WorkloadState | None, now: datetime) -> Pod | None:
    """The pod that is as good as full after hours, where pods that its memory limit ended lately use much less; None where there is none.

    Memory then goes with age, and not with what is asked of the pods: all of them get their share of that.
    """
    there = [pod for pod in state.pods if pod.ready and pod.memory_share is not None] if state else []
    anew = [pod for pod in there if _by_memory(pod) and _seconds_since(pod.last_restart_at, now) <= _LATELY]
    old = [pod for pod in there if _seconds_since(pod.last_restart_at or pod.created_at, now) >= _OLD]
    fullest = max(old, key=lambda pod: pod.memory_share or 0.0, default=None)
    if fullest is None or not anew or (fullest.memory_share or 0.0) < _FULL:
        return None
    return fullest if all((pod.memory_share or 0.0) <= _MUCH_LESS * (fullest.memory_share or 0.0) for pod in anew) else None


def killed_lately(pods: Sequence[Pod], since: datetime | None) -> tuple[Pod, ...]:
    """Pods that the memory limit ended since then; none where it was only one, which may have met a request that was too large."""
    ended = tuple(pod for pod in pods if _by_memory(pod) and since is not None and pod.last_restart_at and pod.last_restart_at >= since)
    return ended if len(ended) >= _AGAIN else ()


def over_its_storage(pod: Pod) -> bool:
    """Whether it was evicted since it wrote more than its own limits allow, which is no trouble of its node."""
    return pod.reason == "Evicted" and bool(_OWN_STORAGE.search(pod.message or ""))


def cannot_start_anew(pods: Sequence[Pod], now: datetime) -> tuple[Pod, ...]:
    """Failing pods that can't be started though others of their revision, made well before, run: what it takes has gone meanwhile.

    None where a pod that fails is another kind of case: made with those that run, or of a revision of which none does.
    """
    broken = failing(pods, now)
    ready = [pod for pod in pods if pod.ready]
    for pod in broken:
        older = [one.created_at for one in ready if one.revision_hash == pod.revision_hash and pod.revision_hash is not None]
        if pod.reason not in UNSTARTABLE or not older or (pod.created_at - max(older)).total_seconds() <= _SIBLINGS:
            return ()
    return broken


def is_over(pod: Pod) -> bool:
    """Whether all its containers ended for good: its controller makes another one in its place."""
    return pod.phase in ("Failed", "Succeeded")


def lies_around(pod: Pod, now: datetime) -> bool:
    """Whether a pod is over since long, and only not removed yet."""
    return is_over(pod) and (now - (pod.ended_at or pod.created_at)).total_seconds() > _OVER_FOR


def stuck_at(pod: Pod) -> PodWarning | None:
    """The warning that says why the pod's containers can't be created; None where there is none."""
    for warning in pod.warnings:
        passing = warning.count < _FAILURES and any(part in warning.message for part in _PASSING)
        if warning.reason in STUCK and not passing:
            return warning
    return None


def failed_probe(pod: Pod, kinds: Sequence[str] = ("Startup", "Liveness", "Readiness")) -> PodWarning | None:
    """The newest failure of a probe of these kinds; None where there is none."""
    return next((one for one in pod.warnings if one.reason in PROBE_REASONS and one.message.startswith(tuple(kinds))), None)


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    return (now - moment).total_seconds() if moment is not None else float("inf")


def _by_memory(pod: Pod) -> bool:
    return pod.reason == "OOMKilled" or (pod.exit_code == 137 and "OOMKilled" in (pod.message or ""))


def _starts(pod: Pod, now: datetime) -> bool:
    if pod.restarts or not (pod.reason is None or pod.reason in _STARTING) or stuck_at(pod) is not None:
        return False
    age = (now - (pod.started_at or pod.created_at)).total_seconds()
    grace = max(STARTUP_GRACE, min(pod.startup_time, _LONGEST_STARTUP))
    probe = failed_probe(pod)
    # Its team says by the probe how long a start may take; after as many failures as the kubelet bears, only a startup probe waits.
    often = probe is not None and (probe.count >= _FAILURES or probe.first_seen < (pod.started_at or pod.created_at))
    if probe is None or not often:
        return age < grace
    return age < min(pod.startup_time, _LONGEST_STARTUP) and probe.message.startswith("Startup")
