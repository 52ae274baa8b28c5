# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: the judged facts of a look at a service.

``title`` is what a finding is about, or all of it; ``detail`` says the rest, so that ``title: detail`` reads as one line
("Error rate: 45% (baseline: 0.1%) - 450x increase", "3/5 pods failing (CrashLoopBackOff)").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..model.diagnostics import Diagnostics
from ..model.evidence import Evidence
from ..model.finding import Finding, Level
from .findings_changes import change_findings
from .findings_dependencies import dependency_findings
from .findings_metrics import metric_findings
from .findings_source import log_findings, rollout_findings
from .findings_traces import trace_findings
from .findings_workload import impact_findings, workload_findings

_TITLES = {
    "workload": "Workload",
    "rollouts": "Rollout history",
    "logs": "Logs",
    "metrics": "Metrics",
    "traces": "Traces",
    "dependencies": "Dependencies",
    "changes": "Changes",
    "impact": "Impact",
}

_WORST_FIRST = (Level.CRITICAL, Level.WARNING, Level.UNKNOWN, Level.OK)

_RULES: tuple[Callable[[Diagnostics], Iterator[Finding]], ...] = (
    workload_findings,
    dependency_findings,
    metric_findings,
    rollout_findings,
    change_findings,
    log_findings,
    trace_findings,
    impact_findings,
)


def findings(diagnostics: Diagnostics, of_looking: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """What the evidence shows, and what came to light while it was gathered (``of_looking``), worst first.

    A source that gave nothing is a finding of unknown level with the reason.
    """
    found = [*of_looking, *(finding for rule in _RULES for finding in rule(diagnostics))]
    sources: tuple[Evidence[Any], ...] = (
        diagnostics.workload,
        diagnostics.rollouts,
        diagnostics.logs,
        diagnostics.metrics,
        diagnostics.traces,
        diagnostics.dependencies,
        diagnostics.changes,
        diagnostics.impact,
    )
    found += [_missing(evidence) for evidence in sources if not evidence.usable]
    return tuple(sorted(found, key=lambda finding: _WORST_FIRST.index(finding.level)))


def _missing(evidence: Evidence[Any]) -> Finding:
    return Finding(
        id=f"{evidence.source.value}.{evidence.status.value}",
        source=evidence.source,
        level=Level.UNKNOWN,
        title=_TITLES[evidence.source.value],
        detail=evidence.reason or f"{evidence.status.value}, no reason given",
    )
