# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether quotas, autoscaler and disruption budgets leave room for a rollback, and whether nodes can pull the image."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.model.check import Check, Verdict
from plugins.module_utils.model.service import Service
from plugins.module_utils.rollback.check_capacity import check_capacity
from plugins.module_utils.rollback.check_pull import check_pull
from plugins.module_utils.rollback.check_surroundings import check_autoscaler, check_budget
from plugins.module_utils.rollback.plan import Change, make_change
from plugins.module_utils.rollback.surroundings import Surroundings
from tests.rollback.conftest import LocalCluster

SERVICE = Service("payment-api")
SMALL, LARGE = ({"requests": {"cpu": amount, "memory": "1Gi"}} for amount in ("1", "2"))
NO_FEWER = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
ONE_LESS = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def change(local: LocalCluster, target: dict[str, Any] | None = None, **spec: Any) -> Change:
    """From v2.3.1 to v2.3.0, five pods; the target's container has the fields in `target`, the current one asks for one cpu."""
    for tag, more in (("v2.3.0", target or {}), ("v2.3.1", {"resources": SMALL})):
        local.deploy("Deployment", tag, **({} if tag == "v2.3.1" else spec), settle=0)
        container = {"name": "app", "image": f"registry.example.com/shop/payment-api:{tag}", **more}
        local.merge("deployments", "payment-api", {"spec": {"template": {"spec": {"containers": [container]}}}})
        local.pass_time(60)
    return make_change(local.client(), SERVICE, "v2.3.0", local.now())


def around(**found: list[dict[str, Any]]) -> Surroundings:
    return Surroundings(found, {})


def quota(hard: dict[str, str], used: dict[str, str], **spec: Any) -> Surroundings:
    return around(resourcequotas=[{"metadata": {"name": "small"}, "spec": spec, "status": {"hard": hard, "used": used}}])


def capacity(local: LocalCluster, surroundings: Surroundings, target: dict[str, Any] | None = None, **spec: Any) -> Check:
    return check_capacity(change(local, target, **spec), surroundings)


FULL = quota({"pods": "6"}, {"pods": "6"})


@pytest.mark.parametrize(
    ("surroundings", "strategy", "verdict", "words"),
    [
        (FULL, NO_FEWER, Verdict.FAIL, "has 6 of 6 pods in use (2 more pods need 2)"),
        (FULL, ONE_LESS, Verdict.PASS, "but the strategy takes a pod away before it adds one"),
        (
            quota({"pods": "6"}, {"pods": "5"}),
            NO_FEWER,
            Verdict.PASS,
            "5 of 6 pods in use (2 more pods need 2), but fewer pods than maxSurge",
        ),
        (quota({"pods": "9"}, {"pods": "5"}), NO_FEWER, Verdict.PASS, "leave room for 2 more pods"),
        (quota({"requests.cpu": "6"}, {"requests.cpu": "5500m"}), NO_FEWER, Verdict.FAIL, "5500m of 6 requests.cpu in use"),
        (quota({"pods": "5"}, {"pods": "5"}, scopes=["BestEffort"]), NO_FEWER, Verdict.PASS, "no quota for such pods"),
        (quota({"pods": "5"}, {"pods": "5"}, scopes=["NotBestEffort"]), NO_FEWER, Verdict.FAIL, "5 of 5 pods"),
        (quota({"pods": "5"}, {"pods": "5"}, scopes=["Terminating"]), NO_FEWER, Verdict.PASS, "no quota for such pods"),
        (quota({"limits.memory": "9Gi"}, {"limits.memory": "0"}), ONE_LESS, Verdict.FAIL, "wants limits of memory from every container"),
    ],
)
def test_a_quota(local: LocalCluster, surroundings: Surroundings, strategy: dict[str, Any], verdict: Verdict, words: str) -> None:
    found = capacity(local, surroundings, {"resources": SMALL}, strategy=strategy)
    assert (found.verdict, words in found.detail) == (verdict, True), found.detail


def test_a_target_that_asks_for_more_than_the_quota_has(local: LocalCluster) -> None:
    found = capacity(local, quota({"requests.cpu": "8"}, {"requests.cpu": "5"}), {"resources": LARGE}, strategy=ONE_LESS)
    assert (found.verdict, "5 of 8 requests.cpu in use (5 more pods need 5)" in found.detail) == (Verdict.FAIL, True)


def test_a_limit_range_says_what_containers_do_not(local: LocalCluster) -> None:
    surroundings = quota({"limits.memory": "9Gi"}, {"limits.memory": "0"})
    ranges = [{"spec": {"limits": [{"type": "Container", "default": {"memory": "1Gi"}}]}}]
    found = capacity(local, around(**surroundings.found, limitranges=ranges), {"resources": SMALL}, strategy=ONE_LESS)
    assert found.verdict is Verdict.PASS


def scaler(low: int, high: int, **more: Any) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": "payment-api"}
    return {
        "metadata": {"name": "payments"},
        "spec": {"minReplicas": low, "maxReplicas": high, "scaleTargetRef": target, **more.pop("spec", {})},
        "status": more,
    }


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "No HorizontalPodAutoscaler names the workload"),
        ([scaler(2, 9, currentReplicas=5, desiredReplicas=5)], "chooses between 2 and 9 pods, now 5"),
        (
            [scaler(2, 5, currentReplicas=5, desiredReplicas=5)],
            "at its maximum: more load would bring no more pods, and the rollback takes",
        ),
        ([scaler(7, 9, currentReplicas=5, desiredReplicas=7)], "about to raise 5 to 7 pods"),
        ([scaler(2, 9, currentReplicas=5, desiredReplicas=3)], "is scaling from 5 to 3 pods"),
        (
            [
                scaler(
                    2, 9, conditions=[{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "none"}]
                )
            ],
            "does not scale at the moment (FailedGetResourceMetric: none)",
        ),
        (
            [scaler(2, 9, spec={"behavior": {"scaleUp": {"selectPolicy": "Disabled"}, "scaleDown": {"selectPolicy": "Disabled"}}})],
            "held still",
        ),
        ([scaler(2, 9), scaler(1, 3)], "so that none of them may scale it"),
    ],
)
def test_an_autoscaler_is_no_obstacle_and_told(local: LocalCluster, found: list[dict[str, Any]], words: str) -> None:
    check = check_autoscaler(change(local), around(horizontalpodautoscalers=found))
    assert (check.verdict, words in check.detail) == (Verdict.PASS, True), check.detail


def budget(promised: int, healthy: int, allowed: int) -> Surroundings:
    status = {"desiredHealthy": promised, "currentHealthy": healthy, "disruptionsAllowed": allowed}
    selector = {"matchLabels": {"app": "payment-api"}}
    return around(poddisruptionbudgets=[{"metadata": {"name": "payments"}, "spec": {"selector": selector}, "status": status}])


@pytest.mark.parametrize(
    ("surroundings", "strategy", "verdict", "words"),
    [
        (budget(4, 5, 1), None, Verdict.PASS, "allows 1 evictions now (5 healthy, 4 promised): and the rollback takes at most 1"),
        (budget(5, 5, 0), None, Verdict.PASS, "so that no node can be drained"),
        (budget(4, 2, 0), None, Verdict.PASS, "too few pods are healthy"),
        (
            budget(4, 5, 1),
            {"type": "Recreate"},
            Verdict.FAIL,
            "promises 4 healthy pods, there are 5, and the strategy (Recreate (downtime))",
        ),
        (budget(4, 2, 0), {"type": "Recreate"}, Verdict.PASS, "too few pods are healthy"),
        (around(), {"type": "Recreate"}, Verdict.PASS, "No PodDisruptionBudget selects them"),
    ],
)
def test_a_disruption_budget(
    local: LocalCluster, surroundings: Surroundings, strategy: dict[str, Any] | None, verdict: Verdict, words: str
) -> None:
    check = check_budget(change(local, **({"strategy": strategy} if strategy else {})), surroundings)
    assert (check.verdict, words in check.detail) == (verdict, True), check.detail


def test_what_cant_be_read_is_unknown(local: LocalCluster) -> None:
    made = change(local)
    unread = Surroundings({}, {"horizontalpodautoscalers": "Not allowed (403)", "poddisruptionbudgets": "Not allowed (403)"})
    for check in (check_autoscaler(made, unread), check_budget(made, unread)):
        assert (check.verdict, check.detail) == (Verdict.UNKNOWN, "Not allowed (403)")


def test_an_image_that_pods_of_its_repository_run_can_be_pulled(local: LocalCluster) -> None:
    found = check_pull(local.client(), SERVICE, change(local))
    assert (found.verdict, "shop/payment-api:v2.3.1, which comes from the same repository" in found.detail) == (Verdict.PASS, True)


def test_an_image_of_another_repository_is_unknown_until_a_node_holds_it(local: LocalCluster) -> None:
    image = "old.example.com/payments:v2.3.0"
    made = change(local, {"image": image})
    assert check_pull(local.client(), SERVICE, made).verdict is Verdict.UNKNOWN
    body = {"status": {"images": [{"names": [image], "sizeBytes": 1}]}}
    local.client().patch("/api/v1/nodes/node-1/status", body, "application/merge-patch+json")
    found = check_pull(local.client(), SERVICE, made)
    assert (found.verdict, found.detail) == (Verdict.PASS, "1 node holds it already (node-1).")


def test_an_image_that_nodes_were_refused(local: LocalCluster) -> None:
    made = change(local)
    local.behaviour.unpullable.add("v2.3.0")
    container = {"name": "app", "image": "registry.example.com/shop/payment-api:v2.3.0"}
    local.merge("deployments", "payment-api", {"spec": {"template": {"spec": {"containers": [container]}}}})
    local.pass_time(30)
    found = check_pull(local.client(), SERVICE, made)
    assert (found.verdict, "ImagePullBackOff (payment-api-" in found.detail) == (Verdict.FAIL, True)


def test_a_secret_that_both_versions_pull_with_and_that_is_gone(local: LocalCluster) -> None:
    secret = {"imagePullSecrets": [{"name": "puller"}]}
    local.deploy("Deployment", "v2.3.0")
    local.merge("deployments", "payment-api", {"spec": {"template": {"spec": secret}}})
    local.pass_time(60)
    local.deploy("Deployment", "v2.3.1")
    made = make_change(local.client(), SERVICE, "2", local.now())
    found = check_pull(local.client(), SERVICE, made)
    assert (found.verdict, "Gone: Secret puller" in found.detail) == (Verdict.FAIL, True)
    local.client().post("/api/v1/namespaces/production/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "puller"}})
    assert check_pull(local.client(), SERVICE, made).verdict is Verdict.PASS
