# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import ClusterAccess, ClusterClient
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    HttpServer,
    Reply,
    Request,
    http_server,
    kubernetes_answers,
)


@pytest.fixture
def api_server() -> Iterator[HttpServer]:
    """An API server with the recorded namespace in which payment-api crashes."""
    with http_server(kubernetes_answers) as running:
        yield running


@pytest.fixture
def client(api_server: HttpServer) -> ClusterClient:
    return ClusterClient.connect(ClusterAccess(host=api_server.url, api_key="t", timeout=PATIENT))


@pytest.fixture
def service() -> Service:
    return Service("payment-api")


@pytest.fixture
def many_at_once() -> Callable[[HttpServer], list[int]]:
    """Makes a server hold its first answers until twelve requests wait; gives the list of how many waited at each request."""

    def hold(server: HttpServer) -> list[int]:
        answer, gate, lock = server.answer, threading.Event(), threading.Lock()
        waiting: list[int] = []
        now = 0

        def held(request: Request) -> Reply:
            nonlocal now
            with lock:
                now += 1
                waiting.append(now)
                if now >= 12:
                    gate.set()
            gate.wait(PATIENT)
            with lock:
                now -= 1
            return answer(request)

        server.answer = held
        return waiting

    return hold
