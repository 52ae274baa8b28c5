# SPDX-License-Identifier: GPL-3.0-or-later
"""The same cases as kubectl's own tests of rollout status (polymorphichelpers/rollout_status_test.go) decide."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.status import failing_conditions, unfinished


def workload(spec: dict[str, Any], generation: int = 1, observed: int = 1, **status: Any) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "spec": spec, "status": {"observedGeneration": observed, **status}}


@pytest.mark.parametrize(
    ("status", "waits_for"),
    [
        ({"replicas": 1, "updatedReplicas": 0, "availableReplicas": 1}, "2 of 2 new pods to be created"),
        ({"replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}, "1 old pods to end"),
        ({"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, "1 of 2 new pods to become available"),
        ({"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, None),
        ({"generation": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, "the controller to notice the change"),
    ],
)
def test_a_deployment(status: dict[str, Any], waits_for: str | None) -> None:
    generation = status.pop("generation", 1)
    assert unfinished(WorkloadKind.DEPLOYMENT, workload({"replicas": 2}, generation, **status)) == waits_for


@pytest.mark.parametrize(
    ("spec", "status", "waits_for"),
    [
        ({}, {"readyReplicas": 1, "updateRevision": "b", "currentRevision": "b"}, "1 of 2 pods to become ready"),
        ({}, {"readyReplicas": 2, "updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"}, "1 of 2 pods to be replaced"),
        ({}, {"readyReplicas": 2, "updatedReplicas": 2, "updateRevision": "b", "currentRevision": "b"}, None),
        (
            {"partition": 1},
            {"readyReplicas": 2, "updatedReplicas": 0, "updateRevision": "b", "currentRevision": "a"},
            "1 of 1 pods to be replaced",
        ),
        ({"partition": 1}, {"readyReplicas": 2, "updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"}, None),
    ],
)
def test_a_stateful_set(spec: dict[str, Any], status: dict[str, Any], waits_for: str | None) -> None:
    whole = {"replicas": 2, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": spec}}
    assert unfinished(WorkloadKind.STATEFUL_SET, workload(whole, **status)) == waits_for


@pytest.mark.parametrize(("updated", "waits_for"), [(1, "1 of 2 pods to be replaced"), (2, None)])
def test_under_on_delete_the_revisions_of_a_stateful_set_never_become_one(updated: int, waits_for: str | None) -> None:
    found = workload({"replicas": 2, "updateStrategy": {"type": "OnDelete"}}, readyReplicas=2, updatedReplicas=updated)
    found["status"] |= {"updateRevision": "b", "currentRevision": "a"}
    assert unfinished(WorkloadKind.STATEFUL_SET, found) == waits_for


@pytest.mark.parametrize(
    ("updated", "available", "waits_for"),
    [(1, 2, "1 of 2 pods to be replaced"), (2, 1, "1 of 2 pods to become available"), (2, 2, None)],
)
def test_a_daemon_set(updated: int, available: int, waits_for: str | None) -> None:
    found = workload({}, desiredNumberScheduled=2, updatedNumberScheduled=updated, numberAvailable=available)
    assert unfinished(WorkloadKind.DAEMON_SET, found) == waits_for


def condition(kind: str, status: str, reason: str, at: str = "2025-10-21T14:26:00Z") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": "why", "lastUpdateTime": at}


def test_only_conditions_that_stop_a_rollout_count() -> None:
    conditions = [
        condition("Available", "False", "MinimumReplicasUnavailable"),
        condition("Progressing", "True", "ReplicaSetUpdated"),
        condition("Progressing", "False", "ProgressDeadlineExceeded"),
        condition("ReplicaFailure", "True", "FailedCreate"),
    ]
    found = failing_conditions(workload({}, conditions=conditions))
    assert [text for _unused, text in found] == ["ProgressDeadlineExceeded: why", "FailedCreate: why"]


def test_a_condition_that_comes_anew_is_another_one() -> None:
    first, again = (
        failing_conditions(workload({}, conditions=[condition("Progressing", "False", "ProgressDeadlineExceeded", at)]))
        for at in ("2025-10-21T14:26:00Z", "2025-10-21T14:30:00Z")
    )
    assert first[0][0] != again[0][0]
