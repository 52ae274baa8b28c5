# SPDX-License-Identifier: GPL-3.0-or-later
"""The API over TLS, request by request."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import Live, workload

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, "labels": {"test": name.split("-")[0]}}, "data": data}


@pytest.fixture
def deployed(live: Live, request: pytest.FixtureRequest) -> str:
    """The path of a Deployment of one's own with two ready pods, about which nothing more is to be done."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name)[-50:].strip("-")
    code, _ = live.call("POST", DEPLOYMENTS, workload("Deployment", name=name, replicas=2))
    assert code == 201
    path = f"{DEPLOYMENTS}/{name}"
    live.wait(
        f"{DEPLOYMENTS}?fieldSelector=metadata.name={name}",
        lambda obj: any(c["reason"] == "NewReplicaSetAvailable" for c in obj["status"].get("conditions", ())),
    )
    return path


def test_create_read_replace_delete(live: Live) -> None:
    code, created = live.call("POST", CONFIG_MAPS, config_map("crud", a="1"))
    assert (code, created["kind"], created["metadata"]["namespace"]) == (201, "ConfigMap", "default")
    assert created["metadata"]["managedFields"][0]["operation"] == "Update"
    assert live.call("GET", f"{CONFIG_MAPS}/crud") == (200, created)
    code, replaced = live.call("PUT", f"{CONFIG_MAPS}/crud", created | {"data": {"a": "2"}})
    assert (code, replaced["data"], replaced["metadata"]["uid"]) == (200, {"a": "2"}, created["metadata"]["uid"])
    code, conflict = live.call("PUT", f"{CONFIG_MAPS}/crud", created | {"data": {"a": "3"}})
    assert (code, conflict["reason"]) == (409, "Conflict")
    code, gone = live.call("DELETE", f"{CONFIG_MAPS}/crud")
    assert (code, gone["status"], gone["details"]["kind"]) == (200, "Success", "configmaps")
    assert live.call("GET", f"{CONFIG_MAPS}/crud")[0] == 404


def test_generated_names_and_duplicates(live: Live) -> None:
    body = {"metadata": {"generateName": "gen-"}}
    names = {live.call("POST", CONFIG_MAPS, body)[1]["metadata"]["name"] for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("gen-") and len(name) == 9 for name in names)
    code, status = live.call("POST", CONFIG_MAPS, config_map(names.pop()))
    assert (code, status["reason"]) == (409, "AlreadyExists")


def test_lists_come_in_pages_and_without_kinds(live: Live) -> None:
    for number in range(3):
        live.call("POST", CONFIG_MAPS, config_map(f"page-{number}"))
    code, first = live.call("GET", f"{CONFIG_MAPS}?labelSelector=test=page&limit=2")
    assert (code, first["kind"], first["apiVersion"]) == (200, "ConfigMapList", "v1")
    assert [item["metadata"]["name"] for item in first["items"]] == ["page-0", "page-1"]
    assert "kind" not in first["items"][0]
    _, second = live.call("GET", f"{CONFIG_MAPS}?labelSelector=test=page&limit=2&continue={first['metadata']['continue']}")
    assert [item["metadata"]["name"] for item in second["items"]] == ["page-2"]
    assert "continue" not in second["metadata"]
    assert live.call("GET", f"{CONFIG_MAPS}?continue=nonsense")[0] == 400


@pytest.mark.parametrize(
    ("content_type", "patch"),
    [
        ("application/merge-patch+json", {"spec": {"replicas": 1}}),
        ("application/strategic-merge-patch+json", {"spec": {"replicas": 1}}),
        ("application/json-patch+json", [{"op": "replace", "path": "/spec/replicas", "value": 1}]),
    ],
)
def test_patches(live: Live, deployed: str, content_type: str, patch: Any) -> None:
    before = live.call("GET", deployed)[1]
    code, dry = live.call("PATCH", f"{deployed}?dryRun=All", patch, Content_Type=content_type)
    assert (code, dry["spec"]["replicas"]) == (200, 1)
    assert live.call("GET", deployed)[1] == before
    code, patched = live.call("PATCH", deployed, patch, Content_Type=content_type)
    assert (code, patched["spec"]["replicas"], patched["status"]) == (200, 1, before["status"])


def test_dry_runs_write_nothing(still: Live) -> None:
    live, deployed = still, f"{DEPLOYMENTS}/web"
    assert live.call("POST", DEPLOYMENTS, workload("Deployment"))[0] == 201
    before = live.cluster.snapshot()
    assert live.call("POST", f"{CONFIG_MAPS}?dryRun=All", config_map("dry"))[0] == 201
    assert live.call("DELETE", f"{deployed}?dryRun=All")[0] == 200
    assert live.call("PUT", f"{deployed}/scale?dryRun=All", {"spec": {"replicas": 9}})[1]["spec"]["replicas"] == 9
    apply = {"Content_Type": "application/apply-patch+yaml"}
    assert live.call("PATCH", f"{CONFIG_MAPS}/dry?fieldManager=me&dryRun=All", config_map("dry"), **apply)[0] == 201
    assert live.cluster.snapshot() == before
    assert live.call("POST", f"{CONFIG_MAPS}?dryRun=some", config_map("dry"))[0] == 422


def test_server_side_apply_creates_then_changes(live: Live) -> None:
    path = f"{CONFIG_MAPS}/applied?fieldManager=me"
    apply = {"Content_Type": "application/apply-patch+yaml"}
    code, created = live.call("PATCH", path, config_map("applied", a="1", b="1"), **apply)
    assert (code, created["data"]) == (201, {"a": "1", "b": "1"})
    code, same = live.call("PATCH", path, config_map("applied", a="1", b="1"), **apply)
    assert (code, same["metadata"]["resourceVersion"]) == (200, created["metadata"]["resourceVersion"])
    code, changed = live.call("PATCH", path, config_map("applied", a="2"), **apply)
    assert (code, changed["data"]) == (200, {"a": "2"})
    code, status = live.call("PATCH", f"{CONFIG_MAPS}/applied?fieldManager=you", config_map("applied", a="3"), **apply)
    assert (code, status["reason"]) == (409, "Conflict")
    assert live.call("PATCH", f"{CONFIG_MAPS}/applied", config_map("applied"), **apply)[0] == 422


def test_status_and_scale_are_written_apart(live: Live, deployed: str) -> None:
    current = live.call("GET", deployed)[1]
    assert live.call("PUT", deployed, current | {"status": {"replicas": 99}})[1]["status"] == current["status"]
    code, scale = live.call("GET", f"{deployed}/scale")
    assert (code, scale["kind"], scale["spec"], scale["status"]["replicas"]) == (200, "Scale", {"replicas": 2}, 2)
    assert live.call("PUT", f"{deployed}/scale", scale | {"spec": {"replicas": 3}})[1]["spec"]["replicas"] == 3
    assert live.call("GET", deployed)[1]["spec"]["replicas"] == 3
    assert live.call("PUT", f"{deployed}/scale", {"spec": {"replicas": -1}})[0] == 422


def test_an_eviction_respects_the_budget(live: Live, deployed: str) -> None:
    name = deployed.rsplit("/", 1)[1]
    labels = {"matchLabels": {"app": name}}
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    live.call("POST", budgets, {"metadata": {"name": name}, "spec": {"minAvailable": 1, "selector": labels}})
    live.wait(budgets, lambda obj: obj["metadata"]["name"] == name and obj["status"].get("disruptionsAllowed") == 1)
    pods = live.call("GET", f"/api/v1/namespaces/default/pods?labelSelector=app={name}")[1]["items"]
    paths = [f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}/eviction" for pod in pods]
    assert live.call("POST", f"{paths[0]}?dryRun=All", {})[0] == 201
    live.call("PATCH", f"{budgets}/{name}", {"spec": {"minAvailable": 2}}, Content_Type="application/merge-patch+json")
    live.wait(budgets, lambda obj: obj["metadata"]["name"] == name and obj["status"]["disruptionsAllowed"] == 0)
    code, refused = live.call("POST", paths[0], {})
    assert (code, refused["reason"]) == (429, "TooManyRequests")
    assert refused["details"]["causes"][0]["message"] == f"The disruption budget {name} needs 2 healthy pods and has 2 currently"


def test_tables_and_partial_metadata(live: Live, deployed: str) -> None:
    _, table = live.call("GET", deployed, Accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
    assert (table["kind"], table["rows"][0]["cells"][1]) == ("Table", "2/2")
    _, partial = live.call("GET", deployed, Accept="application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
    assert (partial["kind"], sorted(partial)) == ("PartialObjectMetadata", ["apiVersion", "kind", "metadata"])


def test_other_versions_of_the_same_objects(live: Live, deployed: str) -> None:
    v1, v2 = (f"/apis/autoscaling/{version}/namespaces/default/horizontalpodautoscalers" for version in ("v1", "v2"))
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    spec = {"scaleTargetRef": reference, "maxReplicas": 5, "targetCPUUtilizationPercentage": 70}
    assert live.call("POST", v1, {"metadata": {"name": "x"}, "spec": spec})[0] == 201
    metric = live.call("GET", f"{v2}/x")[1]["spec"]["metrics"][0]
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 70}
    assert live.call("GET", f"{v1}/x")[1]["spec"] == spec | {"minReplicas": 1}
    events = live.call("GET", "/apis/events.k8s.io/v1/namespaces/default/events")[1]
    assert events["apiVersion"] == "events.k8s.io/v1"
    scaled = next(event for event in events["items"] if event["reason"] == "ScalingReplicaSet")
    assert scaled["regarding"]["kind"] == "Deployment"
    assert scaled["note"].startswith("Scaled up replica set ")


def test_usage(live: Live, deployed: str) -> None:
    name = deployed.rsplit("/", 1)[1]
    metrics = "/apis/metrics.k8s.io/v1beta1"
    _, pods = live.call("GET", f"{metrics}/namespaces/default/pods?labelSelector=app={name}")
    assert [pod["containers"][0]["usage"] for pod in pods["items"]] == [{"cpu": "250000000n", "memory": "65536Ki"}] * 2
    _, nodes = live.call("GET", f"{metrics}/nodes")
    assert [node["metadata"]["name"] for node in nodes["items"]] == ["node-0", "node-1"]
    assert live.call("GET", f"{metrics}/namespaces/default/pods/nope")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nope", 404),
        ("GET", "/apis/nope/v1/things", 404),
        ("GET", "/api/v1/nopes", 404),
        ("GET", f"{DEPLOYMENTS}/x/nope", 404),
        ("PUT", DEPLOYMENTS, 405),
        ("POST", f"{DEPLOYMENTS}/x", 405),
        ("POST", "/api/v1/namespaces/nowhere/configmaps", 404),
        ("GET", "/api/v1/pods?labelSelector=a%20b%20c", 400),
        ("GET", "/api/v1/pods?fieldSelector=foo%3Dbar", 400),
        ("GET", "/api/v1/pods?watch=true&resourceVersion=x", 400),
    ],
)
def test_what_is_not_there_or_not_allowed(live: Live, method: str, path: str, code: int) -> None:
    body = {"metadata": {"name": "x"}} if method in ("POST", "PUT") else None
    assert live.call(method, path, body)[0] == code


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"metadata": {"name": "A_b"}}, 'ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain'),
        ({"metadata": {}}, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'),
    ],
)
def test_invalid_names(live: Live, body: dict[str, Any], message: str) -> None:
    code, status = live.call("POST", CONFIG_MAPS, body)
    assert (code, status["reason"]) == (422, "Invalid")
    assert status["message"].startswith(message)


def test_invalid_workloads(live: Live) -> None:
    mismatch = workload("Deployment", name="bad", selector={"matchLabels": {"app": "other"}})
    code, status = live.call("POST", DEPLOYMENTS, mismatch)
    assert (code, status["details"]["causes"][0]["field"]) == (422, "spec.template.metadata.labels")
    code, status = live.call("POST", DEPLOYMENTS, workload("Deployment", name="bad", replicas="three"))  # type: ignore[arg-type]
    assert code == 400
    assert "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32" in status["message"]
    autoscaler = {"metadata": {"name": "bad"}, "spec": {"maxReplicas": 3}}
    code, status = live.call("POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", autoscaler)
    assert (code, status["details"]["causes"][0]["field"]) == (422, "spec.scaleTargetRef")
    bad = workload("Deployment", name="bad")
    bad["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "lots"}}
    code, status = live.call("POST", DEPLOYMENTS, bad)
    assert (code, status["message"].split(": ")[1][:21]) == (400, "quantities must match")
    assert live.call("POST", DEPLOYMENTS, b"{", Content_Type="application/json")[0] == 400
    assert live.call("POST", DEPLOYMENTS, b"x", Content_Type="text/csv")[0] == 415


def test_an_object_that_cannot_be_shown_is_an_error_of_the_server(still: Live) -> None:
    meta = {"name": "bad", "namespace": "default"}
    still.cluster.store.create({"kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v2", "metadata": meta})
    path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    code, status = still.call("GET", path, Accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert (code, status["reason"]) == (500, "InternalError")


def test_errors_are_those_of_the_real_server(live: Live, recorded: Any) -> None:
    body = workload("Deployment", name="payment-api")
    body["metadata"]["namespace"] = "production"
    body["spec"]["template"]["metadata"]["labels"] |= {"version": "v2.3.1"}
    live.call("POST", "/api/v1/namespaces", {"metadata": {"name": "production"}})
    deployments = "/apis/apps/v1/namespaces/production/deployments"
    live.call("POST", deployments, body)
    merge = {"Content_Type": "application/merge-patch+json"}
    path = f"{deployments}/payment-api"
    assert live.call("GET", f"{deployments}/payment-apo")[1] == recorded("status_404")
    assert live.call("GET", "/api/v1/pods?labelSelector=a%20b%20c")[1] == recorded("status_400_selector")
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 4}}
    assert live.call("PATCH", path, stale, **merge)[1] == recorded("status_409_conflict")
    selector = {"spec": {"selector": {"matchLabels": {"app": "other"}}}}
    assert live.call("PATCH", path, selector, **merge)[1] == recorded("status_422_immutable")
    test = [{"op": "test", "path": "/spec/replicas", "value": 77}]
    assert live.call("PATCH", path, test, Content_Type="application/json-patch+json")[1] == recorded("status_422_json_patch_test")
