# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterAccess, ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.workload import workload
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import MissingReference, Quota
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import WorkloadState
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    http_server,
    recorded,
)

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
SPACE = "/api/v1/namespaces/production"
JOBS, CRON_JOBS = (f"/apis/batch/v1/namespaces/production/{plural}" for plural in ("jobs", "cronjobs"))

WEBHOOKS = tuple(f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations" for kind in ("validating", "mutating"))
NODE_EVENTS = "/api/v1/namespaces/default/events?fieldSelector"


@pytest.fixture
def answers() -> dict[str, Any]:
    """What a real API server said, by path, of a namespace in which some of what is around payment-api is wrong."""
    nothing = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}
    found: dict[str, Any] = {path: copy.deepcopy(nothing) for path in (JOBS, CRON_JOBS, *WEBHOOKS, NODE_EVENTS)}
    found[SPACE] = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "production"}}
    return found | copy.deepcopy(recorded("kubernetes/surroundings"))


@pytest.fixture
def api_server(answers: dict[str, Any]) -> Iterator[HttpServer]:
    def answer(request: Request) -> Reply:
        path = request.path + ("?fieldSelector" if "fieldSelector" in request.query else "")
        return Reply(200, answers[path]) if path in answers else Reply(404, recorded("kubernetes/status_404"))

    with http_server(answer) as running:
        yield running


@pytest.fixture
def client(api_server: HttpServer) -> ClusterClient:
    return ClusterClient.connect(ClusterAccess(host=api_server.url, api_key="t", timeout=PATIENT))


def look(client: ClusterClient) -> WorkloadState:
    return workload(client, Service("payment-api"), NOW)


def test_what_is_around_a_recorded_workload(client: ClusterClient) -> None:
    state = look(client)
    around = state.surroundings
    assert state.notes == ()
    assert [(node.name, node.ready, node.pods) for node in around.nodes] == [("node-0", True, 4)]
    assert [(one.name, one.selects, one.ready) for one in around.services] == [("payment-api", True, 4), ("payment-api-internal", False, 0)]
    unserved = "it names no IngressClass and none is the default, so that no controller serves it"
    assert [(one.name, one.hosts, one.problems) for one in around.ingresses] == [("payment-api", ("pay.example.com",), (unserved,))]
    assert [(one.name, one.phase, one.class_exists) for one in around.claims] == [("data", "Pending", False)]
    assert "ProvisioningFailed" in (around.claims[0].message or "")
    assert [(one.rule, one.allowed, one.matched) for one in around.budgets] == [("minAvailable 2", 2, 4)]
    assert around.quotas == (Quota("space", ("pods 4/4",)),)
    assert around.missing == (MissingReference("Secret", "database", "container app, variable KEY", "password"),)
    assert [(one.direction, one.policies) for one in around.isolation] == [("outgoing", ("deny",))]


def test_secrets_are_asked_for_without_their_values(api_server: HttpServer, client: ClusterClient) -> None:
    state = look(client)
    forms = {request.path: request.headers["accept"] for request in api_server.requests}
    assert all("PartialObjectMetadataList" in forms[f"{SPACE}/{kind}"] for kind in ("secrets", "configmaps"))
    assert [path for path in forms if path.startswith(f"{SPACE}/secrets/")] == [f"{SPACE}/secrets/pay-tls"]
    (certificate,) = state.surroundings.certificates
    assert (certificate.secret, certificate.used_by, certificate.problem) == ("pay-tls", "Ingress payment-api", None)
    assert certificate.expires_at is not None
    assert timedelta(days=9) < certificate.expires_at - NOW < timedelta(days=11)


def test_a_change_of_configuration_has_a_time_and_a_writer(client: ClusterClient) -> None:
    changed = {one.name: one for one in look(client).surroundings.changes}
    assert (changed["payment-config"].created, changed["payment-config"].by) == (False, "python-urllib3")
    assert changed["database"].created


def test_a_server_that_sends_values_all_the_same(answers: dict[str, Any], client: ClusterClient) -> None:
    for secret in answers[f"{SPACE}/secrets"]["items"]:
        secret |= {"type": "Opaque", "data": {"password": "aHVzaA=="}}
        secret["metadata"].pop("managedFields")
    state = look(client)
    assert state.surroundings.missing == ()
    assert "aHVzaA" not in repr(state)


def test_keys_that_nobody_knows_are_not_missing(answers: dict[str, Any], client: ClusterClient) -> None:
    for secret in answers[f"{SPACE}/secrets"]["items"]:
        secret["metadata"].pop("managedFields")
    assert look(client).surroundings.missing == ()


def test_what_may_not_be_read_is_one_note(api_server: HttpServer, client: ClusterClient) -> None:
    for path in ("/api/v1/nodes", f"{SPACE}/secrets", "/apis/policy"):
        api_server.faults[path] = "403"
    state = look(client)
    assert len(state.notes) == 1
    what, _unused, why = state.notes[0].partition(": ")
    assert set(what.split(", ")) == {"nodes", "Secrets", "disruption budgets"}
    assert "403" in why
    assert (state.surroundings.nodes, state.surroundings.budgets, state.surroundings.missing) == ((), (), ())
    assert state.surroundings.services


@pytest.mark.parametrize("fault", ["500", "429", "html", "truncated", "nonsense"])
def test_what_fails_leaves_the_rest(api_server: HttpServer, client: ClusterClient, fault: str) -> None:
    api_server.faults["/apis/networking.k8s.io"] = fault
    state = look(client)
    assert all(part in " ".join(state.notes) for part in ("ingresses", "network policies", "ingress classes"))
    assert len(state.surroundings.services) == 2


def test_a_service_of_somebody_else_is_left_out(answers: dict[str, Any], client: ClusterClient) -> None:
    services = answers[f"{SPACE}/services"]["items"]
    other = copy.deepcopy(services[0])
    other["metadata"]["name"] = "ledger"
    other["spec"]["selector"] = {"app": "ledger"}
    services.append(other)
    assert "ledger" not in {one.name for one in look(client).surroundings.services}


def test_a_node_that_is_gone(answers: dict[str, Any], client: ClusterClient) -> None:
    answers["/api/v1/nodes"]["items"] = [node for node in answers["/api/v1/nodes"]["items"] if node["metadata"]["name"] != "node-0"]
    assert [node.deleted for node in look(client).surroundings.nodes] == [True]


def test_a_node_that_is_not_heard_of_has_one_problem(answers: dict[str, Any], client: ClusterClient) -> None:
    node = next(one for one in answers["/api/v1/nodes"]["items"] if one["metadata"]["name"] == "node-0")
    node["spec"]["unschedulable"] = True
    for condition in node["status"]["conditions"]:
        condition |= {"status": "Unknown", "reason": "NodeStatusUnknown"}
    (found,) = look(client).surroundings.nodes
    assert ([one.type for one in found.problems], found.ready, found.schedulable) == (["Ready"], False, False)


@pytest.mark.parametrize(("target", "missing"), [("web", ()), ("http", ("80 -> http",)), (8080, ()), (9090, ("80 -> 9090",))])
def test_target_ports(answers: dict[str, Any], client: ClusterClient, target: str | int, missing: tuple[str, ...]) -> None:
    service = next(one for one in answers[f"{SPACE}/services"]["items"] if one["metadata"]["name"] == "payment-api")
    service["spec"]["ports"][0]["targetPort"] = target
    assert look(client).surroundings.services[0].missing_ports == missing


def test_one_policy_that_allows_is_enough(answers: dict[str, Any], client: ClusterClient) -> None:
    policies = answers["/apis/networking.k8s.io/v1/namespaces/production/networkpolicies"]["items"]
    allowing = copy.deepcopy(policies[0])
    allowing["metadata"]["name"] = "dns"
    allowing["spec"] = {"podSelector": {"matchLabels": {"app": "payment-api"}}, "policyTypes": ["Egress"], "egress": [{}]}
    policies.append(allowing)
    assert look(client).surroundings.isolation == ()


ROUTES, GATEWAYS = (f"/apis/gateway.networking.k8s.io/v1/namespaces/production/{plural}" for plural in ("httproutes", "gateways"))


def listed(*found: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": list(found)}


def test_a_route_whose_gateway_is_not_there(answers: dict[str, Any], api_server: HttpServer, client: ClusterClient) -> None:
    rule = {"backendRefs": [{"name": "payment-api", "port": 81}]}
    spec = {"parentRefs": [{"name": "edge"}], "hostnames": ["pay.example.com"], "rules": [rule]}
    answers[ROUTES] = listed({"metadata": {"name": "pay", "namespace": "production"}, "spec": spec})
    answers[GATEWAYS] = listed()
    route = next(one for one in look(client).surroundings.ingresses if one.kind == "HTTPRoute")
    assert (route.hosts, route.problems) == (
        ("pay.example.com",),
        ("Service payment-api has no port 81", "Gateway edge does not exist"),
    )


def test_what_is_not_installed_is_not_missed(api_server: HttpServer, client: ClusterClient) -> None:
    api_server.faults["/apis/gateway.networking.k8s.io"] = "403"
    assert look(client).notes == ()
    assert GATEWAYS not in [request.path for request in api_server.requests]


@pytest.mark.parametrize(
    ("spec", "status", "classes", "told"),
    [
        ({}, {}, [], True),
        ({}, {}, [{"metadata": {"name": "nginx"}}], True),
        ({}, {}, [{"metadata": {"name": "nginx", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}}], False),
        ({}, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}, [], False),
        ({"ingressClassName": "nginx"}, {}, [{"metadata": {"name": "nginx"}}], False),
    ],
)
def test_an_ingress_that_names_no_class(
    answers: dict[str, Any], client: ClusterClient, spec: Any, status: Any, classes: Any, told: bool
) -> None:
    backend = {"service": {"name": "payment-api", "port": {"number": 80}}}
    found = {"metadata": {"name": "pay"}, "spec": {"defaultBackend": backend, **spec}, "status": status}
    answers["/apis/networking.k8s.io/v1/namespaces/production/ingresses"] = listed(found)
    answers["/apis/networking.k8s.io/v1/ingressclasses"] = listed(*classes)
    (ingress,) = look(client).surroundings.ingresses
    assert any("IngressClass" in problem for problem in ingress.problems) is told


SCALERS = "/apis/autoscaling/v2/namespaces/production/horizontalpodautoscalers"


def scaler(target: str, **resource: Any) -> dict[str, Any]:
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}, **resource}}]
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    return {"metadata": {"name": "payment-api"}, "spec": {"scaleTargetRef": reference, "maxReplicas": 9, "metrics": metrics}}


@pytest.mark.parametrize(("resources", "told"), [({}, True), ({"requests": {"cpu": "1"}}, False), ({"limits": {"cpu": "1"}}, False)])
def test_an_autoscaler_of_pods_that_request_nothing(answers: dict[str, Any], client: ClusterClient, resources: Any, told: bool) -> None:
    answers[SCALERS] = listed(scaler("payment-api"))
    for pod in answers[f"{SPACE}/pods"]["items"]:
        for container in pod["spec"]["containers"]:
            container["resources"] = resources
    found = look(client).autoscaler
    assert found is not None
    assert bool(found.not_requested) is told


@pytest.mark.parametrize(("target", "missing"), [("payment-apii", ["payment-api"]), ("payment-worker", [])])
def test_an_autoscaler_that_nobody_looked_at_yet(answers: dict[str, Any], client: ClusterClient, target: str, missing: list[str]) -> None:
    answers[SCALERS] = listed(scaler(target))
    answers["/apis/apps/v1/namespaces/production/deployments/payment-worker"] = {"metadata": {"name": "payment-worker"}}
    assert [one.name for one in look(client).surroundings.misdirected] == missing


@pytest.mark.parametrize(("app", "idle"), [("payment-apii", True), ("payment-api", False)])
def test_a_policy_of_the_name_that_selects_nothing(answers: dict[str, Any], client: ClusterClient, app: str, idle: bool) -> None:
    spec = {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"], "ingress": [{}]}
    policy = {"metadata": {"name": "payment-api"}, "spec": spec}
    answers["/apis/networking.k8s.io/v1/namespaces/production/networkpolicies"] = listed(policy)
    assert [one.direction for one in look(client).surroundings.isolation] == (["none"] if idle else [])


@pytest.mark.parametrize(
    ("condition", "status", "told"),
    [
        ("KernelDeadlock", "True", True),
        ("ReadonlyFilesystem", "True", True),
        ("KernelDeadlock", "False", False),
        ("EtcdIsVoter", "True", False),
        ("NetworkUnavailable", "False", False),
        ("NetworkingReady", "False", True),
        ("NetworkingReady", "True", False),
        ("StorageReady", "Unknown", False),
        ("FrequentUnhealthy", "False", False),
    ],
)
def test_what_else_a_node_says_of_itself(answers: dict[str, Any], client: ClusterClient, condition: str, status: str, told: bool) -> None:
    for node in answers["/api/v1/nodes"]["items"]:
        node["status"]["conditions"].append({"type": condition, "status": status, "reason": "x", "message": "y"})
    assert [one.type for node in look(client).surroundings.nodes for one in node.problems] == ([condition] if told else [])


def test_a_namespace_that_is_being_deleted(answers: dict[str, Any], client: ClusterClient) -> None:
    assert look(client).surroundings.namespace_deleted_at is None
    answers[SPACE]["metadata"]["deletionTimestamp"] = "2026-11-25T16:30:00Z"
    assert look(client).surroundings.namespace_deleted_at == datetime(2026, 11, 25, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"conditions": [{"type": "FileSystemResizePending", "status": "True"}]}, "FileSystemResizePending: it is finished once"),
        ({"conditions": [{"type": "ControllerResizeError", "status": "True", "message": "quota"}]}, "ControllerResizeError: quota"),
        ({"allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"}}, "ControllerResizeInfeasible"),
        ({"conditions": [{"type": "Resizing", "status": "True"}]}, ""),
        ({"allocatedResourceStatuses": {"storage": "ControllerResizeInProgress"}}, ""),
    ],
)
def test_a_claim_that_is_not_resized(answers: dict[str, Any], client: ClusterClient, status: Any, told: str) -> None:
    (claim,) = answers[f"{SPACE}/persistentvolumeclaims"]["items"]
    claim["status"] = {"phase": "Bound", **status}
    assert (look(client).surroundings.claims[0].resizing or "").startswith(told)
    assert bool(look(client).surroundings.claims[0].resizing) is bool(told)


@pytest.mark.parametrize(("keys", "told"), [(("tls.crt", "tls.key"), None), (("tls.crt",), "tls.key"), (("a.pem",), "tls.crt and tls.key")])
def test_a_secret_of_an_ingress_that_holds_no_certificate(
    answers: dict[str, Any], client: ClusterClient, keys: tuple[str, ...], told: str | None
) -> None:
    secret = next(one for one in answers[f"{SPACE}/secrets"]["items"] if one["metadata"]["name"] == "pay-tls")
    secret["metadata"]["managedFields"] = [{"fieldsV1": {"f:data": {f"f:{key}": {} for key in keys}}}]
    (ingress,) = look(client).surroundings.ingresses
    assert [one for one in ingress.problems if "TLS" in one] == ([f"TLS Secret pay-tls lacks {told}"] if told else [])


def test_what_is_said_of_a_claim_without_a_class_counts_though_it_is_called_normal(answers: dict[str, Any], client: ClusterClient) -> None:
    at = "2026-11-25T16:59:00Z"
    event = {"involvedObject": {"kind": "PersistentVolumeClaim", "name": "data"}, "type": "Normal", "metadata": {}, "firstTimestamp": at}
    answers[f"{SPACE}/events"]["items"] = [event | {"reason": "FailedBinding", "message": "no storage class is set"}]
    assert look(client).surroundings.claims[0].message == "FailedBinding: no storage class is set"
