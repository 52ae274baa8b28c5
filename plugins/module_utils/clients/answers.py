# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed or useless answer means, in words that an engineer can act on."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_HTML = re.compile(rb"^\s*(?:<!doctype html|<html|<head|<body)", re.IGNORECASE)

_STATUS = {
    400: "rejected the request (400)",
    401: "refused the credentials (401)",
    403: "forbids the request with these credentials (403)",
    404: "has nothing at this path (404)",
    408: "gave up waiting (408)",
    422: "could not process the request (422)",
    429: "asks to slow down (429 Too Many Requests)",
}


NAME_UNKNOWN = "its host name cannot be resolved"
NAME_SERVER_FAILS = f"{NAME_UNKNOWN} (the name server fails, or does not answer)"


def excerpt(text: str | bytes, limit: int = 200) -> str:
    """One printable line of ``text``, at most ``limit`` characters: safe to show, wherever it came from."""
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = _CONTROL.sub(" ", shown[: limit * 8]).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def connection_problem(error: BaseException, timeout: float) -> str:
    """Why a request got no answer: "connection refused", "did not answer within 10 s" …"""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not trusted ({excerpt(cause.verify_message or str(cause))})"
        if isinstance(cause, socket.gaierror):
            return NAME_SERVER_FAILS if cause.errno == socket.EAI_AGAIN else NAME_UNKNOWN
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if isinstance(cause, TimeoutError) or type(cause).__name__ in ("ReadTimeoutError", "ConnectTimeoutError"):
            return f"did not answer within {timeout:g} s"
        if isinstance(cause, (ConnectionResetError, BrokenPipeError, http.client.IncompleteRead, http.client.RemoteDisconnected)):
            return "the connection was closed before the answer was complete"
        if isinstance(cause, http.client.HTTPException):
            return "what it answers is not HTTP"
    for cause in chain:
        if isinstance(cause, ssl.SSLError):
            return f"no TLS connection could be made ({excerpt(cause.reason or str(cause))})"
        if isinstance(cause, OSError) and cause.strerror:
            return excerpt(cause.strerror).lower()
    return excerpt(str(error)) or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what lies behind it, however the libraries wrapped it; each once."""
    queue: list[Any] = [error]
    seen: set[int] = set()
    while queue:
        cause = queue.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        queue += [getattr(cause, "reason", None), *cause.args, cause.__cause__, cause.__context__]


def status_problem(status: int, body: bytes, words: str | None = None) -> str:
    """What an HTTP ``status`` that is not a success means; ``words`` are the server's own, else taken from ``body``."""
    said = excerpt(words, 600) if words else ("" if is_html(body) else excerpt(body))
    if status >= 500:
        meaning = f"failed with an internal error ({status})"
    elif 300 <= status < 400:
        meaning = f"redirects elsewhere ({status}), perhaps to a login page"
    else:
        meaning = _STATUS.get(status, f"answered with HTTP status {status}")
    return f"{meaning}: {said}" if said else meaning


def is_html(body: bytes) -> bool:
    return _HTML.match(body[:200]) is not None


class NotJsonError(ValueError):
    """A body is no JSON. The message says what it is instead."""


def parse_json(body: bytes) -> Any:
    """The JSON in ``body``. NotJsonError for anything else."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    if is_html(body):
        raise NotJsonError("answered with a web page instead of JSON; perhaps a login page or a proxy stands in between")
    if not body.strip():
        raise NotJsonError("answered with nothing instead of JSON")
    if body.lstrip()[:1] in (b"{", b"["):
        raise NotJsonError("answered with incomplete or broken JSON")
    raise NotJsonError(f"answered with something that is not JSON: {excerpt(body, 80)}")
