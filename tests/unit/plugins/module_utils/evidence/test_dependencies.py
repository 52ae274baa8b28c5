# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.prometheus import PrometheusClient
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.dependencies import dependencies
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.probed import Probed
from ansible_collections.devops.incident_response.plugins.module_utils.model.dependencies import DependencyHealth
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Dependency, DependencyType, Service
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.evidence.prometheus_answers import answers
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    Reply,
    closed_port,
    http_server,
    tcp_server,
)

POOL = Dependency("payments-db", DependencyType.TCP, "db:5432", "Database", "db_in_use", "db_capacity")


def health(
    dependency: Dependency, prometheus: PrometheusClient | None = None, probed: Probed | None = None
) -> tuple[DependencyHealth, tuple[str, ...]]:
    probe = (lambda *_unused: probed) if probed else None
    found = dependencies(Service("payment-api", dependencies=(dependency,)), prometheus, Deadline(PATIENT), probe)
    return found.health[0], found.notes


def redis(used: int, most: int, extra: bytes = b""):
    def talk(connection: socket.socket) -> None:
        connection.recv(1024)
        memory = b"used_memory:%d\r\nmaxmemory:%d\r\n" % (used, most)
        connection.sendall(b"+PONG\r\n" + b"$%d\r\n%s\r\n" % (len(memory + extra), memory + extra))

    return talk


def test_what_answers_is_healthy() -> None:
    with tcp_server(lambda _unused: None) as address:
        found, notes = health(Dependency("db", DependencyType.TCP, address))
    assert (found.level, found.detail, found.title, notes) == (Level.OK, "Healthy", "db", ())


def test_what_refuses_is_critical_and_no_error() -> None:
    found, _unused = health(Dependency("db", DependencyType.TCP, f"127.0.0.1:{closed_port()}"))
    assert (found.level, found.detail) == (Level.CRITICAL, "connection refused")


@pytest.mark.parametrize(
    ("kind", "address", "detail"),
    [
        (DependencyType.TCP, "payments-db.production.svc.invalid:5432", "its host name cannot be resolved from here"),
        (DependencyType.REDIS, "redis.production.svc.invalid:6379", "its host name cannot be resolved from here"),
        (DependencyType.HTTP, "http://auth.production.svc.invalid/health", "its host name cannot be resolved from here"),
        (DependencyType.TCP, "payments-db", "is not host:port"),
    ],
)
def test_what_cannot_be_asked_from_here_is_unknown(kind: DependencyType, address: str, detail: str) -> None:
    found, _unused = health(Dependency("db", kind, address))
    assert found.level is Level.UNKNOWN
    assert detail in found.detail


@pytest.mark.parametrize(
    ("status", "level", "detail"),
    [
        (200, Level.OK, "Healthy"),
        (401, Level.OK, "answers (HTTP 401: it asks for a login)"),
        (404, Level.WARNING, "answers with HTTP 404"),
        (503, Level.CRITICAL, "answers with HTTP 503"),
    ],
)
def test_http_by_its_status(status: int, level: Level, detail: str) -> None:
    with http_server(lambda _unused: Reply(status, {})) as server:
        found, _unused = health(Dependency("auth", DependencyType.HTTP, f"{server.url}/health"))
    assert (found.level, found.detail) == (level, detail)


@pytest.mark.parametrize(
    ("used", "most", "level", "detail"),
    [
        (88, 100, Level.WARNING, "High memory usage (88%)"),
        (100, 100, Level.CRITICAL, "High memory usage (100%)"),
        (84, 100, Level.OK, "Healthy"),
        (10**9, 0, Level.OK, "Healthy"),
    ],
)
def test_redis_by_its_memory(used: int, most: int, level: Level, detail: str) -> None:
    with tcp_server(redis(used, most)) as address:
        found, _unused = health(Dependency("cache", DependencyType.REDIS, address))
    assert (found.level, found.detail, found.used, found.capacity, found.unit) == (level, detail, used, most or None, "bytes")


def test_redis_that_misses_and_evicts_says_so() -> None:
    with tcp_server(redis(1, 100, b"keyspace_hits:55\r\nkeyspace_misses:45\r\nevicted_keys:1200\r\n")) as address:
        found, _unused = health(Dependency("cache", DependencyType.REDIS, address))
    assert found.detail == "Healthy (miss rate 45%, 1,200 keys evicted since start)"


@pytest.mark.parametrize(
    ("used", "level", "detail"),
    [
        (95.0, Level.WARNING, "Connection pool exhausted (95/100)"),
        (88.0, Level.WARNING, "Connection pool nearly exhausted (88/100)"),
        (100.0, Level.CRITICAL, "Connection pool exhausted (100/100)"),
        (84.0, Level.OK, "Healthy"),
    ],
)
def test_a_pool_by_the_teams_queries(used: float, level: Level, detail: str) -> None:
    with http_server(answers({"db_in_use": used, "db_capacity": 100.0})) as server:
        found, notes = health(POOL, PrometheusClient(server.url), Probed(Level.OK, "Healthy"))
    assert (found.level, found.detail, found.used, found.capacity, notes) == (level, detail, used, 100.0, ())


def test_a_failed_probe_outweighs_a_full_pool() -> None:
    with http_server(answers({"db_in_use": 95.0, "db_capacity": 100.0})) as server:
        found, _unused = health(POOL, PrometheusClient(server.url), Probed(Level.CRITICAL, "connection refused"))
    assert (found.level, found.detail) == (Level.CRITICAL, "connection refused")


def test_usage_that_can_t_be_had_is_unknown_and_said() -> None:
    with http_server(answers({"db_capacity": 100.0})) as server:
        found, notes = health(POOL, PrometheusClient(server.url), Probed(Level.OK, "Healthy"))
        assert (found.level, found.used, notes) == (Level.OK, None, ("usage of payments-db: no series for db_in_use",))
        server.faults["/"] = "500"
        _unused, notes = health(POOL, PrometheusClient(server.url), Probed(Level.OK, "Healthy"))
        assert "internal error" in notes[0]
    _unused, notes = health(POOL, None, Probed(Level.OK, "Healthy"))
    assert notes == ("usage of dependencies: no prometheus_url is given",)


def test_a_probe_that_hangs_is_unknown() -> None:
    ended = threading.Event()
    service = Service("payment-api", dependencies=(POOL,))
    found = dependencies(service, None, Deadline(0.2), lambda *_unused: ended.wait(10) and Probed(Level.OK, ""))
    ended.set()
    assert (found.health[0].level, "0.2 s" in found.health[0].detail) == (Level.UNKNOWN, True)
