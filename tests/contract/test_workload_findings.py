# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a namespace: in each of the troubled ones the findings name the trouble, and a service that is well gets no warning."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest

from plugins.module_utils.clients.cluster import METADATA_ONLY
from plugins.module_utils.model.service import WorkloadKind
from tests.contract.clusters import READER, Cluster
from tests.contract.workload_objects import ingress, volume_claim
from tests.contract.workload_states import LABELS, MERGE, Namespace, ended, findings, running, until_warned, waiting, warnings
from tests.contract.workload_traps import WELL, clean
from tests.contract.workload_troubles import ON_EITHER

STATEFUL_SET, DAEMON_SET = WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET


@pytest.mark.parametrize("state", WELL)
def test_a_service_that_is_well_gets_no_warning(cluster: Cluster, state: str) -> None:
    WELL[state](Namespace(cluster))
    cluster.until("no warning", lambda: not warnings(findings(cluster)))
    time.sleep(0.5)
    assert warnings(findings(cluster)) == []


def test_what_may_not_be_read_is_no_trouble(cluster: Cluster) -> None:
    clean(Namespace(cluster))
    assert warnings(findings(cluster, user=READER)) == []


@pytest.mark.parametrize(
    ("begin", "end", "wanted"),
    [
        (timedelta(days=-90), timedelta(days=-1), r"certificate in Secret pay-tls \(.*\) expired (23h|1d)"),
        (timedelta(days=-80), timedelta(days=5), r"certificate in Secret pay-tls \(.*\) expires in (4d|5d)"),
        (timedelta(days=-1), timedelta(days=60), None),
    ],
)
@pytest.mark.parametrize("by", ["pods", "ingress"])
def test_certificates(cluster: Cluster, tmp_path: Path, by: str, begin: timedelta, end: timedelta, wanted: str | None) -> None:
    space = Namespace(cluster)
    space.certificate("pay-tls", tmp_path, begin, end)
    space.service(LABELS)
    if by == "ingress":
        ingress(space, "payment-api", tls="pay-tls")
    space.deploy(pod={"volumes": [{"name": "tls", "secret": {"secretName": "pay-tls"}}]} if by == "pods" else {})
    space.ready(3)
    cluster.until("endpoints", lambda: len(warnings(findings(cluster))) == (wanted is not None))
    told = warnings(findings(cluster))
    assert [bool(re.search(wanted or "", line)) for line in told] == [True] * (wanted is not None)
    assert "PRIVATE KEY" not in str(findings(cluster))


def test_secrets_are_listed_without_their_values(cluster: Cluster) -> None:
    Namespace(cluster).secret("database", password="s3cret")
    listed = cluster.client().get(f"/api/v1/namespaces/{cluster.namespace}/secrets", {"limit": 10}, accept=METADATA_ONLY)
    (secret,) = (entry for entry in listed["items"] if entry["metadata"]["name"] == "database")
    assert "data" not in secret
    assert "f:password" in str(secret["metadata"]["managedFields"])


def test_a_change_of_configuration_is_told_without_its_value(cluster: Cluster) -> None:
    space = Namespace(cluster)
    space.config("payment-config", level="info")
    space.deploy(container={"envFrom": [{"configMapRef": {"name": "payment-config"}}]})
    space.ready(3)
    time.sleep(2.1)
    cluster.client().patch(f"/api/v1/{space.space}/configmaps/payment-config", {"data": {"level": "s3cret"}}, MERGE)
    told = [finding for finding in findings(cluster) if finding.id == "workload.configuration_change"]
    assert [finding.title.partition(" was ")[0] for finding in told] == ["ConfigMap payment-config"]
    assert "changed" in told[0].title
    assert "s3cret" not in str(findings(cluster))


def test_a_stateful_set_that_waits_for_its_second_pod(cluster: Cluster) -> None:
    space = Namespace(cluster)
    space.deploy("v1-held", replicas=3, kind=STATEFUL_SET)
    space.keep_status(space.pods(1)[0], running(space.pods(1)[0]))
    second = next(pod for pod in space.pods(2) if pod["metadata"]["name"] == "payment-api-1")
    space.keep_status(second, waiting("CrashLoopBackOff", "back-off", ended(1), 3)(second))
    told = "\n".join(
        cluster.until("the second pod", lambda: [one for one in [warnings(findings(cluster, STATEFUL_SET))] if "ordinal" in str(one)])[0]
    )
    assert "StatefulSet payment-api waits at payment-api-1 (CrashLoopBackOff)" in told
    assert "StatefulSet payment-api uses the Service payment-api, which does not exist" in told


def test_a_stateful_set_without_its_storage_class(cluster: Cluster) -> None:
    space = Namespace(cluster)
    space.service(LABELS, clusterIP="None")
    template = {"metadata": {"name": "data"}, "spec": volume_claim("data", "fast")["spec"]}
    space.deploy(kind=STATEFUL_SET, replicas=1, volumeClaimTemplates=[template])
    told = cluster.until("a warning", lambda: warnings(findings(cluster, STATEFUL_SET)))
    assert any("StatefulSet payment-api uses the StorageClass fast, which does not exist" in line for line in told)


def test_a_stateful_set_whose_update_is_held_back(cluster: Cluster) -> None:
    space = Namespace(cluster)
    space.service(LABELS, clusterIP="None")
    space.deploy(kind=STATEFUL_SET, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    space.ready(3, kind=STATEFUL_SET)
    cluster.roll_out(STATEFUL_SET, "v2")
    told = cluster.until("a warning", lambda: [one for one in warnings(findings(cluster, STATEFUL_SET)) if "partition" in one])
    assert "2 pods of StatefulSet payment-api still on the old version: the update is held back by partition 2" in told[0]


@pytest.mark.parametrize("kind", [STATEFUL_SET, DAEMON_SET])
def test_the_other_kinds_are_well_too(cluster: Cluster, kind: WorkloadKind) -> None:
    space = Namespace(cluster)
    space.service(LABELS, clusterIP="None")
    space.deploy(kind=kind, updateStrategy={"type": "RollingUpdate"})
    space.ready(3, kind=kind)
    cluster.until("no warning", lambda: not warnings(findings(cluster, kind)))
    assert warnings(findings(cluster, kind)) == []


@pytest.mark.parametrize("state", ON_EITHER)
def test_trouble_has_its_name(cluster: Cluster, state: str) -> None:
    build, wanted = ON_EITHER[state]
    build(Namespace(cluster))
    until_warned(cluster, wanted)
