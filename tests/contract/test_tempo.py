# SPDX-License-Identifier: GPL-3.0-or-later
"""The same evidence from Tempo as from Jaeger, and traces in OTLP's JSON as a real server writes it.

There is no real Tempo: it is under the AGPL, and this project does not build it. A real Jaeger gives traces in OTLP's JSON too.
"""

from __future__ import annotations

import itertools
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
from lab.tempo.api import tempo_app
from lab.tempo.otlp import otlp_trace
from plugins.module_utils.clients.jaeger import JaegerClient
from plugins.module_utils.clients.tempo import TempoClient
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.errors import SourceUnavailableError
from plugins.module_utils.evidence import traces as evidence
from plugins.module_utils.evidence.otlp import traces_from_otlp
from plugins.module_utils.evidence.spans import traces_from
from plugins.module_utils.evidence.trace import Trace
from plugins.module_utils.evidence.traces import traces
from plugins.module_utils.model.service import Service
from tests.contract.incidents import Incident, incident
from tests.contract.serving import served
from tests.contract.test_traces import otlp
from tests.real.parts.jaeger import jaeger
from tests.real.servers import real_part

_SOME = 40


@pytest.fixture(scope="module", params=["payment-api", "auth-service"])
def situation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Incident:
    return incident(request.param, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def url(situation: Incident) -> Iterator[str]:
    with served(tempo_app(situation.lab.world)) as running:
        yield running


def test_the_same_evidence_as_from_jaeger(url: str, situation: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many traces of each."""
    monkeypatch.setattr(evidence, "LIMITS", dict.fromkeys(evidence.LIMITS, 20))
    with served(jaeger_app(situation.lab.world)) as of_jaeger:
        there = traces(JaegerClient(of_jaeger), Service(situation.name), situation.now, Deadline(20.0))
    here = traces(TempoClient(url), Service(situation.name), situation.now, Deadline(20.0))
    assert [(one.service, one.operation, one.statement) for one in here.bottlenecks] == [
        (one.service, one.operation, one.statement) for one in there.bottlenecks
    ]
    assert (here.traces, here.error_traces, here.slow_traces) == (there.traces, there.error_traces, there.slow_traces)
    assert here.average_duration == pytest.approx(there.average_duration, rel=1e-3)
    # Tempo knows whole seconds only, so that a few of the traces of a day before are others.
    assert here.baseline_duration == pytest.approx(there.baseline_duration, rel=0.03)
    assert (here.error_services, here.callees) == (there.error_services, there.callees)


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_the_newest_come_first_and_no_more_than_asked_for(url: str, situation: Incident) -> None:
    found = _answer(f"{url}/api/search", q='{ resource.service.name = "payment-api" }', limit=5)["traces"]
    starts = [int(one["startTimeUnixNano"]) for one in found]
    assert len(starts) == 5
    assert starts == sorted(starts, reverse=True)


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_no_trace_of_the_service(url: str, situation: Incident) -> None:
    with pytest.raises(SourceUnavailableError, match="no trace of a service 'nobody'"):
        traces(TempoClient(url), Service("nobody"), situation.now, Deadline(20.0))


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


@pytest.mark.parametrize("situation", ["payment-api"], indirect=True)
def test_traces_in_otlp_are_those_of_jaegers_own_json(
    side: str, situation: Incident, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sent = situation.traces()[:_SOME]
    if side == "lab":
        _assert_same(traces_from_otlp(map(otlp_trace, sent)), traces_from(sent))
        return
    with real_part(request, "Jaeger", jaeger(tmp_path_factory.mktemp("jaeger"))) as running:
        running.send([span for trace in sent for span in otlp(trace)])
        until = time.monotonic() + 20
        found = [_of_jaeger(running.url, one["traceID"], until) for one in sent]
        own = traces_from(itertools.chain.from_iterable(found))
        in_otlp = traces_from_otlp(_answer(f"{running.url}/api/v3/traces/{one['traceID']}")["result"] for one in sent)
        _assert_same(in_otlp, own)


def _answer(url: str, **query: str | int) -> Any:
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
        return json.load(answer)


def _of_jaeger(url: str, identity: str, until: float) -> list[Any]:
    """The trace, once it is there."""
    while True:
        try:
            return list(_answer(f"{url}/api/traces/{identity}")["data"])
        except urllib.error.HTTPError:
            assert time.monotonic() < until, "the traces that were sent are not there"
            time.sleep(0.2)


def _assert_same(found: list[Trace], expected: list[Trace]) -> None:
    """But for the identifiers, which are written differently; parents are compared by their operation."""
    (here, times), (there, times_there) = _shown(found), _shown(expected)
    assert here == there
    assert times == pytest.approx(times_there, abs=2e-6)


def _shown(found: list[Trace]) -> tuple[list[Any], list[float]]:
    """The spans without their times, in the order of these, and the times."""
    spans: list[Any] = []
    times: list[float] = []
    for trace in found:
        names = {span.id: span.operation for span in trace.spans}
        for span in sorted(trace.spans, key=lambda span: (round(span.start, 5), span.operation, round(span.duration, 5))):
            spans.append(replace(span, id="", parent=names.get(span.parent or ""), start=0.0, duration=0.0))
            times += [span.start, span.duration]
    return spans, times
