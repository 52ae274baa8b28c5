# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback is sent with what it takes to make it; what else is told of it is asked for meanwhile, and is told all the same."""

from __future__ import annotations

import pytest
from aiohttp import web

from lab.cluster.authorization import ADMIN
from plugins.module_utils.clients.cluster import ServerError
from plugins.module_utils.faces.rollback import PROGRESS, ROLLBACK, Follower, rollback_result
from plugins.module_utils.model.service import Service
from plugins.module_utils.rollback.begin import begin
from plugins.module_utils.rollback.plan import make_change
from tests.rollback.conftest import LocalCluster

SERVICE = Service("payment-api")


@pytest.fixture
def gone_back_to(local: LocalCluster) -> LocalCluster:
    """v2.3.0 was gone back to once already, so that only events tell since when it was active."""
    for version, settle in (("v2.3.0", 60), ("v2.3.1", 60), ("v2.3.0", 600), ("v2.3.1", 60)):
        local.deploy("Deployment", version, settle=settle)
    local.requests.clear()
    return local


def paths(local: LocalCluster) -> list[str]:
    return [path.rpartition("/")[2] for _method, path, _query in local.requests]


def test_what_is_told_afterwards_is_what_was_known_before(gone_back_to: LocalCluster) -> None:
    expected = make_change(gone_back_to.client(), SERVICE, "v2.3.0", gone_back_to.now())
    begun = begin(gone_back_to.client(), SERVICE, "v2.3.0", gone_back_to.clock)
    assert begun.rollback.plan is not None
    assert begun.rollback.plan.stable_for == pytest.approx(600, abs=5)
    assert begun.rollback.plan.stable_for == expected.plan.stable_for
    assert begun.applied.change.target == expected.target


def test_the_change_does_not_wait_for_events(gone_back_to: LocalCluster) -> None:
    def no_events(request: web.Request) -> web.Response | None:
        return web.Response(status=503) if request.path.endswith("/events") else None

    gone_back_to.before_request = no_events
    begun = begin(gone_back_to.client(), SERVICE, "v2.3.0", gone_back_to.clock)
    assert begun.applied.changed
    assert begun.rollback.plan is not None
    assert begun.rollback.plan.stable_for is None, "unknown, and the rollback is made all the same"


def test_a_plain_history_is_asked_for_as_little_as_it_takes(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.deploy("Deployment", "v2.3.1")
    local.requests.clear()
    seen: list[str] = []

    def before_the_change(request: web.Request) -> None:
        if request.method == "PATCH":
            seen.extend(paths(local))

    local.before_request = before_the_change  # type: ignore[assignment]
    begun = begin(local.client(), SERVICE, "v2.3.0", local.clock)
    assert seen == ["payment-api", "replicasets", "payment-api"], "the workload, its revisions, and the change"
    assert begun.rollback.plan is not None
    assert begun.rollback.plan.stable_for == pytest.approx(60, abs=5)


def test_who_follows_does_not_ask_again_what_was_found(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    local.deploy("Deployment", "v2.3.1")
    params = {name: option.get("default") for name, option in (ROLLBACK | PROGRESS).items()}
    params |= {"service": "payment-api", "host": local.url, "api_key": ADMIN.token, "target": "v2.3.0", "at_most": 0.0}
    local.requests.clear()
    follower = Follower(5.0)
    done = rollback_result(params, False, follower)
    follower({**params, "following": done["following"]})
    asked = [path for _method, path, query in local.requests if "watch" not in query]
    assert sum("/daemonsets/" in path for path in asked) == 1
    assert done["changed"]


def test_a_cluster_that_asks_again_asks_questions_only(local: LocalCluster) -> None:
    local.deploy("Deployment", "v2.3.0")
    slept: list[float] = []
    client = local.client().persistent(3, slept.append)
    client.get("/version")
    local.before_request = lambda _: web.Response(status=503)
    local.requests.clear()
    path = "/apis/apps/v1/namespaces/production/deployments/payment-api"
    for ask, times in (
        (lambda: client.get(path), 3),
        (lambda: client.patch(path, [], query={"dryRun": "All"}), 3),
        (lambda: client.patch(path, []), 1),
        (lambda: client.delete(path), 1),
    ):
        local.requests.clear()
        with pytest.raises(ServerError):
            ask()
        assert len(local.requests) == times
    assert slept == [0.25, 0.5] * 2
