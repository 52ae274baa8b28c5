# SPDX-License-Identifier: GPL-3.0-or-later
"""The services' sessions in a database: as many connections as the scenario says at this moment, and what some of them do."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from lab.databases.template import CLIENT
from lab.scenario.model import Activity, Database
from lab.serving import HOST
from lab.world.world import World

_LOOK_SECONDS = 0.5
_PAUSE_SECONDS = 0.05
"""Between two statements of a session that runs one after the other: they are there to be seen, not to heat the machine."""


class Sessions:
    """Follows the signal ``connections`` of the dependency ``name``, and its activity, until ``stop``.

    The server at ``port`` has ``room`` for so many sessions of a service. No more are tried: of a crowd that comes at once,
    PostgreSQL refuses some for whom there is room, because those that it is about to refuse hold a slot until they are gone.
    """

    def __init__(self, world: World, name: str, database: Database, port: int, room: int) -> None:
        self._world = world
        self._room = room
        self._signal = f"{name}.connections"
        self._database = database
        self._port = port
        self._idle: list[Any] = []
        self._refused: set[str] = set()
        self._busy: dict[int, list[asyncio.Task[None]]] = {}
        self._follower: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the sessions of this moment are there."""
        await self._look()
        self._follower = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        tasks = [task for tasks in self._busy.values() for task in tasks] + ([self._follower] if self._follower else [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in self._idle:
            connection.terminate()
        self._idle.clear()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        now, busy, opened = self._world.clock(), 0, []
        for index, activity in enumerate(self._database.activity):
            on = activity.fault is None or self._world.level(activity.fault).at(now) > 0
            # A session that was refused or ended is opened anew, as a service's pool does.
            tasks = self._busy[index] = [task for task in self._busy.get(index, []) if not task.done()]
            if on:
                for _ in range(activity.sessions - len(tasks)):
                    opened.append(asyncio.Event())
                    tasks.append(asyncio.create_task(self._work(activity, opened[-1])))
            else:
                for task in tasks:
                    task.cancel()
                tasks.clear()
            busy += len(tasks)
        await asyncio.gather(*(each.wait() for each in opened))
        await self._keep(max(min(round(self._world.signal(self._signal).at(now)), self._room) - busy, 0))

    async def _keep(self, wanted: int) -> None:
        """So many connections that do nothing; fewer where others, such as who looks at the database, have taken the room."""
        for connection in self._idle[wanted:]:
            connection.terminate()
        self._idle = [connection for connection in self._idle[:wanted] if not connection.is_closed()]
        opened = await asyncio.gather(*(self._connect() for _ in range(wanted - len(self._idle))), return_exceptions=True)
        self._idle += [connection for connection in opened if not isinstance(connection, BaseException)]

    async def _work(self, activity: Activity, opened: asyncio.Event) -> None:
        """``opened`` is set once the session is there, or was refused."""
        import asyncpg

        try:
            connection = await self._connect()
        except (asyncpg.PostgresError, OSError):
            return
        finally:
            opened.set()
        try:
            await connection.execute(f"SET lab.delay = {activity.takes:g}")
            if activity.then == "idle":
                await connection.execute("BEGIN")
            while not connection.is_closed():
                await self._run(connection, activity)
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            connection.terminate()

    async def _run(self, connection: Any, activity: Activity) -> None:
        import asyncpg

        try:
            await connection.execute(activity.sql)
        except (asyncpg.PostgresError, OSError) as error:
            if activity.sql not in self._refused:
                self._refused.add(activity.sql)
                print(f"lab: a database's activity {activity.sql!r} fails: {error}", file=sys.stderr)
        else:
            if activity.then == "idle":
                await asyncio.Event().wait()

    async def _connect(self) -> Any:
        import asyncpg  # only scenarios with a database pay for it

        settings = {"application_name": "service"}
        return await asyncpg.connect(
            host=HOST, port=self._port, user=CLIENT, database=self._database.name, ssl=False, server_settings=settings
        )
