# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients import loki as loki_client
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.clients.loki import LokiClient
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence import gone_logs
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.logs import logs
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service, WorkloadKind
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    Answer,
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


def holding(*streams: dict[str, object], labels: tuple[str, ...] = ("namespace", "app", "pod", "container")) -> Answer:
    """A Loki with these labels that selects these streams, whatever it is asked."""

    def answered(request: Request) -> Reply:
        if request.path.endswith("/labels"):
            return Reply(200, {"status": "success", "data": list(labels)})
        return found_in_loki(*streams)

    return answered


def asked(loki: HttpServer) -> list[Request]:
    return [request for request in loki.requests if request.path.endswith("/query_range")]


@pytest.fixture
def loki() -> Iterator[HttpServer]:
    gone = f"payment-api-{hash_of('v2.3.0')}-zzzzz"
    with http_server(holding(stream(gone, (AT + 2, "ERROR b"), (AT + 1, "ERROR a\n  more")))) as server:
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
    (request,) = asked(loki)
    selector = request.query["query"]
    assert selector.startswith('{namespace="production", pod=~"payment\\\\-api\\\\-.+", pod!~"payment')
    assert (int(request.query["end"]) - int(request.query["start"])) == (900 + 300) * 10**9


def test_living_pods_and_those_of_others_are_left_out(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    names = [pod["metadata"]["name"] for pod in recorded("kubernetes/pods_crash_looping")["items"]]
    living = next(name for name in names if name.startswith("payment-api-"))
    loki.answer = holding(stream(living, (AT, "x")), stream("worker-1", (AT, "y")), stream("payment-api-0", (AT, "z")))
    found = logs(client, service, NOW, loki=LokiClient(loki.url))
    assert [(log.pod, log.version) for log in found.logs[7:]] == [("payment-api-0", None)]


def test_where_the_pod_is_metadata_of_the_lines_the_service_is_asked_for(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    gone = {
        "k8s_namespace_name": "production",
        "service_name": "payment-api",
        "k8s_pod_name": f"payment-api-{hash_of('v2.3.0')}-zzzzz",
        "k8s_container_name": "app",
        "severity_text": "ERROR",
        "exception_stacktrace": "ValueError: bad\n  at pay (/srv/pay.js:3:4)",
    }
    nameless = {"k8s_namespace_name": "production", "service_name": "payment-api"}
    loki.answer = holding(
        {"stream": gone, "values": [[str(AT), "charge failed"]]},
        {"stream": nameless, "values": [[str(AT), "x"], [str(AT), "y"]]},
        labels=("k8s_namespace_name", "service_name"),
    )
    found = logs(client, service, NOW, loki=LokiClient(loki.url))
    last = found.logs[-1]
    assert (last.container, last.version) == ("app", "v2.3.0")
    assert [line.partition("Z ")[2] for line in last.text.decode().split("\n")] == [
        "ERROR charge failed", "ValueError: bad", "  at pay (/srv/pay.js:3:4)",
    ]  # fmt: skip
    assert found.notes == ("2 lines in Loki name no pod, so it is not known whether it is gone; they were left out",)
    (request,) = asked(loki)
    query = request.query["query"]
    assert query.startswith('{k8s_namespace_name="production", service_name="payment-api"} | pod!~"payment')
    assert ' | k8s_pod_name!~"payment' in query


def test_what_came_on_two_ways_counts_once(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    pod = f"payment-api-{hash_of('v2.3.0')}-zzzzz"
    other = {"k8s_namespace_name": "production", "k8s_pod_name": pod, "k8s_container_name": "payment-api"}
    loki.answer = holding(
        stream(pod, (AT + 1, "b"), (AT, "a")),
        {"stream": other, "values": [[str(AT + 1), "b"], [str(AT), "a"]]},
        labels=("namespace", "pod", "k8s_namespace_name", "k8s_pod_name"),
    )
    found = logs(client, service, NOW, loki=LokiClient(loki.url))
    assert found.logs[-1].text.count(b"\n") == 1
    assert len(asked(loki)) == 2


def test_lines_of_one_moment_keep_their_order_and_parts_are_joined(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    pod = f"payment-api-{hash_of('v2.3.0')}-zzzzz"
    at = "2026-11-23T22:51:00.1Z"
    loki.answer = holding(stream(pod, (AT, f"{at} stderr F rest"), (AT, f"{at} stderr P begin, "), (AT, "Traceback"), (AT - 1, "first")))
    lines = logs(client, service, NOW, loki=LokiClient(loki.url)).logs[-1].text.decode().split("\n")
    assert [line.partition("Z ")[2] for line in lines] == ["first", "Traceback", "begin, rest"]


def test_a_name_that_a_stateful_set_gives_again_is_gone_until_then(loki: HttpServer) -> None:
    loki.answer = holding(stream("ledger-0", (AT + 5 * 10**9, "new"), (AT - 5 * 10**9, "old")), stream("ledger-1", (AT, "there all along")))
    service = Service("ledger", workload_kind=WorkloadKind.STATEFUL_SET)
    living = {"ledger-0": NOW - timedelta(minutes=5), "ledger-1": NOW - timedelta(days=1)}
    found, notes = gone_logs.gone_logs(LokiClient(loki.url), service, living, {}, NOW, 900, Deadline(PATIENT))
    assert [(log.pod, log.text.decode().partition("Z ")[2]) for log in found] == [("ledger-0", "old")]
    assert notes == []
    assert 'pod!~"ledger\\\\-1"' in asked(loki)[0].query["query"]


def test_a_loki_whose_labels_say_nothing_of_pods(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    loki.answer = holding(labels=("filename", "job_id"))
    found = logs(client, service, NOW, loki=LokiClient(loki.url))
    assert "no label of Loki names a pod" in found.notes[0]
    assert "filename, job_id" in found.notes[0]
    assert asked(loki) == []


def test_a_cut_answer_is_said(client: ClusterClient, service: Service, loki: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone_logs, "MAX_LINES", 2)
    monkeypatch.setattr(loki_client, "MAX_LINES", 2)
    assert logs(client, service, NOW, loki=LokiClient(loki.url)).notes == ("logs of pods that are gone: only the last 2 lines were read",)


def test_lines_of_another_time_are_left_out(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    loki.answer = holding(stream("payment-api-0", (10**40, "a"), (AT, "b"), (0, "c"), (-1, "d")))
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
    client.timeout = 2.0 if fault == "hang" else PATIENT
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
    loki.answer = holding()
    with pytest.raises(SourceUnavailableError, match="no pods of Deployment payment-api"):
        logs(client, service, NOW, loki=LokiClient(loki.url))


def test_where_labels_are_not_told_the_usual_ones_are_taken(client: ClusterClient, service: Service, loki: HttpServer) -> None:
    loki.faults["/loki/api/v1/labels"] = "403"
    assert len(logs(client, service, NOW, loki=LokiClient(loki.url)).logs) == 8
    assert asked(loki)[0].query["query"].startswith('{namespace="production", pod=~')
