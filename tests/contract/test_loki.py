# SPDX-License-Identifier: GPL-3.0-or-later
"""Loki: what it gives to a log query, what it refuses, and the logs of pods that are gone.

The newest real one that can be had for this is 1.6. A Loki 3 is used beside it where there is one on PATH, for its licence.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.loki.api import loki_app
from lab.loki.store import LogStore
from plugins.module_utils.clients.loki import LokiClient
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.errors import SourceUnavailableError
from plugins.module_utils.evidence.gone_logs import gone_logs
from plugins.module_utils.model.service import Service, WorkloadKind
from tests.contract.loki_tenant import MOST, SECOND, Loki, tenant_of
from tests.contract.serving import served
from tests.real.parts.loki import loki
from tests.real.parts.loki_current import loki_current
from tests.real.servers import real_part

CURRENT = "3"


@pytest.fixture(scope="module", params=["1.6", CURRENT])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def url(side: str, version: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("loki")
    if side == "lab":
        with served(loki_app(LogStore(current=version == CURRENT), time.time, tenants=True, most=MOST)) as simulated:
            yield simulated
        return
    title, part = ("Loki 3", loki_current(directory, MOST)) if version == CURRENT else ("Loki", loki(directory, MOST))
    with real_part(request, title, part) as running:
        yield running


@pytest.fixture
def server(url: str) -> Loki:
    """With a tenant of its own."""
    return tenant_of(url)


old = pytest.mark.parametrize("version", ["1.6"], indirect=True)
"""Where another version has other words, or another way."""
current = pytest.mark.parametrize("version", [CURRENT], indirect=True)
PROMTAIL = {"namespace": "production", "app": "payment-api", "pod": "payment-api-7d9f8b6c5-x2kfq", "container": "payment-api"}


def test_the_newest_lines_come_first_and_the_end_is_not_included(server: Loki) -> None:
    server.push(PROMTAIL, (-3, "a"), (-2, "b"), (-1, "c"), (0, "d"))
    assert server.select('{app="payment-api"}', -2, 0) == [(-1, "c"), (-2, "b")]
    assert server.select('{app="payment-api"}', -3, 1, limit=2) == [(0, "d"), (-1, "c")]
    assert server.select('{app="payment-api"}', -3, 1, limit=2, direction="forward") == [(-3, "a"), (-2, "b")]


def test_the_limit_is_one_of_all_streams_together(server: Loki) -> None:
    for pod in ("a", "b"):
        server.push({"app": "x", "pod": pod}, *((-number, pod) for number in range(30, 0, -1)))
    found = server.select('{app="x"}')
    assert len(found) == MOST
    assert min(at for at, _line in found) == -MOST // 2


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ('{app="x"}', {"one", "two", "none"}),
        ('{app="x", pod="x-1"}', {"one"}),
        ('{app="x", pod!="x-1"}', {"two", "none"}),
        ('{app="x", pod=~"x-."}', {"one", "two"}),
        ('{app="x", pod=~"x"}', set()),
        ('{app="x", pod!~"x-(?:1|3)"}', {"two", "none"}),
        ('{app="x", pod=""}', {"none"}),
        ('{app="x", pod=~"x\\\\-1"}', {"one"}),
        ("{app=`x`}", {"one", "two", "none"}),
        ('{app="nobody"}', set()),
        ('{nothing="x"}', set()),
        ('{app="x"} |= "o" != "on"', {"two"}),
        ('{app="x"} |~ "^t"', {"two"}),
        ('{app="x"} !~ "o.e"', {"two"}),
    ],
)
def test_what_a_query_selects(server: Loki, query: str, lines: set[str]) -> None:
    server.push({"app": "x", "pod": "x-1"}, (0, "one"))
    server.push({"app": "x", "pod": "x-2"}, (0, "two"))
    server.push({"app": "x"}, (0, "none"))
    server.push({"app": "y", "pod": "x-1"}, (0, "other"))
    assert {line for _at, line in server.select(query)} == lines


@old
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"query": '{app="x"'}, "parse error at line 1, col 9: syntax error: unexpected $end, expecting } or ,"),
        ({"query": "{app=x}"}, "parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting STRING"),
        ({"query": "{}"}, "parse error at line 1, col 2: syntax error: unexpected }, expecting IDENTIFIER"),
        ({"query": 'app="x"'}, "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER"),
        ({"query": '{app="x"} |='}, "parse error at line 1, col 13: syntax error: unexpected $end, expecting STRING"),
        ({"query": '{app="x"} foo'}, "parse error at line 1, col 11: syntax error: unexpected IDENTIFIER"),
        ({"query": '{app=~"("}'}, "parse error : error parsing regexp: missing"),
        ({}, "parse error : syntax error: unexpected $end"),
        ({"query": '{app="x"}', "direction": "up"}, "invalid direction 'up'"),
        ({"query": '{app="x"}', "limit": "0"}, "limit must be a positive value"),
        ({"query": '{app="x"}', "start": "yesterday"}, 'strconv.ParseInt: parsing "yesterday": invalid syntax'),
        ({"query": '{app="x"}', "start": "20", "end": "10"}, "end timestamp must not be before or equal to start time"),
        ({"query": "{", "limit": str(MOST + 1)}, "max entries limit per query exceeded, limit > max_entries_limit"),
    ],
)
def test_what_is_refused_and_with_which_words(server: Loki, query: dict[str, str], words: str) -> None:
    status, body = server.ask("query_range", **{"limit": str(MOST), **query})
    assert (status, body[: len(words)]) == (400, words)


@current
@pytest.mark.parametrize(
    "query",
    [
        {"query": '{app="x"'},
        {"query": "{app=x}"},
        {"query": "{}"},
        {"query": '{app="x"} foo'},
        {"query": '{app=~"("}'},
        {"query": '{app="x"} | app='},
        {},
        {"query": '{app="x"}', "limit": "0"},
        {"query": '{app="x"}', "start": "20", "end": "10"},
        {"query": '{app="x"}', "limit": str(MOST + 1)},
    ],
)
def test_what_is_refused_in_whatever_words(server: Loki, query: dict[str, str]) -> None:
    assert server.ask("query_range", **{"limit": str(MOST), **query})[0] == 400


def test_a_tenant_is_wanted_and_sees_its_own_only(server: Loki) -> None:
    server.push(PROMTAIL, (0, "a"))
    status, body = server.ask("labels", tenant="")
    assert (status, body.strip()) == (401, "no org id")
    status, body = server.ask("query_range", tenant="somebody-else", query='{app="payment-api"}', limit=MOST)
    assert (status, json.loads(body)["data"]["result"]) == (200, [])
    with pytest.raises(SourceUnavailableError, match="Set loki_tenant"):
        LokiClient(server.url).lines("{}", 0, 1)


@old
def test_labels_values_and_series(server: Loki) -> None:
    server.push(PROMTAIL, (0, "a"))
    server.push({"app": "other"}, (0, "b"))
    begin, end = server.now / SECOND - 60, server.now / SECOND + 60
    assert server.client().label_names(begin, end) - {"__name__"} == set(PROMTAIL)
    assert json.loads(server.ask("label/app/values")[1]) == {"status": "success", "data": ["other", "payment-api"]}
    assert json.loads(server.ask("label/nothing/values")[1]) == {"status": "success"}
    assert json.loads(server.ask("series", **{"match[]": '{pod=~".+"}'})[1])["data"] == [PROMTAIL]


def test_a_tenant_without_logs(server: Loki) -> None:
    assert server.client().label_names(0, time.time()) - {"__name__"} == set()
    assert server.client().lines('{app="x"}', time.time() - 60, time.time()).streams == ()


def test_a_path_that_is_not_there(server: Loki) -> None:
    assert server.ask("nothing")[0] == 404


def test_what_needs_several_answers_comes_whole_and_once(server: Loki) -> None:
    """Some of the lines are of one moment, on both sides of an answer's edge."""
    sent = [(-(number // 3), f"line {number}") for number in range(3 * MOST, 0, -1)]
    server.push(PROMTAIL, *sent)
    found = server.client().lines('{app="payment-api"}', server.now / SECOND - 60, server.now / SECOND + 60, most=1000)
    assert found.cut is None
    assert sorted(line for stream in found.streams for _at, line in stream.lines) == sorted(line for _at, line in sent)
    assert [{name: stream.labels[name] for name in PROMTAIL} for stream in found.streams] == [PROMTAIL]


def look(server: Loki, service: Service, living: dict[str, Any]) -> tuple[dict[str, tuple[str | None, list[str]]], list[str]]:
    """Version and lines by pod, and notes."""
    now = datetime.fromtimestamp(server.now / SECOND, UTC)
    found, notes = gone_logs(server.client(), service, living, {"7d9f8b6c5": "v2.3.0"}, now, 900, Deadline(20.0))
    lines = {log.pod: (log.version, [line.partition(" ")[2] for line in log.text.decode().split("\n")]) for log in found}
    return lines, notes


def test_the_logs_of_pods_that_are_gone(server: Loki) -> None:
    server.push(PROMTAIL, *((-number * SECOND, f"ERROR gone {number}") for number in range(2 * MOST, 0, -1)))
    server.push({**PROMTAIL, "pod": "payment-api-5c6d7f8b9-abcde"}, *((-number, f"ERROR living {number}") for number in range(90, 0, -1)))
    server.push({**PROMTAIL, "pod": "payment-api-worker-7d9f8b6c5-x2kfq", "app": "payment-api-worker"}, (-1, "ERROR of another"))
    server.push({**PROMTAIL, "namespace": "staging"}, (-1, "ERROR of another namespace"))
    found, notes = look(server, Service("payment-api"), {"payment-api-5c6d7f8b9-abcde": None})
    assert found == {PROMTAIL["pod"]: ("v2.3.0", [f"ERROR gone {number}" for number in range(2 * MOST, 0, -1)])}
    assert notes == []


def test_where_the_pod_is_a_label_of_opentelemetry(server: Loki) -> None:
    labels = {"k8s_namespace_name": "production", "service_name": "payment-api", "k8s_pod_name": "payment-api-7d9f8b6c5-x2kfq"}
    server.push(labels, (-2, "a"), (-1, "b"))
    found, notes = look(server, Service("payment-api"), {})
    assert (found, notes) == ({"payment-api-7d9f8b6c5-x2kfq": ("v2.3.0", ["a", "b"])}, [])


def test_a_name_that_a_stateful_set_gives_again(server: Loki) -> None:
    server.push(
        {"namespace": "production", "pod": "ledger-0"}, (-300 * SECOND, "FATAL of the one before"), (-10 * SECOND, "INFO of this one")
    )
    since = datetime.fromtimestamp(server.now / SECOND, UTC) - timedelta(seconds=60)
    found, notes = look(server, Service("ledger", workload_kind=WorkloadKind.STATEFUL_SET), {"ledger-0": since})
    assert (found, notes) == ({"ledger-0": (None, ["FATAL of the one before"])}, [])


OF_OPENTELEMETRY = {"k8s_namespace_name": "production", "service_name": "payment-api"}
GONE, LIVING = "payment-api-7d9f8b6c5-x2kfq", "payment-api-7d9f8b6c5-bbbbb"


@pytest.fixture
def metadata(server: Loki) -> Loki:
    """Where the pod is only named in the metadata of lines."""
    server.push(
        OF_OPENTELEMETRY,
        (-3 * SECOND, "here", {"k8s_pod_name": LIVING}),
        (-2 * SECOND, "gone", {"k8s_pod_name": GONE, "severity_text": "E", "severity_number": "17"}),
        (-1 * SECOND, "gone as well", {"k8s_pod_name": GONE}),
    )
    return server


@current
def test_metadata_is_among_the_labels_of_the_answer_and_no_label_of_streams(metadata: Loki) -> None:
    begin, end = metadata.now / SECOND - 60, metadata.now / SECOND + 60
    found = metadata.client().lines('{service_name="payment-api"}', begin, end)
    assert {(stream.labels["k8s_pod_name"], stream.labels.get("severity_number")) for stream in found.streams} == {
        (LIVING, None), (GONE, "17"), (GONE, None),
    }  # fmt: skip
    assert metadata.client().label_names(begin, end) == set(OF_OPENTELEMETRY)


@current
@pytest.mark.parametrize(
    ("query", "lines"),
    [
        (f'{{service_name="payment-api"}} | k8s_pod_name="{LIVING}"', {"here"}),
        (f'{{service_name="payment-api"}} | k8s_pod_name!~"{LIVING}" | severity_text=""', {"gone as well"}),
        (f'{{service_name="payment-api"}} |= "gone" | k8s_pod_name=~"{GONE}" != "well"', {"gone"}),
        ('{service_name="payment-api"} | nothing!~"x"', {"here", "gone", "gone as well"}),
        ('{k8s_pod_name=~".+"}', set()),
    ],
)
def test_filters_on_metadata(metadata: Loki, query: str, lines: set[str]) -> None:
    assert {line for _at, line in metadata.select(query)} == lines


@current
def test_the_logs_of_a_pod_that_is_only_named_in_metadata(metadata: Loki) -> None:
    found, notes = look(metadata, Service("payment-api"), {LIVING: None})
    assert (found, notes) == ({GONE: ("v2.3.0", ["ERROR gone", "gone as well"])}, [])


@current
@pytest.mark.parametrize(
    ("labels", "service"),
    [
        (PROMTAIL, "payment-api"),
        ({"container": "a", "job": "b"}, "a"),
        ({"filename": "a"}, "unknown_service"),
        ({"service_name": "a"}, "a"),
    ],
)
def test_a_service_is_named_where_none_is(server: Loki, labels: dict[str, str], service: str) -> None:
    server.push(labels, (0, "a"))
    begin, end = server.now / SECOND - 60, server.now / SECOND + 60
    assert server.client().label_names(begin, end) == {*labels, "service_name"}
    assert [line for _at, line in server.select(f'{{service_name="{service}"}}')] == ["a"]


@current
def test_a_level_is_added_to_the_metadata_of_each_line(server: Loki) -> None:
    """So that one stream comes as several."""
    server.push(PROMTAIL, (-3, "a", {"level": "error"}), (-2, "level=warn b"), (-1, "c", {"severity": "info"}))
    found = server.client().lines('{app="payment-api"}', server.now / SECOND - 60, server.now / SECOND + 60)
    assert {stream.labels["detected_level"]: [line for _at, line in stream.lines] for stream in found.streams} == {
        "error": ["a"], "warn": ["level=warn b"], "info": ["c"],
    }  # fmt: skip


def test_lines_of_one_pod_stay_in_their_order_whatever_their_level(server: Loki) -> None:
    said = ["INFO starting", "level=warn slow", "nothing of note", "ERROR at last"]
    server.push(PROMTAIL, *((number - 10, text) for number, text in enumerate(said)))
    found, notes = look(server, Service("payment-api"), {})
    assert (found, notes) == ({PROMTAIL["pod"]: ("v2.3.0", said)}, [])
