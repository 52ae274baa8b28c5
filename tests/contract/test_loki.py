# SPDX-License-Identifier: GPL-3.0-or-later
"""Loki: what it gives to a log query, what it refuses, and the logs of pods that are gone."""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
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
from tests.contract.serving import served
from tests.real.parts.loki import loki
from tests.real.servers import real_part

MOST = 40
"""Lines in one answer, so that few lines take several."""
SECOND = 10**9
_tenants = (f"tenant-{number}" for number in itertools.count())


@dataclass(frozen=True, slots=True)
class Loki:
    """One tenant of a server. ``now`` is nanoseconds."""

    url: str
    tenant: str
    now: int

    def push(self, labels: dict[str, str], *lines: tuple[int, str]) -> None:
        """Lines by nanoseconds from ``now``, oldest first."""
        body = {"streams": [{"stream": labels, "values": [[str(self.now + at), text] for at, text in lines]}]}
        request = urllib.request.Request(
            f"{self.url}/loki/api/v1/push", json.dumps(body).encode(), {"Content-Type": "application/json", "X-Scope-OrgID": self.tenant}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 204

    def ask(self, path: str, tenant: str | None = None, **query: str | int) -> tuple[int, str]:
        headers = {"X-Scope-OrgID": tenant or self.tenant} if tenant != "" else {}
        request = urllib.request.Request(f"{self.url}/loki/api/v1/{path}?{urllib.parse.urlencode(query)}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def select(self, query: str, start: int = -60 * SECOND, end: int = SECOND, limit: int = MOST, **more: str) -> list[tuple[int, str]]:
        """(nanoseconds from ``now``, line) in the order of the answer."""
        status, body = self.ask("query_range", query=query, start=self.now + start, end=self.now + end, limit=limit, **more)
        assert status == 200, body
        data = json.loads(body)["data"]
        assert data["resultType"] == "streams"
        return [(int(at) - self.now, line) for stream in data["result"] for at, line in stream["values"]]

    def client(self) -> LokiClient:
        return LokiClient(self.url, self.tenant)


@pytest.fixture(scope="module")
def url(side: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if side == "lab":
        with served(loki_app(LogStore(), time.time, tenants=True, most=MOST)) as simulated:
            yield simulated
        return
    with real_part(request, "Loki", loki(tmp_path_factory.mktemp("loki"), MOST)) as running:
        yield running


@pytest.fixture
def server(url: str) -> Loki:
    """With a tenant of its own."""
    return Loki(url, next(_tenants), int(time.time()) * SECOND)


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


def test_a_tenant_is_wanted_and_sees_its_own_only(server: Loki) -> None:
    server.push(PROMTAIL, (0, "a"))
    assert server.ask("labels", tenant="") == (401, "no org id\n")
    status, body = server.ask("query_range", tenant="somebody-else", query='{app="payment-api"}', limit=MOST)
    assert (status, json.loads(body)["data"]["result"]) == (200, [])
    with pytest.raises(SourceUnavailableError, match="Set loki_tenant"):
        LokiClient(server.url).lines("{}", 0, 1)


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
    assert server.ask("nothing") == (404, "404 page not found\n")


def test_what_needs_several_answers_comes_whole_and_once(server: Loki) -> None:
    """Some of the lines are of one moment, on both sides of an answer's edge."""
    sent = [(-(number // 3), f"line {number}") for number in range(3 * MOST, 0, -1)]
    server.push(PROMTAIL, *sent)
    found = server.client().lines('{app="payment-api"}', server.now / SECOND - 60, server.now / SECOND + 60, most=1000)
    assert found.cut is None
    assert sorted(line for stream in found.streams for _at, line in stream.lines) == sorted(line for _at, line in sent)
    assert [stream.labels for stream in found.streams] == [PROMTAIL]


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
