# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients import dns_probe
from ansible_collections.devops.incident_response.plugins.module_utils.clients.dns_probe import probe_dns
from ansible_collections.devops.incident_response.plugins.module_utils.clients.probes import ProbeFailedError, ProbeImpossibleError
from ansible_collections.devops.incident_response.tests.unit.servers import PATIENT


@contextlib.contextmanager
def name_server(answer: Callable[[bytes], bytes | None]) -> Iterator[str]:
    """The address of a name server that answers each question so."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    question, sender = server.recvfrom(4096)
                    reply = answer(question)
                    if reply is not None:
                        server.sendto(reply, sender)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def reply(question: bytes, *records: bytes, code: int = 0) -> bytes:
    return question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0) + question[12:] + b"".join(records)


def record(kind: int, data: bytes) -> bytes:
    """Its name points back to the question's."""
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def addresses(question: bytes) -> bytes:
    kind = struct.unpack("!H", question[-4:-2])[0]
    alias = record(5, b"\x03www\xc0\x0c")
    return reply(question, alias, record(1, bytes([192, 0, 2, 7]))) if kind == 1 else reply(question)


def test_the_addresses_of_a_name() -> None:
    with name_server(addresses) as server:
        assert probe_dns(f"db.example.com@{server}", PATIENT).addresses == ("192.0.2.7",)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda question: reply(question, code=3), r"no such name \(NXDOMAIN\)"),
        (lambda question: reply(question, code=2), r"the name server fails \(SERVFAIL\)"),
        (lambda question: reply(question, code=5), r"REFUSED"),
        (reply, "exists, but has no address"),
        (lambda question: question[:2] + b"x", "is no name server"),
        (lambda question: None, r"did not answer within 0\.3 s"),
        (lambda question: b"\0\0" + question[2:], r"did not answer within 0\.3 s"),
    ],
    ids=["nxdomain", "servfail", "refused", "empty", "garbage", "silence", "another's"],
)
def test_each_failure_is_told_from_the_others(answer: Callable[[bytes], bytes | None], words: str) -> None:
    with name_server(answer) as server, pytest.raises(ProbeFailedError, match=words):
        probe_dns(f"db.example.com@{server}", 0.3 if "did not answer" in words else PATIENT)


def test_the_hosts_own_resolver() -> None:
    assert "127.0.0.1" in probe_dns("localhost", PATIENT).addresses


@pytest.mark.parametrize(
    ("name", "error", "kind", "words"),
    [
        ("db.example.com", socket.EAI_NONAME, ProbeFailedError, "NXDOMAIN"),
        ("db.production.svc", socket.EAI_NONAME, ProbeImpossibleError, "probe_from=pod"),
        ("db", socket.EAI_NONAME, ProbeImpossibleError, "probe_from=pod"),
        ("db.production.svc", socket.EAI_AGAIN, ProbeFailedError, "does not answer, or fails"),
    ],
)
def test_what_the_resolver_refuses(name: str, error: int, kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_unused: object, **_ignored: object) -> None:
        raise socket.gaierror(error, "refused")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(dns_probe, "RESOLVERS", Path("/nowhere"))
    with pytest.raises(ProbeFailedError, match=words) as raised:
        probe_dns(name, 1.0)
    assert raised.type is kind


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda question: reply(question, code=2), r"the name server fails \(SERVFAIL\)"),
        (lambda question: None, r"the name server 127\.0\.0\.1 did not answer"),
        (addresses, "does not answer, or fails"),  # it does now
    ],
    ids=["servfail", "silence", "well again"],
)
def test_a_resolver_that_fails_is_told_from_a_silent_one(
    answer: Callable[[bytes], bytes | None], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = socket.getaddrinfo

    def refuse(host: str, *options: object, **named: object) -> object:
        if host == "db.example.com":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *options, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(dns_probe, "RESOLVERS", tmp_path / "resolv.conf")
    with name_server(answer) as server:
        host, _colon, port = server.partition(":")
        (tmp_path / "resolv.conf").write_text(f"search example.com\nnameserver {host}\n")
        monkeypatch.setattr(dns_probe, "PORT", int(port))
        with pytest.raises(ProbeFailedError, match=words):
            probe_dns("db.example.com", 0.5 if "did not answer" in words else PATIENT)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a..b", "x" * 64, "a@b@c"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ProbeFailedError):
        probe_dns(name, 1.0)
