# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster says of a workload that is well, and of one that is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plugins.module_utils.clients.cluster_errors import Forbidden, ObjectNotFound
from plugins.module_utils.evidence.rollouts import rollouts
from plugins.module_utils.evidence.workload import workload
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.model.workload import WorkloadState
from tests.contract.clusters import READER, Cluster

KINDS = list(WorkloadKind)


def look(cluster: Cluster, kind: WorkloadKind = WorkloadKind.DEPLOYMENT, user: str = "admin") -> WorkloadState:
    return workload(cluster.client(user), cluster.service(kind), datetime.now(UTC))


@pytest.mark.parametrize("kind", KINDS)
def test_all_pods_ready(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.create(kind, "v2.3.0")
    state = cluster.until("three ready pods", lambda: (seen := look(cluster, kind)).ready == 3 and seen)
    assert (state.kind, state.desired, state.updated, state.unavailable, state.version) == (kind, 3, 3, 0, "v2.3.0")
    assert {(pod.version, pod.ready, pod.reason, pod.restarts, pod.phase) for pod in state.pods} == {("v2.3.0", True, None, 0, "Running")}
    assert state.conditions == ()
    assert all(pod.node for pod in state.pods)


@pytest.mark.parametrize(
    ("word", "reason", "exit_code"), [("crash", "CrashLoopBackOff", 1), ("oom", "OOMKilled", 137), ("nopull", "ImagePullBackOff", None)]
)
def test_new_version_that_fails(cluster: Cluster, word: str, reason: str, exit_code: int | None) -> None:
    cluster.create(WorkloadKind.DEPLOYMENT, "v2.3.0")
    cluster.until("three ready pods", lambda: look(cluster).ready == 3)
    cluster.roll_out(WorkloadKind.DEPLOYMENT, f"v2.3.1-{word}")

    def failing() -> WorkloadState | None:
        seen = look(cluster)
        return seen if any(pod.reason == reason for pod in seen.pods) else None

    state = cluster.until(reason, failing)
    bad = [pod for pod in state.pods if pod.version == f"v2.3.1-{word}"]
    assert [(pod.ready, pod.reason, pod.exit_code) for pod in bad] == [(False, reason, exit_code)]
    assert sum(pod.ready for pod in state.pods if pod.version == "v2.3.0") == 3
    assert state.version == f"v2.3.1-{word}"


def test_pod_that_never_becomes_ready(cluster: Cluster) -> None:
    cluster.create(WorkloadKind.DEPLOYMENT, "v1-unready", replicas=1)
    state = cluster.until("a running pod", lambda: (seen := look(cluster)).pods and seen.pods[0].phase == "Running" and seen)
    assert (state.ready, state.pods[0].ready, state.pods[0].restarts) == (0, False, 0)


def test_rollout_history(cluster: Cluster) -> None:
    cluster.history("v2.2.0", "v2.3.0", "v2.3.1")
    history = rollouts(cluster.client(), cluster.service(), datetime.now(UTC))
    assert [(entry.number, entry.version, entry.current) for entry in history.revisions] == [
        (3, "v2.3.1", True),
        (2, "v2.3.0", False),
        (1, "v2.2.0", False),
    ]
    assert history.previous is not None
    assert (history.previous.number, history.current.pods, history.current.ready_pods, history.in_progress) == (2, 3, 3, False)
    assert history.previous.stable_for is not None
    assert 0 <= history.previous.stable_for < 60


def test_workload_that_is_not_there(cluster: Cluster) -> None:
    with pytest.raises(ObjectNotFound, match="payment-api"):
        look(cluster)


def test_what_a_reader_may_see(cluster: Cluster) -> None:
    cluster.create(WorkloadKind.DEPLOYMENT, "v2.3.0", replicas=1)
    cluster.until("a ready pod", lambda: look(cluster).ready == 1)
    state = look(cluster, user=READER)
    assert state.ready == 1
    assert any("usage" in note for note in state.notes), "metrics.k8s.io is not open to the reader, and a note says so"
    with pytest.raises(Forbidden):
        cluster.client(READER).patch(cluster.path(WorkloadKind.DEPLOYMENT), {"spec": {"paused": True}}, "application/merge-patch+json")


@pytest.mark.parametrize(("command", "expected"), [(("echo", "hello"), (0, "hello\n")), (("sh", "-c", "exit 3"), (3, ""))])
def test_command_in_a_pod(cluster: Cluster, command: tuple[str, ...], expected: tuple[int, str]) -> None:
    cluster.create(WorkloadKind.DEPLOYMENT, "v2.3.0", replicas=1)
    cluster.until("a ready pod", lambda: look(cluster).ready == 1)
    pod = cluster.pods()[0]["metadata"]["name"]
    assert cluster.client().exec(cluster.namespace, pod, "app", command, timeout=10) == expected
