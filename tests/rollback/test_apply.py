# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollback changes in a cluster, what it leaves, and what happens when somebody else is there too."""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import Any

import pytest
from aiohttp import web

from plugins.module_utils.clients.cluster import ClusterClient
from plugins.module_utils.errors import NotFoundError
from plugins.module_utils.model.service import Service, WorkloadKind
from plugins.module_utils.rollback.apply import Applied, apply
from plugins.module_utils.rollback.plan import RollbackRefusedError, make_change
from tests.rollback.conftest import LocalCluster

SERVICE = Service("payment-api")
CAUSE = "kubernetes.io/change-cause"
HELM = "meta.helm.sh/release-name"


def roll_back(local: LocalCluster, target: str, service: Service = SERVICE, **options: Any) -> Applied:
    return apply(local.client(), service, target, local.now, local.pass_time, **options)


def tag(local: LocalCluster, plural: str = "deployments") -> str:
    container = local.get(plural, "payment-api")["spec"]["template"]["spec"]["containers"][0]
    return str(container["image"]).rpartition(":")[2]


def two_versions(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0", {CAUSE: "release v2.3.0", HELM: "payments"})
    local.behaviour.broken.add("v2.3.1")
    local.deploy("Deployment", "v2.3.1", {CAUSE: "release v2.3.1"})


def patches(local: LocalCluster) -> int:
    return sum(method == "PATCH" for method, _, _ in local.requests)


def answer(status: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "status": "Failure", "message": message, "code": status}, status=status)


def test_only_the_template_and_the_change_cause_change(local: LocalCluster) -> None:
    two_versions(local)
    local.merge("deployments", "payment-api", {"spec": {"replicas": 7}})
    before = local.get("deployments", "payment-api")
    applied = roll_back(local, "v2.3.0")
    after = local.get("deployments", "payment-api")
    assert applied.changed
    assert tag(local) == "v2.3.0"
    assert after["metadata"]["annotations"] == {**before["metadata"]["annotations"], CAUSE: "release v2.3.0"}
    assert after["metadata"]["annotations"][HELM] == "payments"
    assert {**after["spec"], "template": None} == {**before["spec"], "template": None}
    assert "pod-template-hash" not in after["spec"]["template"]["metadata"]["labels"]


def test_the_change_cause_of_the_bad_version_does_not_stay(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.deploy("Deployment", "v2.3.1", {CAUSE: "release v2.3.1"})
    roll_back(local, "v2.3.0")
    assert CAUSE not in local.get("deployments", "payment-api")["metadata"]["annotations"]


def test_a_second_time_changes_nothing(local: LocalCluster) -> None:
    two_versions(local)
    assert roll_back(local, "v2.3.0").changed
    local.pass_time(60)
    sent = patches(local)
    again = roll_back(local, "v2.3.0")
    assert not again.changed
    assert patches(local) == sent


@pytest.mark.parametrize("target", ["previous", "latest-stable", "v2.3.0", "1"])
def test_a_rollback_under_way_is_joined(local: LocalCluster, target: str) -> None:
    two_versions(local)
    roll_back(local, "v2.3.0")
    for _ in range(2):
        local.pass_time(0.3)
        assert not roll_back(local, target).changed
    assert tag(local) == "v2.3.0"


def test_a_dry_run_changes_nothing_at_all(local: LocalCluster) -> None:
    two_versions(local)
    before = local.on_loop(local.cluster.snapshot)
    tried = roll_back(local, "v2.3.0", dry_run=True)
    assert tried.changed
    assert tried.after["spec"]["containers"][0]["image"].endswith(":v2.3.0")
    assert local.on_loop(local.cluster.snapshot) == before
    assert [query["dryRun"] for method, _, query in local.requests if method == "PATCH" and "dryRun" in query] == ["All"]


def test_a_paused_rollout_is_refused(local: LocalCluster) -> None:
    two_versions(local)
    local.merge("deployments", "payment-api", {"spec": {"paused": True}})
    sent = patches(local)
    with pytest.raises(RollbackRefusedError, match="kubectl -n production rollout resume deployment/payment-api"):
        roll_back(local, "v2.3.0")
    assert patches(local) == sent


def test_a_target_that_does_not_exist_lists_those_that_do(local: LocalCluster) -> None:
    two_versions(local)
    with pytest.raises(NotFoundError, match=r"v2\.3\.1 \(revision 2\) \(current\), v2\.3\.0 \(revision 1\)"):
        roll_back(local, "v1.0.0")


def test_a_newer_deployment_than_the_one_that_was_checked_is_left_alone(local: LocalCluster) -> None:
    two_versions(local)
    local.deploy("Deployment", "v2.3.2")
    with pytest.raises(RollbackRefusedError, match=r"no longer at revision 2.*but at v2\.3\.2"):
        roll_back(local, "v2.3.0", from_revision=2)
    assert tag(local) == "v2.3.2"


def test_a_recreated_workload_is_left_alone(local: LocalCluster) -> None:
    two_versions(local)
    with pytest.raises(RollbackRefusedError, match="created anew"):
        roll_back(local, "v2.3.0", uid="another")


def test_a_change_between_look_and_patch_is_looked_at_again(local: LocalCluster) -> None:
    two_versions(local)

    def scale_first(request: web.Request) -> None:
        if request.method == "PATCH":
            local.before_request = lambda _: None
            found = local.cluster.store.require("Deployment", "production", "payment-api")
            local.cluster.store.update({**found, "spec": {**found["spec"], "replicas": 8}})

    local.before_request = scale_first
    applied = roll_back(local, "v2.3.0")
    assert (applied.changed, applied.attempts) == (True, 2)
    assert tag(local) == "v2.3.0"
    assert local.get("deployments", "payment-api")["spec"]["replicas"] == 8


def test_somebody_who_deploys_between_look_and_patch_is_left_alone(local: LocalCluster) -> None:
    two_versions(local)

    def deploy_first(request: web.Request) -> None:
        if request.method == "PATCH":
            local.before_request = lambda _: None
            found = copy.deepcopy(local.cluster.store.require("Deployment", "production", "payment-api"))
            found["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/shop/payment-api:v2.3.2"
            local.cluster.store.update(found)

    local.before_request = deploy_first
    with pytest.raises(RollbackRefusedError, match="in this very moment"):
        roll_back(local, "previous")
    assert tag(local) == "v2.3.2"


def test_what_previous_meant_at_first_is_what_it_means_to_the_end(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.2.0")
    two_versions(local)
    gone = make_change(local.client(), SERVICE, "v2.3.0", local.now()).target.name

    def lose_it_first(request: web.Request) -> None:
        if request.method == "PATCH":
            local.before_request = lambda _: None
            local.cluster.store.delete("ReplicaSet", "production", gone)
            found = local.cluster.store.require("Deployment", "production", "payment-api")
            local.cluster.store.update({**found, "metadata": {**found["metadata"], "labels": {"touched": "yes"}}})

    local.before_request = lose_it_first
    with pytest.raises(NotFoundError, match=gone):
        roll_back(local, "previous")
    assert tag(local) == "v2.3.1"


class _Together(ClusterClient):
    """Sends its patch only when the other one is about to send its own."""

    barrier: threading.Barrier

    def patch(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        with contextlib.suppress(threading.BrokenBarrierError):
            self.barrier.wait(5)
        return super().patch(*arguments, **options)


def test_two_at_the_same_moment_become_one(local: LocalCluster) -> None:
    two_versions(local)
    barrier = threading.Barrier(2)
    results: list[Applied] = []

    def run() -> None:
        client = local.client()
        client.__class__ = _Together
        client.barrier = barrier
        results.append(apply(client, SERVICE, "previous", local.now, lambda _: None))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(result.changed for result in results) == [False, True]
    local.pass_time(60)
    assert tag(local) == "v2.3.0"
    assert local.get("deployments", "payment-api")["metadata"]["generation"] == 3


def test_a_gap_in_the_revisions_is_no_obstacle(local: LocalCluster) -> None:
    for version in ("v2.2.0", "v2.2.9", "v2.3.1"):
        local.deploy("Deployment", version)
    gone = make_change(local.client(), SERVICE, "v2.2.9", local.now()).target.name
    local.client().delete(f"/apis/apps/v1/namespaces/production/replicasets/{gone}")
    local.pass_time(1)
    assert roll_back(local, "previous").change.target.version == "v2.2.0"
    assert tag(local) == "v2.2.0"


def test_a_number_that_a_rollback_changed_still_finds_its_revision(local: LocalCluster) -> None:
    two_versions(local)
    roll_back(local, "1")
    local.pass_time(60)
    again = roll_back(local, "1")
    assert not again.changed
    assert again.change.target.number == 3


def test_replica_sets_of_another_deployment_with_the_same_labels_are_not_taken(local: LocalCluster) -> None:
    two_versions(local)
    other = make_change(local.client(), SERVICE, "v2.3.0", local.now())
    stranger = local.get("replicasets", other.target.name)
    stranger["metadata"] = {
        "name": "stranger",
        "namespace": "production",
        "labels": stranger["metadata"]["labels"],
        "annotations": {"deployment.kubernetes.io/revision": "7"},
    }
    stranger["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/shop/other:v9"
    stranger["spec"]["replicas"] = 0
    stranger.pop("status")
    local.create(stranger)
    with pytest.raises(NotFoundError):
        roll_back(local, "v9")
    with pytest.raises(NotFoundError):
        roll_back(local, "stranger")


def test_a_selector_with_expressions_works(local: LocalCluster) -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["payment-api"]}]}
    local.deploy("Deployment", "v2.3.0", selector=selector)
    local.deploy("Deployment", "v2.3.1")
    assert roll_back(local, "previous").changed
    assert tag(local) == "v2.3.0"


@pytest.mark.parametrize(("kind", "plural"), [("StatefulSet", "statefulsets"), ("DaemonSet", "daemonsets")])
def test_other_kinds_go_back_by_their_controller_revisions(local: LocalCluster, kind: str, plural: str) -> None:
    service = Service("payment-api", workload_kind=WorkloadKind(kind))
    local.deploy(kind, "v2.3.0", {CAUSE: "release v2.3.0", HELM: "payments"})
    local.deploy(kind, "v2.3.1", {CAUSE: "release v2.3.1"})
    before = local.get(plural, "payment-api")
    applied = roll_back(local, "v2.3.0", service)
    after = local.get(plural, "payment-api")
    assert applied.changed
    assert tag(local, plural) == "v2.3.0"
    assert {**after["spec"], "template": None} == {**before["spec"], "template": None}
    assert after["metadata"]["annotations"][HELM] == "payments"
    assert after["metadata"]["annotations"][CAUSE] == "release v2.3.0"
    local.pass_time(120)
    again = roll_back(local, "v2.3.0", service)
    assert not again.changed


@pytest.mark.parametrize(("kind", "plural"), [("StatefulSet", "statefulsets"), ("DaemonSet", "daemonsets")])
def test_other_kinds_are_guarded_too(local: LocalCluster, kind: str, plural: str) -> None:
    service = Service("payment-api", workload_kind=WorkloadKind(kind))
    local.deploy(kind, "v2.3.0")
    local.deploy(kind, "v2.3.1")

    def touch_first(request: web.Request) -> None:
        if request.method == "PATCH":
            local.before_request = lambda _: None
            found = local.cluster.store.require(kind, "production", "payment-api")
            local.cluster.store.update({**found, "metadata": {**found["metadata"], "labels": {"touched": "yes"}}})

    local.before_request = touch_first
    applied = roll_back(local, "v2.3.0", service)
    assert (applied.changed, applied.attempts) == (True, 2)


def test_a_stateful_set_whose_partition_keeps_every_pod_is_refused(local: LocalCluster) -> None:
    service = Service("payment-api", workload_kind=WorkloadKind.STATEFUL_SET)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 5}}
    local.deploy("StatefulSet", "v2.3.0", updateStrategy=strategy)
    local.deploy("StatefulSet", "v2.3.1")
    with pytest.raises(RollbackRefusedError, match="partition"):
        roll_back(local, "v2.3.0", service)
