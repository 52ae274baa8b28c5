# SPDX-License-Identifier: GPL-3.0-or-later
"""Data directories that are made once for all labs with the same schema, and copied: making one takes a second."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from lab.databases.programs import Programs
from lab.databases.running import DatabaseUnavailableError, serving
from lab.scenario.model import Database
from lab.serving import HOST

_KEPT = 6
"""Data directories that stay in the cache, of 40 MB each: those used last."""
_LAYOUT = "2"
"""Grows when what is made below is another."""
CLIENT = "app"
"""The role of the services' connections: neither a superuser nor the owner of the tables."""
_DELAYS = """
CREATE FUNCTION lab_delay() RETURNS boolean VOLATILE LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep(coalesce(nullif(current_setting('lab.delay', true), ''), '0')::float); RETURN true; END $$;
"""
_TABLES = """
SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
_DELAYED = "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; CREATE POLICY lab ON {table} USING ((SELECT lab_delay())) WITH CHECK (true)"
"""The database is small, and yet its statements are slow: each sleeps once, as long as its session says in ``lab.delay``."""


async def copied(programs: Programs, database: Database, target: Path) -> None:
    """Makes ``target`` the data directory of a server in which the database lies, owned by whom it is to run as.

    DatabaseUnavailableError when PostgreSQL can't be run here, or refuses the schema.
    """
    key = hashlib.sha256(repr((_LAYOUT, programs.identity(), database.name, database.schema)).encode()).hexdigest()[:16]
    made = _cache() / key
    async with _locked(_lock_of(made)):
        if not made.exists():
            await _make(programs, database, made)
        os.utime(made)
        process = await asyncio.create_subprocess_exec("cp", "-R", str(made), str(target))
        await _ended(process)
        if process.returncode:
            raise DatabaseUnavailableError(f"{made} could not be copied to {target}")
    _own(target, programs.user)
    _forget_old(_cache())


async def _make(programs: Programs, database: Database, target: Path) -> None:
    place = programs.scratch()
    try:
        here = programs.reachable(place)
        await _initdb(here, place / "data")
        async with serving(here, place / "data", ()) as server:
            await _lay_out(server.port, database)
        draft = _draft_of(target)
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(place / "data", draft)
        draft.rename(target)
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def _initdb(programs: Programs, data: Path) -> None:
    command = [programs.bin / "initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"]
    process = await asyncio.create_subprocess_exec(
        *map(str, command), "--locale=C", "--wal-segsize=1", user=programs.user, cwd="/", stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = await _ended(process)
    if process.returncode:
        raise DatabaseUnavailableError(f"initdb failed: {said.decode(errors='replace').strip()[-300:]}")


async def _ended(process: asyncio.subprocess.Process) -> bytes:
    """What it said. It does not outlive who waits for it, who may be cancelled and remove what it writes to."""
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said or b""


async def _lay_out(port: int, database: Database) -> None:
    import asyncpg  # only scenarios with a database pay for it

    async def run(name: str, work: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        connection = await asyncpg.connect(host=HOST, port=port, user="postgres", database=name, ssl=False)
        try:
            await work(connection)
        finally:
            await connection.close()

    async def create(connection: asyncpg.Connection) -> None:
        await connection.execute(f"CREATE ROLE {CLIENT} LOGIN")
        if database.name != "postgres":
            await connection.execute(f"CREATE DATABASE {_quoted(database.name)}")

    async def fill(connection: asyncpg.Connection) -> None:
        try:
            if database.schema.strip():  # which asyncpg does not survive
                await connection.execute(database.schema)
        except asyncpg.PostgresError as error:
            raise DatabaseUnavailableError(f"the schema of database {database.name} is refused: {error}") from error
        await connection.execute(_DELAYS)
        for row in await connection.fetch(_TABLES):
            await connection.execute(_DELAYED.format(table=row["name"]))
        await connection.execute(
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {CLIENT}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {CLIENT}"
        )
        await connection.execute("ANALYZE")
        # The server ends at once, and does not even wait for its own log.
        await connection.execute("CHECKPOINT")

    await run("postgres", create)
    await run(database.name, fill)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _own(place: Path, user: str | None) -> None:
    if user is None:
        return
    for folder, _, files in os.walk(place):
        shutil.chown(folder, user)
        for name in files:
            shutil.chown(Path(folder, name), user)


def _cache() -> Path:
    given = os.environ.get("INCIDENT_RESPONSE_CACHE")
    directory = (Path(given) if given else Path.home() / ".cache" / "devops.incident_response") / "databases"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _lock_of(made: Path) -> Path:
    return made.with_name(f".{made.name}.lock")


def _draft_of(made: Path) -> Path:
    """What is no whole data directory yet, or no more."""
    return made.with_name(f".{made.name}.new")


def _forget_old(cache: Path) -> None:
    """Other labs do the same at the same moment. What one of them makes or copies is not taken away from it."""
    kept = [path for path in cache.iterdir() if not path.name.startswith(".")]
    for path in sorted(kept, key=_last_used, reverse=True)[_KEPT:]:
        with _lock_of(path).open("w") as handle, contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(_draft_of(path), ignore_errors=True)
            path.rename(_draft_of(path))
            shutil.rmtree(_draft_of(path), ignore_errors=True)


def _last_used(made: Path) -> float:
    """As the file system has it; 0 when somebody has forgotten it meanwhile."""
    try:
        return made.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@contextlib.asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """One process at a time, of all that make or copy what ``path`` stands for."""
    with path.open("w") as handle:
        await asyncio.to_thread(fcntl.flock, handle, fcntl.LOCK_EX)
        yield
