# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the controller of a workload and what limits it: rollouts, admission, autoscalers, budgets, quotas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.service import WorkloadKind
from ..model.surroundings import Autoscaler, Condition, DisruptionBudget
from ..model.workload import Pod, WorkloadState
from ..units import format_duration
from .pods import failing, is_over, starting
from .wording import plural

_UNOBSERVED = 30.0
"""Seconds within which a controller that is well has looked at a change."""
_REFUSED_LATELY = timedelta(minutes=30)
_AT_MAXIMUM = "TooManyReplicas"
_WANTS_MORE = "ScaleUpLimit"
_SCALED_TO_ZERO = "ScalingDisabled"

_FIRST_METRICS = timedelta(minutes=3)
"""Within which pods that were just made get their first metrics, and an autoscaler sees them."""
_NO_METRICS_YET = ("no metrics returned from", "did not receive metrics for")
_ROUND = timedelta(seconds=30)
"""Within which an autoscaler looks (15 s by default) and its pods are made."""
_NOT_OF_PODS = "external metrics API"

_REFUSALS: tuple[tuple[str, str, str], ...] = (
    ("quota", r"exceeded quota: ([^\s,]+)", "ResourceQuota {} is used up: pods can't be created"),
    ("quota", r"failed quota: ([^\s:]+)", "ResourceQuota {} asks for requests or limits that the pods don't state"),
    ("service_account", r'serviceaccount "([^"]+)" not found', "ServiceAccount {} does not exist: pods can't be created"),
    ("admission", r'violates PodSecurity "([^"]+)"', "Pods violate PodSecurity {} and can't be created"),
    ("admission", r'admission webhook "([^"]+)" denied', "Admission webhook {} denies the pods"),
    ("admission", r"ValidatingAdmissionPolicy '([^']+)'", "ValidatingAdmissionPolicy {} denies the pods"),
    ("webhook", r'failed calling webhook "([^"]+)"', "Admission webhook {} does not answer: pods can't be created"),
    ("limits", r"((?:maximum|minimum) \S+ usage per \S+|max limit to request ratio per \S+)", "A LimitRange forbids the pods ({})"),
    ("priority_class", r"no PriorityClass with name (\S+) was found", "PriorityClass {} does not exist: pods can't be created"),
    ("runtime_class", r'RuntimeClass "([^"]+)" not found', "RuntimeClass {} does not exist: pods can't be created"),
    ("namespace", r"(namespace \S+) because it is being terminated", "The {} is being deleted: pods can't be created"),
)
"""What the API server says when it refuses a pod: how to tell it, and what to say."""


def controller_findings(state: WorkloadState, now: datetime, level: Level, *, tell_paused: bool) -> Iterator[Finding]:
    """``level`` is that of the workload as a whole; ``tell_paused`` where no other source says that a rollout is paused."""
    yield from _refused(state, now, level)
    yield from _progress(state)
    if state.deleted_at is not None:
        title = f"{state.kind.value} {state.name} is being deleted"
        yield _finding("deleted", Level.CRITICAL, title, f"since {state.deleted_at:%Y-%m-%d %H:%M:%S} UTC; its pods go with it")
    if state.paused and tell_paused:
        yield _finding("paused", Level.WARNING, f"The rollout of {state.name} is paused", "Changes wait until somebody resumes it")
    if state.unobserved_for is not None and state.unobserved_for > _UNOBSERVED:
        title = f"{state.kind.value} {state.name} has a change that its controller has not looked at"
        detail = f"for {format_duration(state.unobserved_for)}: see whether kube-controller-manager runs"
        yield _finding("unobserved", Level.WARNING, title, detail)
    yield from _stateful_set(state, now)
    if state.held_back_by and not failing(state.pods, now):
        old = max(state.desired - state.updated, 1)
        whose = f"{plural(old, 'pod')} of {state.kind.value} {state.name}"
        title = f"{whose} still on the old version: the update is held back by {state.held_back_by}"
        advice = "Each gets the new version once it is deleted" if state.held_back_by == "OnDelete" else "Lower the partition to go on"
        yield _finding("partition", Level.WARNING, title, advice)
    for one in state.not_injected[:2]:
        others = f"{plural(one.others, 'pod')} of the same template {'has' if one.others == 1 else 'have'}"
        title = f"{plural(len(one.pods), 'pod')} without container {one.container}, which {others}"
        detail = f"{', '.join(one.pods[:3])}: what puts it into pods did not as these were made; delete them to have them made anew"
        yield _finding("injection", Level.WARNING, title, detail)
    if state.misscheduled:
        verb = "runs" if state.misscheduled == 1 else "run"
        title = f"{plural(state.misscheduled, 'node')} {verb} a pod of DaemonSet {state.name} and should not (misscheduled)"
        yield _finding("misscheduled", Level.WARNING, title, "Their labels or taints changed after it was placed there")


def limit_findings(state: WorkloadState, now: datetime) -> Iterator[Finding]:
    """Autoscalers, disruption budgets and quotas."""
    if state.autoscaler is not None:
        yield from _autoscaler(state.autoscaler, state, now)
    rivals = state.surroundings.scaled_by
    if len(rivals) > 1:
        title = f"{len(rivals)} autoscalers scale {state.kind.value} {state.name} ({', '.join(rivals[:4])})"
        yield _finding("autoscaler", Level.WARNING, title, "They work against each other, or refuse to scale (AmbiguousSelector)")
    for scaler in state.surroundings.misdirected:
        title = f"Autoscaler {scaler.name} scales {scaler.target}, which does not exist"
        yield _finding("autoscaler", Level.WARNING, title, f"{state.kind.value} {state.name} is not scaled by it")
    for budget in state.surroundings.budgets:
        yield from _budget(budget, state)
    counting = [budget.name for budget in state.surroundings.budgets if budget.selects]
    if len(counting) > 1:
        title = f"The pods are counted by {len(counting)} PodDisruptionBudgets ({', '.join(counting[:4])})"
        yield _finding("disruption_budget", Level.WARNING, title, "Kubernetes refuses to evict pods that more than one of them counts")
    for quota in state.surroundings.quotas:
        title = f"ResourceQuota {quota.name} is used up ({', '.join(quota.used_up[:3])})"
        yield _finding("quota", Level.WARNING, title, "No more pods can be created beside those that are there")


def _finding(name: str, level: Level, title: str, detail: str | None = None) -> Finding:
    return Finding(f"workload.{name}", Source.WORKLOAD, level, title, detail)


def _refused(state: WorkloadState, now: datetime, level: Level) -> Iterator[Finding]:
    """Pods that could not be created, by the condition that says so; of kinds without one, by the controller's newest event."""
    said = next((one.message for one in state.status if one.type == "ReplicaFailure" and one.status == "True"), None)
    if said is None and len([pod for pod in state.pods if not pod.terminating]) < state.desired:
        told = [
            event
            for event in state.events
            if event.reason in ("FailedCreate", "FailedDaemonPod") and event.type != "Normal" and now - event.last_seen < _REFUSED_LATELY
        ]
        said = max(told, key=lambda event: event.last_seen).message if told else None
    if said is None:
        return
    worst = Level.CRITICAL if level is Level.CRITICAL or not state.ready else Level.WARNING
    for name, pattern, title in _REFUSALS:
        match = re.search(pattern, said)
        if match:
            yield _finding(name, worst, f"{title.format(match[1])} (FailedCreate)", said)
            return
    yield _finding("create", worst, "Pods can't be created (FailedCreate)", said)


def _progress(state: WorkloadState) -> Iterator[Finding]:
    stopped = next((one for one in state.status if one.type == "Progressing" and one.status == "False"), None)
    if stopped is not None:
        version = f" of {state.version}" if state.version else ""
        title = f"The rollout{version} does not progress ({stopped.reason or 'Progressing=False'})"
        yield _finding("progress", Level.WARNING, title, stopped.message)


def _stateful_set(state: WorkloadState, now: datetime) -> Iterator[Finding]:
    if state.kind is not WorkloadKind.STATEFUL_SET:
        return
    bad = {pod.name: pod for pod in failing(state.pods, now)}
    if state.waits_at in bad:
        reason = bad[state.waits_at].reason
        title = f"StatefulSet {state.name} waits at {state.waits_at}" + (f" ({reason})" if reason else "")
        detail = "The pods after it are made, and replaced, once it is ready; one that is broken by an update has to be deleted by hand"
        yield _finding("ordinal", Level.WARNING, title, detail)
    if state.name_taken:
        title = f"StatefulSet {state.name} can't make {state.name_taken}: another pod of that name already exists"
        detail = "It is not of this StatefulSet, which waits until it is gone: see who made it, and delete or rename it"
        yield _finding("name_taken", Level.WARNING if state.ready else Level.CRITICAL, title, detail)
    if state.headless_missing:
        title = f"StatefulSet {state.name} uses the Service {state.headless_missing}, which does not exist"
        yield _finding("headless_service", Level.WARNING, title, "Its pods have no names in DNS")
    for name in state.missing_classes:
        title = f"StatefulSet {state.name} uses the StorageClass {name}, which does not exist"
        yield _finding("storage_class", Level.WARNING, title, "Its volume claims stay Pending")


def _autoscaler(scaler: Autoscaler, state: WorkloadState, now: datetime) -> Iterator[Finding]:
    broken = [
        one
        for one in scaler.conditions
        if one.type in ("AbleToScale", "ScalingActive")
        and one.status == "False"
        and one.reason != _SCALED_TO_ZERO
        and not _passes(one, state, now)
    ]
    if broken and state.desired:
        title = f"Autoscaler {scaler.name} can't scale ({broken[0].reason or broken[0].type})"
        yield _finding("autoscaler", Level.WARNING, title, broken[0].message)
    elif scaler.not_requested and state.desired:
        title = f"Autoscaler {scaler.name} scales by what the pods don't request: {', '.join(scaler.not_requested[:2])}"
        yield _finding("autoscaler", Level.WARNING, title, "The share that is used can't be computed without a request")
    said = [one for one in scaler.conditions if one.type == "ScalingLimited"]
    if scaler.may_not_grow and any(one.status == "True" and one.reason == _WANTS_MORE for one in said):
        title = f"Autoscaler {scaler.name} may not scale up, and would (ScalingLimited): behavior.scaleUp is Disabled"
        yield _finding("autoscaler", Level.WARNING, title, ", ".join(scaler.metrics) or None)
    limited = any(one.status == "True" and one.reason == _AT_MAXIMUM for one in said)
    if limited or (not said and scaler.current_replicas >= scaler.max_replicas > scaler.min_replicas):
        title = f"Autoscaler {scaler.name} is at its maximum of {plural(scaler.max_replicas, 'pod')}"
        yield _finding("autoscaler", Level.WARNING, title, ", ".join(scaler.metrics) or None)


def _passes(told: Condition, state: WorkloadState, now: datetime) -> bool:
    """Whether an autoscaler missed the metrics of pods that were just made, and sees them when it looks next: by now they have some, or
    are too young for that. Metrics that are not the pods' own are another matter.

    Where no pod is older, its condition may be: it does not change where there were no pods before, of which it said the same.
    """
    said = told.message or ""
    if _NOT_OF_PODS in said or not any(part in said for part in _NO_METRICS_YET):
        return False
    there = [pod for pod in state.pods if not pod.terminating and not is_over(pod)]
    unseen = [pod for pod in there if pod.cpu_usage is None and (pod.ready or pod in starting(there, now))]
    if told.since is not None and now - told.since < _FIRST_METRICS:
        return bool(there) and all(_is_young(pod, now) for pod in unseen)
    first = min((pod.started_at or pod.created_at for pod in there), default=now)
    before = any(event.reason == told.reason and event.first_seen < first - _ROUND for event in state.events)
    return bool(there) and all(_is_young(pod, now) for pod in there) and not before


def _is_young(pod: Pod, now: datetime) -> bool:
    return now - (pod.started_at or pod.created_at) < _FIRST_METRICS


def _budget(budget: DisruptionBudget, state: WorkloadState) -> Iterator[Finding]:
    if budget.matched is None:
        return
    if budget.matched == 0 and not budget.selects and state.desired:
        title = f"PodDisruptionBudget {budget.name} selects no pods"
        yield _finding(
            "disruption_budget", Level.WARNING, title, f"{state.name} is not protected by it: compare its selector with their labels"
        )
    elif budget.selects and budget.allowed == 0 and budget.healthy >= budget.matched > 0:
        title = f"PodDisruptionBudget {budget.name} allows no disruption ({budget.rule}, {plural(budget.healthy, 'healthy pod')})"
        detail = "Nodes that run them can't be drained, though all of them are well"
        yield _finding("disruption_budget", Level.WARNING, title, detail)
