# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Redis on loopback."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from .binaries import program
from .processes import HOST, free_port, processes


@contextlib.contextmanager
def redis(directory: Path, *options: str) -> Iterator[str]:
    """Its address; options are those of redis-server (`--maxmemory`, `10mb`)."""
    server, port = program("redis-server"), free_port()

    def ready() -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return True
        return False

    with processes(directory) as running:
        running.start("redis", [server, "--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no", *options])
        running.wait("redis", ready)
        yield f"{HOST}:{port}"
