# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterAccess, ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.neighbourhood import Neighbourhood
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.webhooks import Webhooks
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    http_server,
    recorded,
)

WORKLOAD = {"metadata": {"labels": {"team": "pay"}}, "spec": {"template": {"metadata": {"labels": {"app": "payment-api"}}}}}
PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
CHANGES = {"apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["deployments"], "scope": "Namespaced"}
NAME = "kubernetes.io/metadata.name"


def webhook(**more: Any) -> dict[str, Any]:
    service = {"namespace": "policy", "name": "server"}
    return {"name": "check.example.com", "clientConfig": {"service": service}, "rules": [PODS], "failurePolicy": "Fail", **more}


class Cluster:
    """Validating webhooks, and what answers for their Service."""

    def __init__(self) -> None:
        self.webhooks: list[dict[str, Any]] = []
        self.services: list[dict[str, Any]] = []
        self.slices: list[dict[str, Any]] = []
        self.labels: dict[str, str] = {}

    def answer(self, request: Request) -> Reply:
        lists: dict[str, list[Any]] = {
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations": [
                {"metadata": {"name": "policy"}, "webhooks": self.webhooks}
            ],
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": [],
            "/apis/discovery.k8s.io/v1/namespaces/policy/endpointslices": self.slices,
            "/api/v1/namespaces/policy/services": self.services,
        }
        if request.path in lists:
            return Reply(200, {"items": lists[request.path], "metadata": {}})
        if request.path == "/api/v1/namespaces/production":
            return Reply(200, {"metadata": {"name": "production", "labels": self.labels}})
        return Reply(404, recorded("kubernetes/status_404"))


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def server(cluster: Cluster) -> Iterator[HttpServer]:
    with http_server(cluster.answer) as running:
        yield running


def look(server: HttpServer) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """What can't answer, and what could not be seen."""
    client = ClusterClient.connect(ClusterAccess(host=server.url, api_key="t", timeout=PATIENT))
    around = Neighbourhood(client, "production", Deadline(PATIENT))
    found = Webhooks(around, WORKLOAD, WorkloadKind.DEPLOYMENT).failing()
    return [(one.subject, one.problem) for one in found], around.notes()


GONE = ("each new pod", "its Service policy/server does not exist")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"namespaceSelector": {"matchExpressions": [{"key": NAME, "operator": "NotIn", "values": ["kube-system"]}]}},
        {"namespaceSelector": {"matchLabels": {"checked": "yes"}}},
        {"objectSelector": {"matchLabels": {"app": "payment-api"}}},
        {"rules": [{**PODS, "apiGroups": ["*"], "operations": ["*"], "resources": ["*"]}]},
    ],
)
def test_a_webhook_whose_service_is_gone(cluster: Cluster, server: HttpServer, more: dict[str, Any]) -> None:
    cluster.labels = {"checked": "yes"}
    cluster.webhooks = [webhook(**more)]
    assert look(server)[0] == [GONE]


@pytest.mark.parametrize(
    "more",
    [
        {"failurePolicy": "Ignore"},
        {"matchConditions": [{"name": "some", "expression": "object.metadata.name != 'x'"}]},
        {"clientConfig": {"url": "https://policy.example.com"}},
        {"namespaceSelector": {"matchLabels": {NAME: "elsewhere"}}},
        {"namespaceSelector": {"matchLabels": {"checked": "yes"}}},
        {"objectSelector": {"matchLabels": {"app": "ledger"}}},
        {"rules": [{**PODS, "operations": ["DELETE"]}]},
        {"rules": [{**PODS, "resources": ["pods/exec"]}]},
        {"rules": [{**PODS, "apiGroups": ["apps"]}]},
        {"rules": [{**PODS, "scope": "Cluster"}]},
    ],
)
def test_a_webhook_that_is_not_asked_or_need_not_answer(cluster: Cluster, server: HttpServer, more: dict[str, Any]) -> None:
    cluster.webhooks = [webhook(**more)]
    assert look(server)[0] == []


def test_one_that_has_to_allow_changes_of_the_workload(cluster: Cluster, server: HttpServer) -> None:
    cluster.webhooks = [webhook(rules=[CHANGES], objectSelector={"matchLabels": {"team": "pay"}})]
    assert look(server)[0] == [("each change of the Deployment", GONE[1])]


@pytest.mark.parametrize(
    ("ready", "service", "problem"),
    [
        (True, {}, None),
        (None, {}, None),
        (False, {}, "its Service policy/server has no ready endpoints"),
        (False, {"type": "ExternalName"}, None),
    ],
)
def test_whether_anything_answers(
    cluster: Cluster, server: HttpServer, ready: bool | None, service: dict[str, Any], problem: str | None
) -> None:
    cluster.webhooks = [webhook()]
    cluster.services = [{"metadata": {"name": "server"}, "spec": service}]
    cluster.slices = [{"metadata": {"name": "server-1"}, "endpoints": [{"conditions": {} if ready is None else {"ready": ready}}]}]
    assert [told for _unused, told in look(server)[0]] == ([problem] if problem else [])


@pytest.mark.parametrize("unseen", ["/apis/discovery.k8s.io", "/api/v1/namespaces/policy/services", "/api/v1/namespaces/production"])
def test_what_may_not_be_seen_is_no_failure(cluster: Cluster, server: HttpServer, unseen: str) -> None:
    server.faults[unseen] = "403"
    cluster.webhooks = [webhook(namespaceSelector={"matchLabels": {"checked": "yes"}})]
    cluster.labels = {"checked": "yes"}
    found, notes = look(server)
    assert found == []
    assert any("403" in note for note in notes)
