# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces of Jaeger's JSON in OTLP's, with what Tempo does to it: identifiers are base64, and enumerations are names."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

_VALUES = {bool: "boolValue", int: "intValue", float: "doubleValue"}


def otlp_trace(trace: Mapping[str, Any]) -> dict[str, Any]:
    """By service, as each exports what is its own."""
    by_service: dict[str, list[dict[str, Any]]] = {}
    for span in trace["spans"]:
        by_service.setdefault(trace["processes"][span["processID"]]["serviceName"], []).append(_span(span))
    return {
        "resourceSpans": [
            {"resource": {"attributes": [_attribute("service.name", service)]}, "scopeSpans": [{"scope": {}, "spans": spans}]}
            for service, spans in by_service.items()
        ]
    }


def _span(span: Mapping[str, Any]) -> dict[str, Any]:
    tags = {tag["key"]: tag["value"] for tag in span["tags"]}
    failed = tags.pop("error", False) is True
    tags.pop("otel.status_code", None)
    kind = str(tags.pop("span.kind", "internal"))
    start, parents = span["startTime"], span["references"]
    return {
        "traceId": _identifier(span["traceID"]),
        "spanId": _identifier(span["spanID"]),
        **({"parentSpanId": _identifier(parents[0]["spanID"])} if parents else {}),
        "name": span["operationName"],
        "kind": f"SPAN_KIND_{kind.upper()}",
        "startTimeUnixNano": str(start * 1000),
        "endTimeUnixNano": str((start + span["duration"]) * 1000),
        "attributes": [_attribute(key, value) for key, value in tags.items()],
        "status": {"code": "STATUS_CODE_ERROR"} if failed else {},
        "events": [
            {
                "timeUnixNano": str(log["timestamp"] * 1000),
                "name": "exception",
                "attributes": [_attribute(field["key"], field["value"]) for field in log["fields"]],
            }
            for log in span["logs"]
        ],
    }


def _identifier(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()


def _attribute(key: str, value: Any) -> dict[str, Any]:
    kind = _VALUES.get(type(value), "stringValue")
    return {"key": key, "value": {kind: value if kind in ("boolValue", "doubleValue") else str(value)}}
