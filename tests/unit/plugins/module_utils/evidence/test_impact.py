# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import PrometheusClient
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.impact import impact
from ansible_collections.devops.incident_response.plugins.module_utils.model.impact import Impact
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Objectives, Service
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.evidence.prometheus_answers import Value, answers
from ansible_collections.devops.incident_response.tests.unit.servers import HttpServer, http_server

WELL: Mapping[str, Value] = {"active_sessions": 2400.0, "count(": 10.0, "sum(increase(": 1247.0, "sum(rate(": 0.45}
SERVICE = Service("payment-api", transaction_value=14.84, objectives=Objectives(error_rate=0.01))


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server(answers(WELL)) as running:
        yield running


def read(server: HttpServer, service: Service = SERVICE) -> Impact:
    return impact(PrometheusClient(server.url, timeout=2), service)


def test_what_an_outage_costs(server: HttpServer) -> None:
    found = read(server)
    assert (found.sessions.value, found.failed_requests.value, found.objective.value, found.window) == (2400.0, 1247.0, 1.0, 300.0)
    assert found.revenue.value == pytest.approx(18505.48)
    assert "over 300 s" in found.failed_requests.basis


def test_a_teams_own_query_for_sessions(server: HttpServer) -> None:
    server.answer = answers({"max(users)": 7.0, **WELL})
    assert read(server, replace(SERVICE, sessions_query="max(users)")).sessions.value == 7.0


def test_a_kept_objective(server: HttpServer) -> None:
    assert read(server, replace(SERVICE, objectives=Objectives(error_rate=0.5))).objective.value == 0.0


def test_what_the_catalogue_does_not_say_is_unknown(server: HttpServer) -> None:
    found = read(server, Service("payment-api"))
    assert (found.revenue.value, found.objective.value) == (None, None)
    assert "transaction_value" in found.revenue.basis
    assert "objective" in found.objective.basis


def test_no_series_is_unknown_not_zero(server: HttpServer) -> None:
    server.answer = answers({"count(": 1.0})
    found = read(server)
    assert [amount.value for amount in (found.sessions, found.failed_requests, found.revenue, found.objective)] == [None] * 4
    assert "sessions_query" in found.sessions.basis


def test_without_a_status_label_failures_are_unknown(server: HttpServer) -> None:
    server.answer = answers({**WELL, "count(": None})
    assert read(server).failed_requests.value is None


def test_prometheus_that_is_down_is_unavailable(server: HttpServer) -> None:
    server.faults["/"] = "500"
    with pytest.raises(SourceUnavailableError):
        read(server)
