# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from the cluster, and from the impact on those who use the service."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.service import WorkloadKind
from ..model.surroundings import ServiceEndpoints
from ..model.workload import WorkloadState
from .findings_controller import controller_findings, limit_findings
from .findings_nodes import node_findings
from .findings_pods import pod_findings
from .findings_surroundings import configuration_findings, surroundings_findings
from .pods import commonest_reason, crashing, failing, is_over, starting
from .wording import plural

_MANY_FAIL = 0.5
"""Share of the pods from which the workload is failing rather than weakened."""
_DESCRIBED = 100
"""Pods that evidence describes one by one at most: of a larger workload it can't be told which are not there."""
_TO_ZERO = re.compile(r"Scaled down replica set \S+ from \d+ to 0$|Scaled down replica set \S+ to 0$|delete Pod \S+ in StatefulSet")


def workload_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """``workload.pods`` always; the others where there is something to say. Of several of one kind, the later ones are numbered."""
    state = diagnostics.workload.data
    if state is None:
        return
    now = diagnostics.workload.collected_at
    pods = _pods(state, now)
    level = pods.level if pods.level in (Level.WARNING, Level.CRITICAL) else Level.WARNING
    found = [
        pods,
        *pod_findings(state, now, level),
        *controller_findings(state, now, level, tell_paused=diagnostics.rollouts.data is None),
        *node_findings(state, now),
        *surroundings_findings(state, now),
    ]
    found += _but_known(limit_findings(state, now), found)
    told = " ".join(f"{finding.title} {finding.detail or ''}" for finding in found)
    found += configuration_findings(state, now, told)
    yield from _numbered(found)


def _but_known(later: Iterable[Finding], found: Sequence[Finding]) -> list[Finding]:
    """Without a quota of which the pods say already that it is used up."""
    blocked = any(finding.id == "workload.quota" for finding in found)
    return [finding for finding in later if not (blocked and finding.id == "workload.quota")]


def _numbered(found: Iterable[Finding]) -> Iterator[Finding]:
    """With identifiers that are unique: ``workload.node``, ``workload.node.2``."""
    seen: Counter[str] = Counter()
    for finding in found:
        seen[finding.id] += 1
        yield finding if seen[finding.id] == 1 else replace(finding, id=f"{finding.id}.{seen[finding.id]}")


def impact_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """The error-rate objective, where it is breached."""
    impact = diagnostics.impact.data
    if impact and impact.objective.value:
        yield Finding("impact.objective", Source.IMPACT, Level.CRITICAL, "Service level objective breached", impact.objective.basis)


def _pods(state: WorkloadState, now: datetime) -> Finding:
    bad, young = failing(state.pods, now), starting(state.pods, now)
    live = tuple(pod for pod in bad if not is_over(pod))
    missing = max(state.desired - state.ready - len(young), 0)
    if state.rolling_out and not live and missing <= state.max_unavailable:
        missing = 0  # pods that the rollout took away, and is about to replace
    count = missing if state.desired else len(live)
    there = [pod for pod in state.pods if not pod.terminating and not is_over(pod)]
    absent = len(there) < state.desired <= _DESCRIBED
    reason = commonest_reason(live or bad) or ("not created" if absent else None)
    told = f" ({reason})" if reason else ""
    if state.desired == 0:
        none = "no node wants a pod" if state.kind is WorkloadKind.DAEMON_SET else "no pods are wanted"
        level = Level.WARNING if _should_have_pods(state) else Level.OK
        return Finding(
            "workload.pods", Source.WORKLOAD, level, f"Scaled to zero: {none}", _without_pods(state) if level is not Level.OK else None
        )
    if count == 0 and live:
        extra = f" ({plural(len(live), 'more pod')} {reason or 'not ready'})"
        return Finding("workload.pods", Source.WORKLOAD, Level.WARNING, f"{state.ready}/{state.desired} pods healthy{extra}")
    if count == 0:
        extra = f" ({plural(len(young), 'pod')} starting)" if young else ""
        return Finding("workload.pods", Source.WORKLOAD, Level.OK, f"{state.ready}/{state.desired} pods healthy{extra}")
    share = count / state.desired
    if share < _MANY_FAIL and not crashing(bad, now):
        told = f" ({plural(count, 'pod')} {reason or 'not ready'})"
        return Finding("workload.pods", Source.WORKLOAD, Level.WARNING, f"{state.ready}/{state.desired} pods healthy{told}")
    level = Level.CRITICAL if share >= _MANY_FAIL else Level.WARNING
    return Finding("workload.pods", Source.WORKLOAD, level, f"{count}/{state.desired} pods failing{told}")


def _without_pods(state: WorkloadState) -> str:
    """What follows of that a workload asks for no pods, and what to do."""
    named = f"{state.kind.value} {state.name}"
    if state.kind is WorkloadKind.DAEMON_SET:
        return f"{named}: no node has the labels that it selects, or each has a taint that it does not tolerate"
    leading = [service.name for service in state.surroundings.services if _is_unanswered(service)]
    parts = [f"{named} has replicas 0"]
    if leading:
        parts.append(f"whoever calls Service {', '.join(leading[:3])} gets no answer")
    if state.autoscaler is not None:
        parts.append(f"autoscaler {state.autoscaler.name} leaves it alone as long as that is so (ScalingDisabled)")
    return "; ".join([*parts, "scale it up, unless somebody means it to rest"])


def _should_have_pods(state: WorkloadState) -> bool:
    """Whether somebody calls a workload without pods, or took them away lately; one that nothing leads to may rest on purpose."""
    if state.kind is WorkloadKind.DAEMON_SET:
        return True
    if state.autoscaler is not None and state.autoscaler.scales_to_zero:
        return False
    if any(service.selects and service.tries_only for service in state.surroundings.services):
        return False
    called = any(_is_unanswered(service) for service in state.surroundings.services)
    return called or any(_TO_ZERO.match(event.message) for event in state.events if event.object_kind == state.kind.value)


def _is_unanswered(service: ServiceEndpoints) -> bool:
    """Whether a Service leads to the workload, and to nobody else who answers in its place."""
    return service.selects and not service.ready
