# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Tempo on loopback that keeps its traces in a folder; taken from PATH only, for its licence.

Its settings are written to Tempo 2's documentation. They have not met a Tempo yet: there has been none where this was written.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from . import otlp
from .binaries import program
from .processes import HOST, answers, free_port, processes

_ANY_AGE = "72h"
"""Traces of a day before are sent as well. Tempo takes times that are far from the present for wrong ones, and asks the part of it
that takes them in (where they stay while the tests run) for recent ones alone, unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """`url` is the query API, `otlp_url` takes spans."""

    url: str
    otlp_url: str

    def send(self, spans: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Spans in OTLP's JSON, each with the name of its service. They are found a few seconds later."""
        otlp.send(self.otlp_url, spans)


@contextlib.contextmanager
def tempo(directory: Path) -> Iterator[Tempo]:
    server = program("tempo")
    port, receiver = free_port(), free_port()
    settings = directory / "tempo.yml"
    settings.write_text(yaml.safe_dump(_settings(directory, port, receiver)))
    with processes(directory, signal.SIGKILL) as running:
        running.start("tempo", [server, f"-config.file={settings}"], {})
        running.wait("tempo", lambda: answers(f"http://{HOST}:{port}/ready"), seconds=120)
        yield Tempo(f"http://{HOST}:{port}", f"http://{HOST}:{receiver}")


def _settings(directory: Path, port: int, receiver: int) -> dict[str, object]:
    """https://grafana.com/docs/tempo/v2.10.x/configuration/; it reports to nobody, and listens on loopback alone."""
    return {
        "usage_report": {"reporting_enabled": False},
        "server": {
            "http_listen_address": HOST,
            "http_listen_port": port,
            "grpc_listen_address": HOST,
            "grpc_listen_port": free_port(),
            "log_level": "warn",
        },
        "memberlist": {"bind_addr": [HOST], "bind_port": free_port()},
        "distributor": {"receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{HOST}:{receiver}"}}}}},
        "ingester": {
            "lifecycler": {
                "address": HOST,
                "ring": {"kvstore": {"store": "inmemory"}, "replication_factor": 1},
                "min_ready_duration": "0s",
                "final_sleep": "0s",
            },
            "trace_idle_period": "1s",
            "flush_check_period": "1s",
        },
        "query_frontend": {"search": {"query_backend_after": _ANY_AGE, "query_ingesters_until": _ANY_AGE}},
        "storage": {
            "trace": {
                "backend": "local",
                "local": {"path": str(directory / "blocks")},
                "wal": {"path": str(directory / "wal"), "ingestion_time_range_slack": _ANY_AGE},
            }
        },
    }
