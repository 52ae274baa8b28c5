# SPDX-License-Identifier: GPL-3.0-or-later
"""One trace as Jaeger's JSON API gives it, laid out from the spans of a scenario."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.scenario.model import Span

_TYPES: dict[type, str] = {str: "string", int: "int64", float: "float64", bool: "bool"}


@dataclass(frozen=True, slots=True)
class Variant:
    """In which of its forms a trace is: with the broken durations, and failing."""

    broken: bool
    failed: bool


def duration(span: Span, broken: bool) -> float:
    """Seconds."""
    return span.broken if broken and span.broken is not None else span.normal


def present(span: Span, broken: bool) -> list[Span]:
    """The children that a trace of this form has."""
    return [child for child in span.spans if duration(child, broken) > 0]


def tags(span: Span, variant: Variant) -> dict[str, str | int | float | bool]:
    """The span's tags in a trace of this form; the status and ``error`` are those of a failure only where it fails."""
    failed = variant.failed and span.fails
    found: dict[str, str | int | float | bool] = {"span.kind": span.kind, **span.tags}
    if variant.broken and (failed or not span.fails):
        found |= span.broken_tags
    if failed:
        found |= {"error": True, "otel.status_code": "ERROR"}
    return found


def walk(span: Span, service: str, broken: bool) -> Iterator[tuple[Span, str, str | None]]:
    """Every span of a trace of this form, with its service and the service of its parent."""
    own = span.service or service
    yield span, own, None
    for child in present(span, broken):
        for below, its_service, parent in walk(child, own, broken):
            yield below, its_service, own if parent is None else parent


def trace_id(seed: str, pattern: int, number: int) -> str:
    """The id of a kind's trace of that number: 32 hexadecimal digits that look like chance, and can be read back."""
    noise = int.from_bytes(hashlib.blake2b(f"{seed}/{pattern}/{number}".encode(), digest_size=8).digest())
    return f"{noise:016x}{(pattern << 48 | number) ^ noise:016x}"


def read_trace_id(identity: str) -> tuple[int, int]:
    """Pattern and number of an id; of one that is not ours, any numbers."""
    place = int(identity[:16], 16) ^ int(identity[16:], 16)
    return place >> 48, place & (1 << 48) - 1


def laid_out(identity: str, root: Span, service: str, variant: Variant, start: float, factor: float) -> dict[str, Any]:
    """The trace as JSON data. Durations are ``factor`` times those of the scenario; ``start`` is Unix seconds."""
    processes: dict[str, str] = {}
    spans: list[dict[str, Any]] = []
    _lay(_Trace(identity, variant, factor, processes, spans), root, service, None, start)
    return {
        "traceID": identity,
        "spans": spans,
        "processes": {
            key: {"serviceName": name, "tags": [{"key": "telemetry.sdk.language", "type": "string", "value": "python"}]}
            for name, key in processes.items()
        },
        "warnings": None,
    }


@dataclass(frozen=True, slots=True)
class _Trace:
    identity: str
    variant: Variant
    factor: float
    processes: dict[str, str]
    spans: list[dict[str, Any]]


def _lay(trace: _Trace, span: Span, service: str, parent: str | None, start: float) -> None:
    """Add a span and, spread evenly over it one after the other, its children."""
    own = span.service or service
    took = duration(span, trace.variant.broken) * trace.factor
    identity = f"{(int(trace.identity[:16], 16) + 1 + len(trace.spans)) & (2**64 - 1):016x}"
    references = [] if parent is None else [{"refType": "CHILD_OF", "traceID": trace.identity, "spanID": parent}]
    trace.spans.append(
        {
            "traceID": trace.identity,
            "spanID": identity,
            "operationName": span.operation,
            "references": references,
            "startTime": round(start * 1e6),
            "duration": round(took * 1e6),
            "tags": [{"key": key, "type": _TYPES[type(value)], "value": value} for key, value in tags(span, trace.variant).items()],
            "logs": _logs(span, trace.variant, start + took),
            "processID": trace.processes.setdefault(own, f"p{len(trace.processes) + 1}"),
            "warnings": None,
        }
    )
    children = present(span, trace.variant.broken)
    durations = [duration(child, trace.variant.broken) * trace.factor for child in children]
    gap = (took - sum(durations)) / (len(children) + 1)
    for child, its_duration in zip(children, durations, strict=True):
        start += gap
        _lay(trace, child, own, identity, start)
        start += its_duration


def _logs(span: Span, variant: Variant, end: float) -> list[dict[str, Any]]:
    if not (variant.failed and span.fails and span.error):
        return []
    fields = (("event", "exception"), ("exception.message", span.error))
    return [{"timestamp": round(end * 1e6), "fields": [{"key": key, "type": "string", "value": value} for key, value in fields]}]
