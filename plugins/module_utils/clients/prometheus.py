# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus, or anything that speaks its HTTP API, through ``prometheus_api_client.PrometheusConnect``."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..tally import count_request
from .answers import NotJsonError, connection_problem, excerpt, parse_json, status_problem
from .libraries import load
from .server_clock import ServerClock

CONNECTIONS = 64
"""Queries that may be under way at once without a new connection for each."""

LONGEST_IN_URL = 3000
"""Characters of a query above which it is posted: servers and proxies refuse lines of more than 8 KiB, and escaping makes it longer."""

_EVERY_QUERY = {"dedup": "true", "partial_response": "true"}
"""What Thanos is told (one series of many replicas; rather a part than nothing), and others ignore."""
MOST_REMARKS = 5
_LONGEST_REMARK = 300
_OF_THE_QUERY = "PromQL warning"
"""How warnings begin that tell of the query, and not of series that are missing."""
_GRPC = re.compile(r" MinTime: -?\d+ MaxTime: -?\d+|rpc error: code = \w+ desc = |desc = ")
"""What Thanos' warnings hold that nobody needs to see."""
_PARTIAL = "isPartial: some storage nodes did not answer"
"""Where VictoriaMetrics' cluster has no warnings, but says that."""
_POST_REFUSED = (404, 405, 501)


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """One series of an answer; ``samples`` are (unix seconds, value), oldest first. NaN and infinities are kept."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]


class Answer(tuple[SeriesResult, ...]):
    """The series of an answer, and what the server remarks on it. It is a tuple of its series in every respect."""

    warnings: tuple[str, ...] = ()
    """Why it may not be all there is (a store of Thanos that is down)."""
    infos: tuple[str, ...] = ()
    histograms: bool = False
    """Some series hold native histograms, which are no numbers, and were left out."""

    @property
    def incomplete(self) -> bool:
        """Whether the server has warned that some series may be missing."""
        return any(not text.startswith(_OF_THE_QUERY) for text in self.warnings)


class QueryRejectedError(SourceUnavailableError):
    """Prometheus understands the request but not the query, or can't compute it. The message has its words."""


def quote(value: str) -> str:
    """``value`` as a PromQL string literal. Nothing in it can end the string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\x00", "\\x00")
    return f'"{escaped}"'


class PrometheusClient:
    """Thread-safe. Every method raises SourceUnavailableError with a reason to act on."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, ca_cert: str | None = None, timeout: float = 10.0) -> None:
        """``timeout`` is seconds for one query. Nothing is imported or sent before the first query."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceUnavailableError(f"Prometheus: '{url}' in prometheus_url is not a URL such as http://prometheus:9090.")
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
        self._headers = dict(headers or {})
        self._ca_cert = ca_cert
        self._lock = threading.Lock()
        self._connection: Any = None
        self._session: Any = None
        self._remarks = _Remarks()
        self.server_clock = ServerClock()

    def instant(self, query: str, at: float | None = None) -> tuple[SeriesResult, ...]:
        """Value of ``query`` at ``at`` (unix seconds; the server's own now where not given). A scalar is one series without labels.

        What comes is an ``Answer``.
        """
        params = _EVERY_QUERY if at is None else {**_EVERY_QUERY, "time": f"{at:.3f}"}
        if len(query) > LONGEST_IN_URL:
            return self._ask(lambda connection: self._post(connection, "query", {"query": query, **params}))
        return self._ask(lambda connection: connection.custom_query(query, params=params))

    def range(self, query: str, start: float, end: float, step: float) -> tuple[SeriesResult, ...]:
        """Values of ``query`` from ``start`` to ``end`` (unix seconds, rounded to whole ones), ``step`` seconds apart, as an ``Answer``."""
        if len(query) > LONGEST_IN_URL:
            span = {"start": str(round(start)), "end": str(round(end)), "step": f"{step:g}"}
            return self._ask(lambda connection: self._post(connection, "query_range", {"query": query, **span, **_EVERY_QUERY}))
        since, until = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
        return self._ask(lambda connection: connection.custom_query_range(query, since, until, f"{step:g}", params=_EVERY_QUERY))

    def _ask(self, call: Any) -> Answer:
        connection = self._connect()
        requests = load("requests")
        count_request()
        try:
            result = call(connection)
        except (requests.RequestException, OSError) as error:
            raise self._unavailable(connection_problem(error, self.timeout)) from error
        answer = Answer(self._series(result))
        answer.warnings, answer.infos = self._remarks.warnings, self._remarks.infos
        answer.histograms = any(isinstance(one, dict) and ("histogram" in one or "histograms" in one) for one in result)
        return answer

    def _post(self, connection: Any, path: str, form: Mapping[str, str]) -> Any:
        """A query that is too long for a URL; ``PrometheusConnect`` would put it there whatever the method."""
        self._remarks.post_may_be_refused = True
        try:
            response = self._session.post(f"{self.url}/api/v1/{path}", data=form, headers=self._headers, timeout=self.timeout)
            if response.status_code in _POST_REFUSED:
                self._remarks.post_may_be_refused = False
                count_request()
                response = self._session.get(f"{self.url}/api/v1/{path}", params=form, headers=self._headers, timeout=self.timeout)
        finally:
            self._remarks.post_may_be_refused = False
        return response.json()["data"]["result"]

    def _connect(self) -> Any:
        """The connection, made once: ImportError where ``prometheus_api_client`` is missing."""
        with self._lock:
            if self._connection is None:
                requests, adapters = load("requests"), load("requests.adapters")
                library = load("prometheus_api_client.prometheus_connect")
                session = self._session = requests.Session()
                session.verify = self._ca_cert or True
                session.max_redirects = 3
                session.hooks["response"].append(self._judge)
                self._connection = library.PrometheusConnect(
                    url=self.url, headers=self._headers or None, session=session, timeout=self.timeout
                )
                # PrometheusConnect mounts an adapter that keeps ten connections and sleeps between retries: too slow in an outage.
                session.mount(self.url, adapters.HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS, max_retries=0))
            return self._connection

    def _judge(self, response: Any, **_: Any) -> None:
        """Called with every answer, in the thread that waits for it, before PrometheusConnect takes it for what it should be."""
        if response.is_redirect or (self._remarks.post_may_be_refused and response.status_code in _POST_REFUSED):
            return
        received = time.time()
        self.server_clock.note(response.headers, received - response.elapsed.total_seconds(), received)
        body: bytes = response.content
        try:
            answer = parse_json(body)
        except NotJsonError as error:
            problem = str(error) if response.status_code == 200 else status_problem(response.status_code, body)
            raise self._unavailable(problem) from error
        words = answer.get("error") if isinstance(answer, dict) else None
        words = words if isinstance(words, str) else None
        if response.status_code in (400, 422):
            raise QueryRejectedError(f"Prometheus at {self._shown} {status_problem(response.status_code, body, words)}.")
        if response.status_code != 200:
            raise self._unavailable(status_problem(response.status_code, body, words))
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("result"), list):
            raise self._unavailable("answered with JSON that is not of Prometheus' HTTP API")
        warnings = _words(answer.get("warnings"))
        self._remarks.warnings = (*warnings, _PARTIAL) if answer.get("isPartial") is True else warnings
        self._remarks.infos = _words(answer.get("infos"))

    def _series(self, result: list[Any]) -> tuple[SeriesResult, ...]:
        try:
            if len(result) == 2 and not isinstance(result[0], dict):
                return (SeriesResult({}, (_sample(result),)),)
            return tuple(
                SeriesResult(
                    {str(name): str(value) for name, value in series["metric"].items()},
                    tuple(_sample(pair) for pair in series["values"]) if "values" in series else (_sample(series["value"]),),
                )
                for series in result
                if "values" in series or "value" in series
            )
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise self._unavailable("answered with series that are not of Prometheus' HTTP API") from error

    def _unavailable(self, problem: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            f"Prometheus at {self._shown}: {problem}. Check that it is well, prometheus_url and prometheus_headers."
        )


class _Remarks(threading.local):
    """What the last answer to this thread remarked."""

    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    post_may_be_refused: bool = False


def _words(remarks: Any) -> tuple[str, ...]:
    """The texts among a server's remarks, each as one line."""
    given = remarks[:MOST_REMARKS] if isinstance(remarks, list) else []
    return tuple(excerpt(_GRPC.sub("", one), _LONGEST_REMARK) for one in given if isinstance(one, str))


def _sample(pair: Any) -> tuple[float, float]:
    at, value = pair
    return float(at), _number(str(value))


def _number(text: str) -> float:
    """Prometheus writes NaN, +Inf and -Inf where there is no number."""
    return {"NaN": math.nan, "+Inf": math.inf, "-Inf": -math.inf}.get(text) or float(text)
