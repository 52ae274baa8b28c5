# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis server says about itself (RESP2: https://redis.io/docs/latest/develop/reference/protocol-spec/)."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from ..lean import dataclass
from .answers import connection_problem, excerpt
from .probes import ProbeFailedError, connect, failed, parse_address

_LINE = 64 * 1024
_BULK = 2**20
_PORT = 6379


@dataclass(frozen=True, slots=True)
class RedisAnswer:
    """``info`` is what INFO says; empty when Redis refuses to answer, which ``refusal`` then says in its own words."""

    latency: float
    info: Mapping[str, str]
    refusal: str | None = None


def probe_redis(address: str, timeout: float, dsn: str | None = None) -> RedisAnswer:
    """PING, then INFO, in one exchange, and CLUSTER INFO where it is part of a cluster.

    AUTH before, with the login of ``dsn`` (``redis://user:password@host:port``).
    """
    host, port = parse_address(address, _PORT)
    login = _login(dsn)
    began = time.monotonic()
    with connect(host, port, timeout) as plain:
        secure = address.startswith("rediss:") or (dsn or "").startswith("rediss:")
        try:
            connection = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        except OSError as error:
            raise failed(error, timeout) from error
        with connection, connection.makefile("rb") as stream:
            try:
                connection.sendall((_command("AUTH", *login) if login else b"") + _command("PING") + _command("INFO"))
                told = stream.readline(_LINE).rstrip(b"\r\n")
                if login and told == b"+OK":
                    told = stream.readline(_LINE).rstrip(b"\r\n")
                latency = time.monotonic() - began
                if told.startswith(b"-"):
                    return RedisAnswer(latency, {}, excerpt(told[1:], 120))
                if told != b"+PONG":
                    raise ProbeFailedError("what answers there is not Redis" if told else "the connection was closed without an answer")
                refusal, info = _info(stream)
                if refusal is not None:
                    return RedisAnswer(latency, {}, refusal)
                if info.get("cluster_enabled") == "1":
                    connection.sendall(_command("CLUSTER", "INFO"))
                    info |= _info(stream)[1]
                return RedisAnswer(latency, info)
            except (OSError, ValueError) as error:
                raise ProbeFailedError(connection_problem(error, timeout)) from error


def parse_info(text: str) -> dict[str, str]:
    """The ``name:value`` lines of INFO."""
    lines = (line.strip().partition(":") for line in text.splitlines())
    return {name: value for name, colon, value in lines if colon}


def _login(dsn: str | None) -> tuple[str, ...]:
    parts = urlsplit(dsn or "")
    return tuple(unquote(part) for part in (parts.username, parts.password) if part) if parts.password else ()


def _command(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)


def _info(stream: BinaryIO) -> tuple[str | None, dict[str, str]]:
    """INFO's one bulk string; or in which words Redis refuses the command, as to a login that may not do everything."""
    head = stream.readline(_LINE)
    if head.startswith(b"-"):
        return excerpt(head[1:], 120), {}
    if not head.startswith(b"$"):
        return None, {}
    length = int(head[1:])
    if not 0 <= length <= _BULK:
        raise ValueError("INFO is longer than it can be")
    body = stream.read(length + 2)
    if len(body) < length + 2:
        raise ConnectionResetError("the connection was closed within INFO")
    return None, parse_info(body.decode("utf-8", "replace"))
