# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.controllers import (
    first_missing,
    held_back_by,
    max_unavailable,
    rolling_out,
    unobserved_for,
    waits_at,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import Condition

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
DEPLOYMENT, STATEFUL_SET, DAEMON_SET = WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET


def at(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (DEPLOYMENT, {"replicas": 10, "strategy": {"rollingUpdate": {"maxUnavailable": "25%"}}}, 2),
        (DEPLOYMENT, {"replicas": 10, "strategy": {"rollingUpdate": {"maxUnavailable": 3}}}, 3),
        (DEPLOYMENT, {"replicas": 10, "strategy": {"type": "Recreate"}}, 10),
        (DEPLOYMENT, {"replicas": 8}, 2),
        (STATEFUL_SET, {"replicas": 3, "updateStrategy": {"type": "RollingUpdate"}}, 1),
        (DAEMON_SET, {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "50%"}}}, 2),
    ],
)
def test_how_many_pods_a_rollout_may_take_away(kind: WorkloadKind, spec: dict[str, Any], expected: int) -> None:
    assert max_unavailable({"spec": spec, "status": {"desiredNumberScheduled": 4}}, kind) == expected


@pytest.mark.parametrize(
    ("reason", "status", "expected"),
    [
        ("ReplicaSetUpdated", "True", True),
        ("NewReplicaSetCreated", "True", True),
        ("NewReplicaSetAvailable", "True", False),
        ("ProgressDeadlineExceeded", "False", False),
    ],
)
def test_a_deployment_rolls_out_until_its_controller_says_otherwise(reason: str, status: str, expected: bool) -> None:
    found = {"spec": {"replicas": 3}, "status": {"updatedReplicas": 3, "replicas": 3}}
    assert rolling_out(found, DEPLOYMENT, [Condition("Progressing", status, reason)]) is expected


def test_the_other_kinds_roll_out_while_pods_are_old() -> None:
    assert rolling_out({"status": {"updateRevision": "b", "currentRevision": "a"}}, STATEFUL_SET, [])
    assert not rolling_out({"status": {"updateRevision": "b", "currentRevision": "b"}}, STATEFUL_SET, [])
    counts = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3}
    assert rolling_out({"status": {**counts, "updatedNumberScheduled": 1}}, DAEMON_SET, [])
    without_one = {**counts, "currentNumberScheduled": 2, "updatedNumberScheduled": 2}
    assert not rolling_out({"status": without_one}, DAEMON_SET, [])
    assert not rolling_out({"status": {"updatedNumberScheduled": 3, "desiredNumberScheduled": 3, "numberReady": 1}}, DAEMON_SET, [])


def test_a_change_that_nobody_looked_at() -> None:
    fields = [{"time": at(90)}, {"time": at(5), "subresource": "status"}]
    found = {"metadata": {"generation": 3, "managedFields": fields}, "status": {"observedGeneration": 2}}
    assert unobserved_for(found, NOW) == 90.0
    assert unobserved_for(found | {"status": {"observedGeneration": 3}}, NOW) is None
    assert unobserved_for({"metadata": {"generation": 3}}, NOW) is None


def stateful_set(updated: bool = True, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "db"},
        "spec": {"replicas": 3, **spec},
        "status": {"updateRevision": "b", "currentRevision": "b" if updated else "a"},
    }


def pod(number: int, ready: bool) -> dict[str, Any]:
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    return {"metadata": {"name": f"db-{number}"}, "status": status}


def test_where_a_stateful_set_waits() -> None:
    assert waits_at(stateful_set(), [pod(0, True), pod(1, False)]) == "db-1"
    assert waits_at(stateful_set(), [pod(0, True), pod(1, False), pod(2, True)]) is None, "none waits behind it"
    assert waits_at(stateful_set(updated=False), [pod(0, True), pod(1, True), pod(2, False)]) == "db-2"
    assert waits_at(stateful_set(podManagementPolicy="Parallel"), [pod(0, True), pod(1, False)]) is None
    assert waits_at(stateful_set(), [pod(number, True) for number in range(3)]) is None
    assert waits_at(stateful_set(ordinals={"start": 5}), [pod(5, False)]) == "db-5"


@pytest.mark.parametrize(("revision", "waits"), [("a", "db-2"), ("b", None)])
def test_a_pod_that_an_update_broke_waits_after_its_template_was_mended(revision: str, waits: str | None) -> None:
    broken = pod(2, False)
    broken["metadata"]["labels"] = {"controller-revision-hash": revision}
    assert waits_at(stateful_set(), [pod(0, True), pod(1, True), broken]) == waits


def test_the_first_pod_that_is_missing() -> None:
    assert first_missing(stateful_set(), [pod(0, True), pod(2, True)]) == "db-1"
    assert first_missing(stateful_set(ordinals={"start": 1}), [pod(number, True) for number in (1, 2, 3)]) is None


@pytest.mark.parametrize(
    ("kind", "strategy", "status", "by"),
    [
        (
            STATEFUL_SET,
            {"rollingUpdate": {"partition": 2}},
            {"updateRevision": "b", "currentRevision": "a", "updatedReplicas": 1},
            "partition 2",
        ),
        (STATEFUL_SET, {"rollingUpdate": {"partition": 2}}, {"updateRevision": "b", "currentRevision": "a", "updatedReplicas": 0}, None),
        (STATEFUL_SET, {"rollingUpdate": {"partition": 2}}, {"updateRevision": "b", "currentRevision": "b", "updatedReplicas": 3}, None),
        (STATEFUL_SET, {"rollingUpdate": {"partition": 0}}, {"updateRevision": "b", "currentRevision": "a", "updatedReplicas": 1}, None),
        (STATEFUL_SET, {"type": "OnDelete"}, {"updateRevision": "b", "currentRevision": "a", "updatedReplicas": 0}, "OnDelete"),
        (DAEMON_SET, {"type": "OnDelete"}, {"currentNumberScheduled": 3, "updatedNumberScheduled": 1}, "OnDelete"),
        (DAEMON_SET, {"type": "OnDelete"}, {"currentNumberScheduled": 3, "updatedNumberScheduled": 3}, None),
        (DAEMON_SET, {"type": "RollingUpdate"}, {"currentNumberScheduled": 3, "updatedNumberScheduled": 1}, None),
    ],
)
def test_what_holds_an_update_back(kind: Any, strategy: dict[str, Any], status: dict[str, Any], by: str | None) -> None:
    assert held_back_by({"spec": {"replicas": 3, "updateStrategy": strategy}, "status": status}, kind) == by
