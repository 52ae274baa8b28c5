# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tempo's HTTP API (https://grafana.com/docs/tempo/latest/api_docs/): a search that gives ids, and each trace by its own."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any
from urllib.parse import quote

from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import SourceUnavailableError
from .answers import NotJsonError, parse_json, status_problem
from .http import Answer, HttpClient

_AT_ONCE = 8
_NEWEST = " with (most_recent=true)"
_PARTIAL = ("PARTIAL", 1)
_ID = re.compile(r"^[0-9a-fA-F]{1,32}$")


class TempoClient:
    """Times are unix seconds. Every method raises SourceUnavailableError with a reason to act on. Thread-safe."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout: float = 10.0, ca_cert: str | None = None) -> None:
        """``headers``: such as ``X-Scope-OrgID``, which a Tempo of several tenants wants."""
        self._url = url
        self._headers = headers
        self._ca_cert = ca_cert
        self._hints = True
        self._timeout = timeout
        self._lock = threading.Lock()
        self._http: HttpClient | None = None

    def traces(
        self,
        service: str,
        start: float,
        end: float,
        limit: int,
        errors: bool = False,
        min_duration: float | None = None,
        lost: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Traces with a span of ``service`` as wanted, in OTLP's JSON; ``min_duration`` is seconds of that span, as it is for Jaeger.

        All conditions in one set of braces are for the same span. How long a whole trace took (``traceDuration``) says nothing about a
        service that had a small part in it. Why a trace that was found could not be read is added to ``lost``, one reason for each;
        when none could be read, that is an error.
        """
        conditions = [f"resource.service.name = {_quoted(service)}"]
        conditions += ["status = error"] if errors else []
        conditions += [f"duration >= {round(min_duration * 1000)}ms"] if min_duration is not None else []
        http = self._connect()
        answer = self._search(http, "{ " + " && ".join(conditions) + " }", {"start": int(start), "end": int(end) + 1, "limit": limit})
        found = answer.get("traces") if isinstance(answer, dict) else None
        if found is None and isinstance(answer, dict) and ("traces" in answer or "metrics" in answer):
            found = []
        if not isinstance(found, list):
            raise SourceUnavailableError(
                f"Tempo at {http.url}: answered with JSON that is not of Tempo's search API. Check that tempo_url is right."
            )
        ids = [str(entry.get("traceID")) for entry in found[:limit] if isinstance(entry, dict)]
        futures = map_side_by_side(self._trace, [identity for identity in ids if _ID.match(identity)], _AT_ONCE, "tempo")
        return _those_that_came(futures, Deadline(self._timeout * 2), [] if lost is None else lost)

    def _search(self, http: HttpClient, query: str, more: Mapping[str, str | int]) -> Any:
        """Without the hint, or before Tempo 2.8, the traces are those that were found first, and not the newest."""
        hinted = self._hints
        answer = http.request("/api/search", {"q": f"{query}{_NEWEST}" if hinted else query, **more})
        if answer.status == 400 and hinted:
            answer = http.request("/api/search", {"q": query, **more})
            # What is refused either way was not refused for the hint.
            self._hints = self._hints and answer.status != 200
        if answer.status != 200:
            raise _unavailable(http, answer)
        try:
            return parse_json(answer.body)
        except NotJsonError as error:
            raise SourceUnavailableError(f"Tempo at {http.url}: {error}. Check that tempo_url is right.") from error

    def _trace(self, identity: str) -> dict[str, Any] | None:
        """A trace; None where it is gone by now. Before Tempo 2.6 there was only the first version of the path.

        ``partial`` is set in one of which Tempo gives a part only, since it is too large.
        """
        http = self._connect()
        for path in (f"/api/v2/traces/{quote(identity)}", f"/api/traces/{quote(identity)}"):
            answer = http.request(path)
            if answer.status == 404:
                continue
            if answer.status != 200:
                raise _unavailable(http, answer)
            try:
                found = parse_json(answer.body)
            except NotJsonError as error:
                raise SourceUnavailableError(f"Tempo at {http.url}: {error}.") from error
            if isinstance(found, dict):
                inner = found.get("trace", found)
                partial = found.get("status") in _PARTIAL
                return {**inner, "partial": partial} if isinstance(inner, dict) else None
        return None

    def _connect(self) -> HttpClient:
        """Made at the first question, since it loads a library."""
        with self._lock:
            if self._http is None:
                self._http = HttpClient("Tempo", self._url, "tempo_url", self._headers, self._ca_cert, self._timeout)
            return self._http


def _unavailable(http: HttpClient, answer: Answer) -> SourceUnavailableError:
    if answer.status == 401 and b"no org id" in answer.body:
        return SourceUnavailableError(f"Tempo at {http.url}: has several tenants, and none was named. Set X-Scope-OrgID in tempo_headers.")
    problem = status_problem(answer.status, answer.body)
    return SourceUnavailableError(f"Tempo at {http.url}: {problem}. Check that it is well and that tempo_url is right.")


def _those_that_came(futures: Sequence[Future[dict[str, Any] | None]], deadline: Deadline, lost: list[str]) -> list[dict[str, Any]]:
    """SourceUnavailableError when none did; why single ones did not is added to ``lost``."""
    came: list[dict[str, Any]] = []
    failed: list[SourceUnavailableError] = []
    for future in futures:
        try:
            trace = wait(future, deadline, "Tempo")
        except SourceUnavailableError as error:
            failed.append(error)
        else:
            came += [trace] if trace is not None else []
    if failed and not came:
        raise failed[0]
    lost += [error.message for error in failed]
    return came


def _quoted(text: str) -> str:
    """A string of TraceQL: no name can end it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
