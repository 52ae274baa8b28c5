# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of a scenario: started when somebody wants to talk to it, since most who use a lab never do."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

from lab.databases.programs import Programs
from lab.databases.running import DatabaseUnavailableError, serving
from lab.databases.sessions import Sessions
from lab.databases.template import copied
from lab.world.world import World

_SUPERUSER_RESERVED = 3
"""PostgreSQL's default."""


class DatabaseServer:
    """``problem`` says why it could not be started, once that has been tried."""

    def __init__(self, world: World, name: str, programs: Programs) -> None:
        self._world = world
        self._name = name
        self._programs = programs
        self._running = contextlib.AsyncExitStack()
        self._starting: asyncio.Task[int] | None = None
        self.problem: str | None = None

    async def port(self) -> int:
        """Where it listens; it is started with all its sessions if it was not. DatabaseUnavailableError."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        # Who asks may give up and be gone; the others still wait for it.
        return await asyncio.shield(self._starting)

    async def stop(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._running.aclose()

    async def _start(self) -> int:
        dependency = self._world.scenario.dependencies[self._name]
        try:
            place = await self._own_place()
            await copied(self._programs, dependency.database, place / "data")
            allowed = max(round(dependency.signals.max_connections), 5)
            settings = (f"max_connections={allowed}", f"superuser_reserved_connections={_SUPERUSER_RESERVED}")
            server = await self._running.enter_async_context(serving(self._programs.reachable(place), place / "data", settings))
            sessions = Sessions(self._world, self._name, dependency.database, server.port, room=allowed - _SUPERUSER_RESERVED)
            self._running.push_async_callback(sessions.stop)
            await sessions.start()
        except (DatabaseUnavailableError, OSError) as error:
            self.problem = str(error)
            raise DatabaseUnavailableError(self.problem) from error
        return server.port

    async def _own_place(self) -> Path:
        """Not among the lab's files, which other users may not enter."""
        place = self._programs.scratch()
        self._running.callback(shutil.rmtree, place, ignore_errors=True)
        return place
