# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus and Jaeger in a process of their own, so that long queries keep no other server of the lab waiting.

That process has the scenario, and is told what became of the pods and faults a moment after it happened, as if it scraped it. It ends when
its input does, however the lab ends.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import struct
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.jaeger.api import jaeger_app
from lab.prometheus.api import prometheus_app
from lab.prometheus.engine import Engine
from lab.requests import RequestCounts
from lab.scenario.model import Scenario
from lab.serving import Servers
from lab.targets import targets
from lab.world.storage import WorldStorage
from lab.world.world import World

SERVERS = ("prometheus", "jaeger")
_TELL_SECONDS = 0.1
_STOP_SECONDS = 3.0
_OBJECTS_BETWEEN_COLLECTIONS = 100_000
_LENGTH = struct.Struct(">I")


class Apart:
    """``ports`` by the name of the server, once started."""

    def __init__(self, scenario: Scenario, world: World, counts: RequestCounts) -> None:
        self._scenario = scenario
        self._world = world
        self._counts = counts
        self._told = -1
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.ports: Mapping[str, int] = {}

    async def start(self, round_trip: float) -> None:
        """Returns when the servers listen. ``round_trip`` is how far away they are, in seconds."""
        here = os.pathsep.join(path for path in (str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH")) if path)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lab.apart",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": here}, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        await self._send((self._scenario, self._world.start, round_trip))
        await self._tell()
        self.ports = await _received(self._process.stdout)
        self._tasks = [asyncio.create_task(self._keep_telling()), asyncio.create_task(self._count())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _keep_telling(self) -> None:
        while True:
            began = time.monotonic()
            await self._tell()
            # Of many pods there is much to tell: that takes no more than a tenth of the time.
            await asyncio.sleep(max(_TELL_SECONDS, 10 * (time.monotonic() - began)))

    async def _tell(self) -> None:
        if self._told != self._world.epoch:
            self._told = self._world.epoch
            await self._send(self._world.past())

    async def _send(self, what: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(_framed(what))
        await self._process.stdin.drain()

    async def _count(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while True:
            counts: Mapping[str, Counter[str]] = await _received(self._process.stdout)
            self._counts.counts.update(counts)


async def _serve() -> None:
    """The other side: scenario, start and distance come first, and then again and again what happened so far."""
    loop = asyncio.get_running_loop()
    told = asyncio.StreamReader(limit=2**30)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    scenario, start, round_trip = await _received(told)
    world = World(scenario, start, time.time)
    world.take_over(await _received(told))
    servers, counts = Servers(round_trip), RequestCounts()
    apps = {"prometheus": prometheus_app(Engine(WorldStorage(world)), time.time, lambda: targets(world)), "jaeger": jaeger_app(world)}
    _say({name: await servers.start(app, more=[counts.counting(name)]) for name, app in apps.items()})
    telling = asyncio.create_task(_keep_counting(counts))
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)  # a query makes many objects and no circles of them
    try:
        while True:
            world.take_over(await _received(told))
    except asyncio.IncompleteReadError:
        telling.cancel()
        await servers.stop()


async def _keep_counting(counts: RequestCounts) -> None:
    said: Mapping[str, Counter[str]] = {}
    while True:
        await asyncio.sleep(_TELL_SECONDS)
        if counts.counts != said:
            said = {name: Counter(counted) for name, counted in counts.counts.items()}
            _say(said)


async def _received(reader: asyncio.StreamReader) -> Any:
    """The next message. IncompleteReadError at the end."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    # Both ends are this program: nobody else writes into these pipes.
    return pickle.loads(await reader.readexactly(length))


def _framed(what: Any) -> bytes:
    body = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def _say(what: Any) -> None:
    sys.stdout.buffer.write(_framed(what))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_serve())
