# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports by name: each is one template and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import IncidentResponseError
from ..model.comparison import DeploymentComparison
from ..model.diagnostics import Diagnostics
from ..model.finding import Level
from ..model.incident import Incident, Severity
from ..model.service import Service
from . import advice, sections
from . import incident as transitions
from .rendering import render
from .review import review, rolled_back, user_impact
from .text import Medium
from .update import minutes, name, root_cause, update, versions

_RULE = "━" * 32
_GENERATED_BY = "@devops-bot (incident-response automation)"


def report(incident: Incident, now: datetime, search: Sequence[Path] = ()) -> str:
    """The console report. A P0 gets all thirteen sections; the others the decision tree and the remedies, since people decide there."""
    template = "report.txt.j2" if incident.severity is Severity.P0 else "guided.txt.j2"
    return render(template, Medium.CONSOLE, _report_context(incident, now), search)


def page(incident: Incident, now: datetime, search: Sequence[Path] = ()) -> str:
    """The report as one HTML page that needs nothing else."""
    metrics = incident.diagnostics.metrics.data if incident.diagnostics else None
    context = {
        **_report_context(incident, now),
        "title": name(incident),
        "all_events": transitions.timeline(incident),
        "signals": metrics.signals if metrics else (),
        "levels": {finding.id: finding.level.value for finding in incident.diagnostics.findings} if incident.diagnostics else {},
        "metric_gaps": [line for line in [sections.gap(incident.diagnostics.metrics)] if line] if incident.diagnostics else (),
        "versions": versions(incident),
    }
    return render("report.html.j2", Medium.HTML, context, search)


def stakeholder_update(incident: Incident, now: datetime, search: Sequence[Path] = ()) -> str:
    return render("update.txt.j2", Medium.CONSOLE, _base(incident, now), search)


def rollback_plan(incident: Incident, now: datetime, search: Sequence[Path] = ()) -> str:
    return render("rollback_plan.txt.j2", Medium.CONSOLE, _rollback_context(incident, now), search)


def rollback_result(incident: Incident, now: datetime, search: Sequence[Path] = ()) -> str:
    return render("rollback_result.txt.j2", Medium.CONSOLE, _rollback_context(incident, now), search)


def approval(incident: Incident, now: datetime, search: Sequence[Path] = ()) -> str:
    """What is waiting for somebody's approval, and the command that is it."""
    context = {**_base(incident, now), "command": advice.rollback_command(incident)}
    return render("approval.txt.j2", Medium.CONSOLE, context, search)


def post_mortem(
    incident: Incident, now: datetime, search: Sequence[Path] = (), medium: Medium = Medium.MARKDOWN, path: str | None = None
) -> str:
    """The post-mortem; ``path`` is where it is saved, which it says."""
    context = {
        **_base(incident, now),
        "review": review(incident, now),
        "title": name(incident),
        "user_impact": user_impact(incident),
        "generated_by": _GENERATED_BY,
        "saved_to": path,
    }
    return render("post_mortem.md.j2", medium, context, search)


def deployment_comparison(
    comparison: DeploymentComparison, service: Service, severity: Severity, now: datetime, search: Sequence[Path] = ()
) -> str:
    context = {
        "comparison": comparison,
        "author": sections.handle(comparison.author or "unknown"),
        "service": service,
        "severity": severity,
        "now": now,
        "rule": _RULE,
    }
    return render("comparison.txt.j2", Medium.CONSOLE, context, search)


_OF_INCIDENT: Mapping[str, Callable[[Incident, datetime, Sequence[Path]], str]] = {
    "report": report,
    "page": page,
    "update": stakeholder_update,
    "rollback_plan": rollback_plan,
    "rollback_result": rollback_result,
    "approval": approval,
    "post_mortem": post_mortem,
}
NAMES = (*_OF_INCIDENT, "comparison")


def of_incident(rendering: str, incident: Incident, now: datetime, search: Sequence[Path] = ()) -> str:
    """The report called ``rendering`` (one of NAMES). IncidentResponseError when the record lacks what it shows."""
    if rendering == "comparison":
        if incident.comparison is None:
            raise IncidentResponseError(f"The record {incident.id} holds no deployment comparison. Run analyze_deployment.yml first.")
        return deployment_comparison(incident.comparison, incident.service, incident.severity, now, search)
    return _OF_INCIDENT[rendering](incident, now, search)


def _base(incident: Incident, now: datetime) -> dict[str, Any]:
    return {
        "incident": incident,
        "severity": incident.severity,
        "service": incident.service,
        "now": now,
        "rule": _RULE,
        "update": update(incident, now),
        "next_steps": advice.next_steps(incident),
        "root_cause": root_cause(incident),
        "minutes": minutes,
    }


def _report_context(incident: Incident, now: datetime) -> dict[str, Any]:
    diagnostics = incident.diagnostics
    events, left_out = sections.timeline(transitions.timeline(incident))
    return {
        **_base(incident, now),
        "timeline": events,
        "left_out": left_out,
        "findings": sections.findings(incident),
        "guards": sections.guards(incident),
        "tree": sections.tree(incident.recommendation.tree if incident.recommendation else ()),
        "available_actions": advice.available_actions(incident),
        "command": advice.rollback_command(incident),
        **(_evidence(incident, diagnostics) if diagnostics else dict.fromkeys(_EVIDENCE_SECTIONS, ())),
        "log_window": diagnostics.logs.data.window if diagnostics and diagnostics.logs.data else None,
    }


_EVIDENCE_SECTIONS = ("health", "metrics", "deployments", "logs", "traces", "impact")


def _evidence(incident: Incident, diagnostics: Diagnostics) -> dict[str, Any]:
    return {
        "health": sections.health(diagnostics),
        "metrics": sections.metrics(diagnostics),
        "deployments": sections.deployments(incident, diagnostics),
        "logs": sections.logs(diagnostics),
        "traces": sections.traces(diagnostics),
        "impact": sections.impact(diagnostics),
    }


def _rollback_context(incident: Incident, now: datetime) -> dict[str, Any]:
    if incident.rollback is None:
        raise IncidentResponseError(f"The record {incident.id} holds no rollback.")
    found = incident.diagnostics.findings if incident.diagnostics else ()
    recommended = incident.recommendation.target_revision if incident.recommendation else None
    return {
        **_base(incident, now),
        "rollback": incident.rollback,
        "failing": any(finding.level is Level.CRITICAL for finding in found),
        "last_stable": incident.rollback.plan is not None and incident.rollback.plan.to_revision == recommended,
        "versions": versions(incident),
        "recovered": rolled_back(incident),
        "steps": advice.steps_after_rollback(incident),
    }


def check_templates(directories: Sequence[str]) -> tuple[Path, ...]:
    """The directories that a team's templates lie in. IncidentResponseError names one that does not exist."""
    paths = tuple(Path(directory) for directory in directories)
    for path in paths:
        if not path.is_dir():
            raise IncidentResponseError(f"Option 'templates': {path} is no directory. Name the directory that holds your report templates.")
    return paths
