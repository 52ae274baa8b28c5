# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import threading

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.http_probe import probe_http
from ansible_collections.devops.incident_response.plugins.module_utils.clients.probes import (
    ProbeFailedError,
    parse_address,
    probe_tcp,
)
from ansible_collections.devops.incident_response.plugins.module_utils.clients.redis_probe import probe_redis
from ansible_collections.devops.incident_response.tests.unit.servers import (
    PATIENT,
    Reply,
    closed_port,
    http_server,
    tcp_server,
)

# INFO of Redis 7.0, cut to the fields that are read.
_MEMORY = b"# Memory\r\nused_memory:88000000\r\nused_memory_human:83.92M\r\nmaxmemory:100000000\r\n"
_STATS = b"# Stats\r\nkeyspace_hits:55\r\nkeyspace_misses:45\r\nevicted_keys:1200\r\n"


def bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


def redis(*replies: bytes):
    def talk(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"".join(replies))

    return talk


def test_tcp_connects() -> None:
    with tcp_server(lambda _: None) as address:
        assert probe_tcp(address, PATIENT).latency >= 0


def test_a_refused_connection_is_a_short_line() -> None:
    with pytest.raises(ProbeFailedError) as raised:
        probe_tcp(f"127.0.0.1:{closed_port()}", PATIENT)
    assert raised.value.message == "connection refused"


@pytest.mark.parametrize("address", ["database", "database:", "database:http", ":5432", "database:99999999", ""])
def test_an_address_without_a_port_is_named(address: str) -> None:
    with pytest.raises(ProbeFailedError, match="not host:port"):
        parse_address(address)


@pytest.mark.parametrize(
    ("address", "parsed"), [("db:5432", ("db", 5432)), ("[::1]:6379", ("::1", 6379)), ("redis://cache:6379/0", ("cache", 6379))]
)
def test_addresses(address: str, parsed: tuple[str, int]) -> None:
    assert parse_address(address) == parsed


def test_redis_says_what_it_holds() -> None:
    with tcp_server(redis(b"+PONG\r\n", bulk(_MEMORY + _STATS))) as address:
        answer = probe_redis(address, PATIENT)
    assert {name: answer.info[name] for name in ("used_memory", "maxmemory", "keyspace_misses")} == {
        "used_memory": "88000000",
        "maxmemory": "100000000",
        "keyspace_misses": "45",
    }


def test_redis_that_wants_a_password_is_not_down() -> None:
    with tcp_server(redis(b"-NOAUTH Authentication required.\r\n" * 3)) as address:
        answer = probe_redis(address, PATIENT)
    assert (answer.refusal, dict(answer.info)) == ("NOAUTH Authentication required.", {})


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not Redis"),
        (b"", "closed without an answer"),
        (b"+PONG\r\n$900\r\nhalf", "closed before the answer was complete"),
        (b"+PONG\r\n$99999999999\r\n", "longer than it can be"),
        (b"+PONG\r\n$x\r\n", "invalid literal"),
    ],
)
def test_what_is_not_redis_is_named(reply: bytes, words: str) -> None:
    with tcp_server(redis(reply)) as address, pytest.raises(ProbeFailedError, match=words):
        probe_redis(address, PATIENT)


def test_redis_that_hangs_is_given_up() -> None:
    ended = threading.Event()
    with tcp_server(lambda _: ended.wait(10)) as address, pytest.raises(ProbeFailedError, match=r"did not answer within 0\.1 s"):
        probe_redis(address, 0.1)
    ended.set()


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_any_status_is_an_answer(status: int) -> None:
    with http_server(lambda _: Reply(status, {})) as server:
        assert probe_http(f"{server.url}/health?deep=1", PATIENT).status == status
        assert (server.requests[0].path, server.requests[0].query) == ("/health", {"deep": "1"})


@pytest.mark.parametrize("url", ["health", "ftp://x/y", "http:///x", ""])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ProbeFailedError, match="not a URL"):
        probe_http(url, PATIENT)
