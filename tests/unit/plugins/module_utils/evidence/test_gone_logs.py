# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.clients.loki import LokiClient
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence import gone_logs
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.logs import logs
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.servers import (
    HttpServer,
    Reply,
    Request,
    closed_port,
    http_server,
    kubernetes_answers,
    recorded,
)

NOW = datetime(2026, 11, 23, 22, 56, tzinfo=UTC)
PODS = "/api/v1/namespaces/production/pods"
AT = int((NOW - timedelta(minutes=5)).timestamp()) * 10**9


def hash_of(version: str) -> str:
    """The template hash of the recorded pods of a version."""
    pods = recorded("kubernetes/pods_crash_looping")["items"]
    return next(
        pod["metadata"]["labels"]["pod-template-hash"] for pod in pods if pod["spec"]["containers"][0]["image"].endswith(f":{version}")
    )


def stream(pod: str, *values: tuple[int, str], container: str = "payment-api") -> dict[str, object]:
    labels = {"namespace": "production", "app": "payment-api", "pod": pod, "container": container}
    return {"stream": labels, "values": [[str(at), line] for at, line in values]}


def found_in_loki(*streams: dict[str, object]) -> Reply:
    return Reply(200, {"status": "success", "data": {"resultType": "streams", "result": list(streams), "stats": {}}})


@pytest.fixture
def loki() -> Iterator[HttpServer]:
    gone = f"payment-api-{hash_of('v2.3.0')}-zzzzz"
    with http_server(lambda _: found_in_loki(stream(gone, (AT + 2, "ERROR b"), (AT + 1, "ERROR a\n  more")))) as server:
        yield server


def test_pods_that_are_gone_are_read_with_their_version(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    found = logs(client, service, NOW, 900, loki=LokiClient(loki.url))
    assert len(found.logs) == 8
    assert found.notes == ()
    last = found.logs[-1]
    assert (last.pod.rsplit("-", 1)[1], last.container, last.version, last.previous) == ("zzzzz", "payment-api", "v2.3.0", False)
    assert last.text.decode().split("\n") == [
        "2026-11-23T22:51:00.000000001Z ERROR a",
        "2026-11-23T22:51:00.000000001Z   more",
        "2026-11-23T22:51:00.000000002Z ERROR b",
    ]


def test_loki_is_asked_for_the_services_pods_but_those_that_are_there(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    logs(client, service, NOW, 900, loki=LokiClient(loki.url))
    (request,) = loki.requests
    selector = request.query["query"]
    assert selector.startswith('{namespace="production", app="payment-api", pod!~"payment')
    assert selector.count("|") == 6
    assert (int(request.query["end"]) - int(request.query["start"])) == (900 + 300) * 10**9


def test_living_pods_and_those_of_others_are_left_out(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    names = [pod["metadata"]["name"] for pod in recorded("kubernetes/pods_crash_looping")["items"]]
    living = next(name for name in names if name.startswith("payment-api-"))
    loki.answer = lambda _: found_in_loki(stream(living, (AT, "x")), stream("worker-1", (AT, "y")), stream("payment-api-0", (AT, "z")))
    found = logs(client, service, NOW, loki=LokiClient(loki.url))
    assert [(log.pod, log.version) for log in found.logs[7:]] == [("payment-api-0", None)]


def test_where_nothing_has_the_label_the_pods_names_are_asked_for(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    answer = loki.answer
    loki.answer = lambda request: found_in_loki() if "app=" in request.query["query"] else answer(request)
    assert len(logs(client, service, NOW, loki=LokiClient(loki.url)).logs) == 8
    assert loki.requests[1].query["query"].startswith('{namespace="production", pod=~"payment\\\\-api-.+"')


@pytest.mark.parametrize(
    ("selector", "app"),
    [
        ("app.kubernetes.io/name=pay,tier=x", "pay"),
        ("tier=x, app==pay", "pay"),
        ("tier=x", "payment-api"),
        ('app=a"b', 'a\\"b'),
    ],
)
def test_the_label_is_that_of_the_selector(selector: str, app: str) -> None:
    assert next(gone_logs._queries(Service("payment-api", selector=selector), ())) == f'{{namespace="production", app="{app}"}}'


def test_many_living_pods_are_not_named_in_the_query() -> None:
    many = [f"payment-api-{number}" for number in range(500)]
    assert len(next(gone_logs._queries(Service("payment-api"), many))) < 100


def test_a_cut_answer_is_said(client: ClusterClient, service: Service, loki: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone_logs, "MAX_LINES", 2)
    assert logs(client, service, NOW, loki=LokiClient(loki.url)).notes == (
        "only the last 2 lines of pods that are gone were read from Loki",
    )


def test_lines_of_another_time_are_left_out(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    loki.answer = lambda _: found_in_loki(stream("payment-api-0", (10**40, "a"), (AT, "b"), (0, "c"), (-1, "d")))
    assert logs(client, service, NOW, loki=LokiClient(loki.url)).logs[-1].text == b"2026-11-23T22:51:00.000000000Z b"


def test_the_bytes_are_bounded_and_the_newest_lines_are_kept(
    client: ClusterClient, service: Service, loki: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gone_logs, "MAX_BYTES", 70)
    found = logs(client, service, NOW, loki=LokiClient(loki.url))
    assert found.logs[-1].text == b"2026-11-23T22:51:00.000000002Z ERROR b"
    assert found.notes == ("only the last lines of pods that are gone were used: 0 MiB in all",)


@pytest.mark.parametrize("fault", ["500", "429", "403", "html", "truncated", "nonsense", "hang"])
def test_loki_in_trouble_is_a_note(client: ClusterClient, service: Service, loki: HttpServer, fault: str) -> None:
    client.timeout = 0.4 if fault == "hang" else 2.0
    loki.faults["/"] = fault
    found = logs(client, service, NOW, loki=LokiClient(loki.url))
    assert len(found.logs) == 7
    (note,) = found.notes
    assert "Loki" in note


def test_loki_that_is_not_there_is_a_note(client: ClusterClient, service: Service) -> None:
    found = logs(client, service, NOW, loki=LokiClient(f"http://127.0.0.1:{closed_port()}"))
    assert len(found.logs) == 7
    assert "connection refused" in found.notes[0]


def test_loki_helps_where_the_cluster_has_no_logs(
    api_server: HttpServer, client: ClusterClient, service: Service, loki: HttpServer
) -> None:
    def no_pods(request: Request) -> Reply:
        return Reply(200, {"items": []}) if request.path == PODS else kubernetes_answers(request)

    api_server.answer = no_pods
    found = logs(client, service, NOW, loki=LokiClient(loki.url))
    assert len(found.logs) == 1
    assert found.notes == ("There are no pods of Deployment payment-api, so there are no logs.",)
    loki.answer = lambda _: found_in_loki()
    with pytest.raises(SourceUnavailableError, match="no pods of Deployment payment-api"):
        logs(client, service, NOW, loki=LokiClient(loki.url))
