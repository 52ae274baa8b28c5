# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterClient, Forbidden
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence import logs as evidence_logs
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.logs import _Wanted, logs
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    kubernetes_answers,
    recorded,
)

NOW = datetime(2026, 11, 23, 22, 56, tzinfo=UTC)
PODS = "/api/v1/namespaces/production/pods"


def log_requests(api_server: HttpServer) -> list[Request]:
    return [request for request in api_server.requests if request.path.endswith("/log")]


def running_again(request: Request) -> Reply:
    """The recorded pods, those that crash caught while their container runs once more."""
    reply = kubernetes_answers(request)
    if request.path == PODS:
        for pod in reply.body["items"]:
            for status in pod["status"]["containerStatuses"]:
                status["state"] = {"running": {"startedAt": "2026-11-23T22:55:30Z"}}
    return reply


def test_every_container_is_read_and_the_one_before_a_restart_too(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    api_server.answer = running_again
    found = logs(client, service, NOW, window=900)
    assert sorted((log.version, log.previous) for log in found.logs) == sorted(
        [("v2.3.0", False)] * 4 + [("v2.3.1", False)] * 3 + [("v2.3.1", True)] * 3
    )
    assert all(log.text.count(b"\n") == 3 for log in found.logs)
    assert found.notes == ()
    query = log_requests(api_server)[0].query
    assert (query["sinceSeconds"], query["timestamps"], query["container"]) == ("900", "true", "payment-api")


def test_a_container_that_waits_for_its_next_start_is_read_once(client: ClusterClient, service: Service) -> None:
    """Both of its logs would be the same one, and every line would count twice."""
    found = logs(client, service, NOW)
    assert sorted((log.version, log.previous) for log in found.logs) == [("v2.3.0", False)] * 4 + [("v2.3.1", False)] * 3


def test_pods_in_trouble_are_read_first_and_the_rest_is_said(
    client: ClusterClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_logs, "MAX_LOGS", 2)
    found = logs(client, service, NOW)
    assert {log.version for log in found.logs} == {"v2.3.1"}
    assert found.notes == ("logs of 5 of 7 containers were not read",)


def test_a_log_that_is_cut_says_so(client: ClusterClient, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_logs, "MAX_LINES", 21)
    assert "only its last 3 lines were read" in logs(client, service, NOW).notes[0]


def test_the_bytes_of_all_logs_are_bounded_and_the_newest_lines_are_kept(
    api_server: HttpServer, client: ClusterClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server gives the first bytes of what is asked for: then fewer lines are asked for."""
    lines = [f"2026-11-23T22:{number // 60:02d}:{number % 60:02d}Z INFO {'x' * 70}" for number in range(1000)]

    def answer(request: Request) -> Reply:
        if not request.path.endswith("/log"):
            return kubernetes_answers(request)
        text = "".join(f"{line}\n" for line in lines[-int(request.query["tailLines"]) :])
        return Reply(200, text.encode()[: int(request.query["limitBytes"])], "text/plain")

    api_server.answer = answer
    monkeypatch.setattr(evidence_logs, "MAX_BYTES", 70_000)
    found = logs(client, service, NOW)
    assert sum(len(log.text) for log in found.logs) <= 70_000
    for log in found.logs:
        assert log.text.decode().endswith(f"{lines[-1]}\n")
        assert log.text.count(b"\n") == 92
    assert [request.query["limitBytes"] for request in log_requests(api_server)] == ["10000"] * 14
    assert found.notes[0].endswith(": only its last 92 lines were read")
    assert found.notes[3] == "4 more logs were cut in the same way"


def test_a_log_of_giant_lines_says_that_its_newest_are_missing(
    api_server: HttpServer, client: ClusterClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: Request) -> Reply:
        if not request.path.endswith("/log"):
            return kubernetes_answers(request)
        return Reply(200, (b"2026-11-23T22:55:00Z INFO a\n" + b"x" * 5000)[: int(request.query["limitBytes"])], "text/plain")

    api_server.answer = answer
    monkeypatch.setattr(evidence_logs, "MAX_BYTES", 7000)
    found = logs(client, service, NOW)
    assert {log.text for log in found.logs} == {b"2026-11-23T22:55:00Z INFO a\n"}
    assert found.notes[0].endswith(": only its first 1 lines were read, and not the newest (its lines are longer than 1,000 bytes)")


def test_logs_are_read_side_by_side(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    all_ten = threading.Barrier(10, timeout=PATIENT)

    def answer(request: Request) -> Reply:
        if request.path.endswith("/log"):
            all_ten.wait()
        return running_again(request)

    api_server.answer = answer
    assert len(logs(client, service, NOW).logs) == 10


def test_where_many_are_left_out_each_version_is_still_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [_Wanted(f"new-{number}", "api", False, "v2") for number in range(100)]
    every += [_Wanted(f"old-{number}", "api", False, "v1") for number in range(100)]
    notes: list[str] = []
    chosen = evidence_logs._chosen(every, {log.pod for log in every[:100]}, notes)
    assert len(chosen) == evidence_logs.MAX_LOGS
    assert [log.version for log in chosen[:45]] == ["v2"] * 45
    assert sum(log.version == "v1" for log in chosen) >= 7
    assert notes == ["logs of 140 of 200 containers were not read"]


def test_a_container_that_has_gone_is_a_note(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def answer(request: Request) -> Reply:
        if request.query.get("previous"):
            return Reply(400, recorded("kubernetes/status_400_log_container"))
        return running_again(request)

    api_server.answer = answer
    found = logs(client, service, NOW)
    assert len(found.logs) == 7
    assert found.notes == ("3 of 10 containers have no log (removed, or not started)",)


@pytest.mark.parametrize("fault", ["500", "429", "truncated", "hang"])
def test_some_logs_that_fail_leave_the_others(api_server: HttpServer, client: ClusterClient, service: Service, fault: str) -> None:
    client.timeout = 2.0 if fault == "hang" else PATIENT
    first = next(pod for pod in recorded("kubernetes/pods_crash_looping")["items"] if pod["metadata"]["name"].startswith("payment-api-78"))
    api_server.faults[f"{PODS}/{first['metadata']['name']}/"] = fault
    found = logs(client, service, NOW)
    assert len(found.logs) == 6
    assert found.notes[0].startswith("1 of 7 logs could not be read")


def test_all_forbidden_is_unavailable(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    api_server.faults[f"{PODS}/"] = "403"
    with pytest.raises(Forbidden):
        logs(client, service, NOW)


def test_no_pods_no_logs(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    api_server.answer = lambda request: Reply(200, {"items": []}) if request.path == PODS else kubernetes_answers(request)
    with pytest.raises(SourceUnavailableError, match="no pods of Deployment payment-api"):
        logs(client, service, NOW)
