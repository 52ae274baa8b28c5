# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import (
    ClusterAccess,
    ClusterClient,
    ClusterUnreachable,
    Unauthorized,
)
from ansible_collections.devops.incident_response.plugins.module_utils.clients.jaeger import JaegerClient
from ansible_collections.devops.incident_response.plugins.module_utils.clients.libraries import load
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import PrometheusClient
from ansible_collections.devops.incident_response.plugins.module_utils.errors import InvalidOptionError, NotFoundError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.logs import MAX_LOGS
from ansible_collections.devops.incident_response.plugins.module_utils.faces.diagnostics import Clients, Options, diagnose
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import from_result, to_result
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import EvidenceStatus, Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import (
    Dependency,
    DependencyType,
    MetricsSettings,
    Service,
)
from ansible_collections.devops.incident_response.tests.unit.clocks import Ahead
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.evidence.prometheus_answers import answers
from ansible_collections.devops.incident_response.tests.unit.servers import (
    FAULTS,
    PATIENT,
    HttpServer,
    Reply,
    Request,
    closed_port,
    http_server,
    kubernetes_answers,
    recorded,
)

NOW = datetime(2026, 11, 23, 22, 56, tzinfo=UTC)
WELL = {"count(": 10.0, "count by (": 10.0, "histogram_quantile": 8.5, "memory": 0.85, "cpu": 0.4, "sum(": 0.45}
FROM_CLUSTER = (Source.WORKLOAD, Source.ROLLOUTS, Source.LOGS)


@dataclass
class Production:
    """A small production that can be asked, and broken."""

    cluster: HttpServer
    prometheus: HttpServer
    jaeger: HttpServer
    service: Service

    def diagnose(self, options: Options | None = None, **changes: object) -> Diagnostics:
        clients = Clients(
            cluster=lambda: ClusterClient.connect(ClusterAccess(host=self.cluster.url, api_key="t")),
            prometheus=PrometheusClient(self.prometheus.url),
            jaeger=JaegerClient(self.jaeger.url),
        )
        return diagnose(self.service, replace(clients, **changes), options or Options(source_timeout=PATIENT, deadline=PATIENT), NOW)  # type: ignore[arg-type]


def traces(request: Request) -> Reply:
    start = int(float(request.query.get("start", 0)))
    span = {"spanID": "a", "operationName": "GET", "startTime": start, "duration": 50000, "processID": "p"}
    return Reply(200, {"data": [{"traceID": "t", "spans": [span], "processes": {"p": {"serviceName": "payment-api"}}}]})


@pytest.fixture(scope="session")
def libraries() -> None:
    """Loaded beforehand, so that a short time limit is one for the servers alone."""
    for name in ("urllib3", "requests", "prometheus_api_client.prometheus_connect", "kubernetes.client.rest", "kubernetes.config"):
        load(name)


@pytest.fixture
def production(libraries: None) -> Iterator[Production]:
    prometheus = answers(WELL, now=NOW.timestamp())
    with (
        http_server(kubernetes_answers) as cluster,
        http_server(lambda request: Reply(200, {}) if request.path == "/health" else prometheus(request)) as metrics,
        http_server(traces) as jaeger,
    ):
        dependency = Dependency("auth", DependencyType.HTTP, f"{metrics.url}/health")
        yield Production(cluster, metrics, jaeger, Service("payment-api", dependencies=(dependency,)))


def status(found: Diagnostics, source: Source) -> EvidenceStatus:
    return getattr(found, source.value).status  # type: ignore[no-any-return]


def test_every_source_answers(production: Production) -> None:
    found = production.diagnose()
    assert {source: status(found, source) for source in Source} == {
        **dict.fromkeys(Source, EvidenceStatus.OK),
        Source.CHANGES: EvidenceStatus.SKIPPED,
    }
    assert found.workload.data is not None
    assert found.logs.data is not None
    assert [(pattern.level, pattern.count) for pattern in found.logs.data.patterns] == [("ERROR", 14), ("INFO", 7)]
    assert found.metrics.data is not None
    assert found.metrics.data.signals
    assert found.findings
    assert found.events


@pytest.mark.parametrize(
    ("measured", "moved", "told"),
    [
        (0, 240, ["The cluster's clock is 4m ahead of that of Prometheus"]),
        (243, 0, ["The clock of this machine is 4m 3s behind those of the cluster and Prometheus"]),
    ],
    ids=["the cluster's is wrong", "ours is wrong"],
)
def test_times_of_a_cluster_whose_clock_differs_are_held_against_what_was_measured(
    production: Production, measured: int, moved: int, told: list[str]
) -> None:
    def looked(cluster: int) -> Diagnostics:
        client = ClusterClient.connect(ClusterAccess(host=production.cluster.url, api_key="t"))
        client.server_clock = Ahead(cluster)
        prometheus = PrometheusClient(production.prometheus.url)
        prometheus.server_clock = Ahead(measured if cluster else 0)
        return production.diagnose(cluster=lambda: client, prometheus=prometheus)

    usual, ahead = looked(0), looked(240)
    for found in (usual, ahead):
        assert found.rollouts.data is not None
        assert found.workload.data is not None
        assert found.logs.data is not None
    by = timedelta(seconds=moved)
    assert ahead.rollouts.data.deployed_at == usual.rollouts.data.deployed_at - by
    assert [pod.created_at for pod in ahead.workload.data.pods] == [pod.created_at - by for pod in usual.workload.data.pods]
    assert [one.last_seen for one in ahead.logs.data.patterns] == [one.last_seen - by for one in usual.logs.data.patterns]
    assert [finding.title for finding in ahead.findings if finding.id == "rollouts.clock"] == told


def test_every_request_is_counted_once(production: Production) -> None:
    found = production.diagnose()
    counts = {source: getattr(found, source.value).requests for source in Source}
    health = sum(request.path == "/health" for request in production.prometheus.requests)
    assert sum(counts[source] for source in (Source.WORKLOAD, Source.ROLLOUTS, Source.LOGS)) == len(production.cluster.requests)
    assert counts[Source.METRICS] + counts[Source.IMPACT] == len(production.prometheus.requests) - health
    assert (counts[Source.TRACES], counts[Source.DEPENDENCIES]) == (len(production.jaeger.requests), health)
    assert counts[Source.LOGS] == sum(request.path.endswith("/log") for request in production.cluster.requests) > 0


def test_the_requests_of_a_source_that_is_too_slow_are_counted(production: Production) -> None:
    production.jaeger.faults["/"] = "hang"
    found = production.diagnose(options=Options(source_timeout=2.0, deadline=PATIENT))
    assert (status(found, Source.TRACES), found.traces.requests) == (EvidenceStatus.UNAVAILABLE, len(production.jaeger.requests))


def with_pods(count: int) -> Callable[[Request], Reply]:
    """The recorded answers, with so many pods, each like the first."""

    def answer(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path.endswith("/namespaces/production/pods"):
            first = reply.body["items"][0]
            reply.body["items"] = [{**first, "metadata": {**first["metadata"], "name": f"payment-api-{number}"}} for number in range(count)]
        return reply

    return answer


def test_only_the_requests_for_logs_grow_with_the_pods_and_those_are_capped(production: Production) -> None:
    asked = {}
    for pods in (5, 500):
        production.cluster.answer = with_pods(pods)
        production.cluster.requests.clear()
        assert production.diagnose(options=Options(source_timeout=PATIENT, deadline=PATIENT)).workload.data is not None
        logs = [request for request in production.cluster.requests if request.path.endswith("/log")]
        asked[pods] = (len(production.cluster.requests) - len(logs), len(logs))
    assert asked[5][0] == asked[500][0]
    assert asked[5][1] < asked[500][1] <= MAX_LOGS


def test_it_can_be_read_back_and_is_small(production: Production) -> None:
    found = production.diagnose()
    text = json.dumps(to_result(found))
    assert len(text) < 150_000
    assert from_result(Diagnostics, json.loads(text)) == found


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "refused"])
@pytest.mark.parametrize(("server", "sources"), [("prometheus", (Source.METRICS, Source.IMPACT)), ("jaeger", (Source.TRACES,))])
def test_a_source_that_fails_is_unavailable_with_its_reason_and_the_rest_goes_on(
    production: Production, server: str, sources: tuple[Source, ...], fault: str
) -> None:
    getattr(production, server).faults["/api"] = fault
    found = production.diagnose(Options(source_timeout=2.0, deadline=PATIENT) if fault == "hang" else None)
    for source in Source:
        if source in sources:
            assert status(found, source) is EvidenceStatus.UNAVAILABLE
            assert len(getattr(found, source.value).reason) > 20
        elif source is not Source.CHANGES and fault != "hang":
            assert status(found, source) is EvidenceStatus.OK


@pytest.mark.parametrize("fault", ["403", "500", "429", "html", "truncated", "nonsense"])
def test_pods_that_can_t_be_listed_leave_the_history_and_the_metrics(production: Production, fault: str) -> None:
    production.cluster.faults["/api/v1/namespaces/production/pods"] = fault
    found = production.diagnose()
    assert status(found, Source.WORKLOAD) is EvidenceStatus.UNAVAILABLE
    assert status(found, Source.LOGS) is EvidenceStatus.UNAVAILABLE
    assert status(found, Source.ROLLOUTS) is EvidenceStatus.OK
    assert status(found, Source.METRICS) is EvidenceStatus.OK


@pytest.mark.parametrize("fault", ["403", "500", "429", "html", "nonsense"])
def test_a_workload_that_can_t_be_read_is_no_reason_to_stop(production: Production, fault: str) -> None:
    production.cluster.faults["/apis/apps/v1/namespaces/production/deployments"] = fault
    found = production.diagnose()
    assert status(found, Source.WORKLOAD) is EvidenceStatus.UNAVAILABLE
    assert status(found, Source.LOGS) is EvidenceStatus.OK
    assert status(found, Source.METRICS) is EvidenceStatus.OK


def test_what_is_not_given_or_not_wanted_is_skipped(production: Production) -> None:
    options = Options(sources=frozenset({Source.WORKLOAD, Source.METRICS, Source.TRACES, Source.IMPACT}), source_timeout=PATIENT)
    found = production.diagnose(options, prometheus=None, jaeger=None)
    assert found.metrics.reason == "no prometheus_url is given"
    assert found.traces.reason == "no jaeger_url or tempo_url is given"
    assert found.logs.reason == "not among the sources that were asked for"
    assert found.workload.status is EvidenceStatus.OK


def test_logs_only_asks_prometheus_nothing(production: Production) -> None:
    found = production.diagnose(Options(use_logs_only=True, source_timeout=PATIENT))
    assert (found.metrics.status, found.metrics.reason) == (EvidenceStatus.SKIPPED, "use_logs_only is set")
    assert found.impact.reason == "use_logs_only is set"
    assert [request.path for request in production.prometheus.requests] == ["/health"]


def test_an_unreachable_cluster_ends_it(production: Production) -> None:
    with pytest.raises(ClusterUnreachable, match="connection refused"):
        production.diagnose(cluster=lambda: ClusterClient.connect(ClusterAccess(host=f"http://127.0.0.1:{closed_port()}")))


def test_a_cluster_that_hangs_ends_it_in_time(production: Production) -> None:
    production.cluster.faults["/"] = "hang"
    with pytest.raises(ClusterUnreachable, match=r"did not answer within 0\.4 s"):
        production.diagnose(Options(source_timeout=0.5, deadline=2.0))


def test_refused_credentials_end_it(production: Production) -> None:
    production.cluster.answer = lambda _: Reply(401, recorded("kubernetes/status_401"))
    with pytest.raises(Unauthorized, match="expired"):
        production.diagnose()


def test_a_misspelt_workload_names_the_near_ones(production: Production) -> None:
    production.service = Service("payment-apj")
    with pytest.raises(
        NotFoundError, match=r"no Deployment 'payment-apj' in namespace 'production'\. Did you mean payment-api\?"
    ) as raised:
        production.diagnose()
    assert raised.value.details["near"][0] == "payment-api"
    assert set(raised.value.details["near"]) == {"payment-api", "orders-db", "log-agent"}


def test_a_workload_of_another_kind_is_pointed_out(production: Production) -> None:
    production.service = Service("orders-db")
    with pytest.raises(NotFoundError, match="There is a StatefulSet of this name: set workload_kind to StatefulSet"):
        production.diagnose()


def test_a_workload_in_another_namespace_is_pointed_out(production: Production) -> None:
    def answer(request: Request) -> Reply:
        if request.path == "/apis/apps/v1/deployments" and request.query.get("fieldSelector") == "metadata.name=billing":
            return Reply(200, {"items": [{"metadata": {"name": "billing", "namespace": "staging"}}]})
        return kubernetes_answers(request)

    production.cluster.answer = answer
    production.service = Service("billing")
    with pytest.raises(NotFoundError, match="There is one in namespace staging: set 'namespace'"):
        production.diagnose()


def test_what_is_no_kubernetes_says_so(production: Production) -> None:
    production.cluster.answer = lambda _: Reply(404, b"<html>nginx</html>", "text/html")
    with pytest.raises(NotFoundError, match="it is not a Kubernetes API"):
        production.diagnose()


def test_a_wrong_metric_name_ends_it_before_anything_is_asked(production: Production) -> None:
    production.service = replace(production.service, metrics=MetricsSettings(duration="a b"))
    with pytest.raises(InvalidOptionError, match=r"catalogue\.metrics\.duration"):
        production.diagnose()
    assert production.cluster.requests == production.prometheus.requests == []


def test_an_answer_that_nobody_foresaw_costs_one_source(production: Production) -> None:
    def broken(request: Request) -> Reply:
        reply = kubernetes_answers(request)
        if request.path.endswith("/replicasets"):
            for entry in reply.body["items"]:
                entry["metadata"]["ownerReferences"] = ["what"]
        return reply

    production.cluster.answer = broken
    found = production.diagnose()
    assert found.rollouts.status is EvidenceStatus.UNAVAILABLE
    assert found.metrics.status is EvidenceStatus.OK


def test_threads_that_hang_do_not_keep_the_process() -> None:
    """A process of its own, since what is tested is how it ends."""
    program = (
        "import threading, time\n"
        "from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import map_side_by_side, start\n"
        "start(lambda: time.sleep(60), 'hangs')\n"
        "map_side_by_side(time.sleep, [60, 60], 2, 'hang')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, env={"PYTHONPATH": ":".join(sys.path)})
