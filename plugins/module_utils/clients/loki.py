# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loki's HTTP API (https://grafana.com/docs/loki/latest/reference/loki-http-api/): label names, and log lines by LogQL."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..concurrency import Deadline
from ..errors import SourceUnavailableError
from ..lean import dataclass
from .answers import NotJsonError, parse_json, status_problem
from .http import AnswerTooLargeError, HttpClient

MAX_LINES = 5000
"""Lines in one answer: Loki's own limit, unless it was set up otherwise; more are refused with status 400."""
_FEWEST = 50
"""Lines for which an answer is not made smaller any more."""
_SMALLER = 8
_LOWER_LIMIT = re.compile(rb"max entries limit[^()]*\(\d+ > (\d{1,9})\)")
"""What Loki says where its limit is a lower one; the second number is the limit."""
_TIMES_OF_A_PAGE = 2.0
"""Another page is only asked for where there is time for so many."""

_Labels = tuple[tuple[str, str], ...]
_Key = tuple[_Labels, int, str]
"""Labels, time and text of a line."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Lines that have the same labels (a line's own metadata among them): (nanoseconds since 1970, line), the newest first."""

    labels: Mapping[str, str]
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """``cut``: why older lines are missing; None where all are there."""

    streams: tuple[Stream, ...]
    cut: str | None = None

    @property
    def count(self) -> int:
        return sum(len(stream.lines) for stream in self.streams)


class LokiClient:
    """Times are unix seconds. Every method raises SourceUnavailableError with a reason to act on. Thread-safe."""

    def __init__(
        self,
        url: str,
        tenant: str | None = None,
        timeout: float = 10.0,
        headers: Mapping[str, str] | None = None,
        ca_cert: str | None = None,
    ) -> None:
        """``tenant`` is sent as ``X-Scope-OrgID``, which a Loki of several tenants wants."""
        self._url = url
        self._headers = {**(headers or {}), **({"X-Scope-OrgID": tenant} if tenant else {})}
        self._ca_cert = ca_cert
        self._timeout = timeout
        self._limit = MAX_LINES
        self._lock = threading.Lock()
        self._http: HttpClient | None = None

    def label_names(self, start: float, end: float, timeout: float | None = None) -> frozenset[str]:
        """The labels that streams have; not those that only are metadata of lines."""
        http = self._connect()
        answer = self._json("/loki/api/v1/labels", {"start": round(start * 1e9), "end": round(end * 1e9)}, timeout)
        names = answer.get("data") if isinstance(answer, dict) and answer.get("status") == "success" else None
        if names is None and isinstance(answer, dict) and answer.get("status") == "success":
            names = []  # Loki leaves the list out where there is nothing
        if not isinstance(names, list):
            raise _not_loki(http)
        return frozenset(map(str, names))

    def lines(self, query: str, start: float, end: float, most: int = MAX_LINES, deadline: Deadline | None = None) -> Lines:
        """The newest lines that the LogQL ``query`` selects, at most about ``most``, in as many answers as it takes.

        When a later answer fails or there is no time for it, those that came are given, and ``cut`` says why there are no more.
        """
        until = deadline or Deadline(self._timeout)
        first, last = round(start * 1e9), round(end * 1e9)
        found: dict[_Labels, list[tuple[int, str]]] = {}
        met: set[_Key] = set()
        count, oldest = 0, last
        while True:
            begun = time.monotonic()
            try:
                page, limit = self._page(query, first, last, until)
            except SourceUnavailableError as error:
                if not count:
                    raise
                return _lines(found, error.message)
            new = [one for one in page if one not in met]
            for labels, at, line in new:
                found.setdefault(labels, []).append((at, line))
            count += len(new)
            reached = min((at for _unused, at, _line in page), default=last)
            if len(page) < limit or reached < first:
                return _lines(found, None)
            if count >= most:
                return _lines(found, f"only the last {count:,} lines were read")
            if until.left() < _TIMES_OF_A_PAGE * (time.monotonic() - begun):
                return _lines(found, f"there was only time to read the last {count:,} lines")
            # Lines of one nanosecond may be on both sides of the edge: it is asked for again, unless there is nothing but it.
            stuck = reached >= oldest
            met = {one for one in page if one[1] <= reached + 1} | (met if stuck else set())
            last, oldest = (reached if stuck else reached + 1), reached
            if last <= first:
                return _lines(found, None)

    def _page(self, query: str, first: int, last: int, deadline: Deadline) -> tuple[list[_Key], int]:
        """One answer, and how many lines it could have had."""
        http = self._connect()
        while True:
            limit = self._limit
            wanted: dict[str, str | int] = {"query": query, "start": first, "end": last, "limit": limit, "direction": "backward"}
            try:
                answer = self._json("/loki/api/v1/query_range", wanted, max(min(deadline.left(), self._timeout), 0.1))
            except _LimitError as error:
                if not 0 < error.limit < limit:
                    raise
                self._limit = error.limit
                continue
            except AnswerTooLargeError:
                if limit <= _FEWEST:
                    raise
                self._limit = max(limit // _SMALLER, _FEWEST)
                continue
            try:
                data = answer["data"]
                if answer["status"] != "success" or data["resultType"] != "streams":
                    raise _not_loki(http)
                return [(_labels(one["stream"]), *value) for one in data["result"] or () for value in _values(one["values"])], limit
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise _not_loki(http) from error

    def _json(self, path: str, query: Mapping[str, str | int], timeout: float | None) -> Any:
        http = self._connect()
        answer = http.request(path, query, timeout=timeout)
        if answer.status == 200:
            try:
                return parse_json(answer.body)
            except NotJsonError as error:
                raise SourceUnavailableError(f"Loki at {http.url}: {error}. Check that loki_url is right.") from error
        problem = f"Loki at {http.url}: {status_problem(answer.status, answer.body)}."
        if answer.status == 400 and (lower := _LOWER_LIMIT.search(answer.body)):
            raise _LimitError(problem, int(lower[1]))
        if answer.status == 401 and b"no org id" in answer.body:
            raise SourceUnavailableError(f"Loki at {http.url}: has several tenants, and none was named. Set loki_tenant.")
        raise SourceUnavailableError(f"{problem} Check that it is well and that loki_url is right.")

    def _connect(self) -> HttpClient:
        """Made at the first question, since it loads a library."""
        with self._lock:
            if self._http is None:
                self._http = HttpClient("Loki", self._url, "loki_url", self._headers, self._ca_cert, self._timeout)
            return self._http


class _LimitError(SourceUnavailableError):
    """More lines were asked for than ``limit``."""

    def __init__(self, message: str, limit: int) -> None:
        super().__init__(message)
        self.limit = limit


def _lines(found: Mapping[_Labels, list[tuple[int, str]]], cut: str | None) -> Lines:
    return Lines(tuple(Stream(dict(labels), tuple(lines)) for labels, lines in found.items()), cut)


def _labels(given: Any) -> _Labels:
    return tuple(sorted((str(name), str(value)) for name, value in given.items())) if isinstance(given, dict) else ()


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
