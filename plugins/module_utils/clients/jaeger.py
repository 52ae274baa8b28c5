# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jaeger's query API (the JSON API behind its user interface)."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from ..errors import SourceUnavailableError
from .http import HttpClient


class JaegerClient:
    """Times are unix seconds. Every method raises SourceUnavailableError with a reason to act on. Thread-safe."""

    def __init__(self, url: str, timeout: float = 10.0, headers: Mapping[str, str] | None = None, ca_cert: str | None = None) -> None:
        self._url = url
        self._headers = headers
        self._ca_cert = ca_cert
        self._timeout = timeout
        self._lock = threading.Lock()
        self._http: HttpClient | None = None

    def traces(
        self,
        service: str,
        start: float,
        end: float,
        limit: int,
        tags: Mapping[str, str] | None = None,
        min_duration: float | None = None,
    ) -> list[dict[str, Any]]:
        """Traces that pass through ``service``, as Jaeger gives them; ``min_duration`` is seconds."""
        query: dict[str, str | int] = {"service": service, "start": int(start * 1e6), "end": int(end * 1e6), "limit": limit}
        if tags:
            query["tags"] = json.dumps(dict(tags), separators=(",", ":"))
        if min_duration is not None:
            query["minDuration"] = f"{round(min_duration * 1e6)}us"
        return self._data("/api/traces", query)

    def dependencies(self, end: float, lookback: float) -> list[dict[str, Any]]:
        """Edges ``{"parent": …, "child": …, "callCount": …}`` of the service graph; ``lookback`` is seconds."""
        return self._data("/api/dependencies", {"endTs": int(end * 1000), "lookback": int(lookback * 1000)})

    def _connect(self) -> HttpClient:
        """Made at the first question, since it loads a library."""
        with self._lock:
            if self._http is None:
                self._http = HttpClient("Jaeger", self._url, "jaeger_url", self._headers, self._ca_cert, self._timeout)
            return self._http

    def _data(self, path: str, query: Mapping[str, str | int]) -> list[dict[str, Any]]:
        http = self._connect()
        answer = http.json(path, query)
        data = answer.get("data", ()) if isinstance(answer, dict) else ()
        if data is None:
            return []
        if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
            raise SourceUnavailableError(
                f"Jaeger at {http.url}: answered with JSON that is not of Jaeger's query API. Check that jaeger_url is right."
            )
        return data
