# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts servers of this machine far away: every round trip takes longer, those that set up TCP and TLS too."""

from __future__ import annotations

import asyncio
import contextlib

_CHUNK_BYTES = 65536


class Relay:
    """Listens on a port of its own and passes bytes on to ``port`` of ``host``, half of ``round_trip`` seconds late each way.

    Throughput is not limited: bytes are under way side by side, as on a long line.
    """

    def __init__(self, host: str, port: int, round_trip: float) -> None:
        self._host = host
        self._port = port
        self._round_trip = round_trip
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """The port of the far end."""
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End all connections that are under way."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._track(asyncio.create_task(self._carry(reader, writer)))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on a connection that was accepted elsewhere, until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._track(task)
        await self._carry(reader, writer)

    def _track(self, connection: asyncio.Task[None]) -> None:
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The operating system accepts at once; a far server's answer to the first packet would take a round trip.
        await asyncio.sleep(self._round_trip)
        try:
            there, back = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        finally:
            back.close()
            writer.close()

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Until the end of the source, which is passed on as well."""
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    break
                sink.write(data)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()
            else:
                sink.close()

        arrival = asyncio.create_task(arrive())
        try:
            with contextlib.suppress(OSError):
                while data := await source.read(_CHUNK_BYTES):
                    under_way.put_nowait((loop.time() + self._round_trip / 2, data))
            under_way.put_nowait((loop.time() + self._round_trip / 2, b""))
            # Who is gone altogether can't be told the end either (ENOTCONN).
            with contextlib.suppress(OSError):
                await arrival
        finally:
            arrival.cancel()
