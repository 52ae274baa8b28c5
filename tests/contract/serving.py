# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a simulated server in a thread while a test needs it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from lab.serving import HOST, SHUTDOWN_SECONDS

Start = Callable[[contextlib.AsyncExitStack], Awaitable[str]]
"""Starts servers, and gives an address of theirs; what it puts on the stack is ended with the test."""


@contextlib.contextmanager
def started(start: Start) -> Iterator[str]:
    loop, address, ended = asyncio.new_event_loop(), "", asyncio.Event()
    ready = threading.Event()

    async def run() -> None:
        nonlocal address
        try:
            async with contextlib.AsyncExitStack() as stack:
                address = await start(stack)
                ready.set()
                await ended.wait()
        finally:
            ready.set()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    try:
        # The first simulated PostgreSQL of a machine makes the template of all others.
        assert ready.wait(60)
        assert address, "the simulated server did not start"
        yield address
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


async def serve(stack: contextlib.AsyncExitStack, app: web.Application) -> str:
    """Serves an application until the stack ends, and gives its URL."""
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, HOST, 0).start()
    return f"http://{HOST}:{runner.addresses[0][1]}"


@contextlib.contextmanager
def served(app: web.Application) -> Iterator[str]:
    """The URL of an application."""

    with started(lambda stack: serve(stack, app)) as url:
        yield url
