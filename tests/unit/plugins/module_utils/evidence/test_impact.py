# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import PrometheusClient
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.impact import impact
from ansible_collections.devops.incident_response.plugins.module_utils.model.impact import Impact
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Objectives, Service
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.evidence.prometheus_answers import Value, answers
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    http_server,
)

WELL: Mapping[str, Value] = {"active_sessions": 2400.0, "count by (": 10.0, "sum(increase(": 1247.0, "sum(rate(": 0.45}
SERVICE = Service("payment-api", transaction_value=14.84, objectives=Objectives(error_rate=0.01))


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server(answers(WELL)) as running:
        yield running


def read(server: HttpServer, service: Service = SERVICE) -> Impact:
    return impact(PrometheusClient(server.url, timeout=PATIENT), service)


def test_what_an_outage_costs(server: HttpServer) -> None:
    found = read(server)
    assert (found.sessions.value, found.failed_requests.value, found.objective.value, found.window) == (2400.0, 1247.0, 1.0, 300.0)
    assert found.revenue.value == pytest.approx(18505.48)
    assert "over 300 s" in found.failed_requests.basis


def test_a_teams_own_query_for_sessions(server: HttpServer) -> None:
    server.answer = answers({"max(users)": 7.0, **WELL})
    assert read(server, replace(SERVICE, sessions_query="max(users)")).sessions.value == 7.0


def test_what_a_part_of_the_servers_could_not_say(server: HttpServer) -> None:
    answer = answers({name: value for name, value in WELL.items() if name != "active_sessions"})

    def partly(request: Request) -> Reply:
        reply = answer(request)
        reply.body["warnings"] = ["store receive-2: connection refused"]
        return reply

    server.answer = partly
    found = read(server)
    assert found.failed_requests.value == 1247.0
    assert "a part of the servers did not answer, so it may be another" in found.failed_requests.basis
    assert found.sessions.value is None
    assert "a part of the servers did not answer, and the others have no series for it" in found.sessions.basis


def test_a_kept_objective(server: HttpServer) -> None:
    assert read(server, replace(SERVICE, objectives=Objectives(error_rate=0.5))).objective.value == 0.0


def test_what_the_catalogue_does_not_say_is_unknown(server: HttpServer) -> None:
    found = read(server, Service("payment-api"))
    assert (found.revenue.value, found.objective.value) == (None, None)
    assert "transaction_value" in found.revenue.basis
    assert "objective" in found.objective.basis


def test_no_series_is_unknown_not_zero(server: HttpServer) -> None:
    server.answer = answers({"count by (": 1.0})
    found = read(server)
    assert [amount.value for amount in (found.sessions, found.failed_requests, found.revenue, found.objective)] == [None] * 4
    assert "sessions_query" in found.sessions.basis


def test_without_a_status_label_failures_are_unknown(server: HttpServer) -> None:
    server.answer = answers({**WELL, "count by (": None})
    assert read(server).failed_requests.value is None


def test_a_slow_service_breaches_its_latency_objective(server: HttpServer) -> None:
    server.answer = answers({"histogram_quantile(": 2.0, **WELL})
    found = read(server, replace(SERVICE, objectives=Objectives(error_rate=0.5, latency_p95=0.5)))
    assert found.objective.value == 1.0
    assert "latency P95 2s against an objective of 500ms" in found.objective.basis


def test_an_objective_that_cannot_be_told_is_unknown_unless_another_is_breached(server: HttpServer) -> None:
    server.answer = answers({"histogram_quantile(": None, **WELL})
    assert read(server, replace(SERVICE, objectives=Objectives(error_rate=0.5, latency_p95=0.5))).objective.value is None
    assert read(server, replace(SERVICE, objectives=Objectives(error_rate=0.01, latency_p95=0.5))).objective.value == 1.0


def test_the_budget_burns_as_many_times_too_fast_as_requests_fail_too_often(server: HttpServer) -> None:
    server.answer = answers({"[21600s]": 0.08, "[3600s]": 0.2, "[1800s]": 0.07, **WELL})
    found = read(server)
    assert [(one.window, one.short_window, one.rate, one.short_rate, one.alerting) for one in found.burn_rates] == [
        (3600.0, 300.0, 20.0, 45.0, True),
        (21600.0, 1800.0, pytest.approx(8.0), pytest.approx(7.0), True),
    ]
    assert found.budget.value == pytest.approx(8 * 6 / (30 * 24))
    assert "burn rate 8 over 6h" in found.budget.basis


def test_a_burn_that_has_ended_does_not_page(server: HttpServer) -> None:
    server.answer = answers({"[3600s]": 0.2, "[300s]))": 0.0, **WELL})
    assert read(server).burn_rates[0].alerting is False


@pytest.mark.parametrize("objective", [None, 0.0])
def test_without_an_objective_there_is_no_budget(server: HttpServer, objective: float | None) -> None:
    found = read(server, replace(SERVICE, objectives=Objectives(error_rate=objective)))
    assert (found.budget.value, found.burn_rates) == (None, ())
    assert "objective" in found.budget.basis


def test_users_are_asked_for_or_taken_from_the_sessions(server: HttpServer) -> None:
    assert read(server).users.value == 2400.0
    assert "all active sessions" in read(server).users.basis
    server.answer = answers({"count(distinct)": 1100.0, **WELL})
    assert read(server, replace(SERVICE, users_query="count(distinct)")).users.value == 1100.0


def test_an_idle_service_has_no_error_rate(server: HttpServer) -> None:
    server.answer = answers({**WELL, "sum(increase(": 0.0, "sum(rate(": float("nan")})
    found = read(server)
    assert (found.failed_requests.value, found.objective.value) == (0.0, None)
    assert "there were no requests" in found.objective.basis


def test_prometheus_that_is_down_is_unavailable(server: HttpServer) -> None:
    server.faults["/"] = "500"
    with pytest.raises(SourceUnavailableError):
        read(server)


def test_a_query_that_takes_too_long_costs_only_its_own_amount(server: HttpServer) -> None:
    answer, ended = answers(WELL), threading.Event()

    def slow(request: Request) -> Reply:
        if "[21600s]" in request.query["query"]:
            ended.wait(PATIENT)
        return answer(request)

    server.answer = slow
    found = impact(PrometheusClient(server.url, timeout=2.0), SERVICE)
    ended.set()
    assert (found.failed_requests.value, found.burn_rates[0].rate, found.burn_rates[1].rate) == (1247.0, 45.0, None)
    assert (found.burn_rates[1].alerting, found.budget.value) == (None, None)
    assert "unknown" in found.budget.basis
