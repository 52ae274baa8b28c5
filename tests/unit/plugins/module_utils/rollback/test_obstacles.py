# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a controller could not create the pods that are missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import Forbidden
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.obstacles import refused_pods, why_not_ready
from ansible_collections.devops.incident_response.tests.unit.clocks import Ahead

SINCE = datetime(2025, 10, 21, 14, 26, 10, 500000, tzinfo=UTC)
SET = {"kind": "StatefulSet", "metadata": {"name": "ledger", "namespace": "finance"}, "spec": {"replicas": 3}}
PODS: list[dict[str, Any]] = [{}, {}]


class Client:
    def __init__(self, *events: dict[str, Any], error: Exception | None = None, ahead: float = 0.0) -> None:
        self._events, self._error = events, error
        self.server_clock = Ahead(ahead)
        self.asked: list[tuple[str, Any]] = []

    def get(self, path: str, query: Any = None) -> dict[str, Any]:
        self.asked.append((path, query))
        if self._error:
            raise self._error
        return {"items": list(self._events)}


def event(at: str, message: str, **more: Any) -> dict[str, Any]:
    return {"lastTimestamp": at, "message": message, **more}


def test_the_newest_event_since_the_rollback_says_why() -> None:
    client = Client(
        event("2025-10-21T14:20:00Z", "an older rollout's"),
        event("2025-10-21T14:26:10Z", "create Pod ledger-2 failed: exceeded quota: small"),
    )
    found = refused_pods(client, WorkloadKind.STATEFUL_SET, SET, PODS, SINCE)
    assert found == "FailedCreate: create Pod ledger-2 failed: exceeded quota: small"
    ((path, query),) = client.asked
    assert path == "/api/v1/namespaces/finance/events"
    assert query == {"fieldSelector": "involvedObject.name=ledger,involvedObject.kind=StatefulSet,reason=FailedCreate"}


@pytest.mark.parametrize(("ahead", "at", "told"), [(300, "14:27:00", False), (300, "14:31:20", True), (-300, "14:21:20", True)])
def test_an_event_has_the_time_of_the_cluster_whose_clock_may_differ(ahead: float, at: str, told: bool) -> None:
    client = Client(event(f"2025-10-21T{at}Z", "exceeded quota: small"), ahead=ahead)
    assert (refused_pods(client, WorkloadKind.STATEFUL_SET, SET, PODS, SINCE) is not None) == told


def test_an_event_of_the_newer_kind() -> None:
    newer = {"eventTime": "2025-10-21T14:27:00.000000Z", "message": "forbidden"}
    assert refused_pods(Client(newer), WorkloadKind.STATEFUL_SET, SET, PODS, SINCE) == "FailedCreate: forbidden"


@pytest.mark.parametrize("events", [(), (event("2025-10-21T14:20:00Z", "old"),), (event("whenever", "x"),)])
def test_nothing_is_made_up(events: tuple[dict[str, Any], ...]) -> None:
    assert refused_pods(Client(*events), WorkloadKind.STATEFUL_SET, SET, PODS, SINCE) is None


def test_it_is_asked_only_where_pods_are_missing_and_nothing_else_says_why() -> None:
    client = Client(error=AssertionError("not to be asked"))
    assert refused_pods(client, WorkloadKind.STATEFUL_SET, SET, [{}, {}, {}], SINCE) is None
    assert refused_pods(client, WorkloadKind.DEPLOYMENT, SET, PODS, SINCE) is None


def test_who_may_not_read_events_is_told_late() -> None:
    assert refused_pods(Client(error=Forbidden("no", 403)), WorkloadKind.STATEFUL_SET, SET, PODS, SINCE) is None


def test_why_a_pod_is_not_ready_is_what_the_newest_event_about_it_says() -> None:
    pod = {"metadata": {"name": "ledger-2", "namespace": "finance"}}
    client = Client(event("2025-10-21T14:26:10Z", "connection refused"), event("2025-10-21T14:27:10Z", "Readiness probe failed: 503"))
    assert why_not_ready(client, pod) == "Readiness probe failed: 503"
    assert client.asked[0][1] == {"fieldSelector": "involvedObject.name=ledger-2,involvedObject.kind=Pod,reason=Unhealthy"}
    assert why_not_ready(Client(), pod) is None
    assert why_not_ready(Client(error=Forbidden("no", 403)), pod) is None
