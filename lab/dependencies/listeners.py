# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets every dependency of a scenario listen on a port of its own, and stop listening while it is down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from lab.dependencies.redis_server import RedisServer
from lab.serving import HOST, Servers
from lab.world.world import World

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_LOOK_SECONDS = 0.5


class _Listener:
    """A TCP server whose port stays its own while it does not listen."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self.port = 0

    async def listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


class Dependencies:
    """``ports`` by the name of the dependency, once started. ``round_trip`` is how far away they are, in seconds."""

    def __init__(self, world: World, round_trip: float = 0.0) -> None:
        self._world = world
        self._round_trip = round_trip
        self._listeners: dict[str, _Listener] = {}
        self.ports: dict[str, int] = {}

    async def start(self, servers: Servers) -> None:
        for name, dependency in self._world.scenario.dependencies.items():
            if dependency.type == "http":
                self.ports[name] = await servers.start(self._http_app(name, dependency.path))
                continue
            serve: Serve = RedisServer(self._world, name).serve if dependency.type == "redis" else _accept
            self._listeners[name] = _Listener(self._far(serve))
            await self._listeners[name].listen()
            self.ports[name] = self._listeners[name].port
        await self._look()

    async def watch(self) -> None:
        """Follow the scenario until cancelled: what is down refuses connections."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._look()

    async def stop(self) -> None:
        for listener in self._listeners.values():
            await listener.stop()

    def _far(self, serve: Serve) -> Serve:
        async def serve_later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # Not by a relay, which would accept connections that a dependency that is down refuses.
            await asyncio.sleep(self._round_trip)
            await serve(reader, writer)

        return serve_later if self._round_trip > 0 else serve

    async def _look(self) -> None:
        for name, listener in self._listeners.items():
            if self._is_up(name):
                await listener.listen()
            else:
                await listener.stop()

    def _is_up(self, name: str) -> bool:
        return self._world.signal(f"{name}.up").at(self._world.clock()) >= 0.5

    def _http_app(self, name: str, path: str) -> web.Application:
        async def health(_request: web.Request) -> web.Response:
            if self._is_up(name):
                return web.json_response({"status": "ok"})
            return web.json_response({"status": "unavailable"}, status=503)

        app = web.Application()
        app.router.add_get(path, health)
        return app


async def _accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Something listens there: that is all that a TCP probe wants to know."""
    writer.close()
