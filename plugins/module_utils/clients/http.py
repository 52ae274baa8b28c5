# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP client over kept-alive connections; every failure is a SourceUnavailableError that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..tally import count_request
from .answers import NotJsonError, connection_problem, parse_json, status_problem
from .libraries import load


class AnswerTooLargeError(SourceUnavailableError):
    """There is an answer, and it is larger than what is read."""


MAX_BODY = 32 * 2**20
"""Bytes of an answer that are read at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class HttpClient:
    """``name`` is what the server is called in messages ("Jaeger"), ``option`` the option that holds its URL. Thread-safe.

    ``verify`` is off only where nothing secret is sent and the answer is not believed.
    A login in the URL (``https://user:password@host``) is sent as basic authentication and never shown.
    """

    def __init__(
        self,
        name: str,
        url: str,
        option: str,
        headers: Mapping[str, str] | None = None,
        ca_cert: str | None = None,
        timeout: float = 10.0,
        verify: bool = True,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceUnavailableError(f"{name}: '{url}' in {option} is not a URL such as http://host:port.")
        urllib3 = load("urllib3")
        host = parts.netloc.rpartition("@")[2]
        login = parts.netloc.rpartition("@")[0]
        self.name = name
        self.url = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self.option = option
        self.timeout = timeout
        self._headers = {
            "Accept": "application/json",
            **(urllib3.util.make_headers(basic_auth=unquote(login)) if login else {}),
            **(headers or {}),
        }
        self._urllib3 = urllib3
        trust = {"ca_certs": ca_cert} if verify else {"cert_reqs": "CERT_NONE", "assert_hostname": False}
        self._pool = urllib3.PoolManager(maxsize=16, retries=False, **trust)
        if not verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def request(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """The answer, whatever its status. SourceUnavailableError when there is none. Redirects are not followed."""
        limit = timeout or self.timeout
        target = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        count_request()
        try:
            response = self._pool.request(
                method, target, headers={**self._headers, **(headers or {})}, timeout=limit, preload_content=False, redirect=False
            )
            body = response.read(MAX_BODY + 1, decode_content=True)
            response.release_conn()
        except (OSError, ValueError, self._urllib3.exceptions.HTTPError) as error:
            raise self._unavailable(connection_problem(error, limit)) from error
        if len(body) > MAX_BODY:
            response.close()
            raise AnswerTooLargeError(self._unavailable(f"its answer is larger than {MAX_BODY // 2**20} MiB; narrow the question").message)
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)

    def json(self, path: str, query: Mapping[str, str | int] | None = None, timeout: float | None = None) -> Any:
        """The JSON at ``path``. SourceUnavailableError for any status but 200 and for anything that is no JSON."""
        answer = self.request(path, query, timeout=timeout)
        if answer.status != 200:
            raise self._unavailable(status_problem(answer.status, answer.body))
        try:
            return parse_json(answer.body)
        except NotJsonError as error:
            raise self._unavailable(str(error)) from error

    def _unavailable(self, problem: str) -> SourceUnavailableError:
        return SourceUnavailableError(f"{self.name} at {self.url}: {problem}. Check that it is well and that {self.option} is right.")
