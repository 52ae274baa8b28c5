# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the errors of an incident are gone from the logs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import Content, Forbidden, ObjectNotFound
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.recovery_logs import (
    ExpectedGone,
    errors_of_the_incident,
    expression,
    judge_logs,
)

AT = "2025-10-21T14:27:30.000000000Z"
EXPECTED = (ExpectedGone("Payment <*> failed: pool exhausted", 2.0),)


class Client:
    """Every pod has the same log, or fails in the same way."""

    timeout = 5.0

    def __init__(self, *lines: str, error: Exception | None = None) -> None:
        self._text = "".join(f"{AT} {line}\n" for line in lines)
        self._error = error
        self.asked: list[dict[str, Any]] = []

    def content(self, path: str, query: dict[str, Any], max_bytes: int, deadline: Deadline) -> Content:
        self.asked.append({"path": path, **query})
        if self._error:
            raise self._error
        return Content(self._text.encode()[:max_bytes])


def pod(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "spec": {"containers": [{"name": "app"}]}}


def judge(client: Client, *pods: dict[str, Any]) -> tuple[bool | None, str]:
    measure = judge_logs(client, Service("payment-api"), pods or (pod("a"),), EXPECTED, 10.0)
    return measure.passed, measure.detail


def test_the_same_error_as_often_as_before_goes_on() -> None:
    lines = [f"ERROR Payment {number} failed: pool exhausted" for number in range(20)]
    assert judge(Client(*lines)) == (False, "still 'Payment <*> failed: pool exhausted'")


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("ERROR Payment 1 failed: pool exhausted",) * 4,
        ("INFO Payment 1 failed: pool exhausted",) * 20,
        ("ERROR something else",) * 20,
    ],
)
def test_a_rare_one_another_one_and_none_are_gone(lines: tuple[str, ...]) -> None:
    assert judge(Client(*lines)) == (True, "those of the incident are gone")


def test_pods_on_their_way_out_are_not_read() -> None:
    client = Client()
    judge(client, pod("a"), pod("b", deletionTimestamp=AT))
    assert [asked["path"] for asked in client.asked] == ["/api/v1/namespaces/production/pods/a/log"]
    assert (client.asked[0]["sinceSeconds"], client.asked[0]["container"]) == (10, "app")


def test_a_log_that_may_not_be_read_is_unknown_and_one_that_is_gone_is_not() -> None:
    assert judge(Client(error=Forbidden("Not allowed (403).")))[0] is None
    assert judge(Client(error=ObjectNotFound("gone")))[0] is True


@pytest.mark.parametrize(
    ("template", "message", "matches"),
    [
        ("a <*> c", "a 1 c", True),
        ("a <*> c", "a 1 2 c", True),
        ("a <*> c", "a 1 c d", False),
        ("cost (<*>)", "cost (5)", True),
        ("a b", "a   b", True),
        ("<*>", "x" * 100, True),
    ],
)
def test_templates_match_what_they_were_made_from(template: str, message: str, matches: bool) -> None:
    assert bool(expression(template).fullmatch(message)) is matches


def pattern(level: str, template: str, count: int, new: bool | None = None) -> dict[str, Any]:
    return {"level": level, "template": template, "count": count, "new_since_deployment": new}


def test_the_errors_of_an_incident_are_its_new_ones() -> None:
    patterns = [pattern("ERROR", "old", 900), pattern("ERROR", "new", 90, True), pattern("INFO", "fine", 9000)]
    diagnostics = {"logs": {"data": {"window": 900.0, "patterns": patterns}}}
    assert errors_of_the_incident(diagnostics) == (ExpectedGone("new", 0.1),)
    patterns.pop(1)
    assert errors_of_the_incident(diagnostics) == (), "what was logged before the deployment too need not go away"


@pytest.mark.parametrize("logs", [None, {}, {"data": None}, {"data": {"window": 0, "patterns": [pattern("ERROR", "x", 5)]}}])
def test_without_logs_nothing_is_expected(logs: Any) -> None:
    assert errors_of_the_incident({"logs": logs}) == ()
