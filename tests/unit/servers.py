# SPDX-License-Identifier: GPL-3.0-or-later
"""Small servers on 127.0.0.1 that answer well, or fail in the ways that servers fail."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

RECORDED = Path(__file__).parents[1] / "fixtures" / "recorded"

PATIENT = 60.0
"""Seconds: the limit of whatever is to answer. A busy machine may stand still for a while; only what hangs on purpose has less."""

FAULTS = ("refused", "hang", "500", "429", "403", "html", "truncated", "nonsense")

_HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>"


def recorded(name: str) -> Any:
    """A recorded answer of a real server, for example ``kubernetes/pod_metrics``."""
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    content_type: str = "application/json"


Answer = Callable[[Request], Reply]


@dataclass
class HttpServer:
    """``answer`` decides; ``faults`` by path prefix come first; ``requests`` are those that were seen."""

    answer: Answer
    url: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def fault_for(self, path: str) -> str | None:
        return next((fault for prefix, fault in self.faults.items() if path.startswith(prefix)), None)


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_unused: object) -> None:
        """A client that hangs up early is no news."""


@contextmanager
def http_server(answer: Answer) -> Iterator[HttpServer]:
    server = HttpServer(answer)
    listening = _Listening(("127.0.0.1", 0), _handler(server))
    server.url = f"http://127.0.0.1:{listening.server_address[1]}"
    thread = threading.Thread(target=lambda: listening.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        listening.shutdown()
        listening.server_close()


def _handler(server: HttpServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, parts.path, query, {name.lower(): value for name, value in self.headers.items()}, body)
            server.requests.append(request)
            fault = server.fault_for(parts.path)
            if fault == "hang":
                server.ended.wait(PATIENT)
                self.close_connection = True
            elif fault == "truncated":
                self._send(Reply(200, b'{"kind": "List", "items": [{"metadata"'), claim=5000)
                self.close_connection = True
            elif fault == "html":
                self._send(Reply(200, _HTML, "text/html"))
            elif fault == "nonsense":
                self._send(Reply(200, ["what", 1]))
            elif fault is not None:
                self._send(Reply(int(fault), b"upstream is not well", "text/plain"))
            else:
                self._send(server.answer(request))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815

        def _send(self, reply: Reply, claim: int | None = None) -> None:
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(claim or len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_unused: object) -> None:
            """Says nothing."""

    return Handler


_KEPT: list[socket.socket] = []


def closed_port() -> int:
    """A port of 127.0.0.1 on which nothing listens. It is kept until the process ends, so that nobody else is given it meanwhile."""
    _KEPT.append(socket.socket())
    _KEPT[-1].bind(("127.0.0.1", 0))
    return int(_KEPT[-1].getsockname()[1])


@contextmanager
def tcp_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """``host:port`` of a server that hands every connection to ``talk``."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.05)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _unused = listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=_hand_over, args=(connection, talk), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ended.set()
        listening.close()


def _hand_over(connection: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    with connection:
        talk(connection)


def kubernetes_answers(request: Request) -> Reply:
    """What a real API server said about a namespace in which payment-api crashes, from its recorded lists."""
    lists = {
        "/api/v1/namespaces/production/pods": "pods_crash_looping",
        "/api/v1/namespaces/production/events": "events_crash_looping",
        "/apis/apps/v1/namespaces/production/deployments": "deployments_crash_looping",
        "/apis/apps/v1/namespaces/production/statefulsets": "statefulsets",
        "/apis/apps/v1/namespaces/production/daemonsets": "daemonsets",
        "/apis/apps/v1/namespaces/production/replicasets": "replicasets_crash_looping",
        "/apis/apps/v1/namespaces/production/controllerrevisions": "controllerrevisions",
        "/apis/autoscaling/v2/namespaces/production/horizontalpodautoscalers": "horizontalpodautoscalers",
        "/apis/metrics.k8s.io/v1beta1/namespaces/production/pods": "pod_metrics",
        "/apis/policy/v1/namespaces/production/poddisruptionbudgets": "poddisruptionbudgets",
        "/api/v1/nodes": "nodes",
    }
    if request.path.endswith("/log"):
        return Reply(200, LOG.encode(), "text/plain")
    if request.path in lists:
        found = recorded(f"kubernetes/{lists[request.path]}")
        found["items"] = [entry for entry in found["items"] if _asked_for(entry, request.query)]
        return Reply(200, found)
    if request.path == f"/api/v1/{_SPACE}":
        return Reply(200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "production"}})
    if request.path in EMPTY:
        return Reply(200, {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []})
    folder, _unused, name = request.path.rpartition("/")
    if folder in lists:
        for entry in recorded(f"kubernetes/{lists[folder]}")["items"]:
            if entry["metadata"]["name"] == name:
                return Reply(200, entry)
    return Reply(404, recorded("kubernetes/status_404"))


_SPACE = "namespaces/production"
EMPTY = (
    *(f"/api/v1/{_SPACE}/{plural}" for plural in ("services", "persistentvolumeclaims", "resourcequotas", "configmaps", "secrets")),
    *(f"/apis/networking.k8s.io/v1/{_SPACE}/{plural}" for plural in ("ingresses", "networkpolicies")),
    *(f"/apis/batch/v1/{_SPACE}/{plural}" for plural in ("jobs", "cronjobs")),
    f"/apis/discovery.k8s.io/v1/{_SPACE}/endpointslices",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/networking.k8s.io/v1/ingressclasses",
    *(f"/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations" for kind in ("validating", "mutating")),
    "/api/v1/namespaces/default/events",
)
"""Lists of the same namespace with nothing in them."""

LOG = "\n".join(
    (
        "2026-11-23T22:55:00.000000001Z ERROR Database connection timeout after 5000ms",
        "2026-11-23T22:55:01.000000001Z ERROR Database connection timeout after 5001ms",
        "2026-11-23T22:55:02.000000001Z INFO ready",
        "",
    )
)


def _asked_for(entry: dict[str, Any], query: dict[str, str]) -> bool:
    labels = entry["metadata"].get("labels") or {}
    for part in filter(None, query.get("labelSelector", "").split(",")):
        key, _unused, value = part.partition("=")
        if labels.get(key) != value:
            return False
    for part in filter(None, query.get("fieldSelector", "").split(",")):
        key, _unused, value = part.partition("=")
        found: Any = entry
        for step in key.split("."):
            found = found.get(step, {})
        if found != value:
            return False
    return True
