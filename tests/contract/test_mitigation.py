# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies without a rollback, as a playbook runs them: tried, done, done again, taken back."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest

from plugins.module_utils.evidence.objects import annotations_of
from plugins.module_utils.faces.mitigation import MITIGATION, mitigation_result
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.autoscalers import HELD
from tests.contract.ansible_runs import module
from tests.contract.clusters import Cluster
from tests.contract.test_rollback import DEPLOYMENT
from tests.contract.test_rollback_modules import OURS, options
from tests.contract.unreliable import Fault, times, unreliable

SCALERS = "apis/autoscaling/v2/{}/horizontalpodautoscalers"


def mitigate(cluster: Cluster, action: str, check: bool = False, kind: WorkloadKind = DEPLOYMENT, **more: Any) -> dict[str, Any]:
    wanted = options(cluster, action=action, catalogue={"workload_kind": kind.value}, **more)
    done = module(f"{OURS}.mitigation", wanted, check=check)
    assert not done["failed"], done.get("msg")
    return done


def autoscaler(cluster: Cluster) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]
    spec = {"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": target, "metrics": metrics}
    body = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "payment-api"}, "spec": spec}
    return cluster.client().post(f"/{SCALERS.format(f'namespaces/{cluster.namespace}')}", body)


@pytest.mark.parametrize("kind", [WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET])
def test_scale(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v1", kind=kind, replicas=1)

    def replicas() -> int:
        return int(cluster.workload(kind)["spec"]["replicas"])

    assert (mitigate(cluster, "scale", check=True, kind=kind, replicas=3)["changed"], replicas()) == (True, 1)
    done = mitigate(cluster, "scale", kind=kind, replicas=3)
    assert (done["changed"], replicas(), done["msg"]) == (True, 3, f"Scaled {kind.value} payment-api from 1 to 3 pods")
    assert not mitigate(cluster, "scale", kind=kind, replicas=3)["changed"]
    assert mitigate(cluster, "scale", kind=kind, state="undone", saved=done["mitigation"])["changed"]
    assert replicas() == 1


@pytest.mark.parametrize("wish", [{"action": "scale", "replicas": 3}, {"action": "restart"}, {"action": "pause_autoscaling"}])
def test_two_controllers_at_the_same_moment_do_it_once_and_both_know_the_way_back(cluster: Cluster, wish: dict[str, Any]) -> None:
    cluster.history("v1", replicas=2)
    if wish["action"] == "pause_autoscaling":
        autoscaler(cluster)
    both, results = threading.Barrier(2), []
    params = {name: option.get("default") for name, option in MITIGATION.items()} | options(cluster, **wish)

    def run() -> None:
        both.wait(10)
        results.append(mitigation_result(params, False))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted((result["changed"], result["standing"]) for result in results) == [(False, True), (True, False)]
    if wish["action"] != "restart":
        first, second = (result["mitigation"] for result in results)
        assert (first["before"], first["after"], first["undo"]) == (second["before"], second["after"], second["undo"])


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.BROKEN, Fault.RESET, Fault.LOST])
@pytest.mark.parametrize(
    ("wish", "before"),
    [
        ({"action": "scale", "replicas": 3}, {"replicas": 1}),
        ({"action": "restart"}, {"restartedAt": None}),
        ({"action": "pause_autoscaling"}, {"behavior": None}),
    ],
)
def test_over_a_way_that_is_not_to_be_relied_on_it_is_done_once(
    cluster: Cluster, fault: Fault, wish: dict[str, Any], before: dict[str, Any]
) -> None:
    cluster.history("v1", replicas=1)
    if wish["action"] == "pause_autoscaling":
        before = {"behavior": autoscaler(cluster)["spec"].get("behavior")}
    with unreliable(cluster, times(2, fault, "PATCH")) as way:
        params = {name: option.get("default") for name, option in MITIGATION.items()} | {**options(cluster, **wish), "host": way.url}
        done = mitigation_result({**params, "kubeconfig": None}, False)
    assert (done["changed"], done["mitigation"]["before"]) == (True, before)
    assert done["msg"].startswith(("Scaled ", "Restarted ", "Held "))
    # Of one whose answer is lost, the next look finds it made.
    assert way.faults == [fault] * (1 if fault is Fault.LOST else 2)


def test_what_was_scaled_by_a_run_that_never_said_so_is_taken_back(cluster: Cluster) -> None:
    cluster.history("v1", replicas=1)
    mitigate(cluster, "scale", replicas=3)
    again = mitigate(cluster, "scale", replicas=3)
    assert (again["standing"], again["mitigation"]["before"], again["mitigation"]["undo"]) == (True, {"replicas": 1}, "Scale it back to 1")
    assert mitigate(cluster, "scale", state="undone")["changed"]
    assert cluster.workload(DEPLOYMENT)["spec"]["replicas"] == 1
    assert not mitigate(cluster, "scale", state="undone")["changed"]


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_restart(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v1", kind=kind, replicas=1)
    before = {pod["metadata"]["uid"] for pod in cluster.pods()}
    assert mitigate(cluster, "restart", check=True, kind=kind)["changed"]
    assert mitigate(cluster, "restart", kind=kind)["changed"]
    cluster.until("fresh pods", lambda: not before & {pod["metadata"]["uid"] for pod in cluster.pods()})
    cluster.complete(kind)
    assert not mitigate(cluster, "restart", kind=kind)["changed"]


def test_the_autoscaler_is_held_still_and_let_go(cluster: Cluster) -> None:
    cluster.history("v1", replicas=2)
    before = autoscaler(cluster)["spec"]

    def found() -> dict[str, Any]:
        return cluster.listed(SCALERS)[0]

    assert mitigate(cluster, "pause_autoscaling", check=True)["changed"]
    assert found()["spec"] == before
    assert mitigate(cluster, "pause_autoscaling")["changed"]
    assert [found()["spec"]["behavior"][way]["selectPolicy"] for way in ("scaleUp", "scaleDown")] == ["Disabled", "Disabled"]
    assert not mitigate(cluster, "pause_autoscaling")["changed"]
    assert mitigate(cluster, "pause_autoscaling", state="undone")["changed"]
    assert found()["spec"] == before
    assert HELD not in annotations_of(found())
    assert not mitigate(cluster, "pause_autoscaling", state="undone")["changed"]


def test_the_bounds_of_an_autoscaler(cluster: Cluster) -> None:
    cluster.history("v1", replicas=2)
    autoscaler(cluster)
    done = mitigate(cluster, "scale", replicas=6)
    spec = cluster.listed(SCALERS)[0]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (6, 6)
    mitigate(cluster, "scale", state="undone", saved=done["mitigation"])
    spec = cluster.listed(SCALERS)[0]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 4)


def test_no_pods_at_all_is_what_an_autoscaler_leaves_alone(cluster: Cluster) -> None:
    cluster.history("v1", replicas=2)
    autoscaler(cluster)
    done = mitigate(cluster, "scale", replicas=0)
    assert done["mitigation"]["kind"] == "Deployment"
    cluster.until("no pods", lambda: not cluster.pods())
    # Its controller looks every five seconds.
    later = time.monotonic() + 6.0
    cluster.until("it had time to choose", lambda: time.monotonic() > later)
    assert (cluster.pods(), cluster.workload(DEPLOYMENT)["spec"]["replicas"]) == ([], 0)
    assert mitigate(cluster, "scale", state="undone", saved=done["mitigation"])["changed"]
    cluster.until("two pods", lambda: len(cluster.pods()) == 2)


def test_who_has_let_the_autoscaler_go_or_scaled_meanwhile_is_not_overruled(cluster: Cluster) -> None:
    cluster.history("v1", replicas=2)
    scaled = mitigate(cluster, "scale", replicas=3)
    cluster.patch(DEPLOYMENT, {"spec": {"replicas": 4}})
    refused = module(f"{OURS}.mitigation", options(cluster, action="scale", state="undone", saved=scaled["mitigation"]))
    assert (refused["failed"], "(replicas 4). It was left alone." in refused["msg"]) == (True, True)
    autoscaler(cluster)
    mitigate(cluster, "pause_autoscaling")
    path = f"/{SCALERS.format(f'namespaces/{cluster.namespace}')}/payment-api"
    theirs = {"spec": {"behavior": {way: {"selectPolicy": "Max"} for way in ("scaleUp", "scaleDown")}}}
    cluster.client().patch(path, theirs, "application/merge-patch+json")
    before = cluster.client().get(path)["spec"]
    done = mitigate(cluster, "pause_autoscaling", state="undone")
    assert "Somebody has let the autoscaler payment-api of payment-api go meanwhile" in done["msg"]
    found = cluster.client().get(path)
    assert (found["spec"], HELD in annotations_of(found)) == (before, False)


def test_a_hook_that_fails_keeps_its_secrets(cluster: Cluster) -> None:
    failing = [sys.executable, "-c", "print('login failed: password=hunter2'); raise SystemExit(3)"]
    hook = {"enable": failing, "disable": failing}
    refused = module(f"{OURS}.mitigation", options(cluster, action="maintenance", catalogue={"maintenance": hook}))
    assert (refused["failed"], "(exit code 3): login failed: password=[REDACTED]" in refused["msg"]) == (True, True)


def test_what_is_missing_is_named(cluster: Cluster) -> None:
    cluster.history("v1", replicas=1)
    refused = module(f"{OURS}.mitigation", options(cluster, action="pause_autoscaling"))
    assert (refused["failed"], "No HorizontalPodAutoscaler scales Deployment payment-api" in refused["msg"]) == (True, True)
    refused = module(f"{OURS}.mitigation", options(cluster, action="scale"))
    assert (refused["failed"], "replicas" in refused["msg"]) == (True, True)
