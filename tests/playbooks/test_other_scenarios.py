# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents whose answer is no rollback."""

from __future__ import annotations

from tests.playbooks.conftest import Lab, Play


def test_redis_degrades_so_the_dependency_is_investigated(play: Play, auth_lab: Lab) -> None:
    before = auth_lab.state()["cluster"]
    run = play("p1", "-e", "service=auth-service", "-e", "symptoms=500 errors, high latency", lab=auth_lab)
    assert run.code == 0, run.output
    lines = run.output.splitlines()
    for line in (
        "⚠️  INCIDENT RESPONSE - P1 HIGH",
        "  Symptoms: 500 errors, high latency",
        "🔍 Diagnostic Decision Tree",
        "🔧 Suggested Remediation",
    ):
        assert line in lines, run.output
    (recommended,) = [line for line in lines if line.startswith("  ➜ ")]
    assert "INVESTIGATE Redis cache" in recommended
    assert [line for line in lines if "Redis cache" in line and line.startswith("  ⚠️  ")]
    assert "ROLLBACK" not in run.output.replace("not deployment-related", "")
    assert auth_lab.state()["cluster"] == before
    assert [message["to"] for message in auth_lab.messages()] == ["/pages/on-call", "/chat/incidents"]
    assert run.record()["recommendation"]["action"] == "investigate"

    closed = play("resolve", "-e", "service=auth-service", lab=auth_lab)
    assert closed.code == 0, closed.output
    assert (closed.record()["id"], closed.record()["status"]) == (run.record()["id"], "resolved")
    assert "📋 POST-MORTEM REPORT" in closed.output
    assert [message["to"] for message in auth_lab.messages()[2:]].count("/chat/incidents") == 1
    told = len(auth_lab.messages())
    assert play("resolve", "-e", "service=auth-service", lab=auth_lab).code == 0
    assert len(auth_lab.messages()) == told


def test_a_slow_leak_is_watched(play: Play, user_lab: Lab) -> None:
    before = user_lab.state()["cluster"]
    run = play("p2", "-e", "service=user-api", "-e", "analyze_deployment=v3.1.5", lab=user_lab)
    assert run.code == 0, run.output
    assert run.record()["recommendation"]["action"] == "monitor"
    assert run.record()["comparison"]["version"] == "v3.1.5"
    assert user_lab.state()["cluster"] == before
    assert [message["to"] for message in user_lab.messages()] == ["/tickets"]


def test_the_deployment_is_compared_with_the_one_before_it(play: Play, user_lab: Lab) -> None:
    run = play("analyze_deployment", "-e", "service=user-api", "-e", "analyze_deployment=v3.1.5", "-e", "severity=medium", lab=user_lab)
    assert run.code == 0, run.output
    lines = run.output.splitlines()
    for line in (
        "📊 DEPLOYMENT ANALYSIS - P2 MEDIUM",
        "🔍 Deployment: v3.1.5",
        "  By: @engineer-alice",
        "📈 Performance Comparison (v3.1.4 → v3.1.5)",
        "    - Error rate: 0.2%",
        "    - Error rate: 0.8% (+300% ⚠️)",
    ):
        assert line in lines, run.output
    (recommended,) = [line for line in lines if line.startswith("  ➜ ")]
    assert recommended.startswith("  ➜ MONITOR for additional")
    assert run.written() == []
