# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of what a service depends on: does it answer, and how fast?"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urlsplit

from ..errors import SourceUnavailableError
from .answers import NAME_UNKNOWN, connection_problem, excerpt
from .http import HttpClient

_LINE = 64 * 1024
_BULK = 2**20


@dataclass(frozen=True, slots=True)
class TcpAnswer:
    latency: float
    """seconds until the connection stood"""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    latency: float


@dataclass(frozen=True, slots=True)
class RedisAnswer:
    """``info`` is what INFO says; empty when Redis wants a password first, which ``refusal`` then says in its own words."""

    latency: float
    info: Mapping[str, str]
    refusal: str | None = None


class ProbeFailedError(SourceUnavailableError):
    """The dependency did not answer as one of its kind should. The message is short enough for a line of the report."""


class ProbeImpossibleError(ProbeFailedError):
    """Nothing could be asked from here, which says nothing about the dependency: its name is not known here, its address is none."""


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port``, ``[ipv6]:port`` or a URL with a port. ProbeImpossibleError for anything else."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        port = parts.port
    except ValueError:
        port = None
    if port is None or not parts.hostname:
        raise ProbeImpossibleError(f"its address {excerpt(address, 80)!r} is not host:port; correct the service's catalogue entry")
    return parts.hostname, port


def probe_tcp(address: str, timeout: float) -> TcpAnswer:
    """Connects to ``host:port`` and hangs up."""
    began = time.monotonic()
    with _connect(address, timeout):
        return TcpAnswer(time.monotonic() - began)


def probe_http(url: str, timeout: float) -> HttpAnswer:
    """GET ``url``; any status is an answer. Redirects are not followed."""
    parts = urlsplit(url)
    try:
        client = HttpClient("It", f"{parts.scheme}://{parts.netloc}", "its address", timeout=timeout)
    except SourceUnavailableError as error:
        raise ProbeImpossibleError(f"its address {excerpt(url, 80)!r} is not a URL; correct the service's catalogue entry") from error
    began = time.monotonic()
    try:
        answer = client.request((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    except SourceUnavailableError as error:
        raise _failed(error.__cause__ or error, timeout) from error
    return HttpAnswer(answer.status, time.monotonic() - began)


def probe_redis(address: str, timeout: float) -> RedisAnswer:
    """PING, then INFO memory and INFO stats, in one exchange (RESP2)."""
    began = time.monotonic()
    with _connect(address, timeout) as connection, connection.makefile("rb") as stream:
        try:
            connection.sendall(b"PING\r\nINFO memory\r\nINFO stats\r\n")
            pong = stream.readline(_LINE).rstrip(b"\r\n")
            latency = time.monotonic() - began
            if pong.startswith(b"-"):
                return RedisAnswer(latency, {}, excerpt(pong[1:], 120))
            if pong != b"+PONG":
                raise ProbeFailedError("what answers there is not Redis" if pong else "the connection was closed without an answer")
            return RedisAnswer(latency, _info(stream) | _info(stream))
        except (OSError, ValueError) as error:
            raise ProbeFailedError(connection_problem(error, timeout)) from error


def _info(stream: BinaryIO) -> dict[str, str]:
    """The ``name:value`` lines of one bulk string; empty when Redis refuses the command."""
    head = stream.readline(_LINE)
    if not head.startswith(b"$"):
        return {}
    length = int(head[1:])
    if not 0 <= length <= _BULK:
        raise ValueError("INFO is longer than it can be")
    body = stream.read(length + 2)
    if len(body) < length + 2:
        raise ConnectionResetError("the connection was closed within INFO")
    lines = (line.partition(":") for line in body.decode("utf-8", "replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def _connect(address: str, timeout: float) -> socket.socket:
    host, port = parse_address(address)
    try:
        return socket.create_connection((host, port), timeout=timeout)
    except OSError as error:
        raise _failed(error, timeout) from error


def _failed(error: BaseException, timeout: float) -> ProbeFailedError:
    """A cluster's own names (``redis.production.svc``) are not known outside of it: such a failure is about this place."""
    problem = connection_problem(error, timeout)
    if problem == NAME_UNKNOWN:
        return ProbeImpossibleError(f"{problem} from here; with probe_from=pod the service's own pods are asked")
    return ProbeFailedError(problem)
