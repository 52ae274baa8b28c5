# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterError
from ansible_collections.devops.incident_response.plugins.module_utils.model.check import Verdict
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.check_command import (
    API,
    SCHEMA,
    check_by_command,
    choose_pod,
)

Make = Callable[..., Revision]
COMMAND = ("./check-schema.sh",)


class Client:
    def __init__(self, outcome: tuple[int, str] | ClusterError) -> None:
        self.outcome = outcome
        self.asked: list[Any] = []

    def exec(self, *arguments: Any) -> tuple[int, str]:
        self.asked.append(arguments)
        if isinstance(self.outcome, ClusterError):
            raise self.outcome
        return self.outcome


def pod(name: str, revision: str, ready: bool = True, running: bool = True) -> dict[str, Any]:
    state = {"running": {}} if running else {"waiting": {"reason": "CrashLoopBackOff"}}
    return {
        "metadata": {"name": name, "labels": {"pod-template-hash": revision}},
        "spec": {"containers": [{"name": "app"}]},
        "status": {"containerStatuses": [{"name": "app", "ready": ready, "state": state}]},
    }


@pytest.mark.parametrize(
    ("pods", "chosen"),
    [
        ([pod("a-bad", "5"), pod("b-good", "4")], "b-good"),
        ([pod("a-good", "4", ready=False), pod("b-bad", "5")], "b-bad"),
        ([pod("b-bad", "5", ready=False), pod("a-bad", "5", ready=False, running=False)], "b-bad"),
        ([pod("a-bad", "5", ready=False, running=False)], None),
        ([], None),
    ],
)
def test_a_ready_pod_is_asked_first_and_one_of_the_target_before_another(revision: Make, pods: Sequence[Any], chosen: str | None) -> None:
    found = choose_pod(pods, revision(4, "v2.3.0", hours=72), None)
    assert (found[0] if found else None) == chosen


@pytest.mark.parametrize(
    ("code", "verdict", "title"),
    [
        (0, Verdict.PASS, "Database schema compatible"),
        (1, Verdict.FAIL, "Database schema not compatible"),
        (3, Verdict.FAIL, "Database schema not compatible"),
        (126, Verdict.UNKNOWN, "Whether the database schema is compatible is unknown"),
        (127, Verdict.UNKNOWN, "Whether the database schema is compatible is unknown"),
        (137, Verdict.UNKNOWN, "Whether the database schema is compatible is unknown"),
    ],
)
def test_the_exit_code_decides(revision: Make, code: int, verdict: Verdict, title: str) -> None:
    client = Client((code, "column transactions.fee is missing\n"))
    check = check_by_command(SCHEMA, COMMAND, client, Service("payment-api"), revision(4, "v2.3.0", hours=72), [pod("a", "5")], 7.0)
    assert (check.verdict, check.title) == (verdict, title)
    assert "column transactions.fee is missing" in check.detail
    assert client.asked == [("production", "a", "app", ["./check-schema.sh", "v2.3.0"], 7.0)]


def test_an_api_check_has_its_own_words(revision: Make) -> None:
    target = revision(4, "v2.3.0", hours=72)
    check = check_by_command(API, COMMAND, Client((0, "")), Service("payment-api"), target, [pod("a", "5")], 7.0)
    assert (check.name, check.title) == ("api_compatible", "No breaking API changes detected")


@pytest.mark.parametrize(
    ("command", "pods", "outcome", "reason"),
    [
        ((), [pod("a", "5")], (0, ""), "set 'schema_check' or 'schema_versions' of payment-api"),
        (COMMAND, [], (0, ""), "No pod of payment-api runs"),
        (COMMAND, [pod("a", "5")], ClusterError("did not end within 7 s."), "did not end within 7 s"),
    ],
)
def test_what_can_not_be_asked_is_unknown(revision: Make, command: Any, pods: Any, outcome: Any, reason: str) -> None:
    target = revision(4, "v2.3.0", hours=72)
    check = check_by_command(SCHEMA, command, Client(outcome), Service("payment-api"), target, pods, 7.0)
    assert check.verdict is Verdict.UNKNOWN
    assert reason in check.detail
