# SPDX-License-Identifier: GPL-3.0-or-later
"""The same traces in the simulated and in a real Jaeger are the same evidence."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from lab.jaeger.api import jaeger_app
from plugins.module_utils.clients.jaeger import JaegerClient
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.errors import SourceUnavailableError
from plugins.module_utils.evidence.traces import traces
from plugins.module_utils.model.service import Service
from plugins.module_utils.model.traces import Operation, Traces
from tests.contract.incidents import Incident, incident
from tests.contract.serving import served
from tests.real.parts.jaeger import Jaeger, jaeger
from tests.real.servers import real_part

_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def otlp(trace: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """A trace of Jaeger's JSON as spans of OTLP's, each with its service."""
    return [(trace["processes"][span["processID"]]["serviceName"], _span(span)) for span in trace["spans"]]


def _span(span: dict[str, Any]) -> dict[str, Any]:
    tags = {tag["key"]: tag["value"] for tag in span["tags"]}
    failed = tags.pop("error", False) is True
    tags.pop("otel.status_code", None)
    start, end = span["startTime"], span["startTime"] + span["duration"]
    return {
        "traceId": span["traceID"],
        "spanId": span["spanID"],
        **({"parentSpanId": span["references"][0]["spanID"]} if span["references"] else {}),
        "name": span["operationName"],
        "kind": _KINDS[tags.pop("span.kind", "internal")],
        "startTimeUnixNano": str(start * 1000),
        "endTimeUnixNano": str(end * 1000),
        "attributes": [_attribute(key, value) for key, value in tags.items()],
        "status": {"code": 2} if failed else {},
        "events": [
            {
                "timeUnixNano": str(log["timestamp"] * 1000),
                "name": "exception",
                "attributes": [_attribute(field["key"], field["value"]) for field in log["fields"]],
            }
            for log in span["logs"]
        ],
    }


def _attribute(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"stringValue": str(value)}}


@pytest.fixture(scope="module", params=["payment-api", "auth-service", "user-api"])
def situation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Incident:
    return incident(request.param, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def simulated_url(situation: Incident) -> Iterator[str]:
    with served(jaeger_app(situation.lab.world)) as url:
        yield url


@pytest.fixture(scope="module")
def url(
    side: str, simulated_url: str, situation: Incident, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if side == "lab":
        yield simulated_url
        return
    with real_part(request, "Jaeger", jaeger(tmp_path_factory.mktemp("jaeger"))) as running:
        _fill(running, situation)
        yield running.url


def _fill(running: Jaeger, situation: Incident) -> None:
    sent = situation.traces()
    running.send([span for trace in sent for span in otlp(trace)])
    of_today = sum(trace["spans"][0]["startTime"] / 1e6 > situation.now - 7200 for trace in sent)
    client, deadline = JaegerClient(running.url), time.monotonic() + 20
    while len(client.traces(situation.name, situation.now - 7200, situation.now, 100_000)) < of_today:
        assert time.monotonic() < deadline, "the spans that were sent are not there"
        time.sleep(0.2)


def look(url: str, situation: Incident) -> Traces:
    return traces(JaegerClient(url), Service(situation.name), situation.now, Deadline(20.0))


def _without_times(operation: Operation) -> Operation:
    return replace(operation, self_time=0.0, baseline_self_time=None)


def test_same_traces_of_an_incident(url: str, simulated_url: str, situation: Incident) -> None:
    here, there = look(url, situation), look(simulated_url, situation)
    assert [_without_times(one) for one in here.bottlenecks] == [_without_times(one) for one in there.bottlenecks]
    for one, other in zip(here.bottlenecks, there.bottlenecks, strict=True):
        assert one.self_time == pytest.approx(other.self_time, rel=1e-3), one
        assert (one.baseline_self_time or 0.0) == pytest.approx(other.baseline_self_time or 0.0, rel=1e-3), one
    assert (here.traces, here.error_traces, here.slow_traces) == (there.traces, there.error_traces, there.slow_traces)
    assert (here.average_duration, here.baseline_duration) == pytest.approx((there.average_duration, there.baseline_duration), rel=1e-3)
    assert (here.error_services, here.callees, here.notes) == (there.error_services, there.callees, there.notes)


def test_the_same_waiting_for_others(url: str, simulated_url: str, situation: Incident) -> None:
    here, there = look(url, situation).waiting, look(simulated_url, situation).waiting
    assert here is not None
    assert there is not None
    assert (here.traces, here.baseline_traces) == (there.traces, there.baseline_traces)
    assert (here.own, here.baseline_own) == pytest.approx((there.own, there.baseline_own), rel=1e-3, abs=1e-6)
    assert [peer.name for peer in here.peers] == [peer.name for peer in there.peers]
    for one, other in zip(here.peers, there.peers, strict=True):
        assert (one.calls, one.errors, one.duration) == pytest.approx((other.calls, other.errors, other.duration), rel=1e-3), one


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_a_database_and_another_service_are_waited_for(url: str, situation: Incident) -> None:
    known = look(url, situation).waiting
    assert known is not None
    assert [peer.name for peer in known.peers] == ["payments-db", "auth-service"]
    assert known.peers[0].waited == pytest.approx(8.0, rel=0.1)
    assert known.peers[1].duration == pytest.approx(known.peers[1].baseline_duration, rel=0.3)


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_the_slow_statement_comes_out(url: str, situation: Incident) -> None:
    found = look(url, situation)
    slowest = found.bottlenecks[0]
    assert (slowest.service, slowest.operation) == ("payment-api", "SELECT transactions")
    assert slowest.statement == "SELECT * FROM transactions WHERE user_id = ?"
    assert slowest.table_scan == "transactions.user_id"
    assert found.average_duration == pytest.approx(8.2, rel=0.1)
    assert found.baseline_duration == pytest.approx(0.12, rel=0.1)
    assert found.error_services[0][0] == "payment-api"


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_a_service_without_traces(url: str, situation: Incident) -> None:
    with pytest.raises(SourceUnavailableError, match="no trace of a service 'nobody'"):
        traces(JaegerClient(url), Service("nobody"), situation.now, Deadline(20.0))


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"service": "payment-api", "minDuration": "1000000"},
        {"service": "payment-api", "minDuration": "2s", "maxDuration": "1s"},
        {"service": "payment-api", "limit": "many"},
        {"service": "payment-api", "start": "yesterday"},
        {"service": "payment-api", "tag": "error"},
        {"service": "payment-api", "tags": "error=true"},
        {"service": "payment-api", "tags": '{"error": true}'},
    ],
    ids=lambda query: ",".join(f"{key}={value}" for key, value in query.items()) or "nothing",
)
def test_what_is_refused_and_with_which_words(url: str, simulated_url: str, situation: Incident, query: dict[str, str]) -> None:
    assert _refusal(url, query) == _refusal(simulated_url, query)


def _refusal(url: str, query: dict[str, str]) -> tuple[int, Any]:
    """Status and body, without what only Go's parser of JSON can say: where in the text it stopped."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}/api/traces?{urllib.parse.urlencode(query)}", timeout=10)
    body = json.loads(refused.value.read())
    for error in body["errors"]:
        error["msg"] = error["msg"].partition("cannot unmarshal JSON")[0]
    return refused.value.code, body
