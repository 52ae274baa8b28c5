# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loki's HTTP API: log lines by LogQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import SourceUnavailableError
from .http import HttpClient

MAX_LINES = 5000
"""Lines in one answer: Loki's own limit, unless it was set up otherwise; more are refused with status 400."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Lines that have the same labels: (nanoseconds since 1970, line), in the order of the answer."""

    labels: Mapping[str, str]
    lines: tuple[tuple[int, str], ...]


class LokiClient:
    """Times are unix seconds. Every method raises SourceUnavailableError with a reason to act on. Thread-safe."""

    def __init__(self, url: str, tenant: str | None = None, timeout: float = 10.0) -> None:
        """``tenant`` is sent as ``X-Scope-OrgID``, which a Loki of several tenants wants."""
        self._url = url
        self._headers = {"X-Scope-OrgID": tenant} if tenant else {}
        self._timeout = timeout
        self._lock = threading.Lock()
        self._http: HttpClient | None = None

    def lines(self, query: str, start: float, end: float, timeout: float | None = None) -> tuple[Stream, ...]:
        """The newest lines that the LogQL ``query`` selects, at most MAX_LINES in all."""
        http = self._connect()
        wanted: dict[str, str | int] = {
            "query": query,
            "start": round(start * 1e9),
            "end": round(end * 1e9),
            "limit": MAX_LINES,
            "direction": "backward",
        }
        answer = http.json("/loki/api/v1/query_range", wanted, timeout=timeout)
        try:
            data = answer["data"]
            if answer["status"] != "success" or data["resultType"] != "streams":
                raise _not_loki(http)
            return tuple(Stream(_labels(stream["stream"]), tuple(_values(stream["values"]))) for stream in data["result"] or ())
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise _not_loki(http) from error

    def _connect(self) -> HttpClient:
        """Made at the first question, since it loads a library."""
        with self._lock:
            if self._http is None:
                self._http = HttpClient("Loki", self._url, "loki_url", self._headers, timeout=self._timeout)
            return self._http


def _labels(given: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}


def _values(given: Any) -> Iterator[tuple[int, str]]:
    """A value is time and line; a third element, the line's own metadata, may follow."""
    for value in given:
        yield int(value[0]), str(value[1])


def _not_loki(http: HttpClient) -> SourceUnavailableError:
    return SourceUnavailableError(f"Loki at {http.url}: answered with JSON that is not of Loki's query API. Check that loki_url is right.")


def quoted(text: str) -> str:
    """``text`` as a LogQL string, whatever it holds."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{escaped}"'
