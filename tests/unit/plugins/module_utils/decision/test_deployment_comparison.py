# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
import yaml
from ansible_collections.devops.incident_response.plugins.module_utils.decision.deployment_comparison import compare
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import from_result, to_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison import DeploymentComparison
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison_raw import RawComparedSignal, RawComparison
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Objectives, Service
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    deployed,
    revision,
    rollouts,
)

AGE = 4 * HOUR + 12 * MINUTE
UNITS = {"error_rate": "share", "latency_p95": "seconds", "request_rate": "per_second", "memory": "share"}
TITLES = {"error_rate": "Error rate", "latency_p95": "Latency P95", "request_rate": "Request rate", "memory": "Memory usage"}
ALERTS = {"error_rate": "failures / requests", "latency_p95": "p95", "memory": "used / limit", "cpu": "busy / limit"}
END = NOW.timestamp()

Course = Callable[[float], float]
"""Value by seconds since the deployment."""


def ramp(start: float, seconds: float, low: float, high: float) -> Course:
    return lambda since: low + (high - low) * max(0.0, min(1.0, (since - start) / seconds))


def steady(value: float) -> Course:
    return lambda since: value


LEAK: Mapping[str, Course] = {
    "error_rate": ramp(1800, 7200, 0.002, 0.008),
    "latency_p95": ramp(1800, 7200, 0.095, 0.145),
    "request_rate": lambda since: 1200 if since < 0 else 1180,
    "memory": ramp(0, AGE, 0.45, 0.52),
}


def raw(courses: Mapping[str, Course], age: float = AGE) -> RawComparison:
    length = min(1800.0, age)
    since = END - age
    step = max(10.0, (age + length) / 400)
    signals = [
        RawComparedSignal(
            name,
            TITLES[name],
            UNITS[name],
            course(-1.0),
            course(age),
            tuple((since + at, course(at)) for at in [-length + step * index for index in range(int((age + length) / step) + 1)]),
        )
        for name, course in courses.items()
    ]
    return RawComparison((since - length, since), (END - length, END), tuple(signals), 15.0, ALERTS)


def compared(
    courses: Mapping[str, Course], age: float = AGE, history: Rollouts | None = None, service: Service | None = None
) -> DeploymentComparison:
    known = history or deployed(age)
    assert known.deployed_at is not None
    return compare(raw(courses, age), known.current, known, known.deployed_at, service or Service("user-api"))


def test_the_third_example_is_watched() -> None:
    found = compared(LEAK)
    assert (found.version, found.previous_version, found.author) == ("v2.3.1", "v2.3.0", "devops-bot")
    assert (found.confidence, found.level) == (65, "medium")
    assert found.headline == "MONITOR for additional 2 hours before rollback decision"
    assert found.monitor_for == 7200
    assert found.evidence == (
        "Error rate increased 30min after deployment",
        "Latency degradation is gradual, not immediate",
        "Memory usage trending up slowly",
    )
    assert found.reasoning == (
        "Degradation is moderate (not critical)",
        "Errors and latency are below the level of an outage",
        "Possible memory leak pattern (gradual increase)",
        "Recommendation: Set up automated rollback if error rate > 2%",
    )
    assert found.monitoring == (
        "Set alert: Error rate > 2% → auto-rollback",
        "Set alert: Memory > 80% → investigate",
        "Review v2.3.1 code changes for memory leaks",
        "Prepare rollback plan to v2.3.0",
    )
    assert found.guards == ()


def test_the_table_has_changes_and_verdicts() -> None:
    table = {one.name: (one.change, one.verdict) for one in compared(LEAK).signals}
    assert table["error_rate"] == (pytest.approx(3.0), "worse")
    assert table["latency_p95"] == (pytest.approx(0.526, abs=0.001), "worse")
    assert table["request_rate"] == (pytest.approx(-0.0167, abs=0.0001), "same")
    assert table["memory"] == (pytest.approx(0.1556, abs=0.0001), "worse")


def test_alerts_are_complete_rules() -> None:
    errors, latency, memory = compared(LEAK).alerts
    assert (latency.name, latency.expr, latency.then) == ("UserApiLatencyHigh", "p95 > 0.19", "investigate")
    assert (errors.name, errors.expr, errors.then) == ("UserApiErrorRateHigh", "failures / requests > 0.02", "roll back")
    assert (memory.name, memory.expr, memory.then) == ("UserApiMemoryHigh", "used / limit > 0.8", "investigate")


def test_the_rule_file_holds_the_alerts() -> None:
    found = compared(LEAK)
    rules = yaml.safe_load(found.rules)["groups"][0]["rules"]
    assert [(rule["alert"], rule["expr"]) for rule in rules] == [(alert.name, alert.expr) for alert in found.alerts]
    assert found.monitor_for == 2 * HOUR


def test_what_got_no_worse_is_kept() -> None:
    found = compared({"error_rate": steady(0.002), "latency_p95": ramp(0, 60, 0.1, 0.05), "memory": steady(0.45)})
    assert found.headline == "KEEP v2.3.1: it is no worse than v2.3.0"
    assert found.confidence <= 5
    assert found.signals[1].verdict == "better"


def test_an_outage_at_once_is_rolled_back() -> None:
    found = compared({**LEAK, "error_rate": ramp(30, 10, 0.001, 0.4), "latency_p95": ramp(30, 10, 0.1, 4.0)}, age=HOUR)
    assert found.headline == "ROLLBACK to v2.3.0"
    assert found.level == "high"
    assert "Error rate increased less than 1min after deployment" in found.evidence


def test_an_outage_just_after_the_rollout_is_for_the_diagnosis() -> None:
    found = compared({"error_rate": ramp(30, 10, 0.001, 0.4), "latency_p95": steady(0.1)}, age=120)
    assert found.headline.startswith("DIAGNOSE the incident at once")


def test_too_little_time_is_said() -> None:
    found = compared({"error_rate": ramp(60, 10, 0.002, 0.008), "latency_p95": steady(0.1)}, age=300)
    assert "too early to tell" in found.headline
    assert found.confidence <= 40
    assert [guard.name for guard in found.guards] == ["not_enough_time"]


def test_what_began_before_is_not_its_doing() -> None:
    found = compared({"error_rate": ramp(-900, 3000, 0.002, 0.02), "latency_p95": steady(0.1)}, age=HOUR)
    assert found.confidence == 10
    assert [guard.name for guard in found.guards] == ["onset_before_deployment"]
    assert "ROLLBACK" not in found.headline


def test_a_version_that_is_gone_is_only_looked_back_at() -> None:
    history = rollouts(revision(5, "v3", 60), revision(4, "v2", AGE, 60), revision(3, "v1", 9 * DAY, AGE))
    old = history.revisions[1]
    assert old.active_from is not None
    found = compare(raw(LEAK), old, history, old.active_from, Service("app"))
    assert found.headline == "NO ACTION: v2 was worse than v1, and does not run any more"
    assert "superseded" in [guard.name for guard in found.guards]


def test_an_unknown_previous_version_is_no_target() -> None:
    found = compared({"error_rate": ramp(30, 10, 0.001, 0.4)}, age=HOUR, history=rollouts(revision(1, "v1", HOUR)))
    assert found.previous_version is None
    assert "previous_unknown" in [guard.name for guard in found.guards]
    assert "ROLLBACK to" not in found.headline


def test_an_objective_makes_it_severe() -> None:
    strict = Service("app", objectives=Objectives(error_rate=0.005))
    assert compared({**LEAK, "error_rate": ramp(10, 10, 0.002, 0.008)}, service=strict).headline == "ROLLBACK to v2.3.0"


def test_without_metrics_nothing_can_be_told() -> None:
    history = deployed(AGE)
    assert history.deployed_at is not None
    found = compare(
        RawComparison(None, (END - 60, END), (), reason="connection refused"), history.current, history, history.deployed_at, Service("app")
    )
    assert (found.confidence, found.level, found.before) == (0, "unknown", None)
    assert found.headline == "CAN'T TELL about v2.3.1 (metrics are missing)"
    assert found.reasoning == ("Metrics are missing: connection refused",)


def test_it_can_be_written_and_read_back() -> None:
    found = compared(LEAK)
    assert from_result(DeploymentComparison, json.loads(json.dumps(to_result(found), allow_nan=False))) == found
