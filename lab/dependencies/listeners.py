# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets every dependency of a scenario listen on a port of its own, and stop listening while it is down."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from aiohttp import web

from lab.databases import programs
from lab.databases.running import DatabaseUnavailableError
from lab.databases.server import DatabaseServer
from lab.dependencies.redis_server import RedisServer
from lab.distance import Relay
from lab.serving import HOST, KeptPort, Servers
from lab.world.world import World

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_LOOK_SECONDS = 0.5


class _Listener:
    """A TCP server whose port stays its own while it does not listen."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._kept = KeptPort()
        self.port = self._kept.number

    async def listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def end(self) -> None:
        await self.stop()
        self._kept.close()


class Dependencies:
    """``ports`` by the name of the dependency, once started. ``round_trip`` is how far away they are, in seconds.

    ``only_listening`` are the databases behind which there is no PostgreSQL, because this machine has none.
    """

    def __init__(self, world: World, round_trip: float = 0.0) -> None:
        self._world = world
        self._round_trip = round_trip
        self._listeners: dict[str, _Listener] = {}
        self._databases: dict[str, DatabaseServer] = {}
        self._relays: dict[int, Relay] = {}
        self.ports: dict[str, int] = {}
        self.only_listening: list[str] = []

    async def start(self, servers: Servers) -> None:
        for name, dependency in self._world.scenario.dependencies.items():
            if dependency.type == "http":
                self.ports[name] = await servers.start(self._http_app(name, dependency.path))
                continue
            self._listeners[name] = _Listener(self._serve(name, dependency.type))
            await self._listeners[name].listen()
            self.ports[name] = self._listeners[name].port
        await self._look()

    async def watch(self) -> None:
        """Follow the scenario until cancelled: what is down refuses connections."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._look()

    async def warm_up(self) -> None:
        """Start what otherwise starts when somebody first asks for it."""
        await asyncio.gather(*(_port_of(database) for database in self._databases.values()))

    async def stop(self) -> None:
        for listener in self._listeners.values():
            await listener.end()
        for relay in self._relays.values():
            await relay.stop()
        for database in self._databases.values():
            await database.stop()

    def _serve(self, name: str, kind: str) -> Serve:
        if kind == "redis":
            return self._far(RedisServer(self._world, name).serve)
        if kind == "postgresql":
            found = programs.find()
            if found is not None:
                self._databases[name] = DatabaseServer(self._world, name, found)
                return self._passing_on(self._databases[name])
            self.only_listening.append(name)
        return self._far(_accept)

    def _passing_on(self, database: DatabaseServer) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            port = await _port_of(database)
            if port is None:
                writer.close()
                return
            relay = self._relays.setdefault(port, Relay(HOST, port, self._round_trip))
            await relay.carry(reader, writer)

        return serve

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


async def _port_of(database: DatabaseServer) -> int | None:
    """None, and a line that says why, where it can't be started."""
    try:
        return await database.port()
    except DatabaseUnavailableError as error:
        print(f"lab: a database that cannot be started: {error}", file=sys.stderr)
        return None


async def _accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Something listens there: that is all that a TCP probe wants to know."""
    writer.close()
