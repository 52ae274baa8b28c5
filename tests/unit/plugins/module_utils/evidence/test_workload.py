# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterClient, ObjectNotFound
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.workload import workload
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service, WorkloadKind
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    kubernetes_answers,
    recorded,
)

NOW = datetime(2026, 11, 23, 22, 56, tzinfo=UTC)
SPACE = "/api/v1/namespaces/production"


def test_a_recorded_deployment_whose_new_pods_crash(client: ClusterClient, service: Service) -> None:
    state = workload(client, service, NOW)
    assert (state.desired, state.ready, state.updated, state.version, state.paused) == (5, 4, 3, "v2.3.1", False)
    assert Counter((pod.version, pod.ready, pod.reason) for pod in state.pods) == {
        ("v2.3.0", True, None): 4,
        ("v2.3.1", False, "CrashLoopBackOff"): 3,
    }
    assert state.conditions[0].startswith("Progressing=False (ProgressDeadlineExceeded)")
    assert state.autoscaler is not None
    assert all(pod.memory_usage for pod in state.pods if pod.ready)
    assert state.notes == ()


def test_events_are_those_of_the_workload_and_what_belongs_to_it(client: ClusterClient, service: Service) -> None:
    events = workload(client, service, NOW).events
    assert {event.object_kind for event in events} <= {"Deployment", "ReplicaSet", "Pod", "HorizontalPodAutoscaler"}
    assert all(event.object_name.startswith("payment-api") for event in events)
    assert [event.first_seen for event in events] == sorted(event.first_seen for event in events)
    assert any(event.reason == "ScalingReplicaSet" for event in events)


def test_events_of_a_workload_with_a_longer_name_are_not_ours(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def answer(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path == f"{SPACE}/events":
            other = dict(reply.body["items"][0], reason="OtherPod")
            for kind, name in (("Pod", "payment-api-worker-7859df644b-abcde"), ("ReplicaSet", "payment-api-worker-7859df644b")):
                reply.body["items"].append(other | {"involvedObject": {"kind": kind, "name": name}})
        return reply

    api_server.answer = answer
    assert "OtherPod" not in {event.reason for event in workload(client, service, NOW).events}


def test_a_stateful_set_and_a_daemon_set(client: ClusterClient) -> None:
    database = workload(client, Service("orders-db", workload_kind=WorkloadKind.STATEFUL_SET), NOW)
    assert (database.desired, database.ready, [pod.name for pod in database.pods]) == (2, 2, ["orders-db-0", "orders-db-1"])
    agents = workload(client, Service("log-agent", workload_kind=WorkloadKind.DAEMON_SET), NOW)
    assert (agents.desired, agents.ready, len(agents.pods)) == (3, 3, 3)


def test_the_number_of_requests_does_not_grow_with_the_pods(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    workload(client, service, NOW)
    few = len(api_server.requests)
    assert few <= 27
    assert len({(request.path, str(request.query)) for request in api_server.requests}) == few

    def hundred(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path == f"{SPACE}/pods":
            one = reply.body["items"][0]
            reply.body["items"] = [one | {"metadata": one["metadata"] | {"name": f"pod-{number}"}} for number in range(100)]
        return reply

    api_server.answer = hundred
    assert len(workload(client, service, NOW).pods) == 100
    assert len(api_server.requests) == 2 * few


def other_labels(request: Request) -> Reply:
    """The same namespace, with pods that carry another label than the service's name."""
    reply = kubernetes_answers(Request(request.method, request.path, {}, {}, b""))
    if request.path.endswith("/deployments/payment-api"):
        reply.body["spec"]["selector"] = {"matchLabels": {"component": "payments"}}
    if "labelSelector" in request.query and request.query["labelSelector"] != "component=payments":
        reply.body["items"] = []
    return reply


def test_the_selector_is_the_workloads_own(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    api_server.answer = other_labels
    assert len(workload(client, service, NOW).pods) == 7
    asked = [request.query.get("labelSelector") for request in api_server.requests if request.path == f"{SPACE}/pods"]
    assert asked == ["app=payment-api", "component=payments"]


def test_a_selector_of_the_catalogue_wins(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    workload(client, replace(service, selector="app=payment-api,version=v2.3.0"), NOW)
    asked = {request.query.get("labelSelector") for request in api_server.requests if request.path == f"{SPACE}/pods"}
    assert asked == {"app=payment-api,version=v2.3.0"}


def test_pods_of_a_job_with_the_same_label_do_not_count(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def with_job(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path == f"{SPACE}/pods":
            job = {"kind": "Job", "name": "migrate", "controller": True, "uid": "j"}
            reply.body["items"].append({"metadata": {"name": "migrate-1", "labels": {"app": "payment-api"}, "ownerReferences": [job]}})
        return reply

    api_server.answer = with_job
    assert len(workload(client, service, NOW).pods) == 7


def test_without_metrics_server_usage_is_unknown_not_zero(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    api_server.answer = lambda request: Reply(404, {}) if "metrics.k8s.io" in request.path else kubernetes_answers(request)
    state = workload(client, service, NOW)
    assert state.notes == ("usage: metrics.k8s.io is not served; install metrics-server to see it",)
    assert all(pod.cpu_usage is None for pod in state.pods)


@pytest.mark.parametrize("fault", ["hang", "500", "429", "403", "html", "truncated", "nonsense"])
@pytest.mark.parametrize(
    ("path", "what"),
    [(f"{SPACE}/events", "events"), ("/apis/autoscaling", "autoscaler"), ("/apis/metrics.k8s.io", "usage")],
)
def test_what_fails_beside_the_pods_becomes_a_note(
    api_server: HttpServer, client: ClusterClient, service: Service, path: str, what: str, fault: str
) -> None:
    api_server.faults[path] = fault
    client.timeout = 2.0 if fault == "hang" else PATIENT
    state = workload(client, service, NOW)
    assert len(state.pods) == 7
    assert [note.split(":")[0] for note in state.notes] == [what]


@pytest.mark.parametrize("fault", ["hang", "500", "403", "html", "truncated", "nonsense"])
def test_without_pods_there_is_no_state(api_server: HttpServer, client: ClusterClient, service: Service, fault: str) -> None:
    api_server.faults[f"{SPACE}/pods"] = fault
    client.timeout = 1.0 if fault == "hang" else PATIENT
    with pytest.raises(SourceUnavailableError):
        workload(client, service, NOW)


def test_no_such_workload(client: ClusterClient) -> None:
    with pytest.raises(ObjectNotFound):
        workload(client, Service("payment-apj"), NOW)


def test_a_long_list_is_read_page_by_page_up_to_a_bound(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def paged(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path == f"{SPACE}/events" and "fieldSelector" not in request.query:
            reply.body["metadata"]["continue"] = "more"
        return reply

    api_server.answer = paged
    state = workload(client, service, NOW)
    pages = [
        request.query.get("continue")
        for request in api_server.requests
        if request.path == f"{SPACE}/events" and "fieldSelector" not in request.query
    ]
    assert pages == [None, "more", "more", "more"]
    assert any(note.startswith("events: the namespace has more") for note in state.notes)


def test_pods_in_trouble_are_asked_about_where_events_were_cut(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def flooded(request: Request) -> Reply:
        """A namespace with more events than are read, none of them about the pods; by a pod's own uid there is one."""
        reply = kubernetes_answers(request)
        if request.path != f"{SPACE}/events":
            return reply
        uid = request.query.get("fieldSelector", "").partition("involvedObject.uid=")[2]
        about = {"kind": "Pod", "name": pods[uid], "uid": uid} if uid else {"kind": "Pod", "name": "other-1"}
        event = {"involvedObject": about, "type": "Warning", "reason": "Unhealthy", "message": "Readiness probe failed: 503"}
        at = "2026-11-23T22:55:00Z"
        more = {} if "fieldSelector" in request.query else {"continue": "more"}
        return Reply(200, {"items": [event | {"firstTimestamp": at, "lastTimestamp": at, "metadata": {}}], "metadata": more})

    found = kubernetes_answers(Request("GET", f"{SPACE}/pods", {}, {}, b"")).body["items"]
    pods = {pod["metadata"]["uid"]: pod["metadata"]["name"] for pod in found}
    api_server.answer = flooded
    now = datetime(2026, 11, 23, 22, 56, tzinfo=UTC)
    told = [pod for pod in workload(client, service, now).pods if any("503" in one.message for one in pod.warnings)]
    assert [pod.ready for pod in told if not pod.ready], "those in trouble first"
    asked = [request for request in api_server.requests if "involvedObject.uid" in request.query.get("fieldSelector", "")]
    assert len(asked) == 5 == len({request.query["fieldSelector"] for request in asked})


def test_a_role_that_opens_only_the_newer_api_of_events(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    api_server.faults[f"{SPACE}/events"] = "403"
    newer = recorded("kubernetes/events_v1") | {"metadata": {}}
    for event in newer["items"]:
        event["regarding"] |= {"kind": "Deployment", "name": "payment-api"}
    path = "/apis/events.k8s.io/v1/namespaces/production/events"
    api_server.answer = lambda request: Reply(200, newer) if request.path == path else kubernetes_answers(request)
    state = workload(client, service, NOW)
    assert state.notes == ()
    assert "Scheduled" in {event.reason for event in state.events}


def test_an_event_of_the_newer_api_is_read_by_its_own_fields() -> None:
    from ansible_collections.devops.incident_response.plugins.module_utils.evidence.events import event_from

    scheduled = next(event for event in recorded("kubernetes/events_v1")["items"] if event["reason"] == "Scheduled")
    scheduled["series"] = {"count": 7, "lastObservedTime": "2026-11-23T22:58:00.000000Z"}
    event = event_from(scheduled)
    assert event is not None
    assert (event.object_kind, event.count) == ("Pod", 7)
    assert event.first_seen < event.last_seen == datetime(2026, 11, 23, 22, 58, tzinfo=UTC)
    assert event.message


def test_of_what_went_well_after_all_only_the_newest_is_kept() -> None:
    from ansible_collections.devops.incident_response.plugins.module_utils.evidence.events import events_of

    def event(kind: str, name: str, level: str, reason: str, second: int) -> dict[str, Any]:
        at = f"2026-11-23T22:55:{second:02}Z"
        about = {"involvedObject": {"kind": kind, "name": name}, "type": level, "reason": reason, "message": f"{name} {second}"}
        return about | {"firstTimestamp": at, "lastTimestamp": at, "metadata": {}}

    found = [event("CronJob", "settle", "Warning", "FailedNeedsStart", 1)]
    found += [event("CronJob", "settle", "Normal", "SuccessfulCreate", second) for second in range(2, 50)]
    found += [event("CronJob", "report", "Normal", "SuccessfulCreate", 9), event("CronJob", "settle", "Normal", "JobAlreadyActive", 9)]
    related = {("CronJob", "settle"), ("CronJob", "report")}
    kept = events_of(found, ("Deployment", "payment-api"), (), None, datetime(2026, 11, 23, tzinfo=UTC), related)
    assert [(one.reason, one.message) for one in kept] == [("FailedNeedsStart", "settle 1"), ("SuccessfulCreate", "settle 49")]


@pytest.mark.parametrize(("owner", "taken"), [(None, "orders-db-1"), ("other-db", "orders-db-1"), ("orders-db", None)])
def test_a_pod_of_somebody_else_that_has_the_name(
    api_server: HttpServer, client: ClusterClient, owner: str | None, taken: str | None
) -> None:
    """One that is its own was made since the pods were listed."""

    def answer(request: Request) -> Reply:
        if request.path == f"{SPACE}/pods/orders-db-1":
            owners = [{"kind": "StatefulSet", "name": owner, "controller": True}] if owner else []
            return Reply(200, {"metadata": {"name": "orders-db-1", "ownerReferences": owners}})
        reply = kubernetes_answers(request)
        if request.path == f"{SPACE}/pods":
            reply.body["items"] = [one for one in reply.body["items"] if one["metadata"]["name"] != "orders-db-1"]
        return reply

    api_server.answer = answer
    assert workload(client, Service("orders-db", workload_kind=WorkloadKind.STATEFUL_SET), NOW).name_taken == taken
