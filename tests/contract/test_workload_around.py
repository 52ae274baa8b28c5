# SPDX-License-Identifier: GPL-3.0-or-later
"""What is around a service: trouble there has its name in a warning, and what only looks like trouble gives none."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from plugins.module_utils.model.service import WorkloadKind
from tests.contract import workload_around, workload_rare
from tests.contract.clusters import Cluster
from tests.contract.workload_states import Namespace, findings, until_warned, warnings

WRONG = workload_around.WRONG | workload_rare.WRONG
WELL = workload_around.WELL | workload_rare.WELL


@pytest.fixture(autouse=True)
def _leave_no_trace(cluster: Cluster) -> Iterator[None]:
    """Events about nodes and webhooks are not in the test's namespace."""
    yield
    client = cluster.client()
    kinds = [f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations" for kind in ("validating", "mutating")]
    for path in ("/api/v1/namespaces/default/events", *kinds):
        for found in client.get(path)["items"]:
            if found.get("involvedObject", {}).get("kind", "Node") == "Node":
                client.delete(f"{path}/{found['metadata']['name']}")


@pytest.mark.parametrize("state", WRONG)
def test_trouble_has_its_name(cluster: Cluster, state: str) -> None:
    build, wanted = WRONG[state]
    build(Namespace(cluster))
    until_warned(cluster, wanted)


@pytest.mark.parametrize("state", WELL)
def test_what_only_looks_like_trouble_gives_no_warning(cluster: Cluster, state: str) -> None:
    WELL[state](Namespace(cluster))
    with contextlib.suppress(AssertionError):  # what there is then is told below
        cluster.until("no warning", lambda: not warnings(findings(cluster)))
        time.sleep(0.5)
    assert warnings(findings(cluster)) == []


def test_volumes_that_were_made_by_hand(cluster: Cluster) -> None:
    workload_around.by_hand(Namespace(cluster))
    cluster.until("no warning", lambda: not warnings(findings(cluster, WorkloadKind.STATEFUL_SET)), 15)
