# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans for a server that takes OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from typing import Any

_SPANS_AT_ONCE = 2000


def send(url: str, spans: Sequence[tuple[str, dict[str, Any]]]) -> None:
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
        request = urllib.request.Request(f"{url}/v1/traces", json.dumps(document).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
