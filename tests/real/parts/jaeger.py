# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Jaeger on loopback that keeps traces in memory."""

from __future__ import annotations

import contextlib
import json
import signal
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .binaries import program
from .processes import HOST, answers, free_port, processes

_SPANS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Jaeger:
    """`url` is the query API, `otlp_url` takes spans (https://opentelemetry.io/docs/specs/otlp/#otlphttp)."""

    url: str
    otlp_url: str

    def send(self, spans: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Spans in OTLP's JSON, each with the name of its service."""
        for first in range(0, len(spans), _SPANS_AT_ONCE):
            by_service: dict[str, list[dict[str, Any]]] = {}
            for service, span in spans[first : first + _SPANS_AT_ONCE]:
                by_service.setdefault(service, []).append(span)
            document = {
                "resourceSpans": [
                    {
                        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
                        "scopeSpans": [{"spans": members}],
                    }
                    for service, members in by_service.items()
                ]
            }
            request = urllib.request.Request(
                f"{self.otlp_url}/v1/traces", json.dumps(document).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()


@contextlib.contextmanager
def jaeger(directory: Path) -> Iterator[Jaeger]:
    server = program("jaeger")
    query, otlp, admin = (f"{HOST}:{free_port()}" for _ in range(3))
    options = {
        "memory.max-traces": "50000",
        "query.http-server.host-port": query,
        "collector.otlp.http.host-port": otlp,
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
        yield Jaeger(f"http://{query}", f"http://{otlp}")
