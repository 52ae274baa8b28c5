# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings_controller import (
    controller_findings,
    limit_findings,
)
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings_workload import workload_findings
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import (
    Autoscaler,
    Condition,
    ServiceEndpoints,
    Surroundings,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import ClusterEvent, NotInjected, Pod, WorkloadState
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import diagnostics, pods, workload

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
NONE_YET = "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API"


def titles(message: str, minutes: float, usage: float | None, age: float) -> list[str]:
    said = Condition("ScalingActive", "False", "FailedGetResourceMetric", message, NOW - timedelta(minutes=minutes))
    state = WorkloadState(
        kind=WorkloadKind.DEPLOYMENT,
        name="app",
        namespace="production",
        desired=1,
        ready=1,
        updated=1,
        unavailable=0,
        version="v1",
        paused=False,
        pods=(Pod("app-1", "v1", True, "Running", NOW - timedelta(minutes=age), cpu_usage=usage),),
        events=(),
        autoscaler=Autoscaler("app", 1, 3, 1, 1, conditions=(said,)),
    )
    return [finding.title for finding in limit_findings(state, NOW)]


@pytest.mark.parametrize(
    ("message", "minutes", "usage", "age", "warns"),
    [
        (NONE_YET, 1, 0.1, 60, False),
        (NONE_YET, 1, None, 1, False),
        (NONE_YET, 1, None, 10, True),
        (NONE_YET, 600, None, 1, False),  # there were no pods before
        (NONE_YET, 600, None, 10, True),
        (NONE_YET, 10, 0.1, 60, True),
        ("unable to get external metric shop/queue: no metrics returned from external metrics API", 1, None, 1, True),
        ("missing request for cpu in container app of Pod app-1", 1, 0.1, 1, True),
    ],
)
def test_an_autoscaler_that_missed_the_first_metrics(message: str, minutes: float, usage: float | None, age: float, warns: bool) -> None:
    told = titles(message, minutes, usage, age)
    assert told == (["Autoscaler app can't scale (FailedGetResourceMetric)"] if warns else [])


@pytest.mark.parametrize(("age", "told"), [(30, True), (0.5, False)])
def test_an_autoscaler_that_had_no_metrics_of_the_pods_before_either(age: float, told: bool) -> None:
    said = Condition("ScalingActive", "False", "FailedGetResourceMetric", NONE_YET, NOW - timedelta(hours=1))
    at = NOW - timedelta(minutes=age)
    event = ClusterEvent(at, NOW, "Warning", "FailedGetResourceMetric", "HorizontalPodAutoscaler", "app", NONE_YET)
    young = [replace(pod, created_at=NOW - timedelta(minutes=1)) for pod in pods(2)]
    seen = workload(*young, autoscaler=Autoscaler("app", 1, 3, 2, 2, conditions=(said,)), events=(event,))
    assert bool(list(limit_findings(seen, NOW))) is told


@pytest.mark.parametrize(("ready", "level"), [(0, Level.CRITICAL), (2, Level.WARNING)])
def test_a_name_that_another_pod_has(ready: int, level: Level) -> None:
    taken = replace(workload(*pods(ready)), kind=WorkloadKind.STATEFUL_SET, desired=3, name_taken="app-0")
    (found,) = [one for one in controller_findings(taken, NOW, level, tell_paused=True) if one.id == "workload.name_taken"]
    assert (found.level, found.title) == (level, "StatefulSet app can't make app-0: another pod of that name already exists")


def test_pods_that_were_made_without_their_sidecar() -> None:
    mixed = workload(*pods(3), not_injected=(NotInjected("istio-proxy", ("app-1",), 2),))
    (found,) = controller_findings(mixed, NOW, Level.WARNING, tell_paused=True)
    assert found.title == "1 pod without container istio-proxy, which 2 pods of the same template have"
    assert (found.detail or "").startswith("app-1: ")


@pytest.mark.parametrize("on_purpose", [True, False])
def test_who_takes_the_last_pod_away_on_purpose(on_purpose: bool) -> None:
    called = Surroundings(services=(ServiceEndpoints("app", "ClusterIP", "app=app", True, 0, 0),))
    scaler = Autoscaler("app", 1, 3, 0, 0, scales_to_zero=on_purpose)
    found = [*workload_findings(diagnostics(workload=workload(desired=0, autoscaler=scaler, surroundings=called)))]
    assert found[0].level is (Level.OK if on_purpose else Level.WARNING)


@pytest.mark.parametrize(
    ("may_not", "reason", "told"), [(True, "ScaleUpLimit", True), (False, "ScaleUpLimit", False), (True, "DesiredWithinRange", False)]
)
def test_an_autoscaler_that_its_own_behaviour_stops(may_not: bool, reason: str, told: bool) -> None:
    said = Condition("ScalingLimited", "True", reason)
    scaler = Autoscaler("app", 2, 9, 2, 2, conditions=(said,), metrics=("cpu 400% of 80%",), may_not_grow=may_not)
    found = [(one.title, one.detail) for one in limit_findings(workload(*pods(2), autoscaler=scaler), NOW)]
    title = "Autoscaler app may not scale up, and would (ScalingLimited): behavior.scaleUp is Disabled"
    assert found == ([(title, "cpu 400% of 80%")] if told else [])


@pytest.mark.parametrize(
    ("service", "warned"),
    [
        (ServiceEndpoints("app", "ClusterIP", "app=app", True, 0, 0), True),
        (ServiceEndpoints("app", "ClusterIP", "app=app", True, None, None), True),
        (ServiceEndpoints("app", "ClusterIP", "app=app", True, 2, 0), False),  # others answer in its place
        (ServiceEndpoints("app-canary", "ClusterIP", "app=app", True, 0, 0, tries_only=True), False),
    ],
)
def test_who_calls_a_workload_without_pods(service: ServiceEndpoints, warned: bool) -> None:
    (found, *_unused) = workload_findings(diagnostics(workload=workload(desired=0, surroundings=Surroundings(services=(service,)))))
    assert (found.level is Level.WARNING) is warned
