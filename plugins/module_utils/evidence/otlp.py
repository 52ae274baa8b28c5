# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces in OTLP's JSON, as Tempo gives them (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .objects import mapping, sequence
from .spans import MAX_SPANS, span_from, trace_of
from .trace import Span, Trace

_VALUES = ("stringValue", "boolValue", "intValue", "doubleValue")


def traces_from_otlp(found: Iterable[Mapping[str, Any]]) -> list[Trace]:
    """The traces; spans that lack what every span has are left out. ``batches`` is what Tempo's first API calls ``resourceSpans``;
    ``partial`` says that there is more of it."""
    traces = []
    for entry in found:
        spans: list[Span] = []
        identity, count = "", 0
        for batch in map(mapping, sequence(entry.get("resourceSpans") or entry.get("batches"))):
            service = str(_attributes(mapping(batch.get("resource")).get("attributes")).get("service.name") or "")
            for scope in map(mapping, sequence(batch.get("scopeSpans") or batch.get("instrumentationLibrarySpans"))):
                for raw in map(mapping, sequence(scope.get("spans"))):
                    count += 1
                    identity = identity or str(raw.get("traceId") or "")
                    if len(spans) < MAX_SPANS and (span := _span(raw, service)):
                        spans.append(span)
        if spans:
            traces.append(trace_of(identity or f"{spans[0].id}", spans, cut=count > MAX_SPANS or entry.get("partial") is True))
    return traces


def _span(raw: Mapping[str, Any], service: str) -> Span | None:
    start, end = _nanoseconds(raw.get("startTimeUnixNano")), _nanoseconds(raw.get("endTimeUnixNano"))
    if start is None or end is None or end < start:
        return None
    tags = _attributes(raw.get("attributes"))
    status = mapping(raw.get("status")).get("code")
    if status in (2, "STATUS_CODE_ERROR"):
        tags["error"] = True
    kind = raw.get("kind")
    tags["span.kind"] = _KINDS.get(kind, kind) if isinstance(kind, int) else str(kind or "").removeprefix("SPAN_KIND_").lower()
    logs = [_attributes(mapping(event).get("attributes")) for event in sequence(raw.get("events"))]
    return span_from(
        identity=str(raw.get("spanId") or ""),
        parent=_parent(raw),
        service=service,
        operation=str(raw.get("name") or ""),
        start=start / 1e9,
        duration=(end - start) / 1e9,
        tags=tags,
        logs=logs,
    )


def _parent(raw: Mapping[str, Any]) -> str | None:
    """An identifier of zeros is none (https://www.w3.org/TR/trace-context/#parent-id): some libraries send it with the first span."""
    identity = str(raw.get("parentSpanId") or "")
    return identity if identity.strip("0") and identity != _ZEROS else None


_ZEROS = "AAAAAAAAAAA="
"""In base64, as Tempo writes it."""
_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


def _attributes(raw: object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in map(mapping, sequence(raw)):
        value = mapping(attribute.get("value"))
        found[str(attribute.get("key"))] = next((value[key] for key in _VALUES if key in value), None)
    return found


def _nanoseconds(value: object) -> int | None:
    """64-bit numbers are strings in this encoding."""
    try:
        return int(value) if isinstance(value, (str, int)) else None
    except ValueError:
        return None
