# SPDX-License-Identifier: GPL-3.0-or-later
"""A way to a cluster that is not to be relied on: some requests are refused, some answers get lost, some watches are cut."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from urllib3.exceptions import HTTPError

from plugins.module_utils.clients.cluster import ClusterAccess, ClusterClient
from tests.contract.clusters import Cluster


class Fault(Enum):
    """What happens to a request, or to its answer."""

    BUSY = 429
    """With a wish of the server's own, to be asked again after a second."""
    CROWDED = "crowded"
    """429 without such a wish."""
    BROKEN = 500
    AWAY = 503
    TOO_OLD = 410
    """The watch ends with the event of an error: 410 Gone."""
    RESET = "reset"
    """The connection is closed before the request reaches the cluster."""
    LOST = "lost"
    """The cluster does what was asked, and nobody learns of it."""
    CUT = "cut"
    """A watch ends in the middle of its first event."""


@dataclass
class Way:
    """`fault` is asked with method and path of each request; `faults` are those that came about, `asked` all requests."""

    fault: Callable[[str, str], Fault | None]
    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def client(self) -> ClusterClient:
        return ClusterClient.connect(ClusterAccess(host=self.url, timeout=10.0))


@contextlib.contextmanager
def unreliable(cluster: Cluster, fault: Callable[[str, str], Fault | None]) -> Iterator[Way]:
    """Serves until the block ends; who asks there is the cluster's administrator."""
    way, behind = Way(fault), cluster.client()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: Any) -> None:
            """Nothing to say."""

        def handle(self) -> None:
            with contextlib.suppress(OSError, HTTPError):
                super().handle()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            way.asked.append((self.command, self.path))
            found = way.fault(self.command, self.path)
            if found is not None:
                way.faults.append(found)
            if found is Fault.RESET:
                self.close_connection = True
            elif found is Fault.CROWDED:
                self._refuse(Fault.BUSY.value, wish=False)
            elif isinstance(found, Fault) and isinstance(found.value, int):
                self._refuse(found.value)
            else:
                self._pass_on(body, found)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 (the names that http.server looks for)

        def _refuse(self, status: int, wish: bool = True) -> None:
            words = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": "try again", "reason": "Expired"}
            gone = status == Fault.TOO_OLD.value
            answer = json.dumps({"type": "ERROR", "object": words} if gone else words).encode() + b"\n"
            self.send_response(200 if gone else status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            if status == Fault.BUSY.value and wish:
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(answer)

        def _pass_on(self, body: bytes, found: Fault | None) -> None:
            kept = {name: value for name, value in self.headers.items() if name in ("Accept", "Content-Type")}
            answer = behind._entrance.pool.request(
                self.command,
                f"{behind.host}{self.path}",
                body=body or None,
                headers={**kept, **behind._entrance.authorization()},
                preload_content=False,
                retries=False,
                timeout=60,
            )
            if found is Fault.LOST:
                answer.read()
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                while chunk := answer.read1(2**16):
                    self.wfile.write(chunk[: len(chunk) // 2] if found is Fault.CUT else chunk)
                    self.wfile.flush()
                    if found is Fault.CUT:
                        return
            finally:
                answer.close()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    way.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def times(number: int, fault: Fault, method: str, part: str = "") -> Callable[[str, str], Fault | None]:
    """The first `number` requests of a method whose path has `part` in it."""
    left = [number]

    def choose(asked: str, path: str) -> Fault | None:
        if asked != method or part not in path or not left[0]:
            return None
        left[0] -= 1
        return fault

    return choose
