# SPDX-License-Identifier: GPL-3.0-or-later
"""StatefulSets, DaemonSets and their ControllerRevisions; disruption budgets and the scheduler."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cluster.controllers.context import is_ready

from .conftest import Ticking, pod_template, workload


def images(ticking: Ticking) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in ticking.pods()}


def revisions(ticking: Ticking) -> list[tuple[int, str]]:
    found = ticking.store.list("ControllerRevision")
    return sorted((r["revision"], r["data"]["spec"]["template"]["spec"]["containers"][0]["image"]) for r in found)


def test_a_stateful_set_starts_its_pods_in_order(ticking: Ticking) -> None:
    ticking.store.create(workload("StatefulSet", serviceName="web"))
    seen: list[list[str]] = []
    for _ in range(50):
        ticking.run(0.1)
        names = sorted(images(ticking))
        if not seen or names != seen[-1]:
            seen.append(names)
    assert seen == [["web-0"], ["web-0", "web-1"], ["web-0", "web-1", "web-2"]]
    status = ticking.store.require("StatefulSet", "default", "web")["status"]
    assert (status["readyReplicas"], status["updatedReplicas"], status["currentRevision"]) == (3, 3, status["updateRevision"])
    labels = ticking.pods()[1]["metadata"]["labels"]
    assert (labels["apps.kubernetes.io/pod-index"], labels["controller-revision-hash"]) == ("1", status["updateRevision"])


def test_a_stateful_set_updates_from_the_highest_number_down(ticking: Ticking) -> None:
    ticking.store.create(workload("StatefulSet", serviceName="web"))
    ticking.run(6)
    ticking.change("StatefulSet", "web", template=pod_template("web", "web:v2"))
    order: list[str] = []
    for _ in range(120):
        ticking.run(0.1)
        order += [name for name, image in images(ticking).items() if image == "web:v2" and name not in order]
    assert order == ["web-2", "web-1", "web-0"]
    assert revisions(ticking) == [(1, "web:v1"), (2, "web:v2")]
    ticking.change("StatefulSet", "web", template=pod_template("web", "web:v1"))
    ticking.run(12)
    assert set(images(ticking).values()) == {"web:v1"}
    assert revisions(ticking) == [(2, "web:v2"), (3, "web:v1")]


def test_pods_below_the_partition_stay(ticking: Ticking) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    ticking.store.create(workload("StatefulSet", serviceName="web", updateStrategy=strategy))
    ticking.run(6)
    ticking.change("StatefulSet", "web", template=pod_template("web", "web:v2"))
    ticking.run(6)
    assert images(ticking) == {"web-0": "web:v1", "web-1": "web:v1", "web-2": "web:v2"}


def test_a_daemon_set_runs_on_every_node_and_updates_one_at_a_time(ticking: Ticking) -> None:
    ticking.store.create(workload("DaemonSet"))
    ticking.run(3)
    assert sorted(pod["spec"]["nodeName"] for pod in ticking.pods()) == ["node-0", "node-1", "node-2"]
    ticking.change("DaemonSet", "web", template=pod_template("web", "web:v2"))
    for _ in range(100):
        ticking.run(0.1)
        active = [pod for pod in ticking.pods() if not pod["metadata"].get("deletionTimestamp")]
        ready = sum(c["type"] == "Ready" and c["status"] == "True" for pod in active for c in pod["status"].get("conditions", ()))
        assert ready >= 2
    assert set(images(ticking).values()) == {"web:v2"}
    status = ticking.store.require("DaemonSet", "default", "web")["status"]
    assert (status["updatedNumberScheduled"], status["numberAvailable"], status["desiredNumberScheduled"]) == (3, 3, 3)
    assert revisions(ticking) == [(1, "web:v1"), (2, "web:v2")]


def test_a_budget_counts_what_may_be_disrupted(ticking: Ticking) -> None:
    ticking.store.create(workload("Deployment", replicas=4))
    spec = {"minAvailable": "75%", "selector": {"matchLabels": {"app": "web"}}}
    meta = {"name": "web", "namespace": "default"}
    ticking.store.create({"kind": "PodDisruptionBudget", "apiVersion": "policy/v1", "metadata": meta, "spec": spec})
    ticking.run(3)
    status = ticking.store.require("PodDisruptionBudget", "default", "web")["status"]
    assert {key: status[key] for key in ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")} == {
        "expectedPods": 4,
        "currentHealthy": 4,
        "desiredHealthy": 3,
        "disruptionsAllowed": 1,
    }


def test_pods_that_fit_nowhere_say_why(ticking: Ticking) -> None:
    template: dict[str, Any] = pod_template("web", "web:v1")
    template["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "5"}}
    ticking.store.create(workload("Deployment", replicas=4, template=template))
    ticking.run(3)
    assert sum("nodeName" in pod["spec"] for pod in ticking.pods()) == 3
    assert ticking.events("FailedScheduling") == ["0/3 nodes are available: 3 Insufficient cpu."]


@pytest.mark.parametrize(
    ("tolerations", "placed"),
    [
        ([], 0),
        ([{"key": "team", "value": "bank", "effect": "NoSchedule"}], 0),
        ([{"key": "team", "value": "shop", "effect": "NoExecute"}], 0),
        ([{"key": "team", "value": "shop"}], 1),
        ([{"key": "team", "operator": "Exists"}], 1),
        ([{"operator": "Exists"}], 1),
    ],
)
def test_a_taint_keeps_pods_away_that_do_not_tolerate_it(ticking: Ticking, tolerations: list[dict[str, str]], placed: int) -> None:
    for found in ticking.store.list("Node"):
        taint = {"key": "team", "value": "shop", "effect": "NoSchedule"}
        soft = {"key": "soft", "effect": "PreferNoSchedule"}
        ticking.store.update({**found, "spec": {"taints": [soft, taint]}})
    template: dict[str, Any] = pod_template("web", "web:v1")
    template["spec"]["tolerations"] = tolerations
    ticking.store.create(workload("Deployment", replicas=1, template=template))
    ticking.run(3)
    assert sum("nodeName" in pod["spec"] for pod in ticking.pods()) == placed
    refused = "0/3 nodes are available: 3 node(s) had untolerated taint {team: shop}."
    assert ticking.events("FailedScheduling") == ([] if placed else [refused])


def test_services_know_the_pods_that_are_ready(ticking: Ticking) -> None:
    for name in ("web", "bad"):
        meta = {"name": name, "namespace": "default"}
        spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
        ticking.store.create({"kind": "Service", "apiVersion": "v1", "metadata": meta, "spec": spec})
    ticking.store.create(workload("Deployment", replicas=2))
    ticking.store.create(workload("Deployment", name="bad", image="bad:crash", replicas=1))
    ticking.run(3)
    assert sorted(ticking.store.require("Endpoints", "default", "bad")["subsets"][0]) == ["notReadyAddresses", "ports"]
    subset = ticking.store.require("Endpoints", "default", "web")["subsets"][0]
    assert sorted(a["ip"] for a in subset["addresses"]) == sorted(pod["status"]["podIP"] for pod in ticking.pods(app="web"))
    assert subset["ports"] == [{"port": 8080, "protocol": "TCP"}]
    slices = {found["metadata"]["generateName"]: found["endpoints"] for found in ticking.store.list("EndpointSlice")}
    assert [endpoint["conditions"]["ready"] for endpoint in slices["web-"]] == [True, True]
    assert [endpoint["conditions"]["ready"] for endpoint in slices["bad-"]] == [False]


def test_a_malformed_object_does_not_stop_the_others(ticking: Ticking, caplog: pytest.LogCaptureFixture) -> None:
    meta = {"name": "broken", "namespace": "default"}
    ticking.store.create({"kind": "PodDisruptionBudget", "apiVersion": "policy/v1", "metadata": meta, "spec": {"minAvailable": "half"}})
    ticking.store.create(workload("Deployment"))
    ticking.run(3)
    assert len(ticking.pods()) == 3
    assert "cannot reconcile PodDisruptionBudget broken" in caplog.text


def test_parallel_pods_start_together_but_update_one_by_one(ticking: Ticking) -> None:
    ticking.store.create(workload("StatefulSet", serviceName="web", podManagementPolicy="Parallel"))
    ticking.run(0.2)
    assert len(ticking.pods()) == 3
    ticking.run(3)
    ticking.change("StatefulSet", "web", template=pod_template("web", "web:v2"))
    for _ in range(120):
        ticking.run(0.1)
        ready = [pod for pod in ticking.pods() if not pod["metadata"].get("deletionTimestamp") and is_ready(pod)]
        assert len(ready) >= 2
    assert set(images(ticking).values()) == {"web:v2"}
