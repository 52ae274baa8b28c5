# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import Forbidden
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.dependencies import Probed
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.pod_probes import probe_from_pod
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.snapshot import ClusterSnapshot, Listed
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Dependency, DependencyType, Service
from ansible_collections.devops.incident_response.tests.unit.servers import recorded


@dataclass
class Pods:
    """A snapshot's pods, and a client that answers every command with the same."""

    code: int = 0
    output: str = ""
    error: Exception | None = None
    ran: list[tuple[str, str, str | None, tuple[str, ...]]] = field(default_factory=list)
    found: tuple[Any, ...] = tuple(recorded("kubernetes/pods_crash_looping")["items"][5:])

    @property
    def client(self) -> Pods:
        return self

    def pods(self) -> Listed:
        return Listed(self.found)

    def exec(self, namespace: str, pod: str, container: str | None, command: Sequence[str], timeout: float) -> tuple[int, str]:
        self.ran.append((namespace, pod, container, tuple(command)))
        if self.error:
            raise self.error
        return self.code, self.output


def probe(pods: Pods, kind: DependencyType, address: str) -> Probed:
    ask = probe_from_pod(lambda: cast(ClusterSnapshot, pods), Service("payment-api"))
    return ask(Dependency("x", kind, address), 2.5)


@pytest.mark.parametrize(
    ("kind", "address", "command"),
    [
        (DependencyType.TCP, "db:5432", ("nc", "-z", "-v", "-w", "2", "db", "5432")),
        (DependencyType.REDIS, "cache:6379", ("redis-cli", "-h", "cache", "-p", "6379", "INFO")),
        (DependencyType.HTTP, "https://api/health",
         ("curl", "-s", "-o", "/dev/null", "-m", "2", "-w", "%{http_code} %{time_total}", "https://api/health")),
    ],
)  # fmt: skip
def test_the_command_runs_in_a_ready_pod_of_the_service(kind: DependencyType, address: str, command: tuple[str, ...]) -> None:
    pods = Pods()
    probe(pods, kind, address)
    ((namespace, pod, container, ran),) = pods.ran
    assert (namespace, container, ran) == ("production", "payment-api", command)
    assert pod.startswith("payment-api-7859df644b"), "the pods of the other revision are not ready"


@pytest.mark.parametrize(
    ("kind", "code", "output", "level", "detail"),
    [
        (DependencyType.TCP, 0, "open", Level.OK, "Healthy"),
        (DependencyType.TCP, 1, "nc: connect failed", Level.CRITICAL, "nc: connect failed"),
        (DependencyType.TCP, 127, "", Level.UNKNOWN, "could not be probed from a pod: its image has no nc"),
        (DependencyType.HTTP, 0, "200 0.012", Level.OK, "Healthy"),
        (DependencyType.HTTP, 0, "503 0.012", Level.CRITICAL, "answers with HTTP 503"),
        (DependencyType.HTTP, 28, "000 2.0", Level.CRITICAL, "no answer (it took too long)"),
        (
            DependencyType.REDIS,
            0,
            "NOAUTH Authentication required.",
            Level.UNKNOWN,
            "answers, but refuses to tell more: NOAUTH Authentication required.",
        ),
        (DependencyType.REDIS, 0, "used_memory:88\r\nmaxmemory:100\r\n", Level.OK, "Healthy"),
    ],
)
def test_what_the_command_says(kind: DependencyType, code: int, output: str, level: Level, detail: str) -> None:
    found = probe(Pods(code, output), kind, "http://x:80" if kind is DependencyType.HTTP else "x:80")
    assert (found.level, found.detail) == (level, detail)


def test_memory_of_redis_and_latency_of_http() -> None:
    redis = probe(Pods(0, "used_memory:88\r\nmaxmemory:100\r\n"), DependencyType.REDIS, "x:1")
    assert (redis.used, redis.capacity) == (88.0, 100.0)
    assert probe(Pods(0, "204 0.25"), DependencyType.HTTP, "http://x").latency == 0.25


def test_exec_that_is_forbidden_leaves_it_unknown() -> None:
    found = probe(Pods(error=Forbidden("Not allowed (403): pods/exec.", 403)), DependencyType.TCP, "db:1")
    assert (found.level, "Not allowed" in found.detail) == (Level.UNKNOWN, True)


def test_without_a_running_pod_it_is_unknown() -> None:
    assert probe(Pods(found=()), DependencyType.TCP, "db:1").level is Level.UNKNOWN


@pytest.mark.parametrize(("kind", "address"), [(DependencyType.TCP, "-e/bin/sh:22"), (DependencyType.HTTP, "--output=/etc/x")])
def test_an_address_cannot_become_an_option(kind: DependencyType, address: str) -> None:
    pods = Pods()
    assert probe(pods, kind, address).level is not Level.OK
    assert pods.ran == []


STATE = '{"max_connections": 100, "reserved": 3, "used": 95, "recovery": false}'


@pytest.mark.parametrize(
    ("code", "output", "level", "detail"),
    [
        (0, STATE, Level.OK, "Healthy"),
        (
            2,
            "psql: error: FATAL:  sorry, too many clients already",
            Level.CRITICAL,
            "Connections exhausted (sorry, too many clients already)",
        ),
        (
            2,
            'psql: error: connection to server at "db", port 5432 failed: fe_sendauth: no password supplied',
            Level.UNKNOWN,
            "answers, but refuses to tell more: psql: error: connection to server at",
        ),
        (2, 'FATAL:  role "me" does not exist', Level.UNKNOWN, 'answers, but refuses to tell more: role "me" does not exist'),
        (2, "psql: error: could not connect: Connection refused", Level.CRITICAL, "psql: error: could not connect: Connection refused"),
        (0, "garbage", Level.UNKNOWN, "psql answered with something unforeseen"),
        (127, "", Level.UNKNOWN, "could not be probed from a pod: its image has no psql"),
    ],
)
def test_postgresql_by_psql(code: int, output: str, level: Level, detail: str) -> None:
    pods = Pods(code, output)
    found = probe(pods, DependencyType.POSTGRESQL, "db:5432/payments")
    assert (found.level, found.detail.startswith(detail)) == (level, True), found
    command = pods.ran[0][3]
    assert command[:2] == ("psql", "-X")
    assert command[6:14] == ("-h", "db", "-p", "5432", "-U", "postgres", "-d", "payments")


def test_a_login_is_no_argument() -> None:
    pods = Pods(0, STATE)
    ask = probe_from_pod(lambda: cast(ClusterSnapshot, pods), Service("payment-api"))
    ask(Dependency("x", DependencyType.POSTGRESQL, "db:5432", dsn="postgresql://me:secret@db/x"), 2.5)
    assert "secret" not in " ".join(pods.ran[0][3])


@pytest.mark.parametrize(
    ("code", "output", "level", "detail"),
    [
        (0, "10.0.0.7 STREAM db\n10.0.0.7 DGRAM\n", Level.OK, "Healthy (resolves to 10.0.0.7)"),
        (2, "", Level.CRITICAL, "its name cannot be resolved in the pod"),
    ],
)
def test_a_name_by_getent(code: int, output: str, level: Level, detail: str) -> None:
    pods = Pods(code, output)
    found = probe(pods, DependencyType.DNS, "db.production.svc")
    assert (found.level, found.detail) == (level, detail)
    assert pods.ran[0][3] == ("getent", "ahosts", "db.production.svc")
