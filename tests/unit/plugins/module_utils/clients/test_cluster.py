# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients import cluster
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterAccess, ClusterClient, workload_path
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    closed_port,
    http_server,
    recorded,
    tcp_server,
)

PODS = "/api/v1/namespaces/production/pods"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server(lambda request: Reply(200, {"path": request.path, "query": request.query})) as running:
        yield running


def connect(server: HttpServer, timeout: float = PATIENT) -> ClusterClient:
    return ClusterClient.connect(ClusterAccess(host=server.url, api_key="secret-token", timeout=timeout))


def test_a_token_and_the_query_are_sent(server: HttpServer) -> None:
    answer = connect(server).get(PODS, {"labelSelector": "app=payment-api,tier in (1)", "limit": 5, "watch": False})
    assert answer["query"] == {"labelSelector": "app=payment-api,tier in (1)", "limit": "5", "watch": "false"}
    assert server.requests[0].headers["authorization"] == "Bearer secret-token"


def test_a_kubeconfig_is_read_with_its_context(server: HttpServer, tmp_path: Path) -> None:
    path = tmp_path / "kube config"
    path.write_text(
        json.dumps(
            {
                "current-context": "nowhere",
                "clusters": [{"name": "lab", "cluster": {"server": server.url}}],
                "users": [{"name": "alice", "user": {"token": "from-kubeconfig"}}],
                "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "alice"}}],
            }
        )
    )
    ClusterClient.connect(ClusterAccess(kubeconfig=str(path), context="lab")).get(PODS)
    assert server.requests[0].headers["authorization"] == "Bearer from-kubeconfig"
    with pytest.raises(cluster.ClusterUnreachable, match=r"Check 'context'"):
        ClusterClient.connect(ClusterAccess(kubeconfig=str(path), context="other"))
    with pytest.raises(cluster.ClusterUnreachable, match=r"Check 'kubeconfig'"):
        ClusterClient.connect(ClusterAccess(kubeconfig=str(path)))


@pytest.mark.parametrize("content", ["", "[1, 2]", "just text", "{: :", "\x00\x01"])
def test_what_is_no_kubeconfig_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(cluster.ClusterUnreachable, match=r"config.*Check 'kubeconfig'"):
        ClusterClient.connect(ClusterAccess(kubeconfig=str(path)))


def test_a_missing_kubeconfig_names_the_options(tmp_path: Path) -> None:
    with pytest.raises(cluster.ClusterUnreachable, match=r"no kubeconfig at .*Set 'kubeconfig'"):
        ClusterClient.connect(ClusterAccess(kubeconfig=str(tmp_path / "none")))


@pytest.mark.parametrize(
    ("name", "status", "error", "words"),
    [
        ("status_401", 401, cluster.Unauthorized, "refuses the credentials"),
        ("status_403_list_pods", 403, cluster.Forbidden, 'cannot list resource "pods"'),
        ("status_404", 404, cluster.ObjectNotFound, "not found"),
        ("status_409_conflict", 409, cluster.Conflict, "the object has been modified"),
        ("status_422_immutable", 422, cluster.Invalid, "immutable"),
    ],
)
def test_each_refusal_of_a_real_server_has_its_type_and_keeps_its_words(
    server: HttpServer, name: str, status: int, error: type[cluster.ClusterError], words: str
) -> None:
    server.answer = lambda _: Reply(status, recorded(f"kubernetes/{name}"))
    with pytest.raises(error, match=words) as raised:
        connect(server).get(PODS)
    assert raised.value.status == status


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("hang", cluster.ClusterUnreachable, "did not answer within 0.2 s"),
        ("500", cluster.ServerError, r"failed with an internal error \(500\): upstream is not well"),
        ("429", cluster.TooManyRequests, "asks to slow down"),
        ("html", cluster.ServerError, "a web page instead of JSON"),
        ("truncated", cluster.ClusterUnreachable, "closed before the answer was complete"),
        ("nonsense", cluster.ServerError, "answered with a list instead of an object"),
    ],
)
def test_each_fault_says_what_happened(server: HttpServer, fault: str, error: type[cluster.ClusterError], words: str) -> None:
    server.faults[PODS] = fault
    with pytest.raises(error, match=words):
        connect(server, timeout=0.2 if fault == "hang" else PATIENT).get(PODS)


def test_a_refused_connection_names_the_options() -> None:
    client = ClusterClient.connect(ClusterAccess(host=f"http://127.0.0.1:{closed_port()}"))
    with pytest.raises(cluster.ClusterUnreachable, match=r"connection refused.*'kubeconfig', 'context' or 'host'"):
        client.get(PODS)


def test_text_stops_at_the_limit(server: HttpServer) -> None:
    server.answer = lambda _: Reply(200, b"0123456789" * 1000, "text/plain")
    assert connect(server).content(f"{PODS}/p/log", {"container": "c"}, 15, Deadline(PATIENT)) == cluster.Content(b"012345678901234")


def half_an_answer(connection: socket.socket, stay: threading.Event) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst line\nsecond")
    stay.wait(PATIENT)


def test_half_a_text_is_given_with_the_reason_why_it_ends() -> None:
    stay = threading.Event()
    stay.set()
    with tcp_server(lambda connection: half_an_answer(connection, stay)) as address:
        client = ClusterClient.connect(ClusterAccess(host=f"http://{address}"))
        found = client.content(f"{PODS}/p/log", {}, 1000, Deadline(PATIENT))
    assert found == cluster.Content(b"first line\nsecond", "the connection was closed before the answer was complete")


def test_what_has_arrived_by_the_deadline_is_given() -> None:
    stay = threading.Event()
    with tcp_server(lambda connection: half_an_answer(connection, stay)) as address:
        client = ClusterClient.connect(ClusterAccess(host=f"http://{address}"))
        found = client.content(f"{PODS}/p/log", {}, 1000, Deadline(2.0))
        stay.set()
    assert found.body == b"first line\nsecond"
    assert found.problem is not None
    assert "did not answer" in found.problem


def test_a_text_that_is_refused_or_never_comes_is_an_error(server: HttpServer) -> None:
    server.faults[f"{PODS}/forbidden"] = "403"
    server.faults[f"{PODS}/slow"] = "hang"
    with pytest.raises(cluster.Forbidden):
        connect(server).content(f"{PODS}/forbidden/log", {}, 1000, Deadline(PATIENT))
    with pytest.raises(cluster.ClusterUnreachable, match="did not answer within"):
        connect(server).content(f"{PODS}/slow/log", {}, 1000, Deadline(0.3))


def test_a_patch_says_its_type_and_is_not_sent_twice(server: HttpServer) -> None:
    connect(server).patch(f"{PODS}/p", [{"op": "test", "path": "/a", "value": 1}], query={"dryRun": "All"})
    assert [request.method for request in server.requests] == ["PATCH"]
    assert server.requests[0].headers["content-type"] == "application/json-patch+json"
    assert json.loads(server.requests[0].body) == [{"op": "test", "path": "/a", "value": 1}]


@pytest.mark.parametrize(("method", "connections"), [("get", 2), ("delete", 1)])
def test_only_reading_is_tried_again_when_the_connection_is_dropped(method: str, connections: int) -> None:
    seen: list[bytes] = []

    def drop(connection: socket.socket) -> None:
        seen.append(connection.recv(4096))

    with tcp_server(drop) as address:
        client = ClusterClient.connect(ClusterAccess(host=f"http://{address}"))
        with pytest.raises(cluster.ClusterUnreachable):
            getattr(client, method)(f"{PODS}/p")
    assert len(seen) == connections


def test_a_watch_gives_events_and_ends_quietly(server: HttpServer) -> None:
    lines = b'{"type": "ADDED", "object": {"metadata": {"name": "a"}}}\n\n{"type": "MODIFIED", "object": {}}\n'
    server.answer = lambda _: Reply(200, lines)
    assert [event["type"] for event in connect(server).watch(PODS, {"resourceVersion": "1"}, timeout=PATIENT)] == ["ADDED", "MODIFIED"]
    assert server.requests[0].query["watch"] == "true"


def test_a_watch_that_is_too_old_is_an_error(server: HttpServer) -> None:
    server.answer = lambda _: Reply(200, b'{"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}\n')
    with pytest.raises(cluster.ClusterError, match="too old") as raised:
        list(connect(server).watch(PODS, {}, timeout=PATIENT))
    assert raised.value.status == 410


def test_who_only_wants_to_know_that_something_moved_is_not_sent_everything(server: HttpServer) -> None:
    server.answer = lambda _: Reply(200, b'{"type":"ADDED","object":"never read"}\n\n{"type":"MODIFIED","object":1}\n')
    assert list(connect(server).stirs(PODS, {}, timeout=PATIENT)) == [None, None]
    assert "as=PartialObjectMetadata;" in server.requests[0].headers["accept"]
    server.answer = lambda _: Reply(200, b'{"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}\n')
    with pytest.raises(cluster.ClusterError, match="too old"):
        list(connect(server).stirs(PODS, {}, timeout=PATIENT))


def test_paths_of_workloads() -> None:
    assert workload_path("StatefulSet", "production", "db") == "/apis/apps/v1/namespaces/production/statefulsets/db"


def test_messages_carry_no_token(server: HttpServer) -> None:
    server.faults["/"] = "500"
    with pytest.raises(cluster.ServerError) as raised:
        connect(server).get(PODS)
    assert "secret-token" not in str(raised.value)


def test_only_the_metadata_is_asked_for(server: HttpServer) -> None:
    connect(server).metadata("/api/v1/namespaces/production/secrets/keys")
    assert server.requests[0].headers["accept"] == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


def test_an_object_is_deleted_only_when_it_is_that_one(server: HttpServer) -> None:
    connect(server).delete(f"{PODS}/a", body={"preconditions": {"uid": "1"}})
    assert json.loads(server.requests[0].body) == {"preconditions": {"uid": "1"}}


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0", 0.0), (None, None), ("Wed, 21 Oct 2025 07:28:00 GMT", None), ("-1", None)]
)
def test_when_to_ask_again(header: str | None, seconds: float | None) -> None:
    assert cluster.error_for(429, b"", "GET /", "host", header).retry_after == seconds
