# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollback changes in a cluster, what it leaves alone, and when it is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.module_utils.clients.cluster import ClusterClient
from plugins.module_utils.errors import NotFoundError
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.apply import Applied, apply
from plugins.module_utils.rollback.plan import RollbackRefusedError, make_change
from plugins.module_utils.rollback.target import TargetError
from tests.contract.clusters import Cluster

DEPLOYMENT, STATEFUL_SET, DAEMON_SET = WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET
CAUSE = "kubernetes.io/change-cause"
OWNERS = {"meta.helm.sh/release-name": "payments", "argocd.argoproj.io/tracking-id": "payments:apps/Deployment:shop/payment-api"}
EVERYTHING = (
    *(f"apis/apps/v1/{{}}/{name}" for name in ("deployments", "replicasets", "statefulsets", "daemonsets", "controllerrevisions")),
    *(f"api/v1/{{}}/{name}" for name in ("pods", "events", "configmaps", "services")),
)


def now() -> datetime:
    return datetime.now(UTC)


def roll_back(
    cluster: Cluster, target: str, kind: WorkloadKind = DEPLOYMENT, client: ClusterClient | None = None, **options: Any
) -> Applied:
    return apply(client or cluster.client(), cluster.service(kind), target, now, time.sleep, **options)


def versions_running(cluster: Cluster) -> set[str]:
    """Of the pods that stay: those that are being deleted are no replicas any more."""
    stay = (pod for pod in cluster.pods() if not pod["metadata"].get("deletionTimestamp"))
    return {pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in stay}


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        *((DEPLOYMENT, target) for target in ("v2.3.0", "2", "previous")),
        *((STATEFUL_SET, target) for target in ("v2.3.0", "2")),
        *((DAEMON_SET, target) for target in ("v2.3.0", "previous")),
    ],
)
def test_back_to(cluster: Cluster, kind: WorkloadKind, target: str) -> None:
    cluster.history("v2.2.0", "v2.3.0", "v2.3.1", kind=kind, replicas=1)
    before = cluster.workload(kind)
    assert roll_back(cluster, target, kind).changed
    cluster.complete(kind)
    after = cluster.workload(kind)
    assert versions_running(cluster) == {"v2.3.0"}
    assert {**after["spec"], "template": None} == {**before["spec"], "template": None}
    assert "pod-template-hash" not in after["spec"]["template"]["metadata"]["labels"]
    again = roll_back(cluster, "v2.3.0", kind)
    assert not again.changed
    assert cluster.workload(kind)["metadata"]["generation"] == after["metadata"]["generation"]
    with pytest.raises(TargetError, match="itself the result of a rollback"):
        make_change(cluster.client(), cluster.service(kind), "previous", now())


def test_back_to_the_latest_that_was_stable(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    roll_back(cluster, "latest-stable")
    cluster.complete()
    assert versions_running(cluster) == {"v2.3.0"}
    assert not roll_back(cluster, "latest-stable").changed, "it is now where it was rolled back to"


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_back_and_forth(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v1", "v2", kind=kind, replicas=1)
    for version in ("v1", "v2", "v1"):
        assert roll_back(cluster, version, kind).changed
        cluster.complete(kind)
        assert versions_running(cluster) == {version}


def test_a_revision_that_is_gone_leaves_a_gap(cluster: Cluster) -> None:
    cluster.history("v2.2.0", "v2.2.9", "v2.3.1", replicas=1)
    gone = make_change(cluster.client(), cluster.service(), "v2.2.9", now()).target.name
    cluster.client().delete(f"/apis/apps/v1/namespaces/{cluster.namespace}/replicasets/{gone}")
    cluster.until("a gap", lambda: not cluster.found(f"/apis/apps/v1/namespaces/{cluster.namespace}/replicasets/{gone}"))
    assert roll_back(cluster, "previous").change.target.version == "v2.2.0"
    cluster.complete()
    assert versions_running(cluster) == {"v2.2.0"}


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_revisions_beyond_the_limit_are_not_there(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v1", "v2", "v3", kind=kind, replicas=1, revisionHistoryLimit=1)

    def refused() -> bool:
        with pytest.raises(NotFoundError, match=r"v3 \(revision 3\) \(current\), v2 \(revision 2\)") as found:
            roll_back(cluster, "v1", kind, dry_run=True)
        return "v1 (" not in str(found.value)

    # The controllers clean up a moment after the rollout.
    cluster.until("two revisions", lambda: _kept(cluster, kind) == 2)
    assert refused()


def _kept(cluster: Cluster, kind: WorkloadKind) -> int:
    return len(cluster.listed(f"apis/apps/v1/{{}}/{'replicasets' if kind is DEPLOYMENT else 'controllerrevisions'}"))


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_annotations_stay_and_the_change_cause_is_that_of_the_revision(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.create(kind, "v2.3.0", replicas=1, annotations={CAUSE: "release v2.3.0", **OWNERS})
    cluster.complete(kind)
    cluster.patch(kind, {"metadata": {"labels": {"tier": "1"}}})
    cluster.roll_out(kind, "v2.3.1", {CAUSE: "release v2.3.1", "team": "payments"})
    cluster.complete(kind)
    roll_back(cluster, "v2.3.0", kind)
    cluster.complete(kind)
    metadata = cluster.workload(kind)["metadata"]
    controllers_own = {
        DEPLOYMENT: {"deployment.kubernetes.io/revision": "3"},
        DAEMON_SET: {"deprecated.daemonset.template.generation": "3"},
    }
    ours = {**OWNERS, "team": "payments", CAUSE: "release v2.3.0"}
    assert metadata["annotations"] == {**ours, **controllers_own.get(kind, {})}
    assert metadata["labels"] == {"tier": "1"}


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_a_change_cause_that_the_target_lacks_does_not_stay(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", kind=kind, replicas=1)
    cluster.roll_out(kind, "v2.3.1", {CAUSE: "release v2.3.1"})
    cluster.complete(kind)
    roll_back(cluster, "v2.3.0", kind)
    assert CAUSE not in (cluster.workload(kind)["metadata"].get("annotations") or {})


def test_revisions_of_a_stranger_with_the_same_labels_are_not_taken(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    strange = cluster.workload(DEPLOYMENT)
    strange["metadata"] = {"name": "stranger"}
    strange["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/stranger:v9"
    strange.pop("status")
    cluster.client().post(cluster.path(DEPLOYMENT).rpartition("/")[0], strange)
    cluster.until("the stranger's revision", lambda: _kept(cluster, DEPLOYMENT) == 3)
    with pytest.raises(NotFoundError):
        roll_back(cluster, "v9")
    assert roll_back(cluster, "previous").change.target.version == "v2.3.0"


def test_an_orphan_with_the_same_labels_is_adopted(cluster: Cluster) -> None:
    """What the controllers do with a ReplicaSet that nobody owns, and why the owner has to be looked at."""
    cluster.history("v2.3.0", replicas=1)
    path = f"/apis/apps/v1/namespaces/{cluster.namespace}/replicasets"
    (revision,) = cluster.listed("apis/apps/v1/{}/replicasets")
    template = revision["spec"]["template"]
    template["spec"]["containers"][0]["image"] = "shop/payment-api:v1"
    orphan = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "orphan", "labels": {"app": "payment-api"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "payment-api"}},
            "template": {**template, "metadata": {"labels": {"app": "payment-api"}}},
        },
    }
    cluster.client().post(path, orphan)
    adopted = cluster.until("an owner", lambda: cluster.client().get(f"{path}/orphan")["metadata"].get("ownerReferences"))
    assert [(owner["kind"], owner["name"], owner["controller"]) for owner in adopted] == [("Deployment", "payment-api", True)]


def test_a_selector_with_expressions(cluster: Cluster) -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["payment-api", "payments"]}]}
    cluster.history("v2.3.0", "v2.3.1", replicas=1, selector=selector)
    assert roll_back(cluster, "previous").changed
    cluster.complete()
    assert versions_running(cluster) == {"v2.3.0"}


def test_a_paused_rollout_is_refused(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    cluster.patch(DEPLOYMENT, {"spec": {"paused": True}})
    with pytest.raises(RollbackRefusedError, match=f"kubectl -n {cluster.namespace} rollout resume deployment/payment-api"):
        roll_back(cluster, "v2.3.0")
    assert cluster.tag() == "v2.3.1"


def test_replicas_and_the_autoscaler_are_left_alone(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    cluster.patch(DEPLOYMENT, {"spec": {"replicas": 4}})
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "payment-api"},
        "spec": {
            "minReplicas": 4,
            "maxReplicas": 4,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}],
        },
    }
    scalers = "apis/autoscaling/v2/{}/horizontalpodautoscalers"
    cluster.client().post(f"/{scalers.format(f'namespaces/{cluster.namespace}')}", scaler)
    cluster.complete()
    before = cluster.listed(scalers)[0]["spec"]
    roll_back(cluster, "v2.3.0")
    cluster.complete()
    assert cluster.workload(DEPLOYMENT)["spec"]["replicas"] == 4
    assert cluster.listed(scalers)[0]["spec"] == before


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_a_dry_run_changes_nothing(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=2)
    before = _at_rest(cluster)
    tried = roll_back(cluster, "v2.3.0", kind, dry_run=True)
    assert tried.changed
    assert tried.after["spec"]["containers"][0]["image"].endswith(":v2.3.0")
    time.sleep(1.0)  # for the controllers, if there were anything for them to notice
    assert _everything(cluster) == before


def _everything(cluster: Cluster) -> dict[str, list[dict[str, Any]]]:
    """All objects whole, resourceVersion and managed fields included."""
    return {path: cluster.listed(path) for path in EVERYTHING}


def _at_rest(cluster: Cluster) -> dict[str, list[dict[str, Any]]]:
    seen: list[dict[str, list[dict[str, Any]]]] = [_everything(cluster)]

    def same_again() -> bool:
        time.sleep(1.0)
        seen.append(_everything(cluster))
        return seen[-1] == seen[-2]

    cluster.until("a cluster at rest", same_again)
    return seen[-1]


class Meddling(ClusterClient):
    """Does something else right before its first patch."""

    meddle: Callable[[], None] | None

    def patch(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        meddle, self.meddle = self.meddle, None
        if meddle is not None:
            meddle()
        return super().patch(*arguments, **options)


def _meddling(cluster: Cluster, meddle: Callable[[], None]) -> ClusterClient:
    client = cluster.client()
    client.__class__ = Meddling
    assert isinstance(client, Meddling)
    client.meddle = meddle
    return client


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_a_change_between_look_and_patch_is_looked_at_again(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=1)
    client = _meddling(cluster, lambda: cluster.patch(kind, {"metadata": {"labels": {"touched": "yes"}}}))
    applied = roll_back(cluster, "previous", kind, client)
    assert (applied.changed, applied.attempts) == (True, 2)
    assert cluster.tag(kind) == "v2.3.0"
    assert cluster.workload(kind)["metadata"]["labels"] == {"touched": "yes"}


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_two_at_the_same_moment_become_one(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=1)
    generation = cluster.workload(kind)["metadata"]["generation"]
    both, results = threading.Barrier(2), []

    def run() -> None:
        results.append(roll_back(cluster, "previous", kind, _meddling(cluster, lambda: both.wait(10) and None)))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(result.changed for result in results) == [False, True]
    cluster.complete(kind)
    assert versions_running(cluster) == {"v2.3.0"}
    assert cluster.workload(kind)["metadata"]["generation"] == generation + 1
