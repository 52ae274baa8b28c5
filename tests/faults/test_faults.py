# SPDX-License-Identifier: GPL-3.0-or-later
"""Each source before each fault: the rest goes on, the deadline holds, what arrived is used, and a reason says what to do."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterUnreachable
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import EvidenceStatus, Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level

from tests.faults.conftest import Production
from tests.faults.faulty_proxy import FAULTS, faulty_proxy

PATIENT = {"source_timeout": 20.0, "deadline": 25.0}
WAITING = {"source_timeout": 5.0, "deadline": 6.5}
"""For faults that use the time up: every such test takes as long."""
LATE = 3.0
"""Seconds that a busy machine may take beyond the deadline: to load, to compute, to be scheduled."""
IN_CLUSTER = {
    Source.WORKLOAD: "/api/v1/namespaces/production/pods?",
    Source.ROLLOUTS: "/apis/apps/v1/namespaces/production/replicasets",
    Source.LOGS: "/log?",
}
TAKEN_ALONG = {Source.WORKLOAD: {Source.LOGS}, Source.ROLLOUTS: {Source.CHANGES, Source.WORKLOAD}}
"""Sources that use what another one asks for."""
ANY_TEXT_IS_A_LOG = "nonsense"
"""What a log says cannot be told from what a log should not say."""
CLUSTER_FAULTS = [fault for fault in FAULTS if fault != "certificate"]


def status(seen: Diagnostics, source: Source) -> EvidenceStatus:
    return getattr(seen, source.value).status  # type: ignore[no-any-return]


def limits(fault: str) -> dict[str, float]:
    return WAITING if fault in ("late", "drip") else PATIENT


def timed(production: Production, fault: str, **options: Any) -> Diagnostics:
    """What is seen within the limits; fails when it takes longer than they say."""
    began = time.monotonic()
    seen = production.diagnose(**limits(fault), **options)
    assert time.monotonic() - began < limits(fault)["deadline"] + LATE
    return seen


def hit(seen: Diagnostics, sources: set[Source]) -> None:
    """`sources` are less than ok and say why; every other one is as it is on a good day."""
    for source in Source:
        evidence = getattr(seen, source.value)
        if source in sources:
            assert evidence.status in (EvidenceStatus.UNAVAILABLE, EvidenceStatus.PARTIAL), source
            assert len(evidence.reason or "") > 20, source
        else:
            assert evidence.status is EvidenceStatus.OK, (source, evidence.reason)


def test_without_a_fault_the_proxy_changes_nothing(production: Production) -> None:
    with (
        faulty_proxy(production.cluster, None) as cluster,
        faulty_proxy(production.variables["PROMETHEUS_URL"], None) as metrics,
        faulty_proxy(production.variables["JAEGER_URL"], None) as traces,
    ):
        seen = production.diagnose(
            kubeconfig=None, host=cluster.url, api_key=production.token, prometheus_url=metrics.url, jaeger_url=traces.url
        )
    hit(seen, set())
    assert all(proxy.requests for proxy in (cluster, metrics, traces))


@pytest.mark.parametrize("fault", FAULTS)
def test_metrics_and_impact(production: Production, fault: str) -> None:
    with faulty_proxy(production.variables["PROMETHEUS_URL"], fault) as proxy:
        seen = timed(production, fault, prometheus_url=proxy.url)
    assert proxy.requests or fault == "certificate"
    for source in (Source.METRICS, Source.IMPACT):
        assert getattr(seen, source.value).status in (EvidenceStatus.UNAVAILABLE, EvidenceStatus.PARTIAL)
        assert len(getattr(seen, source.value).reason) > 20
    for source in (Source.WORKLOAD, Source.ROLLOUTS, Source.LOGS, Source.TRACES, Source.CHANGES):
        assert status(seen, source) is EvidenceStatus.OK
    signals = seen.metrics.data.signals if seen.metrics.data else ()
    assert all(signal.value is None and signal.reason for signal in signals)


@pytest.mark.parametrize("fault", FAULTS)
def test_traces(production: Production, fault: str) -> None:
    with faulty_proxy(production.variables["JAEGER_URL"], fault) as proxy:
        seen = timed(production, fault, jaeger_url=proxy.url)
    assert proxy.requests or fault == "certificate"
    hit(seen, {Source.TRACES})


@pytest.mark.parametrize(
    ("source", "fault"),
    [(source, fault) for source in IN_CLUSTER for fault in CLUSTER_FAULTS if (source, fault) != (Source.LOGS, ANY_TEXT_IS_A_LOG)],
)
def test_a_part_of_the_cluster(production: Production, source: Source, fault: str) -> None:
    with faulty_proxy(production.cluster, fault, lambda path: IN_CLUSTER[source] in path) as proxy:
        seen = timed(production, fault, kubeconfig=None, host=proxy.url, api_key=production.token)
    assert any(IN_CLUSTER[source] in path for path in proxy.requests)
    hit(seen, {source} | (TAKEN_ALONG.get(source, set()) & {one for one in Source if status(seen, one) is not EvidenceStatus.OK}))


@pytest.mark.parametrize("fault", ["late", "drip", "cut", "half", "garbage", "certificate"])
def test_a_cluster_that_can_t_be_reached_ends_it(production: Production, fault: str) -> None:
    began = time.monotonic()
    with faulty_proxy(production.cluster, fault) as proxy, pytest.raises(ClusterUnreachable) as raised:
        production.diagnose(**limits(fault), kubeconfig=None, host=proxy.url, api_key=production.token)
    assert time.monotonic() - began < limits(fault)["deadline"] + LATE
    assert proxy.url in raised.value.message
    assert any(option in raised.value.message for option in ("kubeconfig", "host", "certificate"))


@pytest.mark.parametrize("fault", ["nonsense", "429", "500"])
def test_a_cluster_in_trouble_leaves_the_rest(production: Production, fault: str) -> None:
    with faulty_proxy(production.cluster, fault) as proxy:
        seen = timed(production, fault, kubeconfig=None, host=proxy.url, api_key=production.token)
    hit(seen, {*IN_CLUSTER, Source.CHANGES} - {one for one in (Source.CHANGES,) if status(seen, one) is EvidenceStatus.OK})


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ("drip", "nonsense")])
def test_a_dependency(production: Production, fault: str) -> None:
    entry = {**production.entry, "dependencies": [{"name": "mail", "type": "http", "address": "set below"}]}
    with faulty_proxy(production.variables["LAB_MAILBOX_URL"], fault) as proxy:
        entry["dependencies"][0]["address"] = f"{proxy.url}/health"
        seen = timed(production, fault, catalogue=entry)
    assert seen.dependencies.data is not None
    (mail,) = seen.dependencies.data.health
    assert mail.level is not Level.OK
    assert len(mail.detail) > 5


@pytest.mark.parametrize("fault", [fault for fault in CLUSTER_FAULTS if fault != ANY_TEXT_IS_A_LOG])
def test_the_logs_that_arrived_are_used(production: Production, fault: str) -> None:
    state = production.diagnose().workload.data
    assert state is not None
    # The log of a pod that the autoscaler just made is empty, and half of that is all of it.
    oldest = min(state.pods, key=lambda pod: pod.created_at or datetime.max.replace(tzinfo=UTC)).name

    def one_pod(path: str) -> bool:
        return f"/pods/{oldest}/log?" in path

    with faulty_proxy(production.cluster, fault, one_pod) as proxy:
        seen = timed(production, fault, kubeconfig=None, host=proxy.url, api_key=production.token)
    assert status(seen, Source.LOGS) is EvidenceStatus.PARTIAL
    assert seen.logs.data is not None
    assert seen.logs.data.patterns
    assert seen.logs.reason
