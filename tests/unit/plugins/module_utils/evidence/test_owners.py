# SPDX-License-Identifier: GPL-3.0-or-later
"""Argo CD that tracks by the label which Helm's charts set too, and renders those charts itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.rollouts import rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.servers import HttpServer, Reply, Request, kubernetes_answers

NOW = datetime(2026, 11, 23, 22, 56, tzinfo=UTC)
DEPLOYMENT = "/apis/apps/v1/namespaces/production/deployments/payment-api"
IMAGE_FIELD = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"payment-api"}': {"f:image": {}}}}}}}
APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications"
CHART = {"app.kubernetes.io/instance": "payments", "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "payments-1.4.2"}
RELEASE = {"meta.helm.sh/release-name": "payments", "meta.helm.sh/release-namespace": "production"}
OURS = {"group": "apps", "kind": "Deployment", "namespace": "production", "name": "payment-api"}
HERE = {"server": "https://kubernetes.default.svc", "namespace": "production"}


@pytest.mark.parametrize(
    ("application", "annotations", "owner", "reverts"),
    [
        ({"status": {"resources": [OURS]}}, {}, "Argo CD application payments", True),
        ({"status": {"resources": [OURS]}}, RELEASE, "Argo CD application payments", True),
        ({"status": {"resources": [{**OURS, "name": "another"}]}}, {}, "Helm release payments", False),
        ({"spec": {"destination": HERE}}, {}, "Argo CD application payments", True),
        ({"spec": {"destination": {**HERE, "namespace": "staging"}}}, {}, "Helm release payments", False),
        ({"spec": {"destination": {"name": "another-cluster", "namespace": "production"}}}, {}, "Helm release payments", False),
        (None, RELEASE, "Helm release payments", False),
    ],
)
def test_an_application_of_the_labels_name(
    api_server: HttpServer,
    client: ClusterClient,
    service: Service,
    application: dict[str, Any] | None,
    annotations: dict[str, str],
    owner: str,
    reverts: bool,
) -> None:
    def answer(request: Request) -> Reply:
        if request.path == APPLICATIONS:
            spec = {"syncPolicy": {"automated": {"selfHeal": True}}, **(application or {}).get("spec", {})}
            known = {**(application or {}), "metadata": {"name": "payments", "namespace": "argocd"}, "spec": spec}
            return Reply(200, {"items": [known] if application else []})
        reply = kubernetes_answers(request)
        if request.path == DEPLOYMENT:
            reply.body["metadata"]["labels"] = CHART
            reply.body["metadata"]["annotations"].update(annotations)
        return reply

    api_server.answer = answer
    found = rollouts(client, service, NOW)
    assert (found.owner, found.owner_reverts) == (owner, reverts)


@pytest.mark.parametrize(("manager", "owner"), [("helm", "Helm release payments"), ("argocd-controller", "Argo CD application payments")])
def test_where_it_may_not_be_asked_the_writer_tells(
    api_server: HttpServer, client: ClusterClient, service: Service, manager: str, owner: str
) -> None:
    def answer(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path == DEPLOYMENT:
            fields = [{"manager": manager, "time": "2026-01-01T00:00:00Z", "fieldsV1": IMAGE_FIELD}]
            reply.body["metadata"].update(labels=CHART, managedFields=fields)
        return reply

    api_server.answer = answer
    api_server.faults["/apis/argoproj.io"] = "403"
    found = rollouts(client, service, NOW)
    assert found.owner == owner
    assert any("Argo CD application payments" in note for note in found.notes)


def test_a_chart_that_helm_installed_itself_needs_no_word_about_argo_cd(
    api_server: HttpServer, client: ClusterClient, service: Service
) -> None:
    def answer(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path == DEPLOYMENT:
            reply.body["metadata"]["labels"] = CHART
            reply.body["metadata"]["annotations"].update(RELEASE)
        return reply

    api_server.answer = answer
    api_server.faults["/apis/argoproj.io"] = "403"
    found = rollouts(client, service, NOW)
    assert (found.owner, found.notes) == ("Helm release payments", ())
