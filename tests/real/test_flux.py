# SPDX-License-Identifier: GPL-3.0-or-later
"""Flux itself: it undoes a rollback, unless it is suspended for it, and takes over again when it is resumed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.model.check import Verdict
from tests.contract.clusters import Cluster
from tests.contract.real_cluster import real_cluster
from tests.contract.test_rollback import DEPLOYMENT
from tests.real.parts.control_plane import ControlPlane
from tests.real.parts.flux import Flux, flux
from tests.real.servers import real_part
from tests.real.test_gitops import gitops, owner_check
from tests.real.test_suspended_owner import started

GROUP = "kustomize.toolkit.fluxcd.io"


@pytest.fixture(scope="module")
def controller(plane: ControlPlane, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flux]:
    with real_part(request, "Flux", flux(plane, tmp_path_factory.mktemp("flux"))) as running:
        yield running


@pytest.fixture
def cluster(plane: ControlPlane, controller: Flux) -> Iterator[Cluster]:
    """Flux has brought v2.3.0, and then v2.3.1."""
    found = real_cluster(plane)
    found.new_namespace()
    path = kustomization(found)
    for version in ("v2.3.0", "v2.3.1"):
        revision = controller.publish(found.namespace, [manifest(found, version)])
        if version == "v2.3.0":
            spec = {"interval": "1h", "path": "./", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "shop"}}
            body = {"apiVersion": f"{GROUP}/v1", "kind": "Kustomization", "metadata": {"name": "payments"}, "spec": spec}
            found.client().post(path.rpartition("/")[0], body)
        found.until(version, lambda: found.client().get(path).get("status", {}).get("lastAppliedRevision") == revision)  # noqa: B023
        found.complete()
    yield found
    found.client().delete(path)


def kustomization(cluster: Cluster) -> str:
    return f"/apis/{GROUP}/v1/namespaces/{cluster.namespace}/kustomizations/payments"


def manifest(cluster: Cluster, version: str) -> dict[str, Any]:
    labels = {"app": "payment-api"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": f"shop/payment-api:{version}"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    metadata = {"name": "payment-api", "namespace": cluster.namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def looks_now(cluster: Cluster) -> None:
    """As `flux reconcile kustomization payments`."""
    asked = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": datetime.now(UTC).isoformat()}}}
    cluster.client().patch(kustomization(cluster), asked, "application/merge-patch+json")


def passed_over(cluster: Cluster, controller: Flux) -> int:
    """How often Flux has looked at it and found it suspended."""
    return controller.said(cluster.namespace, "Reconciliation is suspended")


def test_it_brings_back_what_was_rolled_back(cluster: Cluster) -> None:
    found = owner_check(cluster)
    assert (found.verdict, found.title) == (Verdict.FAIL, f"Flux Kustomization {cluster.namespace}/payments would undo the rollback")
    cluster.roll_out(DEPLOYMENT, "v2.3.0")
    looks_now(cluster)
    cluster.until("v2.3.1 again: this is what the check is for", lambda: cluster.tag() == "v2.3.1")


def test_it_leaves_a_rollback_alone_while_it_is_suspended(cluster: Cluster, controller: Flux, tmp_path: Path) -> None:
    run = started(cluster, tmp_path)
    output = run.communicate(timeout=180)[0]
    assert run.returncode == 0, output
    assert cluster.tag() == "v2.3.0"

    seen = passed_over(cluster, controller)
    looks_now(cluster)
    cluster.until("Flux has looked", lambda: passed_over(cluster, controller) > seen)
    seen = passed_over(cluster, controller)
    revision = controller.publish(cluster.namespace, [manifest(cluster, "v2.3.2")])
    cluster.until("Flux has seen what is new", lambda: passed_over(cluster, controller) > seen)
    assert cluster.tag() == "v2.3.0"

    undone = gitops(cluster, state="undone")
    assert (undone["failed"], undone["changed"]) == (False, True), undone
    cluster.until("what the repository has by now", lambda: cluster.tag() == "v2.3.2")
    cluster.until("its revision", lambda: cluster.client().get(kustomization(cluster))["status"].get("lastAppliedRevision") == revision)
