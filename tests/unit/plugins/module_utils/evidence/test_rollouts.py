# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterClient, ObjectNotFound
from ansible_collections.devops.incident_response.plugins.module_utils.errors import NotFoundError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.rollouts import rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service, WorkloadKind
from ansible_collections.devops.incident_response.tests.unit.servers import HttpServer, Reply, Request, kubernetes_answers

NOW = datetime(2026, 11, 23, 22, 56, tzinfo=UTC)
DEPLOYMENT = "/apis/apps/v1/namespaces/production/deployments/payment-api"
REPLICA_SETS = "/apis/apps/v1/namespaces/production/replicasets"
EVENTS = "/api/v1/namespaces/production/events"


FLUX = "Flux (kustomize-controller)"
IMAGE_FIELD = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"payment-api"}': {"f:image": {}}}}}}}


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23T{clock}+00:00")


def changed(api_server: HttpServer, path: str, change: Any) -> None:
    """Lets the API server's answer for ``path`` be changed before it is sent."""

    def answer(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path == path:
            change(reply.body)
        return reply

    api_server.answer = answer


def test_a_recorded_history_with_a_rollback_in_it(client: ClusterClient, service: Service) -> None:
    """v2.3.0, then v2.2.9, then back to v2.3.0 (by kubectl rollout undo), then v2.3.1."""
    found = rollouts(client, service, NOW)
    assert [(revision.number, revision.version, revision.was_rollback) for revision in found.revisions] == [
        (4, "v2.3.1", False),
        (3, "v2.3.0", True),
        (2, "v2.2.9", False),
    ]
    assert [(revision.active_from, revision.active_until) for revision in found.revisions] == [
        (at("22:54:43"), None),
        (at("22:54:35"), at("22:54:43")),
        (at("22:54:25"), at("22:54:35")),
    ]
    assert (found.deployed_at, found.current.number, found.previous and found.previous.number) == (at("22:54:43"), 4, 3)
    assert (found.in_progress, found.paused, found.owner, found.notes) == (True, False, None, ())
    assert [(revision.pods, revision.ready_pods) for revision in found.revisions] == [(3, 0), (4, 4), (0, 0)]


def test_nothing_is_asked_for_that_a_history_is_not_told_by(client: ClusterClient, service: Service, api_server: HttpServer) -> None:
    """A rollback waits for it: the events of a whole namespace may take longer than everything else."""
    rollouts(client, service, NOW)
    pods = "/api/v1/namespaces/production/pods"
    assert sorted(request.path for request in api_server.requests) == sorted([DEPLOYMENT, REPLICA_SETS, EVENTS, pods])
    assert [request.query.get("fieldSelector") for request in api_server.requests if request.path == EVENTS] == [
        "involvedObject.name=payment-api"
    ]


def test_the_author_comes_from_the_cause_and_a_cause_of_another_version_is_dropped(client: ClusterClient, service: Service) -> None:
    found = rollouts(client, service, NOW)
    assert [(revision.author, revision.cause) for revision in found.revisions] == [
        ("devops-bot", "deploy v2.3.1 by devops-bot"),
        ("devops-bot", "deploy v2.3.0 by devops-bot"),
        (None, None),
    ]


def test_an_annotation_names_the_author(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def change(body: Any) -> None:
        for entry in body["items"]:
            entry["metadata"]["annotations"]["example.com/deployed-by"] = "@alice"

    changed(api_server, REPLICA_SETS, change)
    assert rollouts(client, service, NOW).current.author == "alice"


def test_a_later_scaling_is_not_taken_for_the_rollout(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def change(body: Any) -> None:
        later = dict(body["items"][0], reason="ScalingReplicaSet", lastTimestamp="2026-11-23T22:54:41Z")
        body["items"].append(later | {"message": "Scaled up replica set payment-api-7859df644b to 5"})

    changed(api_server, EVENTS, change)
    previous = rollouts(client, service, NOW).previous
    assert previous is not None
    assert previous.active_from == at("22:54:35")


def test_without_events_the_time_of_going_back_is_unknown(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    api_server.faults[EVENTS] = "403"
    found = rollouts(client, service, NOW)
    previous = found.previous
    assert previous is not None
    assert (previous.number, previous.active_from, previous.stable_for) == (3, None, None)
    assert found.notes == ("since when revision 3 was active is not known: it had been gone back to",)
    assert found.deployed_at == at("22:54:43")


def test_a_gap_leaves_the_end_unknown_and_is_said(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def change(body: Any) -> None:
        body["items"] = [entry for entry in body["items"] if entry["metadata"]["name"] != "payment-api-7859df644b"]

    changed(api_server, REPLICA_SETS, change)
    found = rollouts(client, service, NOW)
    previous = found.previous
    assert previous is not None
    assert (previous.number, previous.active_from, previous.active_until, previous.stable_for) == (2, at("22:54:25"), None, None)
    assert "revisions between 2 and 4 are no longer kept" in found.notes
    assert found.gaps == (3,)


def test_digests_are_those_that_the_pods_run(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    found = rollouts(client, service, NOW)
    assert [revision.image_digest for revision in found.revisions] == [None, None, None], "KWOK's nodes report none"
    digest = "sha256:" + "a" * 64

    def change(body: Any) -> None:
        for pod in body["items"]:
            if pod["metadata"]["labels"].get("pod-template-hash") == "7859df644b":
                for status in pod["status"]["containerStatuses"]:
                    status["imageID"] = f"registry.example/payment-api@{digest}"

    changed(api_server, "/api/v1/namespaces/production/pods", change)
    assert [revision.image_digest for revision in rollouts(client, service, NOW).revisions] == [None, digest, None]


def test_how_far_a_rollout_has_come(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    progress = rollouts(client, service, NOW).progress
    assert progress is not None
    assert (progress.wanted, progress.updated, progress.available, progress.old) == (5, 3, 4, 4)
    assert rollouts(client, service, NOW).deadline_exceeded


def test_the_client_that_wrote_the_image(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    entries = [
        {"manager": "argocd-controller", "time": "2026-11-23T20:00:00Z", "fieldsV1": IMAGE_FIELD},
        {"manager": "kubectl-edit", "time": "2026-11-23T22:00:00Z", "fieldsV1": IMAGE_FIELD},
        {"manager": "kube-controller-manager", "time": "2026-11-23T23:00:00Z", "fieldsV1": {"f:status": {}}},
    ]
    changed(api_server, DEPLOYMENT, lambda body: body["metadata"].update(managedFields=entries))
    found = rollouts(client, service, NOW)
    assert (found.current.manager, found.previous and found.previous.manager) == ("kubectl-edit", None)


def test_replica_sets_of_another_owner_do_not_count(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    def change(body: Any) -> None:
        for entry in body["items"]:
            if entry["metadata"]["name"] == "payment-api-d59bdc66":
                entry["metadata"]["ownerReferences"][0]["uid"] = "another"

    changed(api_server, REPLICA_SETS, change)
    assert [revision.number for revision in rollouts(client, service, NOW).revisions] == [4, 3]


@pytest.mark.parametrize(
    ("kind", "name", "current"),
    [(WorkloadKind.STATEFUL_SET, "orders-db", "orders-db-7845947d94"), (WorkloadKind.DAEMON_SET, "log-agent", "log-agent-584d75ff6")],
)
def test_controller_revisions(client: ClusterClient, kind: WorkloadKind, name: str, current: str) -> None:
    found = rollouts(client, Service(name, workload_kind=kind), NOW)
    assert [revision.number for revision in found.revisions] == [2, 1]
    assert (found.current.name, found.current.active_from, found.in_progress) == (current, at("22:54:43"), False)
    assert found.current.pods == found.current.ready_pods > 0
    assert found.previous is not None
    assert (found.previous.active_from, found.previous.active_until) == (at("22:54:19"), at("22:54:43"))


def test_a_daemon_sets_revision_without_its_label_is_known_by_its_name(api_server: HttpServer, client: ClusterClient) -> None:
    def change(body: Any) -> None:
        for entry in body["items"]:
            entry["metadata"]["labels"].pop("controller-revision-hash", None)

    changed(api_server, "/apis/apps/v1/namespaces/production/controllerrevisions", change)
    found = rollouts(client, Service("log-agent", workload_kind=WorkloadKind.DAEMON_SET), NOW)
    assert (found.current.template_hash, found.current.pods > 0) == ("584d75ff6", True)


def test_a_controller_revision_that_was_gone_back_to_has_no_known_time(api_server: HttpServer, client: ClusterClient) -> None:
    def change(body: Any) -> None:
        for entry in body["items"]:
            if entry["metadata"]["name"] == "orders-db-749bbfdbdf":
                entry["revision"] = 3

    changed(api_server, "/apis/apps/v1/namespaces/production/controllerrevisions", change)
    found = rollouts(client, Service("orders-db", workload_kind=WorkloadKind.STATEFUL_SET), NOW)
    gone_back_to = found.revisions[0]
    assert (gone_back_to.number, gone_back_to.was_rollback, gone_back_to.active_from) == (3, True, None)


def test_paused(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    changed(api_server, DEPLOYMENT, lambda body: body["spec"].update(paused=True))
    assert rollouts(client, service, NOW).paused


@pytest.mark.parametrize(
    ("metadata", "owner", "reverts"),
    [
        (
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux"}},
            "Flux Kustomization flux/apps",
            True,
        ),
        (
            {
                "labels": {"kustomize.toolkit.fluxcd.io/name": "apps"},
                "annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
            },
            "Flux Kustomization flux-system/apps",
            False,
        ),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "payments"}}, "Flux HelmRelease flux-system/payments", True),
        ({"annotations": {"meta.helm.sh/release-name": "payments"}}, "Helm release payments", False),
        (
            {"labels": {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "pay"}},
            "Helm release pay",
            False,
        ),
        (
            {"ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "pay", "controller": True}]},
            "Argo Rollouts Rollout pay",
            True,
        ),
        (
            {"ownerReferences": [{"apiVersion": "db.example.com/v1", "kind": "Database", "name": "pay", "controller": True}]},
            "Database pay (db.example.com)",
            True,
        ),
        ({"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "pay"}]}, None, False),
        ({"managedFields": [{"manager": "kustomize-controller", "time": "2026-01-01T00:00:00Z", "fieldsV1": IMAGE_FIELD}]}, FLUX, True),
        ({"managedFields": [{"manager": "kubectl-edit", "time": "2026-01-01T00:00:00Z", "fieldsV1": IMAGE_FIELD}]}, None, False),
        ({}, None, False),
    ],
)
def test_who_owns_the_manifest(
    api_server: HttpServer, client: ClusterClient, service: Service, metadata: dict[str, Any], owner: str | None, reverts: bool
) -> None:
    changed(api_server, DEPLOYMENT, lambda body: body["metadata"].update(metadata))
    found = rollouts(client, service, NOW)
    assert (found.owner, found.owner_reverts) == (owner, reverts)
    assert (found.owner_effect is None) is (owner is None)


@pytest.mark.parametrize(
    ("policy", "reverts"),
    [
        ({"automated": {"selfHeal": True}}, True),
        ({"automated": {}}, True),
        ({"automated": {"enabled": False}}, False),
        ({}, False),
        (None, False),
    ],
)
def test_argo_cd_is_asked_whether_it_syncs_by_itself(
    api_server: HttpServer, client: ClusterClient, service: Service, policy: Any, reverts: bool
) -> None:
    def answer(request: Request) -> Reply:
        if request.path == "/apis/argoproj.io/v1alpha1/applications":
            application = {"metadata": {"name": "payments", "namespace": "argocd"}, "spec": {"syncPolicy": policy}}
            return Reply(200, {"items": [application]})
        reply = kubernetes_answers(request)
        if request.path == DEPLOYMENT:
            reply.body["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = (
                "argocd_payments:apps/Deployment:production/payment-api"
            )
        return reply

    api_server.answer = answer
    found = rollouts(client, service, NOW)
    assert (found.owner, found.owner_reverts, found.notes) == ("Argo CD application payments", reverts, ())


def test_argo_cd_that_may_not_be_asked_is_taken_to_revert(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    changed(api_server, DEPLOYMENT, lambda body: body["metadata"].update(labels={"argocd.argoproj.io/instance": "payments"}))
    api_server.faults["/apis/argoproj.io"] = "403"
    found = rollouts(client, service, NOW)
    assert found.owner_reverts
    assert "assumed that it does" in found.notes[0]


def test_no_such_workload(client: ClusterClient) -> None:
    with pytest.raises(ObjectNotFound):
        rollouts(client, Service("nothing"), NOW)


def test_nothing_was_ever_rolled_out(api_server: HttpServer, client: ClusterClient, service: Service) -> None:
    changed(api_server, REPLICA_SETS, lambda body: body.update(items=[]))
    with pytest.raises(NotFoundError, match="nothing was ever rolled out"):
        rollouts(client, service, NOW)


@pytest.mark.parametrize(("completed", "deployed"), [("22:54:50", "22:54:43"), ("22:54:40", None)])
def test_without_its_event_pods_date_a_going_back_unless_all_were_replaced_since(
    api_server: HttpServer, client: ClusterClient, service: Service, completed: str, deployed: str | None
) -> None:
    """The oldest pod of v2.3.1 is of 22:54:43. A rollout that was complete before then left no pod."""

    def answer(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path == EVENTS:
            return Reply(200, {**reply.body, "items": []})
        if request.path == DEPLOYMENT:
            available = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
            reply.body["status"]["conditions"] = [available | {"lastUpdateTime": f"2026-11-23T{completed}Z"}]
        if request.path == REPLICA_SETS:
            found = {entry["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: entry for entry in reply.body["items"]}
            found["4"]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = "1"
        return reply

    api_server.answer = answer
    assert rollouts(client, service, NOW).deployed_at == (at(deployed) if deployed else None)
