# SPDX-License-Identifier: GPL-3.0-or-later
"""What probes learn from the simulated and from real dependencies."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.scenario.model import DependencySignals, Share
from plugins.module_utils.clients.probes import ProbeFailedError, probe_tcp
from plugins.module_utils.clients.redis_probe import probe_redis
from plugins.module_utils.evidence.dependencies import probe_from_here
from plugins.module_utils.evidence.redis import redis_memory
from plugins.module_utils.model.finding import Level
from plugins.module_utils.model.service import Dependency, DependencyType
from tests.contract.lab_dependencies import simulated
from tests.real.parts.postgresql import postgresql
from tests.real.parts.processes import free_port
from tests.real.parts.redis import redis
from tests.real.servers import real_part

NO_PASSWORD = (
    b"-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n"
)
MOST = 256 * 2**20


@pytest.fixture(scope="module", params=[None, "secret"], ids=["open", "locked"])
def password(request: pytest.FixtureRequest) -> str | None:
    given: str | None = request.param
    return given


@pytest.fixture(scope="module")
def cache(side: str, password: str | None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis with that password."""
    directory = tmp_path_factory.mktemp("redis")
    options = ("--maxmemory", str(MOST), *(("--requirepass", password) if password else ()))
    real = real_part(request, "Redis", redis(directory, *options))
    with simulated("redis", directory, password=password, max_memory=MOST) if side == "lab" else real as address:
        yield address


@pytest.fixture(scope="module")
def database(side: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("database")
    with simulated("postgresql", directory) if side == "lab" else real_part(request, "PostgreSQL", postgresql(directory)) as address:
        yield address.partition("/")[0]


without_password = pytest.mark.parametrize("password", [None], indirect=True)
with_password = pytest.mark.parametrize("password", ["secret"], indirect=True)


@without_password
def test_redis_says_how_it_is(cache: str) -> None:
    answer = probe_redis(cache, 3.0)
    assert answer.refusal is None
    used, most = redis_memory(answer.info)
    assert most == MOST
    assert used is not None
    assert 0 < used <= MOST
    assert {"keyspace_hits", "keyspace_misses", "evicted_keys", "maxmemory_policy"} <= set(answer.info)
    probed = probe_from_here(Dependency("cache", DependencyType.REDIS, cache), 3.0)
    assert probed.level is Level.OK
    assert probed.capacity == MOST


@with_password
def test_redis_that_wants_a_password(cache: str) -> None:
    assert probe_redis(cache, 3.0).refusal == "NOAUTH Authentication required."
    probed = probe_from_here(Dependency("cache", DependencyType.REDIS, cache), 3.0)
    assert (probed.level, probed.used) == (Level.UNKNOWN, None)


@without_password
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"PING\r\n", b"+PONG\r\n"),
        (b"*1\r\n$4\r\nPING\r\n", b"+PONG\r\n"),
        (b"PING hello\r\n", b"$5\r\nhello\r\n"),
        (b"ECHO hello\r\n", b"$5\r\nhello\r\n"),
        (b"CONFIG GET maxmemory\r\n", b"*2\r\n$9\r\nmaxmemory\r\n$9\r\n268435456\r\n"),
        (b"SELECT 0\r\n", b"+OK\r\n"),
        (b"QUIT\r\n", b"+OK\r\n"),
        (b"FROBNICATE now\r\n", b"-ERR unknown command 'FROBNICATE', with args beginning with: 'now' \r\n"),
        (b"FROBNICATE\r\n", b"-ERR unknown command 'FROBNICATE', with args beginning with: \r\n"),
        (b"*1\r\n:4\r\n", b"-ERR Protocol error: expected '$', got ':'\r\n"),
        (b"AUTH guess\r\n", NO_PASSWORD),
        (b"FROBNICATE now and then\r\n", b"-ERR unknown command 'FROBNICATE', with args beginning with: 'now' 'and' 'then' \r\n"),
    ],
    ids=lambda value: value.decode().split("\r")[0] if isinstance(value, bytes) else "",
)
def test_words_of_redis(cache: str, sent: bytes, expected: bytes) -> None:
    assert _exchange(cache, sent, len(expected)) == expected


@with_password
def test_words_of_redis_with_a_password(cache: str) -> None:
    for sent, expected in (
        (b"INFO\r\n", b"-NOAUTH Authentication required.\r\n"),
        (b"AUTH guess\r\n", b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
        (b"AUTH secret\r\nPING\r\n", b"+OK\r\n+PONG\r\n"),
        (b"AUTH default secret\r\nPING\r\n", b"+OK\r\n+PONG\r\n"),
    ):
        assert _exchange(cache, sent, len(expected)) == expected


def _exchange(address: str, sent: bytes, length: int) -> bytes:
    """What the server answers: so many bytes, or fewer where it hangs up or says no more."""
    host, _, port = address.partition(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=3) as connection:
        connection.sendall(sent)
        with contextlib.suppress(TimeoutError):
            while len(received) < length and (more := connection.recv(4096)):
                received += more
    return received


def _said(address: str, *commands: str) -> list[str]:
    """The lines that it answers to all of them, until it hangs up."""
    sent = "".join(f"{command}\r\n" for command in (*commands, "QUIT"))
    *lines, farewell, rest = _exchange(address, sent.encode(), 4096).decode().split("\r\n")
    assert (farewell, rest) == ("+OK", "")
    return lines


def test_a_database_listens(database: str) -> None:
    assert probe_tcp(database, 3.0).latency >= 0
    assert probe_from_here(Dependency("db", DependencyType.TCP, database), 3.0).level is Level.OK


def test_a_database_is_no_redis(database: str) -> None:
    """As by a mistaken entry of the catalogue."""
    with pytest.raises(ProbeFailedError, match=r"not Redis|was closed|reset"):
        probe_redis(database, 3.0)


@pytest.fixture
def replica(side: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A Redis that follows one that is not there."""
    alone = DependencySignals(link=Share(0.0))
    real = real_part(request, "Redis", redis(tmp_path, "--replicaof", "127.0.0.1", "1"))
    with simulated("redis", tmp_path, replica_of="127.0.0.1:1", signals=alone) if side == "lab" else real as address:
        yield address


def test_a_replica_without_its_primary(replica: str) -> None:
    found = probe_from_here(Dependency("cache", DependencyType.REDIS, replica), 3.0)
    assert (found.level, found.detail.partition(" is down")[0]) == (Level.WARNING, "is a replica whose link to its primary")
    found = probe_from_here(Dependency("cache", DependencyType.REDIS, replica, primary=True), 3.0)
    assert (found.level, "READONLY" in found.detail) == (Level.CRITICAL, True)


def one_like(
    side: str, request: pytest.FixtureRequest, directory: Path, options: tuple[str, ...], **changes: Any
) -> contextlib.AbstractContextManager[str]:
    """The address of a Redis with those options of its own: ``changes`` are what the simulated one has in their place."""
    if side == "lab":
        return simulated("redis", directory, **changes)
    return real_part(request, "Redis", redis(directory, *options))


def test_a_cluster_without_its_slots(side: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with one_like(side, request, tmp_path, options, cluster_slots=0) as address:
        found = probe_from_here(Dependency("cache", DependencyType.REDIS, address), 3.0)
        refused = _said(address, "GET a", "SET a 1", "CLUSTER FOO")
    assert (found.level, found.detail) == (
        Level.CRITICAL,
        "is part of a cluster that is down (16,384 of 16,384 slots are served by nobody)",
    )
    assert refused == [*["-CLUSTERDOWN Hash slot not served"] * 2, "-ERR unknown subcommand 'FOO'. Try CLUSTER HELP."]


def test_a_redis_that_needs_replicas(side: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with one_like(side, request, tmp_path, ("--min-replicas-to-write", "1"), min_replicas=1) as address:
        found = probe_from_here(Dependency("cache", DependencyType.REDIS, address), 3.0)
        said = _said(address, "SET a 1", "GET a", "CONFIG GET min-replicas-to-write", "CLUSTER INFO")
    assert (found.level, "NOREPLICAS" in found.detail) == (Level.CRITICAL, True)
    assert said == [
        "-NOREPLICAS Not enough good replicas to write.",
        "$-1",
        *("*2", "$21", "min-replicas-to-write", "$1", "1"),
        "-ERR This instance has cluster support disabled",
    ]


def test_a_login_that_may_not_ask(side: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with one_like(side, request, tmp_path, ()) as address:
        made = _said(address, "ACL SETUSER b bogus", "ACL SETUSER app on >secret ~* +get +ping +acl", "ACL WHOAMI")
        found = probe_from_here(Dependency("cache", DependencyType.REDIS, address, dsn="redis://app:secret@x"), 3.0)
        theirs = _said(address, "AUTH app secret", "GET a", "SET a 1", "ACL WHOAMI", "CLUSTER INFO", "AUTH app guess")
        anybody = _said(address, "AUTH default guess", "SET a 1", "GET a")
    assert made == ["-ERR Error in ACL SETUSER modifier 'bogus': Syntax error", "+OK", "$7", "default"]
    assert (found.level, "refuses to tell more: NOPERM" in found.detail) == (Level.UNKNOWN, True)
    assert theirs == [
        *("+OK", "$-1", "-NOPERM this user has no permissions to run the 'set' command", "$3", "app"),
        "-NOPERM this user has no permissions to run the 'cluster|info' command",
        "-WRONGPASS invalid username-password pair or user is disabled.",
    ]
    assert anybody == ["+OK", "+OK", "$1", "1"]


@with_password
def test_redis_with_its_login(cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dependency = Dependency("cache", DependencyType.REDIS, cache)
    found = probe_from_here(replace(dependency, dsn=f"redis://:secret@{cache}"), 3.0)
    assert (found.level, found.capacity) == (Level.OK, MOST)
    monkeypatch.setenv("CACHE_DSN", f"redis://default:guess@{cache}")
    found = probe_from_here(replace(dependency, dsn_env="CACHE_DSN"), 3.0)
    assert (found.level, "WRONGPASS" in found.detail, "guess" in found.detail) == (Level.UNKNOWN, True, False)


@without_password
def test_measures_of_redis(cache: str) -> None:
    found = probe_from_here(Dependency("cache", DependencyType.REDIS, cache), 3.0)
    assert {"memory_used", "memory_limit", "evicted_keys", "clients", "blocked_clients"} <= {measure.name for measure in found.measures}
