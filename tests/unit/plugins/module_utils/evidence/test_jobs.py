# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.jobs import batch_jobs
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import format_time

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
WORKLOAD = {"metadata": {"name": "payment-api", "uid": "w"}}
LABELS = {"app": "payment-api"}
CRON = {"metadata": {"name": "settle", "uid": "c", "labels": LABELS}, "spec": {}, "status": {}}


def job(name: str, minutes: float, state: str = "Failed", labels: Any = None, owner: Any = None) -> dict[str, Any]:
    at = format_time(NOW - timedelta(minutes=minutes))
    condition = {"type": state, "status": "True", "reason": "BackoffLimitExceeded", "message": "too often", "lastTransitionTime": at}
    meta: dict[str, Any] = {"name": name, "labels": LABELS if labels is None else labels, "creationTimestamp": at}
    if owner:
        meta["ownerReferences"] = [owner | {"controller": True}]
    return {"metadata": meta, "spec": {}, "status": {"conditions": [condition]}}


OF_CRON = {"kind": "CronJob", "uid": "c"}


@pytest.mark.parametrize(
    ("jobs", "named"),
    [
        ([job("migrate", 10)], ["migrate"]),
        ([job("migrate", 10, "Complete")], []),
        ([job("migrate", 60 * 24)], []),
        ([job("other", 10, labels={"app": "payment-api-worker"})], []),
        ([job("made", 10, labels={}, owner={"kind": "Deployment", "uid": "w"})], ["made"]),
        ([job("settle-1", 10, labels={}, owner=OF_CRON)], ["settle"]),
        ([job("settle-1", 10, owner=OF_CRON), job("settle-2", 5, "Complete", owner=OF_CRON)], []),
        ([job("settle-1", 10, "Complete", owner=OF_CRON), job("settle-2", 5, owner=OF_CRON)], ["settle"]),
        ([job("theirs-1", 10, owner={"kind": "CronJob", "uid": "other"})], []),
    ],
)
def test_which_failures_are_told(jobs: list[Any], named: list[str]) -> None:
    found = batch_jobs(jobs, [CRON], WORKLOAD, LABELS, NOW - timedelta(hours=4))
    assert [one.name for one in found] == named


def test_a_success_that_was_removed_is_remembered_by_its_cron_job() -> None:
    cron = CRON | {"status": {"lastSuccessfulTime": format_time(NOW - timedelta(minutes=5))}}
    assert batch_jobs([job("settle-1", 10, owner=OF_CRON)], [cron], WORKLOAD, LABELS, NOW - timedelta(hours=4)) == ()


def test_a_job_that_is_tried_again() -> None:
    status = {"failed": 2, "active": 1, "startTime": format_time(NOW - timedelta(minutes=5))}
    found = batch_jobs([job("migrate", 5) | {"status": status}], [], WORKLOAD, LABELS, NOW - timedelta(hours=4))
    assert [(one.reason, one.message) for one in found] == [("retrying", "2 of its pods failed")]


def test_a_suspended_cron_job() -> None:
    (found,) = batch_jobs([], [CRON | {"spec": {"suspend": True}}], WORKLOAD, LABELS, NOW)
    assert (found.name, found.suspended, found.at) == ("settle", True, None)


def pod(status: dict[str, Any], uid: str = "j") -> dict[str, Any]:
    return {"metadata": {"ownerReferences": [{"kind": "Job", "uid": uid, "controller": True}]}, "status": {"phase": "Pending", **status}}


def waits(reason: str, message: str = "so it is") -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"waiting": {"reason": reason, "message": message}}}]}


UNSCHEDULED = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}]}


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (pod(waits("ImagePullBackOff")), [("migrate", "ImagePullBackOff", "so it is")]),
        (pod({"initContainerStatuses": waits("ErrImagePull")["containerStatuses"]}), [("migrate", "ErrImagePull", "so it is")]),
        (pod(UNSCHEDULED), [("migrate", "Unschedulable", "no room")]),
        (pod(waits("ContainerCreating")), []),
        (pod(waits("ImagePullBackOff"), uid="other"), []),
        (pod({**waits("ImagePullBackOff"), "phase": "Failed"}), []),
    ],
)
def test_a_job_whose_pod_cannot_start(seen: dict[str, Any], told: list[tuple[str, str, str]]) -> None:
    running = job("migrate", 60 * 24)
    running["metadata"]["uid"] = "j"
    running["status"] = {"active": 1}
    found = batch_jobs([running], [], WORKLOAD, LABELS, NOW - timedelta(hours=4), [seen])
    assert [(one.name, one.reason, one.message) for one in found] == told
    assert all(one.stuck for one in found)
    ended = running | {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    assert batch_jobs([ended], [], WORKLOAD, LABELS, NOW - timedelta(hours=4), [seen]) == ()


@pytest.mark.parametrize(("labels", "state", "named"), [(LABELS, None, ["migrate"]), ({}, None, []), (LABELS, "Complete", [])])
def test_a_suspended_job(labels: Any, state: str | None, named: list[str]) -> None:
    resting = job("migrate", 10, labels=labels) | {"spec": {"suspend": True}}
    if state is None:
        resting["status"] = {"conditions": [{"type": "Suspended", "status": "True", "reason": "JobSuspended"}]}
    else:
        resting["status"]["conditions"][0]["type"] = state
    found = batch_jobs([resting], [], WORKLOAD, LABELS, NOW - timedelta(hours=4))
    assert [one.name for one in found if one.suspended] == named


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"active": 1, "ready": 0}, True),
        ({"active": 2, "ready": 1}, False),
        ({"active": 1}, False),
        ({"active": 0, "ready": 0}, False),
        ({"active": 1, "ready": 0, "conditions": [{"type": "Complete", "status": "True"}]}, False),
    ],
)
def test_a_job_none_of_whose_pods_is_ready(status: dict[str, Any], told: bool) -> None:
    made = format_time(NOW - timedelta(hours=5))
    running = job("settle-1", 60 * 24, labels={}, owner=OF_CRON) | {"status": {"startTime": made, **status}}
    found = batch_jobs([running], [CRON], WORKLOAD, LABELS, NOW - timedelta(hours=4))
    assert [(one.name, one.reason, one.stuck, one.at) for one in found] == (
        [("settle-1", "NotReady", True, NOW - timedelta(hours=5))] if told else []
    )
