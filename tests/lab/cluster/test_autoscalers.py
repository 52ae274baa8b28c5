# SPDX-License-Identifier: GPL-3.0-or-later
"""Autoscalers that somebody makes scale by use; those of a scenario are left as they are."""

from __future__ import annotations

from typing import Any

from lab.cluster.controllers.context import condition

from .conftest import Ticking, pod_template, workload

Object = dict[str, Any]


def scaler(**more: Any) -> Object:
    target = {"type": "Utilization", "averageUtilization": 50}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 6,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    meta = {"name": "web", "namespace": "default"}
    return {"kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v2", "metadata": meta, "spec": spec, **more}


def deployment() -> Object:
    template = pod_template("web", "web:v1")
    template["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    return workload("Deployment", template=template)


def using(ticking: Ticking, cores: float) -> None:
    ticking.behaviour.usage = lambda pod: (cores, 2**20)  # type: ignore[method-assign]


def replicas(ticking: Ticking) -> int:
    return int(ticking.store.require("Deployment", "default", "web")["spec"]["replicas"])


def said(ticking: Ticking, kind: str) -> tuple[str, str]:
    found = condition(ticking.store.require("HorizontalPodAutoscaler", "default", "web"), kind)
    assert found is not None
    return found["status"], found["reason"]


def test_it_scales_up_and_only_later_down(ticking: Ticking) -> None:
    ticking.store.create(deployment())
    ticking.run(5)
    using(ticking, 0.08)
    ticking.store.create(scaler())
    ticking.run(5)
    assert replicas(ticking) == 6  # 3 × 80 % / 50 % = 4.8, then 5 × 80 % / 50 % = 8
    assert said(ticking, "ScalingLimited") == ("True", "TooManyReplicas")
    using(ticking, 0.01)
    ticking.run(60)
    assert replicas(ticking) == 6, "what was wanted in the last five minutes still counts"
    ticking.run(300)
    assert replicas(ticking) == 2
    assert said(ticking, "ScalingLimited") == ("False", "DesiredWithinRange")
    messages = [event["message"] for event in ticking.store.list("Event") if event["reason"] == "SuccessfulRescale"]
    assert "New size: 2; reason: All metrics below target" in messages


def test_pods_that_request_nothing_cannot_be_scaled(ticking: Ticking) -> None:
    ticking.store.create(workload("Deployment"))
    ticking.run(5)
    ticking.store.create(scaler())
    ticking.run(5)
    assert said(ticking, "ScalingActive") == ("False", "FailedGetResourceMetric")
    assert replicas(ticking) == 3


def test_one_of_a_scenario_is_left_alone(ticking: Ticking) -> None:
    current = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 160, "averageValue": "80m"}}}
    ticking.store.create(deployment())
    ticking.run(5)
    using(ticking, 0.08)
    told = ticking.store.create(scaler(status={"currentReplicas": 3, "desiredReplicas": 3, "currentMetrics": [current]}))
    ticking.run(30)
    assert replicas(ticking) == 3
    assert ticking.store.require("HorizontalPodAutoscaler", "default", "web") == told
