# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a rollback to its end, however it ends."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from aiohttp import web

from plugins.module_utils.clients.cluster import ServerError
from plugins.module_utils.model.codec import from_result, to_result
from plugins.module_utils.model.rollback import ProgressLine, RollbackProgress, RollbackState
from plugins.module_utils.model.service import Service, WorkloadKind
from plugins.module_utils.rollback.begin import Begun, begin
from plugins.module_utils.rollback.progress import PATIENCE, Following, share_done
from plugins.module_utils.rollback.watch import watch
from tests.rollback.conftest import START, LocalCluster

SERVICE = Service("payment-api")
ONE_BY_ONE = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}}


def to_the_end(local: LocalCluster, begun: Begun, service: Service = SERVICE) -> tuple[RollbackProgress, list[ProgressLine], list[float]]:
    """The last look, every line, and the share done at each look. What passes between two looks is plain data, as between processes."""
    assert begun.following is not None
    passed_on, lines, shares = to_result(begun.following), [], []
    for _ in range(60):
        following, progress = watch(local.client(), service, from_result(Following, passed_on), 5.0, local.clock)
        passed_on = to_result(following)
        lines += progress.lines
        shares.append(share_done(following, progress))
        if progress.state != "progressing":
            return progress, lines, shares
    raise AssertionError("the rollout never ended")


def titles(lines: list[ProgressLine]) -> list[str]:
    return [line.title for line in lines]


def test_every_pod_is_told_until_all_run_the_target(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0", **ONE_BY_ONE)
    local.deploy("Deployment", "v2.3.1")
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    assert begun.rollback.state is RollbackState.APPLYING
    assert titles(list(begun.rollback.progress)) == ["Rollback initiated"]
    progress, lines, shares = to_the_end(local, begun)
    assert (progress.state, progress.done, progress.desired) == ("complete", 5, 5)
    down = [re.fullmatch(r"Scaled down v2\.3\.1: (\d) → (\d) pods?", title) for title in titles(lines)]
    up = [re.fullmatch(r"Scaled up v2\.3\.0: (\d) → (\d) pods? \(healthy\)", title) for title in titles(lines)]
    assert [int(match[2]) for match in down if match][-1] == 0
    assert [int(match[2]) for match in up if match][-1] == 5
    assert all(one or other for one, other in zip(down, up, strict=True))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_time_that_is_left_is_told_from_the_pace_and_not_before(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0", minReadySeconds=10, **ONE_BY_ONE)
    local.deploy("Deployment", "v2.3.1")
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    assert begun.progress is not None
    assert begun.progress.remaining is None
    following, progress = begun.following, begun.progress
    while progress.done == 0:
        assert progress.remaining is None
        assert following is not None
        following, progress = watch(local.client(), SERVICE, following, 1.0, local.clock)
    elapsed = local.time - begun.rollback.started_at.timestamp() if begun.rollback.started_at else 0.0
    assert progress.remaining == pytest.approx(elapsed / progress.done * (5 - progress.done), abs=1.5)


def test_a_rollback_of_a_half_rolled_out_version_counts_the_pods_that_are_still_there(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.behaviour.broken.add("v2.3.1")
    local.deploy("Deployment", "v2.3.1")
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    assert begun.progress is not None
    assert begun.progress.done > 0
    progress, lines, _ = to_the_end(local, begun)
    assert progress.state == "complete"
    assert titles(lines)[0].startswith("Scaled down v2.3.1")


def test_a_run_that_died_is_taken_up_by_the_next(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.deploy("Deployment", "v2.3.1")
    begin(local.client(), SERVICE, "v2.3.0", local.clock)
    local.pass_time(1.0)
    again = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    assert not again.applied.changed
    assert again.rollback.state is RollbackState.APPLYING
    assert "under way: following it" in again.rollback.progress[0].title
    progress, _, _ = to_the_end(local, again)
    assert progress.state == "complete"
    last = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    assert last.rollback.state is RollbackState.VERIFYING
    assert "nothing to change" in last.rollback.progress[0].title


def test_an_image_that_is_gone_is_told_early(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.deploy("Deployment", "v2.3.1")
    local.behaviour.unpullable.add("v2.3.0")
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    progress, lines, _ = to_the_end(local, begun)
    assert progress.state == "stuck"
    assert progress.stuck_reason is not None
    assert progress.stuck_reason.startswith("ImagePullBackOff (payment-api-")
    assert [title for title in titles(lines) if title.startswith("Not healthy yet: ImagePullBackOff")] != []
    assert len([title for title in titles(lines) if title.startswith("Not healthy yet")]) == 1
    assert PATIENCE <= (local.now() - START).total_seconds() - 120 <= PATIENCE + 10


def test_a_deadline_that_the_bad_version_missed_says_nothing_about_the_rollback(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0", progressDeadlineSeconds=30)
    local.behaviour.broken.add("v2.3.1")
    local.deploy("Deployment", "v2.3.1", settle=120)
    conditions = local.get("deployments", "payment-api")["status"]["conditions"]
    assert "ProgressDeadlineExceeded" in [condition.get("reason") for condition in conditions]
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    assert begun.progress is not None
    assert (begun.progress.state, begun.progress.lines) == ("progressing", ())
    progress, lines, _ = to_the_end(local, begun)
    assert progress.state == "complete"
    assert [title for title in titles(lines) if title.startswith("Not healthy yet")] == []


def test_somebody_who_deploys_meanwhile_is_noticed(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.deploy("Deployment", "v2.3.1")
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    local.deploy("Deployment", "v2.3.2", settle=0.5)
    progress, _, _ = to_the_end(local, begun)
    assert (progress.state, progress.stuck_reason) == ("stuck", "somebody changed the workload to v2.3.2 meanwhile")


def test_somebody_who_scales_meanwhile_is_no_obstacle(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.deploy("Deployment", "v2.3.1")
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    local.merge("deployments", "payment-api", {"spec": {"replicas": 7}})
    progress, _, _ = to_the_end(local, begun)
    assert (progress.state, progress.done, progress.desired) == ("complete", 7, 7)


@pytest.mark.parametrize(("kind", "pods"), [("StatefulSet", 5), ("DaemonSet", 3)])
def test_other_kinds_are_followed_to_the_end(local: LocalCluster, kind: str, pods: int) -> None:
    service = Service("payment-api", workload_kind=WorkloadKind(kind))
    local.deploy(kind, "v2.3.0")
    local.deploy(kind, "v2.3.1")
    begun = begin(local.client(), service, "v2.3.0", local.clock)
    progress, lines, _ = to_the_end(local, begun, service)
    assert (progress.state, progress.done, progress.desired) == ("complete", pods, pods)
    assert f"Scaled up v2.3.0: {pods - 1} → {pods} pods (healthy)" in titles(lines)


def test_a_broken_pod_that_a_stateful_set_waits_for_is_named(local: LocalCluster) -> None:
    service = Service("payment-api", workload_kind=WorkloadKind.STATEFUL_SET)
    local.deploy("StatefulSet", "v2.3.0")
    local.behaviour.broken.add("v2.3.1")
    local.deploy("StatefulSet", "v2.3.1")
    begun = begin(local.client(), service, "v2.3.0", local.clock)
    progress, _, _ = to_the_end(local, begun, service)
    assert progress.state == "stuck"
    assert progress.stuck_reason is not None
    assert "(payment-api-4)" in progress.stuck_reason
    assert "delete it to go on" in progress.stuck_reason
    local.client().delete("/api/v1/namespaces/production/pods/payment-api-4")
    local.pass_time(60)
    again = begin(local.client(), service, "v2.3.0", local.clock)
    assert again.rollback.state is RollbackState.VERIFYING


def test_a_cluster_that_is_away_for_a_moment_is_waited_for(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.deploy("Deployment", "v2.3.1")
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    assert begun.following is not None
    away_until = local.now() + timedelta(seconds=2.5)

    def away(_request: web.Request) -> web.Response | None:
        return web.Response(status=503) if local.now() < away_until else None

    local.before_request = away
    _, progress = watch(local.client(), SERVICE, begun.following, 5.0, local.clock)
    assert progress.done > 0
    local.before_request = lambda _: web.Response(status=503)
    with pytest.raises(ServerError):
        watch(local.client(), SERVICE, begun.following, 5.0, local.clock)
