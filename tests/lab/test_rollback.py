# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to the cluster is what decides whether production recovers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from lab.scenario.loader import SCENARIOS, parse

Make = Callable[..., Any]

ERRORS = 'sum(rate(http_requests_total{job="payment-api",status=~"5.."}[20s])) / sum(rate(http_requests_total{job="payment-api"}[20s]))'
P95 = 'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket{job="payment-api"}[20s]))'
CONNECTIONS = 'sum(pg_stat_activity_count{job="payments-db"})'


def template_of(lab: Any, version: str) -> Mapping[str, Any]:
    """The pod template of a version, as its ReplicaSet keeps it."""
    for found in lab.store.list("ReplicaSet", "production"):
        labels = found["spec"]["template"]["metadata"]["labels"]
        if labels["app"] == "payment-api" and labels["app.kubernetes.io/version"] == version:
            template = json.loads(json.dumps(found["spec"]["template"]))
            del template["metadata"]["labels"]["pod-template-hash"]
            return template
    raise AssertionError(f"there is no {version}")


def deploy(lab: Any, version: str, edit: Callable[[dict[str, Any]], None] = lambda _template: None) -> None:
    deployment = json.loads(json.dumps(lab.store.require("Deployment", "production", "payment-api")))
    deployment["spec"]["template"] = template_of(lab, version)
    edit(deployment["spec"]["template"])
    lab.store.update(deployment)


def ready(lab: Any) -> int:
    return int(lab.store.require("Deployment", "production", "payment-api")["status"].get("readyReplicas", 0))


def test_metrics_recover_with_the_version_before(still: Make) -> None:
    lab = still("payment-api")
    deploy(lab, "v2.3.0")
    lab.run(4)
    assert lab.query(ERRORS) == pytest.approx(0.45, abs=0.01), "bad pods are still there"
    lab.run(16)
    assert ready(lab) == 5
    lab.run(10)
    assert lab.query(CONNECTIONS) == pytest.approx(25)
    lab.run(20)
    assert lab.query(ERRORS) == pytest.approx(0.001)
    assert lab.query(P95) == pytest.approx(0.15)
    assert len(lab.pods("payment-api")) == 5


def test_series_end_with_their_pods(still: Make) -> None:
    lab = still("payment-api")
    old = {pod["metadata"]["name"] for pod in lab.pods("payment-api")}
    deploy(lab, "v2.3.0")
    lab.run(40)
    series = lab.lab.engine.instant('container_memory_usage_bytes{pod=~"payment-api.*"}', lab.clock.now).series
    names = {found.labels["pod"] for found in series}
    assert names == {pod["metadata"]["name"] for pod in lab.pods("payment-api")}
    assert not names & old
    past = lab.lab.engine.instant('container_memory_usage_bytes{pod=~"payment-api.*"}', lab.clock.now - 45).series
    assert {found.labels["pod"] for found in past} == old


def test_the_bad_version_breaks_it_again(still: Make) -> None:
    lab = still("payment-api")
    deploy(lab, "v2.3.0")
    lab.run(60)
    deploy(lab, "v2.3.1")
    lab.run(30)
    assert lab.query(ERRORS) == pytest.approx(0.001), "it takes a while to show"
    lab.run(70)
    assert lab.query(ERRORS) == pytest.approx(0.45)
    assert ready(lab) < 5


def test_restarting_the_same_version_mends_nothing(still: Make) -> None:
    lab = still("payment-api")
    deploy(lab, "v2.3.1", lambda template: template["metadata"].setdefault("annotations", {}).update(restarted="now"))
    lab.run(60)
    assert lab.query(ERRORS) == pytest.approx(0.45)


def test_an_image_that_the_registry_does_not_have_cannot_be_pulled(still: Make) -> None:
    lab = still("payment-api")

    def misspell(template: dict[str, Any]) -> None:
        container = template["spec"]["containers"][0]
        container["image"] = container["image"].replace("v2.3.0", "v2.3.O")

    deploy(lab, "v2.3.0", misspell)
    lab.run(20)
    waiting = [pod["status"]["containerStatuses"][0]["state"].get("waiting", {}).get("reason") for pod in lab.pods("payment-api")]
    assert "ImagePullBackOff" in waiting


def test_an_outage_that_is_not_the_deployments_stays(still: Make) -> None:
    text = (SCENARIOS / "payment-api.yml").read_text()
    condition = "    condition: {workload: payment-api, version: v2.3.1}\n"
    assert condition in text
    text = text.replace(condition, "").replace("    pods:\n      share: 60%", "    pods:\n      workload: order-api\n      share: 60%")
    lab = still(parse(text, "changed.yml"))
    deploy(lab, "v2.3.0")
    lab.run(60)
    assert ready(lab) == 5
    assert lab.query(ERRORS) == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("condition", "mend"),
    [
        ("replicas_below: 8", lambda deployment: deployment["spec"].update(replicas=8)),
        (
            "pods_from_before: now",
            lambda deployment: deployment["spec"]["template"]["metadata"].setdefault("annotations", {}).update(restarted="now"),
        ),
    ],
)
def test_scaling_and_restarting_mend_what_they_can(still: Make, condition: str, mend: Callable[[dict[str, Any]], None]) -> None:
    text = (SCENARIOS / "payment-api.yml").read_text().replace("version: v2.3.1}\n    onset", f"{condition}}}\n    onset")
    lab = still(parse(text, "changed.yml"))
    lab.run(2)
    assert lab.query(ERRORS) == pytest.approx(0.45)
    deployment = json.loads(json.dumps(lab.store.require("Deployment", "production", "payment-api")))
    mend(deployment)
    lab.store.update(deployment)
    lab.run(70)
    assert lab.query(ERRORS) == pytest.approx(0.001)


def test_the_kubernetes_client_rolls_back_over_the_wire(serve: Make) -> None:
    lab = serve("payment-api")
    api = client.AppsV1Api(config.new_client_from_config(lab.environment["KUBECONFIG"]))
    sets = api.list_namespaced_replica_set("production", label_selector="app=payment-api,app.kubernetes.io/version=v2.3.0").items
    image = sets[0].spec.template.spec.containers[0].image
    body = {"spec": {"template": {"spec": {"containers": [{"name": "payment-api", "image": image}]}}}}
    api.patch_namespaced_deployment("payment-api", "production", body)
    lab.advance(45)
    assert api.read_namespaced_deployment("payment-api", "production").status.ready_replicas == 5
    _, answer = lab.get("PROMETHEUS_URL", "/api/v1/query?query=up%7Bjob%3D%22payment-api%22%7D")
    assert [result["value"][1] for result in answer["data"]["result"]] == ["1"] * 5
    assert [(change["method"], change["user"]) for change in lab.get("LAB_STATE_URL", "/changes")[1]] == [("PATCH", "on-call")]


def test_dry_runs_are_no_changes(serve: Make) -> None:
    lab = serve("payment-api")
    before = lab.get("LAB_STATE_URL", "/state")
    api = client.AppsV1Api(config.new_client_from_config(lab.environment["KUBECONFIG"]))
    api.patch_namespaced_deployment("payment-api", "production", {"spec": {"replicas": 9}}, dry_run="All")
    assert lab.get("LAB_STATE_URL", "/state") == before
    assert Path(lab.environment["KUBECONFIG"]).stat().st_mode & 0o077 == 0, "tokens are nobody else's business"
