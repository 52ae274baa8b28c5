# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a name resolves to: by this host's own resolver, or by a name server that is asked directly (RFC 1035)."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import struct
import time
from pathlib import Path

from ..concurrency import Deadline, start, wait
from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..tally import count_request
from .answers import excerpt
from .probes import ProbeFailedError, ProbeImpossibleError, connect, parse_address

MAX_ADDRESSES = 8
PORT = 53
RESOLVERS = Path("/etc/resolv.conf")
"""Which name servers this host asks."""
_NOT_THERE = tuple(getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name))
_TYPES = {1: 4, 28: 16}
"""A and AAAA, with the bytes of their addresses."""
_CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_SHORTEST = 0.2
"""Seconds without which nobody need be asked again."""
_INSIDE = (".svc", ".cluster.local", ".internal", ".local")
"""Names that mean something in a cluster or a company's own network only."""


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    latency: float
    addresses: tuple[str, ...]


def probe_dns(address: str, timeout: float) -> DnsAnswer:
    """The addresses of ``name``, or of ``name@server[:port]`` by that name server.

    ProbeFailedError tells a name that does not exist from a name server that fails or does not answer; ProbeImpossibleError when this host
    is no place to judge by: a cluster's own names.
    """
    name, at, server = address.partition("@")
    name = name.rstrip(".")
    try:
        encoded = _encoded(name)
    except (UnicodeError, ValueError) as error:
        raise ProbeImpossibleError(
            f"its address {excerpt(address, 80)!r} is not a host name; correct the service's catalogue entry"
        ) from error
    began = time.monotonic()
    if at:
        host, port = parse_address(server, PORT)
        found = [address for kind in _TYPES for address in _ask(host, port, encoded, kind, timeout)]
        if not found:
            raise ProbeFailedError(f"{name} exists, but has no address")
        return DnsAnswer(time.monotonic() - began, tuple(found[:MAX_ADDRESSES]))
    try:
        answers = wait(start(lambda: socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP), "dns"), Deadline(timeout), "The name server")
    except SourceUnavailableError as error:
        raise ProbeFailedError(f"the name server did not answer within {timeout:g} s") from error
    except socket.gaierror as error:
        raise _refused(name, encoded, error, timeout - (time.monotonic() - began)) from error
    except (OSError, UnicodeError) as error:
        raise ProbeFailedError(f"{name} cannot be looked up: {excerpt(str(error))}") from error
    return DnsAnswer(time.monotonic() - began, tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))[:MAX_ADDRESSES])


def _refused(name: str, encoded: bytes, error: socket.gaierror, left: float) -> ProbeFailedError:
    if error.errno in _NOT_THERE:
        problem = f"no such name: {name} (NXDOMAIN)"
        if "." not in name or name.endswith(_INSIDE):
            return ProbeImpossibleError(f"{problem} from here; with probe_from=pod the service's own pods are asked")
        return ProbeFailedError(problem)
    if error.errno == socket.EAI_AGAIN:
        return _told_by_servers(encoded, left) or ProbeFailedError("the name server does not answer, or fails (SERVFAIL or a timeout)")
    return ProbeFailedError(f"{name} cannot be looked up: {excerpt(error.strerror or str(error))}")


def _told_by_servers(encoded: bytes, left: float) -> ProbeFailedError | None:
    """What this host's own name servers say themselves: the system's resolver does not tell one that fails from one that is silent."""
    try:
        lines = RESOLVERS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    servers = [words[1] for line in lines if len(words := line.split()) > 1 and words[0] == "nameserver"]
    for server in servers[:1] if left > _SHORTEST else ():
        try:
            _ask(server, PORT, encoded, 1, left)
        except ProbeFailedError as error:
            return error
    return None


def _encoded(name: str) -> bytes:
    """A name as labels. ValueError for none."""
    labels = [label.encode("ascii") if label.isascii() else label.encode("idna") for label in name.split(".")]
    if not all(0 < len(label) < 64 for label in labels) or any(byte <= 32 for label in labels for byte in label) or name.startswith("-"):
        raise ValueError(name)
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _ask(host: str, port: int, name: bytes, kind: int, timeout: float) -> list[str]:
    """The addresses of one kind, by UDP, and by TCP where the answer did not fit."""
    number = secrets.randbelow(2**16)
    question = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", kind, 1)
    end = time.monotonic() + timeout
    count_request()
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family[0], socket.SOCK_DGRAM) as asked:
            asked.connect(family[4])
            asked.send(question)
            answer = b""
            while answer[:2] != question[:2]:  # what answers another question is not ours
                asked.settimeout(max(end - time.monotonic(), 0.001))
                answer = asked.recv(65535)
        if len(answer) > 3 and answer[2] & 2:  # truncated
            with connect(host, port, timeout) as stream:
                stream.sendall(struct.pack("!H", len(question)) + question)
                with stream.makefile("rb") as reader:
                    answer = reader.read(struct.unpack("!H", reader.read(2))[0])
    except TimeoutError as error:
        raise ProbeFailedError(f"the name server {host} did not answer within {timeout:g} s") from error
    except (OSError, struct.error) as error:
        raise ProbeFailedError(f"the name server {host} cannot be asked: {excerpt(str(error))}") from error
    try:
        return _addresses(answer, kind)
    except (struct.error, IndexError, ValueError) as error:
        raise ProbeFailedError(f"what answers at {host}:{port} is no name server") from error


def _addresses(answer: bytes, kind: int) -> list[str]:
    _number, flags, questions, answers = struct.unpack("!HHHH", answer[:8])
    if flags & 0xF:
        code = _CODES.get(flags & 0xF, str(flags & 0xF))
        raise ProbeFailedError(f"no such name ({code})" if code == "NXDOMAIN" else f"the name server fails ({code})")
    at = 12
    for _unused in range(questions):
        at = _after_name(answer, at) + 4
    found = []
    for _unused in range(min(answers, 64)):
        at = _after_name(answer, at)
        rtype, _class, _ttl, length = struct.unpack("!HHIH", answer[at : at + 10])
        data, at = answer[at + 10 : at + 10 + length], at + 10 + length
        if rtype == kind and len(data) == _TYPES[kind]:
            found.append(str(ipaddress.ip_address(data)))
    return found


def _after_name(answer: bytes, at: int) -> int:
    while (length := answer[at]) and length < 0xC0:
        at += length + 1
    return at + (2 if length >= 0xC0 else 1)
