# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import from_result, to_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollback import RollbackProgress
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.progress import (
    PATIENCE,
    SLOW,
    Following,
    KnownRevision,
    look,
    share_done,
    slow_pod,
)
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.template import digest

START = datetime(2025, 10, 21, 14, 26, 10, tzinfo=UTC)
TEMPLATE = {"spec": {"containers": [{"name": "app", "image": "r/payment-api:v2.3.0"}]}}
TARGET = KnownRevision("aaa", 4, "v2.3.0", "v2.3.0")
BAD = KnownRevision("bbb", 5, "v2.3.1", "v2.3.1")
BEGINNING = Following(START, digest(TEMPLATE), TARGET, (BAD,), ())


def pods(revision: str, ready: int, waiting: int = 0, version: str | None = None, **status: Any) -> list[dict[str, Any]]:
    image = f"r/payment-api:{version or {'aaa': 'v2.3.0', 'bbb': 'v2.3.1'}[revision]}"

    def pod(number: int, is_ready: bool) -> dict[str, Any]:
        condition = {"type": "Ready", "status": "True" if is_ready else "False"}
        return {
            "metadata": {"name": f"payment-api-{revision}-{number}", "labels": {"pod-template-hash": revision}},
            "spec": {"containers": [{"name": "app", "image": image}]},
            "status": {"phase": "Running", "conditions": [condition], **(status if not is_ready else {})},
        }

    return [pod(number, number < ready) for number in range(ready + waiting)]


def deployment(template: dict[str, Any] | None = None, complete: bool = False, **status: Any) -> dict[str, Any]:
    counts = {"replicas": 5, "updatedReplicas": 5, "availableReplicas": 5 if complete else 4}
    spec = {"replicas": 5, "template": template or TEMPLATE}
    return {"metadata": {"generation": 1}, "spec": spec, "status": {"observedGeneration": 1, **counts, **status}}


def after(seconds: float, found: list[dict[str, Any]], following: Following, **workload: Any) -> tuple[Following, RollbackProgress]:
    at = START + timedelta(seconds=seconds)
    return look(WorkloadKind.DEPLOYMENT, deployment(**workload), found, None, following, at)


def test_the_example_of_a_rollback_pod_by_pod() -> None:
    following, first = after(0, pods("bbb", 0, 5), BEGINNING)
    assert first.lines == ()
    told = []
    for number, (old, new) in enumerate([(4, 0), (4, 1), (3, 1), (3, 2), (2, 2), (2, 3), (1, 3)]):
        following, progress = after(5 + number * 10, pods("bbb", 0, old) + pods("aaa", new), following)
        told += [line.title for line in progress.lines]
    assert told == [
        "Scaled down v2.3.1: 5 → 4 pods",
        "Scaled up v2.3.0: 0 → 1 pod (healthy)",
        "Scaled down v2.3.1: 4 → 3 pods",
        "Scaled up v2.3.0: 1 → 2 pods (healthy)",
        "Scaled down v2.3.1: 3 → 2 pods",
        "Scaled up v2.3.0: 2 → 3 pods (healthy)",
        "Scaled down v2.3.1: 2 → 1 pod",
    ]
    assert (progress.done, progress.desired) == (3, 5)
    assert share_done(following, progress) == 0.7
    assert progress.remaining == pytest.approx(65 / 3 * 2)


def test_a_pod_that_is_not_healthy_yet_is_not_told_as_one() -> None:
    following, _unused = after(0, pods("bbb", 5), BEGINNING)
    _unused, progress = after(5, pods("bbb", 5) + pods("aaa", 0, 2), following)
    assert (progress.lines, progress.done, progress.remaining) == ((), 0, None)


def test_pods_on_their_way_out_and_dead_ones_do_not_count() -> None:
    gone, dead, alive = pods("bbb", 3)
    gone["metadata"]["deletionTimestamp"] = "2025-10-21T14:26:10Z"
    dead["status"]["phase"] = "Failed"
    _unused, progress = after(0, [gone, dead, alive], BEGINNING)
    assert [count.pods for count in progress.versions] == [0, 1]


def test_a_healthy_pod_that_is_lost_again_is_told() -> None:
    following, _unused = after(0, pods("aaa", 2), BEGINNING)
    _unused, progress = after(5, pods("aaa", 1, 1), following)
    assert [line.title for line in progress.lines] == ["Lost a pod of v2.3.0: 2 → 1 pod healthy"]


def test_pods_of_a_new_revision_of_the_targets_version_are_the_targets() -> None:
    _unused, progress = after(0, pods("ccc", 2, version="v2.3.0") + pods("ddd", 1, version="v1.9"), BEGINNING)
    assert [(count.version, count.ready) for count in progress.versions] == [("v2.3.0", 2), ("v1.9", 1)]


def test_trouble_is_told_once_and_ends_the_waiting_when_it_lasts() -> None:
    state = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling\nimage"}}
    stuck = pods("aaa", 0, 2, containerStatuses=[{"state": state}])
    following, first = after(0, stuck, BEGINNING)
    assert [line.title for line in first.lines] == ["Not healthy yet: ImagePullBackOff (payment-api-aaa-0): Back-off pulling image"]
    following, second = after(PATIENCE - 1, stuck[1:], following)
    assert (second.lines, second.state) == ((), "progressing")
    _unused, third = after(PATIENCE, stuck, following)
    assert third.state == "stuck"


def test_a_pod_that_becomes_healthy_buys_time() -> None:
    stuck = pods("aaa", 0, 1, containerStatuses=[{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}])
    following, _unused = after(0, stuck, BEGINNING)
    following, _unused = after(PATIENCE - 1, stuck + pods("aaa", 1), following)
    _unused, progress = after(PATIENCE + 1, stuck + pods("aaa", 1), following)
    assert progress.state == "progressing"


def test_a_crash_loop_of_the_old_version_is_no_trouble_of_the_rollback() -> None:
    broken = pods("bbb", 0, 3, containerStatuses=[{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}])
    following, _unused = after(0, broken, BEGINNING)
    _unused, progress = after(PATIENCE * 3, broken, following)
    assert progress.state == "progressing"


def test_no_quota_is_the_deployments_own_trouble() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: team"}
    following, progress = after(0, [], BEGINNING, conditions=[condition])
    assert following.trouble == "FailedCreate: exceeded quota: team"
    known = replace(BEGINNING, old_conditions=("?",))
    assert after(0, [], known, conditions=[condition])[0].trouble is not None
    assert progress.state == "progressing"


def test_complete_is_what_kubectl_calls_so_and_another_template_is_another_rollout() -> None:
    following, progress = after(0, pods("aaa", 5), BEGINNING, complete=True)
    assert (progress.state, share_done(following, progress)) == ("complete", 1.0)
    other = {"spec": {"containers": [{"name": "app", "image": "r/payment-api:v2.3.2"}]}}
    assert after(0, pods("aaa", 5), BEGINNING, complete=True, template=other)[1].state == "stuck"


def test_the_share_never_says_all_before_it_is_all() -> None:
    following, progress = after(0, pods("aaa", 5), BEGINNING)
    assert share_done(following, progress) == 0.99


def test_a_pod_that_runs_and_is_not_ready_is_told_after_a_while_and_never_called_stuck() -> None:
    unready = pods("aaa", 0, 1)
    unready[0]["status"]["conditions"][0]["lastTransitionTime"] = "2025-10-21T14:20:00Z"
    late = START + timedelta(seconds=SLOW)
    assert slow_pod(unready, None, BEGINNING, late - timedelta(seconds=1)) is None, "counted from the rollback's beginning"
    found = slow_pod(unready, None, BEGINNING, late)
    assert found == (unready[0], "payment-api-aaa-0 runs and is not ready")
    for no in (pods("aaa", 1), pods("bbb", 0, 1), [{**unready[0], "status": {**unready[0]["status"], "phase": "Pending"}}]):
        assert slow_pod(no, None, BEGINNING, late) is None
    following, first = look(WorkloadKind.DEPLOYMENT, deployment(), unready, None, BEGINNING, late, slow=found[1])
    assert [line.title for line in first.lines] == ["Not ready yet: payment-api-aaa-0 runs and is not ready"]
    assert first.waits_for == "1 of 5 new pods to become available; payment-api-aaa-0 runs and is not ready"
    much_later = late + timedelta(seconds=PATIENCE * 9)
    _unused, later = look(WorkloadKind.DEPLOYMENT, deployment(), unready, None, following, much_later, slow=found[1])
    assert (later.lines, later.state) == ((), "progressing")


def test_what_is_known_passes_from_one_process_to_another() -> None:
    following, _unused = after(0, pods("bbb", 2) + pods("aaa", 1, 1), BEGINNING)
    assert from_result(Following, to_result(following)) == following


def stateful_set(**strategy: Any) -> dict[str, Any]:
    status = {"observedGeneration": 1, "readyReplicas": 2, "updatedReplicas": 0, "updateRevision": "aaa", "currentRevision": "bbb"}
    spec = {"replicas": 2, "template": TEMPLATE, "updateStrategy": strategy}
    return {"metadata": {"generation": 1}, "spec": spec, "status": status}


def test_under_on_delete_it_is_told_at_once_which_pods_to_delete() -> None:
    old = pods("bbb", 2)
    for pod in old:
        pod["metadata"]["namespace"] = "finance"
    _unused, progress = look(WorkloadKind.STATEFUL_SET, stateful_set(type="OnDelete"), old, None, BEGINNING, START)
    assert progress.state == "stuck"
    assert (progress.stuck_reason or "").endswith("('kubectl -n finance delete pod payment-api-bbb-0 payment-api-bbb-1')")
    rolling = stateful_set(type="RollingUpdate", rollingUpdate={"partition": 1})
    _unused, progress = look(WorkloadKind.STATEFUL_SET, rolling, old, None, BEGINNING, START)
    assert (progress.state, progress.desired) == ("progressing", 1), "what the partition keeps is not replaced"


@pytest.mark.parametrize(("old", "fails"), [(3, True), (0, False)])
def test_a_target_that_does_not_come_up_fails_where_what_it_replaces_did(old: int, fails: bool) -> None:
    following, _unused = after(0, pods("bbb", old, 3 - old), BEGINNING)
    broken = pods("aaa", 0, 1, containerStatuses=[{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}])
    _unused, progress = after(PATIENCE, pods("bbb", old, 3 - old) + broken, following)
    assert progress.target_fails is fails
