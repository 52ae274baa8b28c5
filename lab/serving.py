# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs web applications on free ports of this machine, with what all servers of the lab have in common."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from lab.distance import Relay

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 0.2
"""For which a server that ends waits for its connections. By aiohttp's default it is a minute, and one that was opened at that very
moment and asks nothing is waited for all that time."""


class KeptPort:
    """A port that nobody else is given while its server does not listen: whoever connects then is refused.

    Linux lets a server listen beside a socket that only keeps the address (both have SO_REUSEADDR); elsewhere nothing is kept.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, 0))
        self.number = int(self._socket.getsockname()[1])
        if sys.platform != "linux":
            self.close()

    def close(self) -> None:
        self._socket.close()


class ChangeLog:
    """The requests that changed something, or tried to, in the order in which they came."""

    def __init__(self) -> None:
        self.changes: list[dict[str, Any]] = []

    def noting(self, server: str, is_change: Callable[[web.Request], bool], user: Callable[[web.Request], str | None]) -> Middleware:
        """Notes requests of one server."""

        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)
            if is_change(request):
                entry = {
                    "server": server,
                    "method": request.method,
                    "path": request.path_qs,
                    "user": user(request),
                    "status": response.status,
                }
                self.changes.append(entry)
            return response

        return note


def writes(request: web.Request) -> bool:
    return request.method not in {"GET", "HEAD", "OPTIONS"}


def writes_to_cluster(request: web.Request) -> bool:
    """Neither dry runs nor questions (reviews, exec) change the cluster."""
    asks = "authorization.k8s.io" in request.path or "authentication.k8s.io" in request.path or request.path.endswith("/exec")
    return writes(request) and not asks and request.query.get("dryRun") != "All"


class Servers:
    """Starts applications, and stops them all. ``round_trip`` is how far away they are, in seconds."""

    def __init__(self, round_trip: float = 0.0) -> None:
        self._round_trip = round_trip
        self._runners: list[web.AppRunner] = []
        self._listening: list[asyncio.Server] = []
        self._relays: list[Relay] = []
        self._refusing: list[KeptPort] = []

    def refusing(self) -> int:
        """A port at which nothing listens until all is stopped."""
        self._refusing.append(KeptPort())
        return self._refusing[-1].number

    async def start(self, app: web.Application, *, tls: ssl.SSLContext | None = None, more: Sequence[Middleware] = ()) -> int:
        """The port on which the application listens from now on."""
        for middleware in reversed(more):
            app.middlewares.insert(0, middleware)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        self._runners.append(runner)
        assert runner.server is not None
        listening = await asyncio.get_running_loop().create_server(runner.server, HOST, 0, ssl=tls)
        self._listening.append(listening)
        port = int(listening.sockets[0].getsockname()[1])
        return await self._relayed(port) if self._round_trip > 0 else port

    async def stop(self) -> None:
        for relay in self._relays:
            await relay.stop()
        for listening in self._listening:
            listening.close()
            # A client that keeps its connection would hold TLS up, which waits for its farewell.
            if sys.version_info >= (3, 13):
                listening.abort_clients()
        for runner in reversed(self._runners):
            await runner.cleanup()
        for port in self._refusing:
            port.close()
        self._refusing.clear()
        self._relays.clear()
        self._listening.clear()
        self._runners.clear()

    async def _relayed(self, port: int) -> int:
        self._relays.append(Relay(HOST, port, self._round_trip))
        return await self._relays[-1].start()
