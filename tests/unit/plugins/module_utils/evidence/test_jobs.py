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
