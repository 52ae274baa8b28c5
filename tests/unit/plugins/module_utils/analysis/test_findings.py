# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings import findings
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Finding, Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Shape
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Objectives, Service
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    NOW,
    ago,
    bad_deployment,
    changes,
    degraded_cache,
    deployed,
    diagnostics,
    errors,
    latency,
    metrics,
    pods,
    signal,
    slow_leak,
    traces,
    traffic,
    without,
    workload,
)

LEVELS = [Level.CRITICAL, Level.WARNING, Level.UNKNOWN, Level.OK]


def by_id(given: Diagnostics) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings(given)}


def line(finding: Finding) -> str:
    return f"{finding.title}: {finding.detail}" if finding.detail else finding.title


def test_the_first_example_reads_as_it_should() -> None:
    found = by_id(bad_deployment())
    assert line(found["workload.pods"]) == "3/5 pods failing (CrashLoopBackOff)"
    assert line(found["metrics.error_rate"]) == "Error rate: 45% (baseline: 0.1%) - 450x increase"
    assert line(found["metrics.latency_p95"]) == "Latency P95: 8.5s (baseline: 150ms) - 56x increase"
    assert line(found["dependencies.payments-db"]) == "Database: Connection pool exhausted (95/100)"
    assert line(found["rollouts.deployment"]) == "v2.3.1 deployed 2 minutes ago by @devops-bot"
    assert found["traces.missing_index"].title == "Missing index on transactions.user_id"
    assert line(found["logs.1"]) == "ERROR: Database connection timeout: 823 occurrences (new since the deployment)"
    assert found["metrics.error_rate"].since == ago(80)
    assert found["metrics.error_rate"].ratio == pytest.approx(450)


def test_the_second_and_third_example_read_as_they_should() -> None:
    assert line(by_id(degraded_cache())["workload.pods"]) == "4/5 pods healthy (1 pod Unhealthy)"
    assert line(by_id(degraded_cache())["metrics.cache_miss_rate"]) == "Redis cache miss rate: 45% (baseline: 5%) - 9x increase"
    assert line(by_id(slow_leak())["metrics.memory"]) == "Memory usage: 52% (baseline: 45%) - gradual increase"


def test_the_worst_comes_first() -> None:
    order = [LEVELS.index(finding.level) for finding in findings(bad_deployment())]
    assert order == sorted(order)


def test_identifiers_are_unique() -> None:
    ids = [finding.id for finding in findings(bad_deployment())]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("source", ["workload", "rollouts", "logs", "metrics", "traces", "dependencies", "changes", "impact"])
def test_a_missing_source_is_an_unknown_finding_with_its_reason(source: str) -> None:
    finding = by_id(without(diagnostics(), source))[f"{source}.unavailable"]
    assert (finding.level, finding.detail) == (Level.UNKNOWN, "it did not answer within 8 s")


@pytest.mark.parametrize(
    ("value", "baseline", "level"),
    [
        (0.45, 0.001, Level.CRITICAL),
        (0.02, 0.002, Level.CRITICAL),
        (0.0199, 0.002, Level.WARNING),
        (0.004, 0.002, Level.WARNING),
        (0.0039, 0.002, Level.OK),
        (0.009, 0.0001, Level.WARNING),
        (0.5, 0.0, Level.CRITICAL),
        (0.0, 0.0, Level.OK),
        (None, 0.002, Level.UNKNOWN),
        (0.45, None, Level.UNKNOWN),
    ],
)
def test_levels_of_an_error_rate(value: float | None, baseline: float | None, level: Level) -> None:
    assert by_id(diagnostics(metrics=metrics(errors(value, baseline))))["metrics.error_rate"].level is level


@pytest.mark.parametrize(("value", "level"), [(0.009, Level.OK), (0.011, Level.WARNING), (0.02, Level.CRITICAL)])
def test_an_objective_is_judged_without_a_baseline(value: float, level: Level) -> None:
    service = Service("app", objectives=Objectives(error_rate=0.01))
    assert by_id(diagnostics(service, metrics=metrics(errors(value, None))))["metrics.error_rate"].level is level


@pytest.mark.parametrize(
    ("value", "baseline", "level"),
    [
        (0.85, 0.6, Level.WARNING),
        (0.85, 0.85, Level.OK),
        (0.86, 0.86, Level.WARNING),
        (0.96, 0.96, Level.CRITICAL),
        (0.52, 0.45, Level.OK),
        (0.05, 0.01, Level.OK),
        (0.9, None, Level.WARNING),
    ],
)
def test_levels_of_memory(value: float, baseline: float | None, level: Level) -> None:
    given = signal("memory", value, baseline)
    assert by_id(diagnostics(metrics=metrics(given)))["metrics.memory"].level is level


@pytest.mark.parametrize(
    ("rate", "level"), [(1000, Level.CRITICAL), (250, Level.WARNING), (120, Level.OK), (40, Level.WARNING), (0, Level.CRITICAL)]
)
def test_traffic_is_judged_both_ways(rate: float, level: Level) -> None:
    assert by_id(diagnostics(metrics=metrics(traffic(rate, 100))))["metrics.request_rate"].level is level


@pytest.mark.parametrize(
    ("value", "baseline", "shape", "words"),
    [
        (0.2, 0.0, Shape.SUDDEN, "up from zero"),
        (0.2, 0.15, Shape.GRADUAL, "gradual increase"),
        (0.2, 0.15, Shape.SUDDEN, "moderate increase"),
        (0.2, 0.19, Shape.STEADY, "normal"),
        (0.1, 0.2, Shape.STEADY, "50% decrease"),
    ],
)
def test_movements_in_words(value: float, baseline: float, shape: Shape, words: str) -> None:
    found = by_id(diagnostics(metrics=metrics(latency(value, baseline, shape=shape))))["metrics.latency_p95"]
    assert (found.detail or "").endswith(words)


@pytest.mark.parametrize(
    ("given", "title", "level"),
    [
        (workload(*pods(5)), "5/5 pods healthy", Level.OK),
        (workload(*pods(4, 1)), "1/5 pods failing (CrashLoopBackOff)", Level.WARNING),
        (workload(*pods(0, 2, "ImagePullBackOff")), "2/2 pods failing (ImagePullBackOff)", Level.CRITICAL),
        (workload(*pods(4), *pods(0, 1, "ContainerCreating", created_at=NOW, restarts=0)), "4/5 pods healthy (1 pod starting)", Level.OK),
        (workload(*pods(2), desired=4), "2/4 pods failing (not created)", Level.CRITICAL),
        (workload(desired=0), "Scaled to zero: no pods are wanted", Level.OK),
    ],
)
def test_pods(given: Any, title: str, level: Level) -> None:
    found = by_id(diagnostics(workload=given))["workload.pods"]
    assert (found.title, found.level) == (title, level)


def test_a_long_finished_rollout_with_a_failing_pod_is_not_going_on() -> None:
    state = workload(*pods(4, 1, "ContainersNotReady"))
    old = deployed(2 * 86400, in_progress=True)
    assert "rollouts.in_progress" not in by_id(diagnostics(workload=state, rollouts=old))
    mixed = workload(*pods(2), *pods(3, number=3))
    assert "rollouts.in_progress" in by_id(diagnostics(workload=mixed, rollouts=deployed(60, in_progress=True)))


def test_migrations_and_foreign_errors_are_told() -> None:
    given = diagnostics(
        changes=changes("Add table", migrations=["db/2.sql"]), traces=traces(error_services=[("ledger", 80)]), rollouts=deployed(60)
    )
    assert by_id(given)["changes.migrations"].level is Level.WARNING
    assert by_id(given)["traces.error_origin"].title == "Errors start in ledger"
