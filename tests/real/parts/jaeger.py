# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Jaeger on loopback that keeps traces in memory."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import otlp
from .binaries import program
from .processes import HOST, answers, free_port, processes


@dataclass(frozen=True, slots=True)
class Jaeger:
    """`url` is the query API, `otlp_url` takes spans (https://opentelemetry.io/docs/specs/otlp/#otlphttp)."""

    url: str
    otlp_url: str

    def send(self, spans: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Spans in OTLP's JSON, each with the name of its service."""
        otlp.send(self.otlp_url, spans)


@contextlib.contextmanager
def jaeger(directory: Path) -> Iterator[Jaeger]:
    server = program("jaeger")
    query, receiver, admin = (f"{HOST}:{free_port()}" for _ in range(3))
    options = {
        "memory.max-traces": "50000",
        "query.http-server.host-port": query,
        "collector.otlp.http.host-port": receiver,
        "admin.http.host-port": admin,
        **{
            f"{name}.host-port": f"{HOST}:{free_port()}"
            for name in (
                "query.grpc-server",
                "collector.otlp.grpc",
                "collector.zipkin",
                "collector.grpc-server",
                "collector.http-server",
            )
        },
    }
    with processes(directory, signal.SIGKILL) as running:
        running.start("jaeger", [server, *(f"--{name}={value}" for name, value in options.items())], {"SPAN_STORAGE_TYPE": "memory"})
        running.wait("jaeger", lambda: answers(f"http://{admin}/"))
        yield Jaeger(f"http://{query}", f"http://{receiver}")
