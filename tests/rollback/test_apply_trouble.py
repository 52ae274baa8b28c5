# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is busy, away, restarting or contested while the change is made."""

from __future__ import annotations

import pytest
from aiohttp import web

from plugins.module_utils.clients.cluster import Invalid
from plugins.module_utils.rollback.apply import CONTESTS, RollbackFailedError
from plugins.module_utils.rollback.patience import PATIENCE
from tests.rollback.conftest import LocalCluster
from tests.rollback.test_apply import answer, patches, roll_back, tag, two_versions


def test_a_lost_answer_is_not_followed_by_a_second_change(local: LocalCluster) -> None:
    two_versions(local)
    local.requests.clear()

    def hang_up(request: web.Request) -> None:
        if request.method == "PATCH" and request.transport is not None:
            request.transport.abort()

    local.after_request = hang_up
    applied = roll_back(local, "v2.3.0")
    assert applied.changed
    assert patches(local) == 1
    assert tag(local) == "v2.3.0"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(local: LocalCluster, status: int) -> None:
    two_versions(local)
    answers = [answer(status, "busy"), answer(status, "busy")]
    local.before_request = lambda request: answers.pop() if request.method == "PATCH" and answers else None
    applied = roll_back(local, "v2.3.0")
    assert (applied.changed, applied.attempts) == (True, 3)


def test_a_server_that_stays_busy_ends_in_one_message(local: LocalCluster) -> None:
    two_versions(local)
    local.requests.clear()
    local.before_request = lambda request: answer(429, "busy") if request.method == "PATCH" else None
    began = local.time
    with pytest.raises(RollbackFailedError, match="Nothing was changed") as failed:
        roll_back(local, "v2.3.0")
    assert failed.value.details["applied"] is False
    assert PATIENCE <= local.time - began <= PATIENCE + 10


def test_a_server_that_names_a_time_is_not_asked_before_it(local: LocalCluster) -> None:
    two_versions(local)
    answers = [answer(429, "busy")]
    answers[0].headers["Retry-After"] = "7"
    local.before_request = lambda request: answers.pop() if request.method == "PATCH" and answers else None
    began = local.time
    assert roll_back(local, "v2.3.0").attempts == 2
    assert 7 <= local.time - began < 8


def test_an_api_server_that_restarts_in_the_middle_is_waited_for(local: LocalCluster) -> None:
    """The change is made, its answer is lost, and the server is away for 40 seconds."""
    two_versions(local)
    local.requests.clear()
    back_at = [0.0]

    def hang_up(request: web.Request) -> None:
        if request.method == "PATCH" and request.transport is not None:
            back_at[0] = local.time + 40
            request.transport.abort()

    def away(request: web.Request) -> web.Response | None:
        if local.time < back_at[0] and request.transport is not None:
            request.transport.abort()
        return None

    local.after_request, local.before_request = hang_up, away
    assert roll_back(local, "v2.3.0").changed
    assert patches(local) == 1
    assert tag(local) == "v2.3.0"


def test_an_answer_that_stays_unknown_is_said_to_be_unknown(local: LocalCluster) -> None:
    two_versions(local)
    gone = [False]

    def hang_up(request: web.Request) -> None:
        if request.method == "PATCH" and request.transport is not None:
            gone[0] = True
            request.transport.abort()

    local.after_request = hang_up
    local.before_request = lambda _: answer(503, "away") if gone[0] else None
    with pytest.raises(RollbackFailedError, match="can't be told") as failed:
        roll_back(local, "v2.3.0")
    assert failed.value.details["applied"] is None


def test_a_status_that_moves_all_the_time_is_no_obstacle(local: LocalCluster) -> None:
    """Each look is followed by a new resourceVersion, as while fifty pods come and go."""
    two_versions(local)

    def touch(request: web.Request) -> None:
        if request.method == "PATCH":
            found = local.cluster.store.require("Deployment", "production", "payment-api")
            status = {**found["status"], "observed": local.time + len(local.requests)}
            local.cluster.store.update({**found, "status": status})

    local.before_request = touch
    applied = roll_back(local, "v2.3.0")
    assert (applied.changed, applied.attempts) == (True, 3)
    assert tag(local) == "v2.3.0"


def test_a_spec_that_moves_all_the_time_ends_in_one_message(local: LocalCluster) -> None:
    two_versions(local)

    def scale(request: web.Request) -> None:
        if request.method == "PATCH":
            found = local.cluster.store.require("Deployment", "production", "payment-api")
            local.cluster.store.update({**found, "spec": {**found["spec"], "replicas": found["spec"]["replicas"] + 1}})

    local.before_request = scale
    before = patches(local)
    with pytest.raises(RollbackFailedError, match="Nothing was changed"):
        roll_back(local, "v2.3.0")
    assert patches(local) - before == CONTESTS
    assert tag(local) == "v2.3.1"


def test_a_template_that_the_server_rejects_is_not_sent_for_ever(local: LocalCluster) -> None:
    two_versions(local)
    local.requests.clear()
    local.before_request = lambda request: answer(422, "admission says no") if request.method == "PATCH" else None
    with pytest.raises(Invalid, match="admission says no"):
        roll_back(local, "v2.3.0")
    assert patches(local) == 1
