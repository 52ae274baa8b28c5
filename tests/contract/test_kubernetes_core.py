# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes.core's own modules work with the simulated cluster as with the real one."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import collection_tree
import pytest

from bench.kubernetes_core import NotAvailableError, collections_directory
from plugins.module_utils.model.service import WorkloadKind
from tests.contract.ansible_runs import module
from tests.contract.clusters import Cluster
from tests.contract.test_rollback import DEPLOYMENT, versions_running
from tests.real.parts.binaries import cache

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def collections() -> str:
    try:
        theirs = collections_directory(cache().parent / "bench")
    except NotAvailableError as error:
        pytest.skip(str(error))
    return os.pathsep.join((str(collection_tree.linked_tree()), str(theirs)))


@pytest.fixture
def core(cluster: Cluster, collections: str) -> Run:
    """Runs a module of kubernetes.core in the test's namespace."""

    def run(its_name: str, /, check: bool = False, **options: Any) -> dict[str, Any]:
        given = {"kubeconfig": str(cluster.kubeconfigs["admin"]), "namespace": cluster.namespace, **options}
        return module(f"kubernetes.core.{its_name}", given, check=check, ANSIBLE_COLLECTIONS_PATH=collections)

    return run


def test_reading(cluster: Cluster, core: Run) -> None:
    cluster.set_log(["starting", "ready"], [])
    cluster.create(DEPLOYMENT, "v1", replicas=2)
    cluster.complete()
    pods = core("k8s_info", kind="Pod", label_selectors=["app=payment-api"])["resources"]
    assert [pod["status"]["phase"] for pod in pods] == ["Running", "Running"]
    read = core("k8s_log", name=pods[0]["metadata"]["name"])
    assert read["log_lines"] == ["starting", "ready", ""]
    cluster.set_log([], [])


@pytest.mark.parametrize("kind", [WorkloadKind.DEPLOYMENT, WorkloadKind.DAEMON_SET])
def test_their_rollback(cluster: Cluster, core: Run, kind: WorkloadKind) -> None:
    cluster.history("v1", "v2", kind=kind, replicas=1)
    wanted = {"api_version": "apps/v1", "kind": kind.value, "name": "payment-api"}
    assert core("k8s_rollback", check=True, **wanted)["changed"]
    assert cluster.tag(kind) == "v2"
    assert core("k8s_rollback", **wanted)["changed"]
    cluster.complete(kind)
    assert versions_running(cluster) == {"v1"}


def test_changing(cluster: Cluster, core: Run) -> None:
    cluster.create(DEPLOYMENT, "v1", replicas=1)
    cluster.complete()
    wanted = {"api_version": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    scaled = core("k8s_scale", replicas=3, wait_timeout=60, **wanted)
    assert (scaled["changed"], scaled["result"]["status"]["readyReplicas"]) == (True, 3)
    patched = core("k8s", state="patched", definition={"metadata": {"labels": {"tier": "1"}}}, **wanted)
    assert (patched["changed"], patched["result"]["metadata"]["labels"]) == (True, {"tier": "1"})
    assert core("k8s", state="absent", wait=True, wait_timeout=60, **wanted)["changed"]
    cluster.until("no pods", lambda: not cluster.pods())
