# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Loki on loopback that keeps its logs in a folder.

It is the newest one under the Apache licence that can be had (1.6): later ones are under the AGPL, or not to be had. What has come since,
such as metadata of lines and filters on labels, is held to a Loki 3 where there is one on PATH (`loki_current.py`).
"""

from __future__ import annotations

import contextlib
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import yaml

from .binaries import program
from .processes import HOST, free_port, processes


@contextlib.contextmanager
def loki(directory: Path, most: int) -> Iterator[str]:
    """The URL of one that wants a tenant, and gives at most ``most`` lines at once."""
    server = program("loki")
    port = free_port()
    settings = directory / "loki.yml"
    settings.write_text(yaml.safe_dump(_settings(directory, port, most)))
    with processes(directory, signal.SIGKILL) as running:
        running.start("loki", [server, f"-config.file={settings}"], {})
        running.wait("loki", lambda: is_ready(f"http://{HOST}:{port}"))
        yield f"http://{HOST}:{port}"


def is_ready(url: str) -> bool:
    """Its ring knows its only member a moment after it listens."""
    request = urllib.request.Request(f"{url}/loki/api/v1/labels", headers={"X-Scope-OrgID": "anybody"})
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _settings(directory: Path, port: int, most: int) -> dict[str, object]:
    schema = {
        "from": "2020-01-01",
        "store": "boltdb",
        "object_store": "filesystem",
        "schema": "v11",
        "index": {"prefix": "index_", "period": "168h"},
    }
    lifecycler = {
        "address": HOST,
        "interface_names": ["lo"],
        "ring": {"kvstore": {"store": "inmemory"}, "replication_factor": 1},
        "final_sleep": "0s",
        "min_ready_duration": "0s",
    }
    return {
        "auth_enabled": True,
        "server": {
            "http_listen_address": HOST,
            "http_listen_port": port,
            "grpc_listen_address": HOST,
            "grpc_listen_port": free_port(),
            "log_level": "warn",
        },
        "ingester": {"lifecycler": lifecycler, "chunk_idle_period": "1h", "max_transfer_retries": 0},
        "schema_config": {"configs": [schema]},
        "storage_config": {
            "boltdb": {"directory": str(directory / "index")},
            "filesystem": {"directory": str(directory / "chunks")},
        },
        "limits_config": {"max_entries_limit_per_query": most, "reject_old_samples": False},
    }
