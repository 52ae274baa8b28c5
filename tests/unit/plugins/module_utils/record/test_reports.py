# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports against the worked examples that they follow, and against text that wants to be more than text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison import ComparedSignal, DeploymentComparison
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import EvidenceStatus, Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Incident, Severity
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Guard, TreeStep
from ansible_collections.devops.incident_response.plugins.module_utils.record import incident as transitions
from ansible_collections.devops.incident_response.plugins.module_utils.record import reports, sections
from ansible_collections.devops.incident_response.tests.unit import samples

NOW = samples.after(400)
SECTIONS = [
    "🚨 INCIDENT RESPONSE - P0 CRITICAL",
    "📋 Incident Details",
    "📊 Service Health",
    "🕐 Timeline",
    "📈 Metrics Anomaly Detection",
    "🔍 Recent Deployments",
    "📝 Log Analysis (Last 15min)",
    "🔗 Distributed Tracing",
    "💡 Recommended Action",
    "📋 Investigation Findings",
    "🎯 Impact Assessment",
    "🚀 Automated Actions Available",
    "🔄 Next Steps",
    "💬 Communication Template",
]
P0_LINES = """\
━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
  Service: payment-api
  Severity: P0 (Critical)
  Namespace: production
  Started: 2025-10-21 14:23:15 UTC
  ❌ payment-api: 3/5 pods failing (CrashLoopBackOff)
  ⚠️  Database: Connection pool exhausted (95/100)
  ✓ Redis cache: Healthy
  14:23:15 - Deployment v2.3.1 started
  14:24:10 - Error rate spiked 0.1% → 45%
  ⚠️  Error rate: 45% (baseline: 0.1%) - 450x increase
  🔴 Latency P95: 8.5s (baseline: 150ms) - 56x increase
  🔴 Database query time: 2.3s (baseline: 50ms) - 46x increase
  ⚠️  Memory usage: 85% (baseline: 60%) - gradual increase
  ⚠️  CPU usage: 40% (baseline: 25%) - moderate increase
  ✓ v2.3.1 deployed 2 minutes ago by @devops-bot
    - Changed: payment processor logic
    - Added: new database query in payment validation
    - 🔴 Correlation: 95% confidence deployment caused incident
  ERROR: Database connection timeout (823 occurrences)
  WARN: Circuit breaker opened for database (45 occurrences)
  ⚠️  Trace analysis shows bottleneck in payment validation
  🔴 Database query: SELECT * FROM transactions WHERE user_id = ? (missing index)
  ⚠️  Average trace duration: 8.2s (baseline: 120ms)
  ➜ IMMEDIATE ROLLBACK to v2.3.0 (last stable)
  Confidence: 95%
  Reasoning:
    - Blast radius: High (45% error rate)
  Affected users: ~2,400 active sessions
  Failed transactions: 1,247 in last 5 minutes
  Revenue impact: $18,700 estimated (based on avg transaction value)
  [ ] Execute rollback to v2.3.0
  [ ] Scale down to stop new pod creation
  [ ] Notify stakeholders via #incidents channel
  [ ] Schedule post-mortem for tomorrow
  [ ] Update runbook with lessons learned
  Subject: [P0] Payment API Outage - Rollback in Progress
  Status: Active incident - Rollback initiated
  Service: Payment API (payment-api)
  Action: Rolling back deployment v2.3.1 → v2.3.0
  ETA: 3-5 minutes to full restoration
  Root Cause: Missing database index causing query timeout
  Next Update: In 10 minutes
"""
HOSTILE = "\x1b[31m{{ 7*7 }} {% raw %} <script>x</script> | `a` [l](http://evil.example) **b**\n# h\u202e password=hunter2"


def with_evidence(incident: Incident, **changes: Any) -> Incident:
    assert incident.diagnostics is not None
    return replace(incident, diagnostics=replace(incident.diagnostics, **changes))


def test_a_p0_has_the_thirteen_sections_in_order() -> None:
    lines = reports.report(samples.recommended(), NOW).splitlines()
    assert [line for line in lines if line in SECTIONS] == SECTIONS
    assert [line for line in lines if line and not line.startswith((" ", "━"))] == SECTIONS


@pytest.mark.parametrize("line", P0_LINES.splitlines())
def test_a_p0_says_what_the_example_says(line: str) -> None:
    assert line in reports.report(samples.recommended(), NOW).splitlines()


def test_no_line_ends_in_blanks_and_no_section_is_torn() -> None:
    text = reports.report(samples.recommended(), NOW)
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert "\n\n\n" not in text
    assert text.endswith("minutes\n")


def test_the_others_get_the_tree_and_the_remedies() -> None:
    lines = reports.report(samples.recommended(Severity.P1), NOW).splitlines()
    assert lines[0] == "⚠️  INCIDENT RESPONSE - P1 HIGH"
    start = lines.index("🔍 Diagnostic Decision Tree")
    assert lines[start : start + 5] == [
        "🔍 Diagnostic Decision Tree",
        "",
        "  Symptom: 500 errors",
        "  ├─ Recent deployment? YES (2 minutes before the incident)",
        "  └─ Recommended path: IMMEDIATE ROLLBACK to v2.3.0 (last stable)",
    ]
    start = lines.index("🔧 Suggested Remediation")
    assert lines[start + 1] == "  1. Add index on transactions.user_id"


@pytest.mark.parametrize("source", [source for source in Source if source is not Source.CHANGES])
@pytest.mark.parametrize("status", [EvidenceStatus.UNAVAILABLE, EvidenceStatus.SKIPPED])
@pytest.mark.parametrize("severity", [Severity.P0, Severity.P1])
def test_missing_evidence_is_one_calm_line(source: Source, status: EvidenceStatus, severity: Severity) -> None:
    blind = with_evidence(samples.recommended(severity), **{source.value: samples.missing(source, "403 Forbidden for pods", status)})
    for rendering in ("report", "post_mortem", "update"):
        text = reports.of_incident(rendering, blind, NOW)
        assert "None" not in text.replace("None planned", "").replace("None beyond", "").replace("None is known", "")
    if severity is Severity.P0 or source is not Source.IMPACT:
        told = [line for line in reports.report(blind, NOW).splitlines() if "403 Forbidden for pods" in line]
        assert len(told) == 1
        assert told[0].startswith("  ❔ ")


def test_changes_that_are_missing_are_told_below_the_deployment() -> None:
    blind = with_evidence(samples.recommended(), changes=samples.missing(Source.CHANGES, "no repository in the catalogue"))
    assert "    - Changes: not available (no repository in the catalogue)" in reports.report(blind, NOW).splitlines()


@pytest.mark.parametrize("severity", Severity)
def test_without_any_diagnostics_there_still_is_a_report(severity: Severity) -> None:
    given = transitions.Declaration(samples.SERVICE, severity, samples.POLICY)
    bare = transitions.declare(given, "2025-10-21-payment-api-outage", samples.DECLARED_AT, None)
    for rendering in ("report", "update", "post_mortem", "approval"):
        assert "payment-api" in reports.of_incident(rendering, bare, NOW) or rendering == "approval"


def test_an_old_deployment_is_no_suspect() -> None:
    incident = samples.recommended()
    assert incident.diagnostics is not None
    rollouts = incident.diagnostics.rollouts.data
    assert rollouts is not None
    aged = replace(rollouts, deployed_at=samples.DECLARED_AT - timedelta(days=2, hours=1))
    text = reports.report(with_evidence(incident, rollouts=samples.evidence(Source.ROLLOUTS, aged)), NOW)
    assert "  ✓ No deployment in the last 4h (v2.3.1 since 2 days)" in text.splitlines()


def test_a_dry_run_says_so() -> None:
    assert "Dry run: nothing is changed, sent or written" in reports.report(replace(samples.recommended(), dry_run=True), NOW)


def test_nothing_is_said_to_be_rolled_back_before_anybody_agreed() -> None:
    incident = replace(samples.recommended(), recommendation=samples.recommendation(automatic=False))
    text = reports.stakeholder_update(incident, NOW)
    assert "Subject: [P0] Payment API Outage - Rollback Recommended" in text
    assert "Status: Active incident - Rollback waiting for approval" in text


def test_the_update_has_every_field() -> None:
    assert reports.stakeholder_update(samples.resolved(), NOW) == (
        "Subject: [P0] Payment API Outage - Resolved\n\n"
        "Status: Resolved\n"
        "Service: Payment API (payment-api)\n"
        "Impact: 45% error rate, ~2,400 users affected\n"
        "Started: 2025-10-21 14:23:15 UTC\n"
        "Duration: 4m 15s\n\n"
        "Current Action: None, the service is back to normal\n"
        "ETA: Restored\n\n"
        "Root Cause: Missing database index causing query timeout\n"
        "Next Update: None planned\n\n"
        "Incident Commander: @devops-bot (automated)\n"
        "War Room: https://meet.example/war-room\n"
    )


def test_the_plan_of_a_rollback_shows_its_checks() -> None:
    assert reports.of_incident("rollback_plan", samples.resolved(), NOW) == (
        "🔄 AUTOMATED ROLLBACK - P0 CRITICAL\n"
        "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━\n\n"
        "📋 Rollback Plan\n"
        "  Service: payment-api\n"
        "  Current: v2.3.1 (failing)\n"
        "  Target: v2.3.0 (last stable)\n"
        "  Strategy: Rolling update (zero-downtime)\n\n"
        "⚠️  Pre-Rollback Safety Checks\n"
        "  ✓ Target version v2.3.0 exists in registry\n"
        "  ❔ Database schema compatible: the catalogue names no schema_check\n"
    )


def test_the_result_of_a_rollback_gives_the_time_against_the_target() -> None:
    lines = reports.of_incident("rollback_result", samples.resolved(), NOW).splitlines()
    assert lines[:5] == [
        "✓ Rollback Complete",
        "",
        "  Final state:",
        "    ✓ payment-api v2.3.0: 5/5 pods healthy",
        "    ✓ Error rate: 0.1% (back to baseline)",
    ]
    assert "  Total duration: 4 minutes 15 seconds" in lines
    assert "  MTTR achieved: Excellent (target: <10min for P0)" in lines


def test_approval_comes_with_its_command() -> None:
    options = "-e service=payment-api -e namespace=production -e severity=P0 -e target=v2.3.0"
    command = f"  ansible-playbook devops.incident_response.rollback {options}"
    assert command in reports.of_incident("approval", samples.recommended(), NOW).splitlines()


def comparison() -> DeploymentComparison:
    signals = (
        ComparedSignal("error_rate", "Error rate", "share", 0.002, 0.008, 3.0, "worse"),
        ComparedSignal("request_rate", "Request rate", "per_second", 1200.0, 1180.0, -0.0167, "same"),
        ComparedSignal("memory", "Memory usage", "share", None, 0.52, None, "unknown", "no such series"),
    )
    return DeploymentComparison(
        version="v3.1.5",
        previous_version="v3.1.4",
        deployed_at=samples.BROKE_AT,
        author="engineer-alice",
        before=None,
        after=(samples.BROKE_AT, NOW),
        signals=signals,
        confidence=65,
        level="medium",
        evidence=("Error rate increased 30min after deployment",),
        headline="MONITOR for additional 2 hours before rollback decision",
        reasoning=("Degradation is moderate (not critical)",),
        monitoring=("Set alert: Error rate > 2% → auto-rollback",),
    )


def test_a_comparison_of_two_versions() -> None:
    text = reports.deployment_comparison(comparison(), replace(samples.SERVICE, name="user-api"), Severity.P2, NOW)
    assert text.startswith("📊 DEPLOYMENT ANALYSIS - P2 MEDIUM\n")
    for line in (
        "🔍 Deployment: v3.1.5",
        "  Deployed: 2025-10-21 14:23:15 UTC (6m 40s ago)",
        "  By: @engineer-alice",
        "📈 Performance Comparison (v3.1.4 → v3.1.5)",
        "    - Error rate: 0.2%",
        "    - Error rate: 0.8% (+300% ⚠️)",
        "    - Request rate: 1,180 req/s (-1.7% ✓)",
        "    - Memory usage: unknown (no such series)",
        "    - Memory usage: 52% (change unknown)",
        "  ⚠️  Medium confidence (65%) that deployment contributed to degradation",
        "  ➜ MONITOR for additional 2 hours before rollback decision",
        "  [ ] Set alert: Error rate > 2% → auto-rollback",
    ):
        assert line in text.splitlines()


def test_a_record_without_a_comparison_says_so() -> None:
    with pytest.raises(IncidentResponseError, match=r"holds no deployment comparison. Run analyze_deployment\.yml"):
        reports.of_incident("comparison", samples.declared(), NOW)


@pytest.mark.parametrize("rendering", ["report", "update", "post_mortem", "approval"])
def test_text_from_outside_stays_text(rendering: str) -> None:
    incident = samples.recommended()
    assert incident.diagnostics is not None
    assert incident.diagnostics.logs.data is not None
    patterns = tuple(replace(pattern, template=HOSTILE) for pattern in incident.diagnostics.logs.data.patterns)
    hostile: Diagnostics = replace(
        incident.diagnostics,
        logs=samples.evidence(Source.LOGS, replace(incident.diagnostics.logs.data, patterns=patterns)),
        events=tuple(replace(event, title=HOSTILE) for event in incident.diagnostics.events),
        findings=tuple(replace(finding, title=HOSTILE, detail=HOSTILE) for finding in incident.diagnostics.findings),
    )
    recommendation = samples.recommendation(headline=HOSTILE, reasoning=(HOSTILE,), remedies=(HOSTILE,), action=Action.INVESTIGATE)
    text = reports.of_incident(
        rendering, replace(incident, diagnostics=hostile, recommendation=recommendation, symptoms=(HOSTILE,), commander=HOSTILE), NOW
    )
    assert "{{ 7*7 }}" in text.replace("\\", "")
    assert not set(text) & set("\x1b\u202e")
    assert "\n# h" not in text
    if rendering == "post_mortem":
        assert "<script>" not in text
        assert "\\[l\\](http:&#47;" in text
        assert all(line.count("|") - line.count("\\|") in (0, 6) for line in text.splitlines())


def test_a_team_replaces_one_template_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "details.txt.j2").write_text("Ours: {{ incident.id }}\n", encoding="utf-8")
    lines = reports.report(samples.recommended(), NOW, (tmp_path,)).splitlines()
    assert "Ours: 2025-10-21-payment-api-outage" in lines
    assert "📊 Service Health" in lines
    assert "  Service: payment-api" not in lines


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ nothing.here }}", "update.txt.j2 can't be rendered: 'nothing' is undefined"),
        ("{% if %}", "update.txt.j2, line 1 can't be rendered"),
        ("{{ incident.__class__.__mro__ }}", "update.txt.j2 can't be rendered: access to attribute '__class__'"),
        ('{% include "missing.j2" %}', "There is no report template missing.j2 in"),
    ],
)
def test_a_template_that_fails_is_named(tmp_path: Path, template: str, message: str) -> None:
    (tmp_path / "update.txt.j2").write_text(template, encoding="utf-8")
    with pytest.raises(IncidentResponseError) as error:
        reports.stakeholder_update(samples.recommended(), NOW, (tmp_path,))
    assert message in error.value.message


def test_a_directory_of_templates_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(IncidentResponseError, match="is no directory"):
        reports.check_templates([str(tmp_path / "none")])


def test_a_tree_shows_where_its_branches_end() -> None:
    steps = [TreeStep(depth, question, "yes", "") for depth, question in ((0, "a?"), (1, "b?"), (2, "c?"), (1, "d?"), (0, "e?"), (1, "f?"))]
    assert sections.tree(steps) == ("├─ a? YES", "│  ├─ b? YES", "│  │  └─ c? YES", "│  └─ d? YES", "├─ e? YES", "│  └─ f? YES")


@pytest.mark.parametrize(
    ("guard", "action", "confidence", "line"),
    [
        (
            Guard("paused", "The rollout is paused", "by hand", True),
            Action.INVESTIGATE,
            80,
            "    - No rollback: The rollout is paused (by hand)",
        ),
        (Guard("none", "No deployment", "2 days", True), Action.INVESTIGATE, 20, None),
        (Guard("mixed", "The rollout goes on", "3 of 5", False), Action.ROLLBACK, 80, "    - Mind: The rollout goes on (3 of 5)"),
        (Guard("mixed", "The rollout goes on", "3 of 5", False), Action.MONITOR, 80, None),
    ],
)
def test_a_guard_is_told_where_it_matters(guard: Guard, action: Action, confidence: int, line: str | None) -> None:
    cause = replace(samples.recommendation().hypotheses[0], confidence=confidence)
    given = samples.recommendation(guards=(guard,), action=action, hypotheses=(cause,))
    lines = reports.report(replace(samples.recommended(), recommendation=given), NOW).splitlines()
    assert [one for one in lines if guard.title in one] == ([line] if line else [])
