# SPDX-License-Identifier: GPL-3.0-or-later
"""How rollouts of every strategy go on, and what is told of those that do not: by what a person would have to do."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.module_utils.evidence.rollouts import rollouts
from plugins.module_utils.model.rollback import RollbackProgress, RollbackState
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.begin import begin
from plugins.module_utils.rollback.clock import Clock
from plugins.module_utils.rollback.watch import watch
from tests.contract.ansible_runs import module
from tests.contract.clusters import Cluster
from tests.contract.test_rollback import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, versions_running
from tests.contract.test_rollback_modules import OURS, options
from tests.contract.test_rollback_progress import begin_now, hasty_clock, to_the_end

ONE_BY_ONE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def by_ordinal(cluster: Cluster) -> dict[str, str]:
    """Version of each pod, by the number at the end of its name."""
    return {
        pod["metadata"]["name"].rpartition("-")[2]: pod["spec"]["containers"][0]["image"].rpartition(":")[2]
        for pod in cluster.pods()
        if not pod["metadata"].get("deletionTimestamp")
    }


def delete(cluster: Cluster, pod: str) -> None:
    cluster.client().delete(f"/api/v1/namespaces/{cluster.namespace}/pods/{pod}")


@pytest.mark.parametrize("kind", [STATEFUL_SET, DAEMON_SET])
def test_under_on_delete_the_pods_to_delete_are_named_at_once(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=2)
    cluster.patch(kind, {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}})
    began = time.monotonic()
    done = module(f"{OURS}.rollback", options(cluster, target="v2.3.0", catalogue={"workload_kind": kind.value}))
    assert (done["failed"], done["state"], done["progress"]["done"]) == (True, "not_recovered", 0)
    assert time.monotonic() - began < 60, "its patience is five minutes"
    names = sorted(pod["metadata"]["name"] for pod in cluster.pods())
    assert f"OnDelete, so that a pod is replaced when somebody deletes it ('kubectl -n {cluster.namespace} delete pod " in done["msg"]
    assert [name for name in names if name not in done["msg"]] == []
    for name in names:
        delete(cluster, name)
    cluster.until("fresh pods", lambda: versions_running(cluster) == {"v2.3.0"} and len(cluster.pods()) == len(names))
    cluster.until("the end", lambda: begin_now(cluster, "v2.3.0", kind).rollback.state is RollbackState.VERIFYING)
    assert not rollouts(cluster.client(), cluster.service(kind), datetime.now(UTC)).in_progress
    seen = module(f"{OURS}.recovery_info", options(cluster, passes=1, interval="1s", timeout="2s", catalogue={"workload_kind": kind.value}))
    assert next(measure for measure in seen["recovery"]["measures"] if measure["name"] == "readiness")["passed"]


def test_what_a_partition_keeps_is_no_part_of_the_rollback(cluster: Cluster) -> None:
    """It counts from the first ordinal, which need not be 0."""
    cluster.history("v2.3.0", "v2.3.1", kind=STATEFUL_SET, replicas=3, ordinals={"start": 5})
    cluster.patch(STATEFUL_SET, {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}}})
    progress, _ = to_the_end(cluster, begin_now(cluster, "v2.3.0", STATEFUL_SET), STATEFUL_SET)
    assert (progress.state, progress.done, progress.desired) == ("complete", 2, 2)
    assert by_ordinal(cluster) == {"5": "v2.3.1", "6": "v2.3.0", "7": "v2.3.0"}


def test_a_broken_pod_below_the_partition_is_not_to_be_deleted(cluster: Cluster) -> None:
    """It would come back at the version that is broken."""
    cluster.history("v2.3.0", "v2.3.1", kind=STATEFUL_SET, replicas=2)
    cluster.patch(STATEFUL_SET, {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}}})
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/payment-api-0"
    waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}
    status = {"name": "app", "image": "app", "imageID": "", "ready": False, "restartCount": 3, **waiting}
    broken = {"conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [status]}
    cluster.client().patch(f"{path}/status", {"status": broken}, "application/merge-patch+json")
    uid = cluster.client().get(path)["metadata"]["uid"]
    clock = Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep)
    begun = begin(cluster.client(), cluster.service(STATEFUL_SET), "v2.3.0", clock, replace_broken=True)
    progress, _ = to_the_end(cluster, begun, STATEFUL_SET)
    assert progress.state == "stuck"
    assert "lower spec.updateStrategy.rollingUpdate.partition to go on" in (progress.stuck_reason or "")
    assert "delete" not in (progress.stuck_reason or "")
    assert cluster.client().get(path)["metadata"]["uid"] == uid


@pytest.mark.parametrize("strategy", [{"type": "Recreate"}, ONE_BY_ONE])
def test_a_rollout_that_goes_well_is_never_called_stuck(cluster: Cluster, strategy: dict[str, Any]) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=3, strategy=strategy)
    progress, titles = to_the_end(cluster, begin_now(cluster, "v2.3.0"))
    assert (progress.state, progress.done, progress.waits_for) == ("complete", 3, None)
    assert [title for title in titles if title.startswith("Not ")] == []


def looks(cluster: Cluster, target: str) -> list[RollbackProgress]:
    """Every look of a rollback that is followed in its own time."""
    following, found = begin_now(cluster, target).following, []
    assert following is not None
    clock, deadline = Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep), time.monotonic() + 60
    while (not found or found[-1].state == "progressing") and time.monotonic() < deadline:
        following, progress = watch(cluster.client(), cluster.service(), following, 0.2, clock)
        found.append(progress)
    return found


def test_the_time_that_is_left_is_unknown_until_there_is_a_pace(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=4, minReadySeconds=1, strategy=ONE_BY_ONE)
    found = looks(cluster, "v2.3.0")
    assert found[-1].state == "complete"
    assert {progress.remaining for progress in found if progress.done in (0, 4)} <= {None}
    between = [progress.remaining for progress in found if 0 < progress.done < 4]
    assert between
    assert all(remaining is not None and 0 < remaining < 60 for remaining in between)


def test_a_target_that_runs_and_is_never_ready_is_told_with_its_probe(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENT, "v2.3.0-unready", replicas=1)
    cluster.until("the first revision", lambda: len(cluster.pods()) == 1)
    cluster.roll_out(DEPLOYMENT, "v2.3.1")
    cluster.complete()
    begun = begin_now(cluster, "previous")
    pod = cluster.until("its pod", lambda: next((one for one in cluster.pods() if "unready" in str(one["spec"])), None))
    why = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    event = {
        "involvedObject": {"kind": "Pod", "namespace": cluster.namespace, "name": pod["metadata"]["name"]},
        "metadata": {"name": "unready"},
        "lastTimestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "type": "Warning",
        "reason": "Unhealthy",
        "message": why,
    }
    cluster.client().post(f"/api/v1/namespaces/{cluster.namespace}/events", event)
    assert begun.following is not None
    following, titles, clock = begun.following, [], hasty_clock()
    told = f"{pod['metadata']['name']} runs and is not ready: {why}"
    for _unused in range(12):
        following, progress = watch(cluster.client(), cluster.service(), following, 10.0, clock)
        titles += [line.title for line in progress.lines]
        assert progress.state == "progressing", "it may yet become ready"
    assert titles.count(f"Not ready yet: {told}") == 1
    assert progress.waits_for == f"1 old pods to end; {told}"


def test_somebody_who_deletes_the_workload_meanwhile_is_told(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    begun = begin_now(cluster, "v2.3.0")
    cluster.client().delete(cluster.path(DEPLOYMENT))
    progress, _ = to_the_end(cluster, begun)
    assert (progress.state, progress.stuck_reason) == (
        "stuck",
        f"somebody deleted Deployment payment-api in {cluster.namespace} meanwhile",
    )


def test_somebody_who_pauses_the_rollout_meanwhile_is_told(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=3, minReadySeconds=2, strategy=ONE_BY_ONE)
    begun = begin_now(cluster, "v2.3.0")
    cluster.patch(DEPLOYMENT, {"spec": {"paused": True}})
    progress, _ = to_the_end(cluster, begun)
    assert (progress.state, "rollout resume deployment/payment-api" in str(progress.stuck_reason)) == ("stuck", True)
    cluster.patch(DEPLOYMENT, {"spec": {"paused": False}})
    assert to_the_end(cluster, begin_now(cluster, "v2.3.0"))[0].state == "complete"


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET])
def test_a_canary_that_has_the_same_labels_is_no_part_of_it(cluster: Cluster, kind: WorkloadKind) -> None:
    """Nor is it touched, however broken it is."""
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=1)
    labels = {"app": "payment-api", "track": "canary"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "shop/payment-api:v9-crash"}]}}
    spec = {
        "selector": {"matchLabels": labels},
        "template": template,
        "replicas": 1,
        **({"serviceName": "x"} if kind is STATEFUL_SET else {}),
    }
    body = {"apiVersion": "apps/v1", "kind": kind.value, "metadata": {"name": "payment-api-canary"}, "spec": spec}
    cluster.client().post(cluster.path(kind).rpartition("/")[0], body)

    def canary() -> str | None:
        broken = (pod for pod in cluster.pods() if "CrashLoopBackOff" in str(pod.get("status")))
        return next((str(pod["metadata"]["uid"]) for pod in broken), None)

    before = cluster.until("a broken canary", canary)
    begun = begin_now(cluster, "v2.3.0", kind)
    progress, titles = to_the_end(cluster, begun, kind)
    assert (progress.state, [title for title in titles if "v9" in title or title.startswith("Not ")]) == ("complete", [])
    assert {count.version for count in progress.versions if count.pods} == {"v2.3.0"}
    assert canary() == before
