# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods of a StatefulSet are deleted so that it goes on, and which never are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import Forbidden
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service, WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.clock import Clock
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.stateful import UNREADY_FOR, free_stateful_set

NOW = datetime(2025, 10, 21, 14, 26, 10, tzinfo=UTC)
TARGET = Revision(1, "v1", None, "ledger-good", "ledger-good", NOW, None, None, current=False)
SERVICE = Service("ledger", workload_kind=WorkloadKind.STATEFUL_SET)


def pod(ordinal: int, revision: str, waiting: str | None = "CrashLoopBackOff", **metadata: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    labels = {"controller-revision-hash": revision}
    return {
        "metadata": {"name": f"ledger-{ordinal}", "uid": f"u{ordinal}", "labels": labels, **metadata},
        "status": {"containerStatuses": [{"name": "app", "state": state}]},
    }


class Client:
    def __init__(self, pods: list[dict[str, Any]], spec: dict[str, Any] | None = None, observed: int = 2, error: Exception | None = None):
        self._pods, self._error = pods, error
        spec = {"selector": {"matchLabels": {"app": "ledger"}}, **(spec or {})}
        self._workload = {"metadata": {"name": "ledger", "generation": 2}, "spec": spec, "status": {"observedGeneration": observed}}
        self.deleted: list[tuple[str, Any]] = []

    def get(self, path: str, query: Any = None) -> dict[str, Any]:
        return {"items": self._pods} if path.endswith("/pods") else self._workload

    def delete(self, path: str, body: Any) -> None:
        if self._error:
            raise self._error
        self.deleted.append((path.rpartition("/")[2], body["preconditions"]["uid"]))


@pytest.fixture
def clock() -> Clock:
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    return Clock(lambda: NOW, lambda: passed[0], sleep)


def test_broken_pods_of_other_revisions_are_deleted_as_they_are(clock: Clock) -> None:
    client = Client([pod(0, "ledger-bad", waiting=None), pod(1, "ledger-bad"), pod(2, "ledger-good")])
    said = free_stateful_set(client, SERVICE, TARGET, clock)
    assert client.deleted == [("ledger-1", "u1")]
    assert said == ["Deleted ledger-1, for which the StatefulSet would wait: CrashLoopBackOff (ledger-1)"]


@pytest.mark.parametrize(
    ("spec", "metadata"),
    [
        ({"podManagementPolicy": "Parallel"}, {}),
        ({"updateStrategy": {"type": "OnDelete"}}, {}),
        ({"updateStrategy": {"rollingUpdate": {"partition": 2}}}, {}),
        ({}, {"deletionTimestamp": "2025-10-21T14:26:10Z"}),
    ],
)
def test_what_nobody_waits_for_stays(clock: Clock, spec: dict[str, Any], metadata: dict[str, Any]) -> None:
    client = Client([pod(1, "ledger-bad", **metadata)], spec)
    assert (free_stateful_set(client, SERVICE, TARGET, clock), client.deleted) == ([], [])


def test_nothing_is_deleted_before_the_controller_has_seen_the_template(clock: Clock) -> None:
    client = Client([pod(1, "ledger-bad")], observed=1)
    assert (free_stateful_set(client, SERVICE, TARGET, clock), client.deleted) == ([], [])
    assert clock.monotonic() >= 15.0


def test_who_may_not_delete_is_told(clock: Clock) -> None:
    (said,) = free_stateful_set(Client([pod(1, "ledger-bad")], error=Forbidden("Not allowed (403).", 403)), SERVICE, TARGET, clock)
    assert said == "A broken pod that the StatefulSet waits for could not be deleted: Not allowed (403)."


def test_other_kinds_are_left_alone(clock: Clock) -> None:
    assert free_stateful_set(Client([]), Service("ledger"), TARGET, clock) == []


def unready(since: float, **container: Any) -> dict[str, Any]:
    """A pod that runs and is not ready since so many seconds before the clock's time."""
    at = NOW - timedelta(seconds=since)
    found = pod(1, "ledger-bad", None)
    condition = {"type": "Ready", "status": "False", "lastTransitionTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    found["status"] = {"conditions": [condition], "containerStatuses": [{"name": "app", "ready": False, **container}]}
    return found


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (unready(UNREADY_FOR + 1), "not ready since"),
        (unready(UNREADY_FOR - 1), None),
        (unready(1, restartCount=2, lastState={"terminated": {"exitCode": 1}}), "its container app ended with exit code 1, 2 restarts"),
        (unready(1, restartCount=1, lastState={"terminated": {"exitCode": 0}}), None),
    ],
)
def test_a_pod_that_runs_between_two_crashes_is_broken_too(clock: Clock, found: dict[str, Any], words: str | None) -> None:
    said = free_stateful_set(Client([found]), SERVICE, TARGET, clock)
    assert [words in line for line in said] == [True] if words else said == []
