# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the workload's health is told on the console: how many pods are well, then the few things that keep it from being well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..lean import dataclass
from ..model.diagnostics import Diagnostics
from ..model.evidence import Source
from ..model.finding import Finding, Level
from ..model.workload import Pod, WorkloadState

_PODS = "workload.pods"
_SAID_BY_PODS = "not_ready"
"""Adds nothing to the line about the pods but advice."""
_MOST = 3
"""Lines beside the one about the pods: who reads them has just woken up, and all findings follow further down."""
_LATER = frozenset({"autoscaler", "certificate", "disruption_budget", "events", "job", "partition", "paused", "quota", "usage", "webhook"})
"""Warnings about what may go wrong, or lies beside the service: they wait for the list of findings."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section. ``details`` are written below it, indented."""

    level: Level
    text: str
    details: tuple[str, ...] = ()


def workload_health(diagnostics: Diagnostics) -> list[Line]:
    """The pods by the judgement that the findings are drawn from, then what concerns health, the worst first, one short line each."""
    state, service = diagnostics.workload.data, diagnostics.service.name
    if state is None:
        return []
    found = [finding for finding in diagnostics.findings if finding.source is Source.WORKLOAD]
    pods = next((finding for finding in found if finding.id == _PODS), None)
    first = Line(pods.level, f"{service}: {pods.title}") if pods is not None else _counted(service, state)
    telling = _worst_first([finding for finding in found if finding.id != _PODS and _concerns_health(finding)])
    lines = [first, *(Line(finding.level, finding.title) for finding in telling[:_MOST])]
    if len(telling) > _MOST:
        lines.append(Line(telling[_MOST].level, f"{len(telling) - _MOST} more under Investigation Findings"))
    return lines


def _concerns_health(finding: Finding) -> bool:
    kind = finding.id.split(".")[1] if "." in finding.id else finding.id
    if kind == _SAID_BY_PODS:
        return False
    return finding.level is Level.CRITICAL or (finding.level is Level.WARNING and kind not in _LATER)


def _worst_first(found: Sequence[Finding]) -> list[Finding]:
    return [finding for level in (Level.CRITICAL, Level.WARNING) for finding in found if finding.level is level]


def _counted(service: str, state: WorkloadState) -> Line:
    """By the counts alone, for a record whose findings were not kept."""
    broken = [pod for pod in state.pods if not pod.ready and not pod.terminating]
    failing = max(state.desired - state.ready, 0)
    if failing == 0:
        return Line(Level.OK, f"{service}: {state.ready}/{state.desired} pods healthy")
    reasons = Counter(pod.reason for pod in broken if pod.reason)
    reason = f" ({reasons.most_common(1)[0][0]})" if reasons else ""
    if 2 * failing < state.desired and not any(_crashes(pod) for pod in broken):
        waiting = f" ({failing} {'pod' if failing == 1 else 'pods'} in Warning state)"
        return Line(Level.WARNING, f"{service}: {state.ready}/{state.desired} pods healthy{reason or waiting}")
    return Line(Level.CRITICAL, f"{service}: {failing}/{state.desired} pods failing{reason}")


def _crashes(pod: Pod) -> bool:
    return pod.reason in {"CrashLoopBackOff", "OOMKilled", "Error"}
