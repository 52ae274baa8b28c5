# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces in OTLP's JSON, as Jaeger and Tempo write it, say what Jaeger's own JSON says."""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import pytest

from lab.tempo.api import tempo_app
from lab.tempo.otlp import otlp_trace
from plugins.module_utils.evidence.otlp import traces_from_otlp
from plugins.module_utils.evidence.spans import traces_from
from plugins.module_utils.evidence.trace import Trace
from tests.contract.incidents import Incident, incident
from tests.contract.serving import served
from tests.contract.test_traces import otlp
from tests.real.parts.jaeger import jaeger
from tests.real.parts.tempo import tempo
from tests.real.servers import real_part

_SOME = 40


@pytest.fixture(scope="module")
def situation(tmp_path_factory: pytest.TempPathFactory) -> Incident:
    return incident("payment-api", tmp_path_factory.mktemp("lab"))


def test_what_jaeger_writes(
    side: str, situation: Incident, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sent = situation.traces()[:_SOME]
    if side == "lab":
        _assert_same(traces_from_otlp(map(otlp_trace, sent)), traces_from(sent))
        return
    with real_part(request, "Jaeger", jaeger(tmp_path_factory.mktemp("jaeger"))) as running:
        running.send([span for trace in sent for span in otlp(trace)])
        until = time.monotonic() + 20
        found = [_once_there(f"{running.url}/api/traces/{one['traceID']}", until)["data"] for one in sent]
        own = traces_from(itertools.chain.from_iterable(found))
        in_otlp = traces_from_otlp(_once_there(f"{running.url}/api/v3/traces/{one['traceID']}", until)["result"] for one in sent)
        _assert_same(in_otlp, own)


@pytest.mark.parametrize(("path", "key"), [("api/v2/traces", "trace"), ("api/traces", None)])
def test_what_tempo_writes(
    side: str, situation: Incident, path: str, key: str | None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sent = situation.traces()[:_SOME]
    if side == "lab":
        with served(tempo_app(situation.lab.world)) as simulated:
            _assert_same(_of_tempo(simulated, path, key, sent), traces_from(sent))
        return
    with real_part(request, "Tempo", tempo(tmp_path_factory.mktemp("tempo"))) as running:
        running.send([span for trace in sent for span in otlp(trace)])
        _assert_same(_of_tempo(running.url, path, key, sent), traces_from(sent))


def _of_tempo(url: str, path: str, key: str | None, sent: list[dict[str, Any]]) -> list[Trace]:
    until = time.monotonic() + 20
    found = [_once_there(f"{url}/{path}/{one['traceID']}", until) for one in sent]
    return traces_from_otlp(one[key] if key else one for one in found)


def _once_there(url: str, until: float) -> Any:
    """The JSON there, once there is some."""
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
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
