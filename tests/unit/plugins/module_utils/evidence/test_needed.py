# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterAccess, ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.needed import Needed
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.neighbourhood import Neighbourhood
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    http_server,
)

ACCOUNTS, PRIORITIES = "/api/v1/namespaces/shop/serviceaccounts", "/apis/scheduling.k8s.io/v1/priorityclasses"
RUNTIMES = "/apis/node.k8s.io/v1/runtimeclasses"
NAMED = {"serviceAccountName": "pay", "priorityClassName": "gold", "runtimeClassName": "gvisor"}


@pytest.fixture
def api_server() -> Iterator[HttpServer]:
    """A namespace in which there is nothing but a ServiceAccount and a PriorityClass."""

    def answer(request: Request) -> Reply:
        name = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        there = (request.path, name) in {(ACCOUNTS, "there"), (PRIORITIES, "there")}
        return Reply(200, {"kind": "List", "items": [{"metadata": {"name": name}}] if there else [], "metadata": {}})

    with http_server(answer) as running:
        yield running


def look(server: HttpServer, spec: Any) -> tuple[list[tuple[str, str, str]], tuple[str, ...]]:
    around = Neighbourhood(ClusterClient.connect(ClusterAccess(host=server.url, api_key="t", timeout=PATIENT)), "shop", Deadline(PATIENT))
    missing = Needed(around, {"spec": spec}).missing()
    return [(one.kind, one.name, one.used_by) for one in missing], around.notes()


def asked(server: HttpServer) -> set[str]:
    return {request.path for request in server.requests} & {ACCOUNTS, PRIORITIES, RUNTIMES}


def test_what_the_next_pod_would_be_refused_for(api_server: HttpServer) -> None:
    missing, notes = look(api_server, NAMED)
    assert missing == [
        ("ServiceAccount", "pay", "serviceAccountName"),
        ("PriorityClass", "gold", "priorityClassName"),
        ("RuntimeClass", "gvisor", "runtimeClassName"),
    ]
    assert notes == ()


def test_what_is_there_is_not_missing(api_server: HttpServer) -> None:
    assert look(api_server, {"serviceAccountName": "there", "priorityClassName": "there"}) == ([], ())


def test_what_is_always_there_is_not_asked_for(api_server: HttpServer) -> None:
    assert look(api_server, {"serviceAccountName": "default", "priorityClassName": "system-node-critical"}) == ([], ())
    assert asked(api_server) == set()


def test_what_may_not_be_read_is_not_missing(api_server: HttpServer) -> None:
    api_server.faults[PRIORITIES] = "403"
    missing, notes = look(api_server, NAMED)
    assert [kind for kind, _unused, _unused in missing] == ["ServiceAccount", "RuntimeClass"]
    assert [note.partition(":")[0] for note in notes] == ["PriorityClass gold"]
