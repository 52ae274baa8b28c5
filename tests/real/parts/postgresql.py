# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .binaries import PartUnavailable, program
from .processes import HOST, free_port, processes

_NOT_ROOT = "nobody"
"""PostgreSQL does not run as root."""


@contextlib.contextmanager
def postgresql(directory: Path, *settings: str) -> Iterator[str]:
    """Its address; everybody may log in as `postgres`. `directory` takes its log; settings are as in `work_mem=4MB`."""
    server = program("postgres").resolve()
    user = _NOT_ROOT if os.geteuid() == 0 else None
    # Not below `directory`, which others may not enter.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as place:
        if user:
            shutil.chown(place, user)
        data, port = Path(place) / "data", free_port()
        made = subprocess.run(
            [server.parent / "initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"],
            user=user,
            cwd=place,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise PartUnavailable(f"initdb failed: {made.stderr.strip()[-300:]}")
        options = (f"listen_addresses={HOST}", f"port={port}", f"unix_socket_directories={place}", "fsync=off", *settings)
        with processes(directory) as running:
            running.start("postgres", [server, "-D", data, *(word for option in options for word in ("-c", option))], user=user)
            running.wait("postgres", lambda: _ready(server.parent / "pg_isready", port))
            yield f"{HOST}:{port}"


def _ready(pg_isready: Path, port: int) -> bool:
    return subprocess.run([pg_isready, "-h", HOST, "-p", str(port), "-q"]).returncode == 0
