# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.devops.incident_response.plugins.module_utils.analysis.events import events
from ansible_collections.devops.incident_response.plugins.module_utils.model.event import EventKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Shape
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import (
    Condition,
    ConfigurationChange,
    Node,
    Surroundings,
)
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    DAY,
    HOUR,
    ago,
    bad_deployment,
    cluster_event,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    metrics,
    pattern,
    pods,
    revision,
    rollouts,
    without,
    workload,
)


def titles(**sources: object) -> list[str]:
    return [event.title for event in events(diagnostics(**sources))]


def test_the_first_example_is_told_in_order() -> None:
    happened = [
        cluster_event(105, "Unhealthy", "Readiness probe failed: statuscode: 503", count=12),
        cluster_event(30, "SuccessfulRescale", "New size: 10; reason: cpu above target", "HorizontalPodAutoscaler", "app"),
        cluster_event(29, "ScalingReplicaSet", "Scaled up replica set app-4 from 5 to 10", "Deployment", "app"),
        cluster_event(15, "Unhealthy", "Startup probe failed: statuscode: 503", name="app-4-9", count=5),
    ]
    found = events(bad_deployment(workload=workload(*pods(2, 3), events=happened)))
    assert [event.title for event in found] == [
        "Deployment v2.3.1 started",
        "First pod failed health check",
        "Memory usage spiked 60% → 85%",
        "Error rate spiked 0.1% → 45%",
        "Latency P95 spiked 150ms → 8.5s",
        "First ERROR: Database connection timeout",
        "First ERROR: Payment validation failed",
        "Auto-scaling triggered (5 → 10 pods)",
        "New pods failing startup",
    ]
    assert (found[0].at, found[0].actor, found[0].kind) == (ago(135), "@devops-bot", EventKind.DEPLOYMENT)
    assert found[1].detail == "app-4-0: Readiness probe failed: statuscode: 503 (17 times since)"
    assert [event.at for event in found] == sorted(event.at for event in found)


def test_changes_of_configuration_and_lost_nodes_are_told() -> None:
    around = Surroundings(
        changes=(
            ConfigurationChange("ConfigMap", "limits", ago(90), "kubectl-edit"),
            ConfigurationChange("Secret", "key", ago(80), None, True),
        ),
        nodes=(Node("node-1", False, True, 2, (Condition("Ready", "Unknown", "NodeStatusUnknown", "no word of it", ago(60)),)),),
    )
    told = events(diagnostics(workload=replace(workload(*pods(3)), surroundings=around)))
    assert [(event.at, event.title, event.detail) for event in told if event.kind is EventKind.CLUSTER] == [
        (ago(90), "ConfigMap limits changed", "by kubectl-edit"),
        (ago(80), "Secret key created", None),
        (ago(60), "Node node-1 not ready", "no word of it"),
    ]


def test_what_is_older_than_the_timeframe_is_left_out() -> None:
    assert titles(rollouts=deployed(5 * HOUR)) == []
    assert titles(rollouts=deployed(3 * HOUR)) == ["Deployment v2.3.1 started"]


def test_a_rollback_is_called_one() -> None:
    history = rollouts(revision(6, "v1", 60, was_rollback=True), revision(5, "v2", 600, 60), revision(3, "v0", 9 * DAY, 8 * DAY))
    assert titles(rollouts=history) == ["Deployment v2 started", "Rolled back to v1"]


def test_versions_of_the_same_second_are_told_as_their_numbers_say() -> None:
    history = rollouts(revision(3, "v3", 60), revision(2, "v2", 60, 60), revision(1, "v1", 60, 60))
    assert titles(rollouts=history) == ["Deployment v1 started", "Deployment v2 started", "Deployment v3 started"]


def test_a_gradual_change_begins_and_a_drop_drops() -> None:
    given = metrics(errors(0.08, 0.005, 1800, shape=Shape.GRADUAL), latency(0.1, 0.2, 60))
    assert titles(metrics=given) == ["Error rate began to rise 0.5% → 8%", "Latency P95 dropped 200ms → 100ms"]


def test_a_small_change_and_an_unknown_onset_are_no_events() -> None:
    given = metrics(errors(0.0055, 0.005, 60), latency(3.0, 0.2, 60, shape=Shape.UNKNOWN))
    assert titles(metrics=given) == []


def test_log_lines_that_were_there_all_along_are_no_events() -> None:
    assert titles(logs=logs(pattern("ERROR", "old", 50, 899), pattern("WARN", "new", 5, 60), pattern("INFO", "fine", 5, 60))) == [
        "First WARN: new"
    ]


def test_nothing_is_told_twice() -> None:
    happened = [cluster_event(30, "SuccessfulRescale", "New size: 10; reason: x", "HorizontalPodAutoscaler", "app")] * 2
    assert titles(workload=workload(*pods(5), events=happened)) == ["Auto-scaling triggered (to 10 pods)"]


def test_nothing_known_is_no_event() -> None:
    assert events(without(diagnostics(), "workload", "rollouts", "logs", "metrics")) == ()
