# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings from the cluster, and from the impact on those who use the service."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.workload import WorkloadState
from .pods import UNSCHEDULED, commonest_reason, crashing, failing, out_of_memory, starting
from .wording import plural

_MANY_FAIL = 0.5
"""Share of the pods from which the workload is failing rather than weakened."""


def workload_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """``workload.pods`` always; the others where there is something to say."""
    state = diagnostics.workload.data
    if state is None:
        return
    yield _pods(state, diagnostics)
    killed = out_of_memory(state)
    if killed:
        title = f"{plural(len(killed), 'pod')} ended by the memory limit (OOMKilled)"
        yield Finding("workload.out_of_memory", Source.WORKLOAD, Level.CRITICAL, title)
    waiting = [pod for pod in state.pods if pod.reason in UNSCHEDULED]
    if waiting:
        title = f"{plural(len(waiting), 'pod')} can't be scheduled"
        yield Finding("workload.unschedulable", Source.WORKLOAD, Level.CRITICAL, title, waiting[0].message)
    scaler = state.autoscaler
    if scaler and scaler.current_replicas >= scaler.max_replicas > scaler.min_replicas:
        title = f"Autoscaler {scaler.name} is at its maximum of {plural(scaler.max_replicas, 'pod')}"
        yield Finding("workload.autoscaler", Source.WORKLOAD, Level.WARNING, title)
    if state.conditions:
        yield Finding("workload.conditions", Source.WORKLOAD, Level.WARNING, "Conditions", "; ".join(state.conditions))


def impact_findings(diagnostics: Diagnostics) -> Iterator[Finding]:
    """The error-rate objective, where it is breached."""
    impact = diagnostics.impact.data
    if impact and impact.objective.value:
        yield Finding("impact.objective", Source.IMPACT, Level.CRITICAL, "Service level objective breached", impact.objective.basis)


def _pods(state: WorkloadState, diagnostics: Diagnostics) -> Finding:
    now = diagnostics.workload.collected_at
    bad, young = failing(state.pods, now), starting(state.pods, now)
    missing = max(state.desired - state.ready - len(young), 0)
    count = max(missing, 0) if state.desired else len(bad)
    reason = commonest_reason(bad)
    told = f" ({reason})" if reason else ""
    if state.desired == 0:
        return Finding("workload.pods", Source.WORKLOAD, Level.WARNING, "Scaled to zero: no pods are wanted")
    if count == 0:
        extra = f" ({plural(len(young), 'pod')} starting)" if young else ""
        return Finding("workload.pods", Source.WORKLOAD, Level.OK, f"{state.ready}/{state.desired} pods healthy{extra}")
    share = count / state.desired
    if share < _MANY_FAIL and not crashing(bad, now):
        told = f" ({plural(count, 'pod')} {reason or 'not ready'})"
        return Finding("workload.pods", Source.WORKLOAD, Level.WARNING, f"{state.ready}/{state.desired} pods healthy{told}")
    level = Level.CRITICAL if share >= _MANY_FAIL else Level.WARNING
    return Finding("workload.pods", Source.WORKLOAD, level, f"{count}/{state.desired} pods failing{told}")
