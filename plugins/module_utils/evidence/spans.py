# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans as Jaeger gives them, typed, and what can be told from one trace."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..clients.answers import excerpt
from .clock_skew import without_skew
from .objects import mapping, sequence
from .peers import peer_of
from .trace import Span, Trace

_STATEMENT_TAGS = ("db.query.text", "db.statement", "sql.query")
_SEQUENTIAL_SCAN = re.compile(r"Seq Scan on (?:\w+\.)?(\w+)(?:.*?Filter: \(+\"?(?:\w+\.)?(\w+))?", re.DOTALL)
_FULL_SCAN = re.compile(r"(?:full table scan|table access full|full scan)(?: (?:on|of))? \"?(\w+(?:\.\w+)?)", re.IGNORECASE)
_COLLECTION_SCAN = re.compile(r"\bCOLLSCAN\b")
_NO_INDEX_KEYS = frozenset({"db.missing_index", "db.index.missing", "db.table_scan", "db.full_scan"})
_NO_INDEX_FLAGS = frozenset({"db.no_index_used", "db.no_good_index_used", "no_index_used", "db.full_table_scan"})
_QUALIFIED = r"(?:[\"`\[]?\w+[\"`\]]?\.)?[\"`\[]?(\w+)[\"`\]]?"
_TABLE = re.compile(rf"\b(?:from|update|into)\s+{_QUALIFIED}", re.IGNORECASE)
_FILTER = re.compile(rf"\bwhere\s+[(\s]*{_QUALIFIED}\s*(?:=|<|>|\bin\b|\blike\b)", re.IGNORECASE)
_COLUMN = re.compile(r"^\w+(?:\.\w+)?$")

MAX_SPANS = 5000
"""Spans that are read of one trace: what has more repeats itself."""
MAX_STATEMENT = 4000
"""Characters that are kept of a statement."""


def traces_from(found: Iterable[Mapping[str, Any]]) -> list[Trace]:
    """The traces in an answer of Jaeger; spans that lack what every span has are left out."""
    traces = []
    for entry in found:
        processes = {key: str(mapping(value).get("serviceName") or "") for key, value in mapping(entry.get("processes")).items()}
        raw = sequence(entry.get("spans"))
        spans = [span for one in raw[:MAX_SPANS] if (span := _span(mapping(one), processes))]
        if spans:
            traces.append(trace_of(str(entry.get("traceID") or ""), spans, cut=len(raw) > MAX_SPANS))
    return traces


def trace_of(identity: str, spans: Sequence[Span], cut: bool = False) -> Trace:
    """A trace of these spans, with the clocks of its hosts set right."""
    return Trace(identity, tuple(without_skew(spans)), cut)


def self_times(trace: Trace) -> dict[str, float]:
    """Seconds by span id that were spent in the span itself: its duration without the time in which a child of it ran."""
    children: dict[str, list[Span]] = defaultdict(list)
    for span in trace.spans:
        if span.parent:
            children[span.parent].append(span)
    return {span.id: max(span.duration - _covered(span, children[span.id]), 0.0) for span in trace.spans}


def error_origin(trace: Trace) -> str | None:
    """The service in which the trace's error starts: that of the failed span below which nothing failed; the earliest of several.

    A call that failed, and of which the other side sent no span, failed on that side, where the call names it. A database also fails what
    it is asked wrongly: that is left with who asked.
    """
    failed = [span for span in trace.spans if span.error]
    above = {span.parent for span in failed}
    origins = [span for span in failed if span.id not in above]
    if not origins:
        return None
    first = min(origins, key=lambda span: span.start + span.duration)
    answered = any(span.parent == first.id and span.service != first.service for span in trace.spans)
    return first.peer if first.peer is not None and not first.database and not answered else first.service


def filtered_column(statement: str) -> str | None:
    """``table.column`` of the first comparison in the WHERE of a simple statement; the table alone where there is none."""
    table, column = _TABLE.search(statement), _FILTER.search(statement)
    if table is None:
        return None
    return f"{table[1]}.{column[1]}" if column else table[1]


def _covered(span: Span, children: Sequence[Span]) -> float:
    """Seconds within ``span`` in which at least one of ``children`` ran."""
    end = span.start + span.duration
    covered, reached = 0.0, span.start
    for child in sorted(children, key=lambda child: child.start):
        begin, finish = max(child.start, reached), min(child.start + child.duration, end)
        if finish > begin:
            covered += finish - begin
            reached = finish
    return covered


def _span(raw: Mapping[str, Any], processes: Mapping[str, str]) -> Span | None:
    start, duration = raw.get("startTime"), raw.get("duration")
    if not isinstance(start, (int, float)) or not isinstance(duration, (int, float)):
        return None
    references = [mapping(reference) for reference in sequence(raw.get("references"))]
    parents = [reference for reference in references if reference.get("refType", "CHILD_OF") == "CHILD_OF"]
    parent = str(parents[0].get("spanID")) if parents else str(raw["parentSpanID"]) if raw.get("parentSpanID") else None
    logs = [
        {str(mapping(field).get("key")): mapping(field).get("value") for field in sequence(mapping(log).get("fields"))}
        for log in sequence(raw.get("logs"))
    ]
    return span_from(
        identity=str(raw.get("spanID") or ""),
        parent=parent,
        service=processes.get(str(raw.get("processID")), ""),
        operation=str(raw.get("operationName") or ""),
        start=start / 1e6,
        duration=max(duration, 0) / 1e6,
        tags={str(mapping(tag).get("key")): mapping(tag).get("value") for tag in sequence(raw.get("tags"))},
        logs=logs,
    )


def span_from(
    *,
    identity: str,
    parent: str | None,
    service: str,
    operation: str,
    start: float,
    duration: float,
    tags: Mapping[str, Any],
    logs: Sequence[Mapping[str, Any]],
) -> Span:
    """A span, with what its tags and its logs (their fields) say; times are seconds."""
    statement = next((str(tags[key]) for key in _STATEMENT_TAGS if tags.get(key)), None)
    kind = str(tags.get("span.kind")).lower()
    return Span(
        id=identity,
        parent=parent,
        service=service,
        operation=_shown(operation, 120),
        start=start,
        duration=duration,
        error=_failed(tags),
        statement=_shown(statement, MAX_STATEMENT) if statement else None,
        table_scan=_table_scan(tags, logs, statement),
        waited_for=kind != "consumer",
        call=kind == "client",
        peer=peer_of(tags) if kind == "client" else None,
        database=statement is not None or any(key.startswith("db.") for key in tags),
    )


@lru_cache(maxsize=512)
def _shown(text: str, limit: int) -> str:
    """``excerpt``; the same few names come again and again."""
    return excerpt(text, limit)


def _failed(tags: Mapping[str, Any]) -> bool:
    if str(tags.get("error")).lower() == "true" or str(tags.get("otel.status_code")).upper() == "ERROR":
        return True
    status = str(tags.get("http.response.status_code") or tags.get("http.status_code") or "")
    return len(status) == 3 and status.startswith("5")


def _table_scan(tags: Mapping[str, Any], logs: Sequence[Mapping[str, Any]], statement: str | None) -> str | None:
    """What the span says about a query that used no index, in its tags or in its log fields (a plan, a warning)."""
    if statement is None and not any(key.startswith("db.") for key in tags):
        return None
    fields = dict(tags)
    for log in logs:
        for key, value in log.items():
            fields[f"log {len(fields)}.{key}"] = value
    for key, value in fields.items():
        name = key.rpartition(".")[2] if key.startswith("log ") else key
        text = str(value)
        if (key in _NO_INDEX_FLAGS or name in _NO_INDEX_FLAGS) and text.lower() == "true":
            return (filtered_column(statement) if statement else None) or "a table that the span does not name"
        if key in _NO_INDEX_KEYS and _COLUMN.match(text) and text.lower() not in ("true", "false"):
            return text
        if key in _NO_INDEX_KEYS and text.lower() == "true":
            return (filtered_column(statement) if statement else None) or "a table that the span does not name"
        if scanned := _scanned(text, statement):
            return scanned
    return None


def _scanned(text: str, statement: str | None) -> str | None:
    """``table.column`` out of the words of a query plan."""
    if match := _SEQUENTIAL_SCAN.search(text):
        named = filtered_column(statement) if statement else None
        return f"{match[1]}.{match[2]}" if match[2] else named or match[1]
    if match := _FULL_SCAN.search(text):
        return match[1]
    if _COLLECTION_SCAN.search(text):
        return (filtered_column(statement) if statement else None) or "a collection"
    return None
