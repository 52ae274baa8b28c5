# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a rollback to its end, and saying early why it does not come to one."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from plugins.module_utils.model.codec import from_result, to_result
from plugins.module_utils.model.rollback import RollbackProgress, RollbackState
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.begin import Begun, begin
from plugins.module_utils.rollback.clock import Clock
from plugins.module_utils.rollback.progress import PATIENCE, Following
from plugins.module_utils.rollback.watch import watch
from tests.contract.clusters import Cluster
from tests.contract.test_rollback import versions_running

DEPLOYMENT, STATEFUL_SET = WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET
HASTE = 10.0
"""How many seconds of a watch's own patience pass in one second of the cluster."""


def hasty_clock() -> Clock:
    started, at = time.monotonic(), datetime.now(UTC)

    def seconds() -> float:
        return (time.monotonic() - started) * HASTE

    return Clock(lambda: at + timedelta(seconds=seconds()), seconds, lambda wanted: time.sleep(wanted / HASTE))


def to_the_end(cluster: Cluster, begun: Begun, kind: WorkloadKind = DEPLOYMENT) -> tuple[RollbackProgress, list[str]]:
    """The last look and the titles of all lines. What passes between two looks is plain data, as between processes."""
    assert begun.following is not None
    clock, passed_on, titles = hasty_clock(), to_result(begun.following), []
    for _ in range(60):
        following, progress = watch(cluster.client(), cluster.service(kind), from_result(Following, passed_on), 10.0, clock)
        passed_on = to_result(following)
        titles += [line.title for line in progress.lines]
        if progress.state != "progressing":
            return progress, titles
    raise AssertionError(f"the rollout never ended: {titles}")


def begin_now(cluster: Cluster, target: str, kind: WorkloadKind = DEPLOYMENT) -> Begun:
    clock = Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep)
    return begin(cluster.client(), cluster.service(kind), target, clock)


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_every_pod_is_told_until_all_run_the_target(cluster: Cluster, kind: WorkloadKind) -> None:
    one_by_one = {} if kind is DEPLOYMENT else {"updateStrategy": {"type": "RollingUpdate"}}
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=3, **one_by_one)
    begun = begin_now(cluster, "v2.3.0", kind)
    assert [line.title for line in begun.rollback.progress] == ["Rollback initiated"]
    progress, titles = to_the_end(cluster, begun, kind)
    assert (progress.state, progress.done, progress.desired) == ("complete", 3, 3)
    down = [int(found[1]) for title in titles if (found := re.fullmatch(r"Scaled down v2\.3\.1: \d → (\d) pods?", title))]
    up = [int(found[1]) for title in titles if (found := re.fullmatch(r"Scaled up v2\.3\.0: \d → (\d) pods? \(healthy\)", title))]
    assert down[-1] == 0
    assert up[-1] == 3
    again = begin_now(cluster, "v2.3.0", kind)
    assert (again.applied.changed, again.rollback.state) == (False, RollbackState.VERIFYING)


def test_from_a_version_that_never_came_up(cluster: Cluster) -> None:
    cluster.history("v2.3.0", replicas=3)
    cluster.roll_out(DEPLOYMENT, "v2.3.1-crash")
    cluster.until("a crash loop", lambda: any("CrashLoopBackOff" in str(pod["status"]) for pod in cluster.pods()))
    progress, _ = to_the_end(cluster, begin_now(cluster, "previous"))
    assert (progress.state, progress.done, progress.desired) == ("complete", 3, 3)
    cluster.complete()
    assert versions_running(cluster) == {"v2.3.0"}


@pytest.mark.parametrize(("word", "reason"), [("crash", "CrashLoopBackOff"), ("nopull", "ImagePullBackOff|ErrImagePull")])
def test_a_target_that_does_not_come_up_is_told_early(cluster: Cluster, word: str, reason: str) -> None:
    cluster.create(DEPLOYMENT, f"v2.3.0-{word}", replicas=2)
    cluster.until("the first revision", lambda: len(cluster.pods()) == 2)
    cluster.roll_out(DEPLOYMENT, "v2.3.1")
    cluster.complete()
    progress, titles = to_the_end(cluster, begin_now(cluster, "previous"))
    assert progress.state == "stuck"
    assert re.match(rf"({reason}) \(payment-api-", progress.stuck_reason or "")
    assert [title for title in titles if re.match(f"Not healthy yet: ({reason})", title)]
    workload = cluster.workload(DEPLOYMENT)
    assert workload["status"]["availableReplicas"] >= 1, "the pods that serve are kept"
    assert workload["spec"]["progressDeadlineSeconds"] > PATIENCE, "the cluster itself says so much later"


def test_a_stateful_set_waits_for_a_broken_pod_until_it_is_deleted(cluster: Cluster) -> None:
    cluster.history("v2.3.0", kind=STATEFUL_SET, replicas=2)
    cluster.roll_out(STATEFUL_SET, "v2.3.1-crash")
    cluster.until("a crash loop", lambda: any("CrashLoopBackOff" in str(pod["status"]) for pod in cluster.pods()))
    progress, _ = to_the_end(cluster, begin_now(cluster, "v2.3.0", STATEFUL_SET), STATEFUL_SET)
    assert progress.state == "stuck"
    assert progress.stuck_reason is not None
    assert "(payment-api-1)" in progress.stuck_reason
    assert "delete it to go on" in progress.stuck_reason
    cluster.client().delete(f"/api/v1/namespaces/{cluster.namespace}/pods/payment-api-1")
    cluster.complete(STATEFUL_SET)
    assert begin_now(cluster, "v2.3.0", STATEFUL_SET).rollback.state is RollbackState.VERIFYING


def test_somebody_who_deploys_meanwhile_is_noticed(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=2)
    begun = begin_now(cluster, "v2.3.0")
    cluster.roll_out(DEPLOYMENT, "v2.3.2")
    progress, _ = to_the_end(cluster, begun)
    assert (progress.state, progress.stuck_reason) == ("stuck", "somebody changed the workload to v2.3.2 meanwhile")


def test_pods_that_no_node_has_room_for_are_told(cluster: Cluster) -> None:
    huge = {"resources": {"requests": {"cpu": "64"}}}
    cluster.create(DEPLOYMENT, "v2.3.0", replicas=1)
    cluster.complete()
    container = {"name": "app", "image": "shop/payment-api:v2.2.0", **huge}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    cluster.client().patch(cluster.path(DEPLOYMENT), body, "application/strategic-merge-patch+json")
    cluster.until("an unschedulable pod", lambda: any("Unschedulable" in str(pod["status"]) for pod in cluster.pods()))
    body["spec"]["template"]["spec"]["containers"][0] = {"name": "app", "image": "shop/payment-api:v2.3.1", "resources": None}
    cluster.client().patch(cluster.path(DEPLOYMENT), body, "application/strategic-merge-patch+json")
    cluster.complete()
    progress, _ = to_the_end(cluster, begin_now(cluster, "v2.2.0"))
    assert progress.state == "stuck"
    assert (progress.stuck_reason or "").startswith("Unschedulable (payment-api-")
    assert "Insufficient cpu" in (progress.stuck_reason or "")
