# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API as raw JSON over kept-alive connections.

The model objects of the ``kubernetes`` package are not built, since that takes longer than the requests themselves.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Union
from urllib.parse import urlencode

from ..concurrency import Deadline
from ..lean import dataclass
from ..model.service import WorkloadKind
from ..tally import count_request
from .answers import NotJsonError, connection_problem, parse_json
from .cluster_access import ClusterAccess, Entrance, enter
from .cluster_errors import (
    ClusterError,
    ClusterUnreachable,
    Conflict,
    Forbidden,
    Invalid,
    ObjectNotFound,
    ServerError,
    TooManyRequests,
    Unauthorized,
    error_for,
)
from .libraries import load
from .server_clock import ServerClock

__all__ = [
    "METADATA_ONLY",
    "ClusterAccess",
    "ClusterClient",
    "ClusterError",
    "ClusterUnreachable",
    "Conflict",
    "Content",
    "Forbidden",
    "Invalid",
    "ObjectNotFound",
    "ServerError",
    "TooManyRequests",
    "Unauthorized",
    "workload_path",
]

Query = Mapping[str, Union[str, int, bool]]  # noqa: UP007 (ansible-test's pylint takes the other form for an operation)

_AGAIN_AFTER = 0.25
"""Seconds before a question is put again, doubled each time."""
_LONGEST_WISH = 5.0
"""Seconds that a busy server's own wish to wait (Retry-After) is followed at most."""
_CHUNK = 2**17
_JSON = "application/json"
_ERROR_EVENT = re.compile(rb'\s*\{\s*"type"\s*:\s*"ERROR"')
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Lists without what is in the objects: names, labels, times and who wrote which field.

https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
"""

_PLURALS = {WorkloadKind.DEPLOYMENT: "deployments", WorkloadKind.STATEFUL_SET: "statefulsets", WorkloadKind.DAEMON_SET: "daemonsets"}


def workload_path(kind: WorkloadKind | str, namespace: str, name: str | None = None) -> str:
    """Path of a workload, or of all of its kind in ``namespace`` where no name is given."""
    path = f"/apis/apps/v1/namespaces/{namespace}/{_PLURALS[WorkloadKind(kind)]}"
    return f"{path}/{name}" if name else path


@dataclass(frozen=True, slots=True)
class Content:
    """A body, as much of it as was wanted; ``problem`` says what kept the rest from arriving."""

    body: bytes
    problem: str | None = None


class ClusterClient:
    """Asks one API server. Thread-safe. Every method raises a ClusterError that says what was asked and what to do."""

    def __init__(self, entrance: Entrance, timeout: float = 10.0) -> None:
        """``timeout`` is seconds for one request."""
        urllib3 = load("urllib3")
        self.host = entrance.host
        self.timeout = timeout
        self._entrance = entrance
        self._tries = 1
        self._sleep: Callable[[float], None] = time.sleep
        self._reached = False
        self._urllib3 = urllib3
        self.server_clock = ServerClock()
        if not entrance.verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    @classmethod
    def connect(cls, access: ClusterAccess) -> ClusterClient:
        """A client for ``access``. Reads the credentials (an exec plugin may run); sends nothing to the cluster yet."""
        return cls(enter(access), access.timeout)

    def persistent(self, tries: int, sleep: Callable[[float], None]) -> ClusterClient:
        """The same, which puts a question again that a busy, broken or absent server does not answer, up to ``tries`` times in all.

        What would change something is sent once; and a server that has never answered is a wrong address, which no waiting mends.
        """
        other = ClusterClient(self._entrance, self.timeout)
        other._tries, other._sleep, other._reached = tries, sleep, self._reached
        other.server_clock = self.server_clock
        return other

    def get(self, path: str, query: Query | None = None, timeout: float | None = None, accept: str = _JSON) -> dict[str, Any]:
        """``accept`` asks for another form of what is there, such as METADATA_ONLY."""
        return self._object("GET", path, query, timeout=timeout, accept=accept)

    def metadata(self, path: str, timeout: float | None = None) -> dict[str, Any]:
        """Only the metadata of the object at ``path``: nothing of what a secret holds comes here."""
        return self._object("GET", path, None, timeout=timeout, accept=_METADATA)

    def post(self, path: str, body: Any, query: Query | None = None, timeout: float | None = None) -> dict[str, Any]:
        return self._object("POST", path, query, body, "application/json", timeout)

    def put(self, path: str, body: Any, query: Query | None = None, timeout: float | None = None) -> dict[str, Any]:
        return self._object("PUT", path, query, body, "application/json", timeout)

    def patch(
        self,
        path: str,
        body: Any,
        content_type: str = "application/json-patch+json",
        query: Query | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        return self._object("PATCH", path, query, body, content_type, timeout)

    def delete(self, path: str, query: Query | None = None, timeout: float | None = None, body: Any = None) -> dict[str, Any]:
        """``body`` are DeleteOptions, such as the uid that the object must have."""
        return self._object("DELETE", path, query, body, None if body is None else "application/json", timeout)

    def content(self, path: str, query: Query, max_bytes: int, deadline: Deadline) -> Content:
        """The body as it is: at most ``max_bytes`` of it, and what arrived by the ``deadline`` or before the connection broke."""
        limit = max(min(self.timeout, deadline.left()), 0.1)
        asked = f"GET {path}"
        response = self._send("GET", path, query, None, {"Accept": "*/*"}, limit)
        if response.status != 200:
            self._check(response, self._read(response, asked, limit, max_bytes), asked)
        body = bytearray()
        while len(body) < max_bytes:
            if body and not deadline.left():
                response.close()
                return Content(bytes(body), f"did not answer completely within {deadline.seconds:g} s")
            try:
                chunk = response.read1(min(_CHUNK, max_bytes - len(body)), decode_content=True)
            except (OSError, ValueError, self._urllib3.exceptions.HTTPError) as error:
                problem = connection_problem(error, limit)
                response.close()
                if not body:
                    raise self._unreachable(problem, asked) from error
                return Content(bytes(body), problem)
            if not chunk:
                response.release_conn()
                return Content(bytes(body))
            body += chunk
        response.close()
        return Content(bytes(body))

    def watch(self, path: str, query: Query, timeout: float) -> Iterator[dict[str, Any]]:
        """Events ``{"type": …, "object": …}`` for at most ``timeout`` seconds; ends quietly when the time is up.

        Raises a ClusterError when the watch cannot begin, and for an event of type ERROR (410: the resourceVersion is too old).
        """
        for line in self._watched(path, query, timeout, _JSON):
            yield self._event(line, f"watch {path}")

    def stirs(self, path: str, query: Query, timeout: float) -> Iterator[None]:
        """As ``watch``, for those who only want to know that something moved: the objects are neither asked for in full nor read."""
        for line in self._watched(path, query, timeout, _METADATA):
            if _ERROR_EVENT.match(line):
                self._event(line, f"watch {path}")
            yield None

    def _watched(self, path: str, query: Query, timeout: float, accept: str) -> Iterator[bytes]:
        """The lines of a watch, each an event."""
        end = time.monotonic() + timeout
        asked = f"watch {path}"
        wanted = {**query, "watch": True, "timeoutSeconds": max(1, int(timeout))}
        response = self._send("GET", path, wanted, None, {"Accept": accept}, timeout)
        if response.status != 200:
            self._check(response, self._read(response, asked, timeout), asked)
        buffer = b""
        try:
            while time.monotonic() < end:
                try:
                    chunk = response.read1(2**16)
                except self._urllib3.exceptions.HTTPError:
                    return
                if not chunk:
                    return
                *lines, buffer = (buffer + chunk).split(b"\n")
                yield from (line for line in lines if line.strip())
        finally:
            response.close()

    def exec(self, namespace: str, pod: str, container: str | None, command: Sequence[str], timeout: float) -> tuple[int, str]:
        """Exit code and output (standard output and error as they came) of ``command`` in a container."""
        from .cluster_exec import run_in_container

        count_request()
        entrance = self._entrance
        return run_in_container(entrance.configuration(), entrance.authorization(), namespace, pod, container, command, timeout)

    def _object(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Any = None,
        content_type: str | None = None,
        timeout: float | None = None,
        accept: str = _JSON,
    ) -> dict[str, Any]:
        only_asks = method == "GET" or path.endswith("accessreviews") or bool(query and query.get("dryRun"))
        for number in range(self._tries if only_asks else 1):
            try:
                return self._once(method, path, query, body, content_type, timeout, accept)
            except (ClusterUnreachable, ServerError, TooManyRequests) as error:
                if number + 1 == self._tries or not only_asks or not self._reached:
                    raise
                self._sleep(max(_AGAIN_AFTER * 2**number, min(error.retry_after or 0.0, _LONGEST_WISH)))
        raise AssertionError("the last try returns or raises")

    def _once(
        self, method: str, path: str, query: Query | None, body: Any, content_type: str | None, timeout: float | None, accept: str
    ) -> dict[str, Any]:
        limit = timeout or self.timeout
        asked = f"{method} {path}"
        headers = {"Accept": accept}
        if content_type:
            headers["Content-Type"] = content_type
        data = None if body is None else json.dumps(body).encode()
        sent = time.time()
        response = self._send(method, path, query, data, headers, limit)
        self._reached = True
        self.server_clock.note(response.headers, sent, time.time())
        answer = self._read(response, asked, limit)
        self._check(response, answer, asked)
        return self._parse(answer, asked)

    def _send(self, method: str, path: str, query: Query | None, body: bytes | None, headers: dict[str, str], timeout: float) -> Any:
        url = f"{self.host}{path}" + (f"?{urlencode({name: _plain(value) for name, value in query.items()})}" if query else "")
        authorized = {**headers, **self._entrance.authorization()}

        def send() -> Any:
            count_request()
            return self._entrance.pool.request(
                method, url, body=body, headers=authorized, timeout=timeout, preload_content=False, retries=False, redirect=False
            )

        return self._guarded(lambda: self._once_more_when_dropped(send) if method == "GET" else send(), f"{method} {path}", timeout)

    def _once_more_when_dropped(self, send: Callable[[], Any]) -> Any:
        """A server may close a kept-alive connection just when it is used again; reading once more does no harm."""
        try:
            return send()
        except self._urllib3.exceptions.ProtocolError:
            return send()

    def _read(self, response: Any, asked: str, timeout: float, max_bytes: int | None = None) -> bytes:
        body: bytes = self._guarded(lambda: response.read(max_bytes, decode_content=True), asked, timeout)
        if max_bytes is not None and len(body) >= max_bytes:
            response.close()
        else:
            response.release_conn()
        return body

    def _guarded(self, call: Callable[[], Any], asked: str, timeout: float) -> Any:
        try:
            return call()
        except (OSError, ValueError, self._urllib3.exceptions.HTTPError) as error:
            problem = connection_problem(error, timeout)
            raise self._unreachable(problem, asked) from error

    def _unreachable(self, problem: str, asked: str) -> ClusterUnreachable:
        return ClusterUnreachable(
            f"The cluster at {self.host}: {problem} ({asked}). Check that it runs, and 'kubeconfig', 'context' or 'host'."
        )

    def _check(self, response: Any, body: bytes, asked: str) -> None:
        if not 200 <= response.status < 300:
            raise error_for(response.status, body, asked, self.host, response.headers.get("Retry-After"))

    def _parse(self, body: bytes, asked: str) -> dict[str, Any]:
        try:
            parsed = parse_json(body)
        except NotJsonError as error:
            raise ServerError(f"{asked}: the cluster at {self.host} {error}.", 200) from error
        if not isinstance(parsed, dict):
            raise ServerError(f"{asked}: the cluster at {self.host} answered with a {type(parsed).__name__} instead of an object.", 200)
        return parsed

    def _event(self, line: bytes, asked: str) -> dict[str, Any]:
        event = self._parse(line, asked)
        if event.get("type") == "ERROR":
            status = event.get("object") or {}
            raise error_for(int(status.get("code") or 500), json.dumps(status).encode(), asked, self.host)
        return event


def _plain(value: str | int | bool) -> str | int:
    return str(value).lower() if isinstance(value, bool) else value
