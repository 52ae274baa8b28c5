# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Loki 3 on loopback that keeps its logs in a folder; taken from PATH only, for its licence.

Its settings are written to Loki 3's documentation. They have not met a Loki 3 yet: there has been none where this was written.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import yaml

from .binaries import program
from .loki import is_ready
from .processes import HOST, free_port, processes


@contextlib.contextmanager
def loki_current(directory: Path, most: int) -> Iterator[str]:
    """The URL of one that wants a tenant, and gives at most ``most`` lines at once."""
    server = program("loki-3")
    port = free_port()
    settings = directory / "loki.yml"
    settings.write_text(yaml.safe_dump(_settings(directory, port, most)))
    with processes(directory, signal.SIGKILL) as running:
        running.start("loki", [server, f"-config.file={settings}"], {})
        running.wait("loki", lambda: is_ready(f"http://{HOST}:{port}"), seconds=120)
        yield f"http://{HOST}:{port}"


def _settings(directory: Path, port: int, most: int) -> dict[str, object]:
    """https://grafana.com/docs/loki/latest/configure/; it reports to nobody, and listens on loopback alone."""
    return {
        "auth_enabled": True,
        "analytics": {"reporting_enabled": False},
        "server": {
            "http_listen_address": HOST,
            "http_listen_port": port,
            "grpc_listen_address": HOST,
            "grpc_listen_port": free_port(),
            "log_level": "warn",
        },
        "memberlist": {"bind_addr": [HOST], "bind_port": free_port()},
        "common": {
            "instance_addr": HOST,
            "path_prefix": str(directory),
            "replication_factor": 1,
            "ring": {"instance_addr": HOST, "kvstore": {"store": "inmemory"}},
            "storage": {
                "filesystem": {"chunks_directory": str(directory / "chunks"), "rules_directory": str(directory / "rules")},
            },
        },
        "schema_config": {
            "configs": [
                {
                    "from": "2020-01-01",
                    "store": "tsdb",
                    "object_store": "filesystem",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
        "limits_config": {"max_entries_limit_per_query": most, "reject_old_samples": False},
    }
