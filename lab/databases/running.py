# SPDX-License-Identifier: GPL-3.0-or-later
"""One PostgreSQL server as a process, which ends when this one ends, however it does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.databases.programs import Programs
from lab.serving import HOST, KeptPort

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_SETTINGS = (
    f"listen_addresses={HOST}",
    "unix_socket_directories=",
    "shared_buffers=16MB",
    "shared_preload_libraries=pg_stat_statements",
    # Nothing of it needs to survive.
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
)
# Reading ends when whoever holds the other end is gone; SIGQUIT ends PostgreSQL and all its sessions at once.
_GUARD = '"$@" & read -r _; kill -QUIT $!; wait $!'


class DatabaseUnavailableError(Exception):
    """PostgreSQL can't be run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    log: Path


@contextlib.asynccontextmanager
async def serving(programs: Programs, data: Path, settings: Sequence[str]) -> AsyncIterator[Server]:
    """A server of that data directory that accepts connections; ``settings`` are as in ``max_connections=100``."""
    kept, log = KeptPort(), data.with_suffix(".log")
    options = [word for setting in (*_SETTINGS, f"port={kept.number}", *settings) for word in ("-c", setting)]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", _GUARD, "sh", str(programs.bin / "postgres"), "-D", str(data), *options,
            user=programs.user, cwd="/", stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        await _until_it_accepts(kept.number, data, log)
        yield Server(kept.number, log)
    finally:
        kept.close()
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _until_it_accepts(port: int, data: Path, log: Path) -> None:
    """As its own file says: a connection that comes too early would be a failure in its log."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_SECONDS
    state = data / "postmaster.pid"
    while True:
        with contextlib.suppress(OSError):
            lines = state.read_text().splitlines()
            if len(lines) > 7 and lines[3] == str(port) and lines[7].strip() == "ready":
                return
        said = log.read_text(errors="replace")
        if "FATAL" in said or said.startswith("postgres: ") or loop.time() > deadline:
            raise DatabaseUnavailableError(f"PostgreSQL did not start: {said.strip()[-300:] or 'it says nothing'}")
        await asyncio.sleep(0.01)
