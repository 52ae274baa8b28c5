# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster says of what was rolled out, and when."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugins.module_utils.evidence.rollouts import rollouts
from plugins.module_utils.model.rollout import Progress, Rollouts
from plugins.module_utils.model.service import WorkloadKind
from tests.contract.clusters import Cluster

DEPLOYMENT = WorkloadKind.DEPLOYMENT
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def look(cluster: Cluster, kind: WorkloadKind = DEPLOYMENT) -> Rollouts:
    return rollouts(cluster.client(), cluster.service(kind), datetime.now(UTC))


def template(cluster: Cluster, body: dict[str, Any]) -> None:
    """Changes the pods' template, and waits for its rollout."""
    cluster.client().patch(cluster.path(DEPLOYMENT), {"spec": {"template": body}}, "application/strategic-merge-patch+json")
    cluster.complete()


def test_going_back_twice_is_dated_by_when_it_was_done(cluster: Cluster) -> None:
    """Of that many events that are alike the cluster keeps a few: what is left of them is not taken for the last one."""
    cluster.history("v1.0.0", "v2.0.0", "v3.0.0")
    cluster.roll_out(DEPLOYMENT, "v1.0.0")
    cluster.complete()
    third = max(revision.created_at for revision in look(cluster).revisions)
    cluster.roll_out(DEPLOYMENT, "v3.0.0")
    cluster.complete()
    found = look(cluster)
    assert [(one.number, one.version, one.was_rollback) for one in found.revisions[:2]] == [(5, "v3.0.0", True), (4, "v1.0.0", True)]
    for one in found.revisions[:2]:
        assert one.active_from is None or one.active_from >= third
    assert found.deployed_at is not None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"metadata": {"annotations": {RESTARTED_AT: "2026-01-01T00:00:00Z"}}}, "restart"),
        ({"spec": {"containers": [{"name": "app", "env": [{"name": "LIMIT", "value": "5"}]}]}}, "configuration"),
        ({"spec": {"containers": [{"name": "app", "image": "shop/payment-api:v1.0.1"}]}}, "image"),
    ],
)
def test_what_a_rollout_changed(cluster: Cluster, body: dict[str, Any], expected: str) -> None:
    cluster.history("v1.0.0")
    template(cluster, body)
    assert look(cluster).change == expected


def test_a_version_that_waits_while_the_rollout_is_paused(cluster: Cluster) -> None:
    cluster.history("v1.0.0")
    assert look(cluster).pending is None
    cluster.patch(DEPLOYMENT, {"spec": {"paused": True}})
    cluster.roll_out(DEPLOYMENT, "v2.0.0")
    found = look(cluster)
    assert (found.paused, found.current.version, found.pending) == (True, "v1.0.0", "v2.0.0")


def test_a_history_that_is_not_kept(cluster: Cluster) -> None:
    cluster.history("v1.0.0", "v2.0.0", revisionHistoryLimit=0)
    found = cluster.until("the end of the first revision", lambda: (seen := look(cluster)).previous is None and seen)
    assert found.current.version == "v2.0.0"
    assert any("there is none to go back to" in note for note in found.notes)


@pytest.mark.parametrize("kind", [WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET])
def test_going_back_is_dated_where_no_event_tells(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v1.0.0", "v2.0.0", kind=kind)
    time.sleep(1.0 - time.time() % 1.0)
    begun = datetime.now(UTC)
    cluster.roll_out(kind, "v1.0.0")
    cluster.complete(kind)
    found = look(cluster, kind)
    assert [(one.number, one.version, one.was_rollback) for one in found.revisions] == [(3, "v1.0.0", True), (2, "v2.0.0", False)]
    assert found.deployed_at is not None
    assert timedelta(0) <= found.deployed_at - begun + timedelta(seconds=1) < timedelta(seconds=5)
    assert found.revisions[1].active_until == found.deployed_at


def test_an_update_that_is_held_back_goes_on_no_more(cluster: Cluster) -> None:
    kind = WorkloadKind.STATEFUL_SET
    cluster.history("v1.0.0", kind=kind, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    cluster.roll_out(kind, "v2.0.0")
    found = cluster.until("its end", lambda: (seen := look(cluster, kind)).current.ready_pods == 1 and not seen.in_progress and seen)
    assert (found.current.version, found.progress) == ("v2.0.0", Progress(wanted=3, updated=1, available=3, old=2))
    assert any("held back by partition 2" in note for note in found.notes)
