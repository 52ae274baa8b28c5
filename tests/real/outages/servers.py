# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that serves objects as they were written down, and a clock for a real Prometheus. Neither knows anything of the lab."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Object = dict[str, Any]

_PATH = re.compile(r"^(/api/v1|/apis/[^/]+/[^/]+)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?(?:/(log))?$")


@dataclass(frozen=True, slots=True)
class World:
    """What a cluster holds at `now` (unix seconds): objects, and by pod the lines of its log, with when each was written.

    `ahead` are seconds by which its clock is before all others; what it holds has its times.
    """

    now: float
    objects: Sequence[Object]
    logs: Mapping[str, Sequence[tuple[float, str]]]
    ahead: float = 0.0


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def sent(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))


class _Cluster(_Quiet):
    def __init__(self, world: World, *args: Any) -> None:
        self.world = world
        super().__init__(*args)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((time.time() if timestamp is None else timestamp) + self.world.ahead)

    def do_POST(self) -> None:
        asked = json.loads(self.sent())
        self.answer(201, json.dumps({**asked, "status": {"allowed": True}}).encode())

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        options = {key: values[0] for key, values in parse_qs(asked.query).items()}
        found = _PATH.match(asked.path)
        if asked.path == "/version":
            return self.answer(200, json.dumps({"major": "1", "minor": "31", "gitVersion": "v1.31.4"}).encode())
        if found is None:
            return self.missing(asked.path)
        group, namespace, plural, name, log = found.groups()
        version = group.removeprefix("/apis/").removeprefix("/api/")
        held = [one for one in self.world.objects if one["apiVersion"] == version and one["kind"].lower() + "s" == plural]
        held = [one for one in held if namespace is None or one["metadata"].get("namespace") == namespace]
        if log:
            return self.log(name, options)
        if name:
            one = next((one for one in held if one["metadata"]["name"] == name), None)
            return self.missing(name) if one is None else self.answer(200, json.dumps(one).encode())
        labels, fields = options.get("labelSelector", ""), options.get("fieldSelector", "")
        held = [one for one in held if _selected(labels, one["metadata"].get("labels", {})) and _selected(fields, _flat(one))]
        listed = {"kind": "List", "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": held}
        self.answer(200, json.dumps(listed).encode())

    def missing(self, what: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": f"no {what}"}
        self.answer(404, json.dumps(status).encode())

    def log(self, pod: str, options: Mapping[str, str]) -> None:
        since = self.world.now + self.world.ahead - float(options.get("sinceSeconds", 10**9))
        lines = [(at, text) for at, text in self.world.logs.get(pod, ()) if at >= since][-int(options.get("tailLines", 10**9)) :]
        stamped = "timestamps" in options
        told = [f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%fZ} {text}" if stamped else text for at, text in lines]
        self.answer(200, "".join(f"{line}\n" for line in told).encode()[: int(options.get("limitBytes", 10**9))], "text/plain")


class _Clock(_Quiet):
    """In front of Prometheus: a question about the present is one about `now`."""

    def __init__(self, upstream: str, now: float, *args: Any) -> None:
        self.upstream, self.now = upstream, now
        super().__init__(*args)

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        self.pass_on(asked.path, asked.query)

    def do_POST(self) -> None:
        self.pass_on(urlsplit(self.path).path, self.sent().decode())

    def pass_on(self, path: str, form: str) -> None:
        options = parse_qs(form, keep_blank_values=True)
        if path.endswith("/query"):
            options.setdefault("time", [f"{self.now:.3f}"])
        try:
            with urllib.request.urlopen(f"{self.upstream}{path}", urlencode(options, doseq=True).encode(), timeout=60) as found:
                self.answer(found.status, found.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, error.read())


def _selected(selector: str, of: Mapping[str, Any]) -> bool:
    """Whether all of ``a=b,c!=d`` holds."""
    parts = [part.partition("!=") if "!=" in part else part.partition("=") for part in selector.split(",") if part]
    return all((str(of.get(key, "")) == value.lstrip("=")) is (sign == "=") for key, sign, value in parts)


def _flat(of: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in of.items():
        found.update(_flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": value})
    return found


@contextlib.contextmanager
def cluster(world: World) -> Iterator[str]:
    """The URL of an API server with what `world` holds."""
    with _served(partial(_Cluster, world)) as url:
        yield url


@contextlib.contextmanager
def standing_still(prometheus: str, now: float) -> Iterator[str]:
    """The URL at which it is `now` for that Prometheus, however long the test takes."""
    with _served(partial(_Clock, prometheus, now)) as url:
        yield url


@contextlib.contextmanager
def _served(handler: Any) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
