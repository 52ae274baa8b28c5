# SPDX-License-Identifier: GPL-3.0-or-later
"""The same evidence from Tempo as from Jaeger, whose simulation is held to a real one.

A real Tempo is used where there is one on PATH: it is under the AGPL, and this project neither fetches nor builds it.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.jaeger.api import jaeger_app
from lab.running import Lab
from lab.scenario.loader import load
from lab.scenario.model import Number, Seconds, Share, Span, Trace
from lab.tempo.api import tempo_app
from plugins.module_utils.clients.jaeger import JaegerClient
from plugins.module_utils.clients.tempo import TempoClient
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.errors import SourceUnavailableError
from plugins.module_utils.evidence import traces as evidence
from plugins.module_utils.evidence.traces import traces
from plugins.module_utils.model.service import Service
from plugins.module_utils.model.traces import Traces
from tests.contract.ansible_runs import module
from tests.contract.incidents import Incident, incident
from tests.contract.serving import served
from tests.contract.test_traces import otlp
from tests.real.parts.tempo import Tempo, tempo
from tests.real.servers import real_part

DAY, HOUR = 86400, 3600
LOOP = "loop"
"""The situation in which the payment API asks its database again and again within one trace."""
STATEMENT = "SELECT * FROM items WHERE id = ?"


@pytest.fixture(scope="module", params=["payment-api", "auth-service", LOOP])
def situation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Incident:
    directory = tmp_path_factory.mktemp("lab")
    return _loop(directory) if request.param == LOOP else incident(request.param, directory)


def _loop(directory: Path) -> Incident:
    queries = tuple(
        Span("SELECT items", Seconds(0.0), Seconds(0.12), kind="client", tags={"db.system": "postgresql", "db.statement": STATEMENT})
        for _ in range(12)
    )
    root = Span("POST /payments", Seconds(0.05), Seconds(1.6), kind="server", spans=queries)
    began = float(int(time.time()))
    scenario = replace(load("payment-api"), traces=(Trace(root, Number(2.0), fault="missing-index", broken_errors=Share(0.0)),))
    lab = Lab(scenario, directory, lambda: began)
    lab.populate("registry.example.com")
    return Incident("payment-api", lab, began, lambda: began)


@pytest.fixture(scope="module")
def url(side: str, situation: Incident, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if side == "lab":
        with served(tempo_app(situation.lab.world)) as simulated:
            yield simulated
        return
    with real_part(request, "Tempo", tempo(tmp_path_factory.mktemp("tempo"))) as running:
        _fill(running, situation)
        yield running.url


def _fill(running: Tempo, situation: Incident) -> None:
    """Sends the traces, and waits until a search finds each."""
    sent = situation.traces()
    running.send([span for trace in sent for span in otlp(trace)])
    wanted = {trace["traceID"].lstrip("0") for trace in sent}
    until = time.monotonic() + 90
    while True:
        found: set[str] = set()
        for end in (situation.now, situation.now - DAY):
            query = {"start": int(end) - 2 * HOUR, "end": int(end) + 1, "limit": 10 * len(sent)}
            found |= {one["traceID"].lstrip("0") for one in search(running.url, "{ }", **query)}
        if wanted <= found:
            return
        assert time.monotonic() < until, f"of {len(wanted)} traces that were sent, {len(wanted & found)} are found"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def jaeger_url(situation: Incident) -> Iterator[str]:
    with served(jaeger_app(situation.lab.world)) as running:
        yield running


def search(url: str, query: str, **more: int) -> list[dict[str, Any]]:
    """What is found; the list is left out where nothing is."""
    found: list[dict[str, Any]] = _answer(f"{url}/api/search", q=query, **more).get("traces", [])
    return found


def look(client: TempoClient | JaegerClient, situation: Incident, name: str | None = None) -> Traces:
    return traces(client, Service(name or situation.name), situation.now, Deadline(20.0))


def test_the_same_evidence_as_from_jaeger(url: str, jaeger_url: str, situation: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many traces of each."""
    monkeypatch.setattr(evidence, "LIMITS", dict.fromkeys(evidence.LIMITS, 20))
    here, there = look(TempoClient(url), situation), look(JaegerClient(jaeger_url), situation)
    assert [(one.service, one.operation, one.statement, one.table_scan) for one in here.bottlenecks] == [
        (one.service, one.operation, one.statement, one.table_scan) for one in there.bottlenecks
    ]
    for one, other in zip(here.bottlenecks, there.bottlenecks, strict=True):
        assert one.self_time == pytest.approx(other.self_time, rel=0.03), one
    assert (here.traces, here.error_traces, here.slow_traces) == (there.traces, there.error_traces, there.slow_traces)
    assert here.average_duration == pytest.approx(there.average_duration, rel=1e-3)
    # Tempo knows whole seconds only, so that a few of the traces of a day before are others.
    assert here.baseline_duration == pytest.approx(there.baseline_duration, rel=0.03)
    assert (here.error_services, here.callees) == (there.error_services, there.callees)
    assert [(one.statement, one.calls, one.baseline_calls) for one in here.repeated] == [
        (one.statement, one.calls, one.baseline_calls) for one in there.repeated
    ]


@pytest.mark.parametrize("situation", [LOOP], indirect=True)
def test_a_loop_of_queries_is_found(url: str, situation: Incident) -> None:
    (repeated,) = look(TempoClient(url), situation).repeated
    assert (repeated.statement, repeated.calls, repeated.baseline_calls) == (STATEMENT, 12, 0)


@pytest.mark.parametrize("situation", ["payment-api", LOOP], indirect=True)
def test_the_module_concludes_the_same_from_either(url: str, jaeger_url: str, situation: Incident) -> None:
    """Where the time goes, where errors start, which statements are slow, and which are repeated."""
    concluded = []
    for option, at in (("tempo_url", url), ("jaeger_url", jaeger_url)):
        result = module("devops.incident_response.traces_info", {"service": situation.name, option: at, "deadline": 60.0})
        assert not result["failed"], result
        data = result["traces"]["data"]
        assert data is not None, result["traces"]["reason"]
        slowest = data["bottlenecks"][0]
        concluded.append(
            {
                "slowest": [slowest[key] for key in ("service", "operation", "statement", "table_scan")],
                "slower than before": slowest["self_time"] > 2 * (slowest["baseline_self_time"] or 0.0),
                "errors": [service for service, _traces in data["error_services"][:1]],
                "repeated": [(one["statement"], one["calls"]) for one in data["repeated"]],
            }
        )
    assert concluded[0] == concluded[1]
    assert concluded[0]["slower than before"]


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_a_service_with_a_small_part_in_a_slow_trace_is_not_slow(url: str, jaeger_url: str, situation: Incident) -> None:
    here, there = look(TempoClient(url), situation, "auth-service"), look(JaegerClient(jaeger_url), situation, "auth-service")
    assert here.traces > 0
    assert (here.slow_traces, there.slow_traces) == (0, 0)


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
@pytest.mark.parametrize(
    ("query", "some"),
    [
        ('{ resource.service.name = "auth-service" }', True),
        ('{ resource.service.name = "auth-service" && traceDuration > 1s }', True),
        ('{ resource.service.name = "auth-service" && duration > 1s }', False),
        ('{ resource.service.name = "auth-service" && status = error }', False),
        ('{ resource.service.name = "payment-api" && status = error && duration >= 1000ms }', True),
        ('{ .service.name = "payment-api" && name = "SELECT transactions" }', True),
        ('{ resource.service.name = "payment-api" && name = "POST /token/verify" }', False),
        ('{ resource.service.name = "pay\\"ment" }', False),
        ("{ status = error }", True),
        ("{ }", True),
    ],
)
def test_all_conditions_are_for_one_span(url: str, situation: Incident, query: str, some: bool) -> None:
    found = search(url, query, start=int(situation.now) - HOUR, end=int(situation.now) + 1, limit=3, spss=1)
    assert len(found) == (3 if some else 0)
    for one in found:
        (spans,) = one["spanSets"]
        assert spans["matched"] >= len(spans["spans"]) == 1


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_the_newest_come_first_and_no_more_than_asked_for(url: str, situation: Incident) -> None:
    query = '{ resource.service.name = "payment-api" } with (most_recent=true)'
    found = search(url, query, start=int(situation.now) - HOUR, end=int(situation.now) + 1, limit=5)
    starts = [int(one["startTimeUnixNano"]) for one in found]
    assert len(starts) == 5
    assert starts == sorted(starts, reverse=True)
    assert starts[0] / 1e9 > situation.now - 60


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_no_trace_of_the_service(url: str, situation: Incident) -> None:
    with pytest.raises(SourceUnavailableError, match="no trace of a service 'nobody'"):
        look(TempoClient(url), situation, "nobody")


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/search?q=%7B+status", 400, "invalid TraceQL query"),
        ("/api/search?q=%7B+what+%3D+1+%7D", 400, "invalid TraceQL query"),
        ("/api/search?limit=0", 400, "invalid limit: must be a positive number"),
        ("/api/search?start=2&end=1", 400, "http parameter start must be before end. received start=2 end=1"),
        ("/api/v2/traces/xyz", 400, "trace IDs can only contain hex characters"),
        ("/api/v2/traces/abc", 404, ""),
        ("/api/traces/abc", 404, ""),
    ],
)
def test_what_is_refused(url: str, situation: Incident, path: str, status: int, words: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}{path}", timeout=10)
    assert (refused.value.code, refused.value.read().decode()[: len(words)]) == (status, words)


def test_no_tenant_is_named(tmp_path: Path) -> None:
    """The real one of these tests has one tenant only."""
    with served(tempo_app(incident("payment-api", tmp_path).lab.world, tenants=True)) as running:
        with pytest.raises(SourceUnavailableError, match="Set X-Scope-OrgID in tempo_headers"):
            TempoClient(running).traces("payment-api", time.time() - HOUR, time.time(), 1)
        assert TempoClient(running, {"X-Scope-OrgID": "a"}).traces("payment-api", time.time() - HOUR, time.time(), 1)


def _answer(url: str, **query: str | int) -> Any:
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
        return json.load(answer)
