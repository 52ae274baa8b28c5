# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same query many times in one trace: a loop where one query would do (N+1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ..clients.answers import excerpt
from ..model.traces import RepeatedQuery
from .statement_shape import shape
from .trace import Trace

MANY = 10
"""Times in one trace from which a query is repeated rather than used."""
MOST = 3
_SHOWN = 300
_MOST_SPANS = 20_000
"""Spans with a statement that are counted: enough to see a loop, few enough to be read at once."""


def repeated(focus: Sequence[Trace], before: Sequence[Trace]) -> tuple[RepeatedQuery, ...]:
    """The queries that are repeated in the traces of now, with how often they were in one trace a day before."""
    now, usual = _counts(focus), _counts(before)
    found = []
    for (service, statement), each in now.items():
        calls, duration = max(each)
        if calls >= MANY:
            often = sum(count >= MANY for count, _unused in each)
            then = max((count for count, _unused in usual.get((service, statement), ())), default=0) if before else None
            found.append(RepeatedQuery(service, excerpt(statement, _SHOWN), calls, often, duration, then))
    return tuple(sorted(found, key=lambda one: -one.calls)[:MOST])


def _counts(traces: Sequence[Trace]) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """For each query, how often it is in each trace, and for how long."""
    counts: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    left = _MOST_SPANS
    for trace in traces:
        if left <= 0:
            break
        spans: dict[tuple[str, str], list[float]] = defaultdict(list)
        for span in trace.spans:
            if span.statement and left > 0:
                left -= 1
                spans[span.service, shape(span.statement)].append(span.duration)
        for key, durations in spans.items():
            counts[key].append((len(durations), sum(durations)))
    return counts
