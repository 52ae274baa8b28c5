# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a service calls, by its spans, and how long it waits for each of them."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import fmean
from typing import Any
from urllib.parse import urlsplit

from ..clients.answers import excerpt
from ..model.traces import Peer, Waiting
from .statement_shape import shape
from .trace import Span, Trace

_NAMES = ("peer.service", "service.peer.name", "server.address", "net.peer.name", "http.host")
"""Tags that name the other side, the most telling first (https://opentelemetry.io/docs/specs/semconv/, and those of before it)."""
_ADDRESSES = ("url.full", "http.url")
_DATABASES = ("db.namespace", "db.name", "db.system.name", "db.system")
_VARYING = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\b[0-9a-fA-F]{12,}\b|\d+")
_LONGEST_NAME = 120
MOST_PEERS = 8


def peer_of(tags: Mapping[str, Any]) -> str | None:
    """The other side of a call, by the tags of the caller's span; None where they name none, but perhaps a number."""
    named = (host for key in _NAMES if (host := _host(str(tags.get(key) or ""))))
    addressed = (host for key in _ADDRESSES if (host := _host(_netloc(str(tags.get(key) or "")))))
    stored = (str(tags[key]) for key in _DATABASES if tags.get(key))
    name = next(named, None) or next(addressed, None) or next(stored, None)
    return excerpt(name, _LONGEST_NAME) if name else None


def waiting(now: Sequence[Trace], before: Sequence[Trace], service: str) -> Waiting | None:
    """What the time of ``service`` goes to in the traces of ``now``, against those of ``before``; None where it has no span in ``now``."""
    known = _sides(now, service) | _sides(before, service)
    today, usual = _Times.of(now, service, known), _Times.of(before, service, known)
    if not today.traces:
        return None
    names = sorted({**usual.peers, **today.peers}, key=lambda name: (-today.seconds(name), -usual.seconds(name), name))
    return Waiting(
        traces=today.traces,
        baseline_traces=usual.traces,
        own=today.own / today.traces,
        baseline_own=usual.own / usual.traces if usual.traces else None,
        peers=tuple(_peer(name, today, usual) for name in names[:MOST_PEERS]),
    )


@dataclass(slots=True)
class _Calls:
    """Seconds of every call to one peer by what it asks for."""

    durations: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: int = 0

    @property
    def count(self) -> int:
        return sum(map(len, self.durations.values()))

    @property
    def total(self) -> float:
        return sum(map(sum, self.durations.values()))


@dataclass(slots=True)
class _Times:
    """What the traces add up to: seconds of the service's ``own``, and its calls by peer."""

    sides: Mapping[str, str]
    traces: int = 0
    own: float = 0.0
    peers: dict[str, _Calls] = field(default_factory=lambda: defaultdict(_Calls))

    @classmethod
    def of(cls, traces: Sequence[Trace], service: str, sides: Mapping[str, str]) -> _Times:
        found = cls(sides)
        for trace in traces:
            if any(span.service == service for span in trace.spans):
                found.traces += 1
                found._add(trace, service)
        return found

    def seconds(self, name: str) -> float:
        return self.peers[name].total if name in self.peers else 0.0

    def _add(self, trace: Trace, service: str) -> None:
        """What is below a call is part of it: a client's own steps, what the other side does, and what it asks back."""
        known = {span.id for span in trace.spans}
        children: dict[str | None, list[Span]] = defaultdict(list)
        for span in trace.spans:
            children[span.parent if span.parent in known else None].append(span)
        ahead = [(span, False) for span in children[None]]
        while ahead:
            span, ours = ahead.pop()
            below = children[span.id]
            if span.service == service and span.call:
                self._called(self.sides.get(_addressed(span)) or span.peer or f"the other side of {span.operation}", span)
                continue
            if span.service == service:
                self.own += _own_time(span, below)
            elif ours:
                # The caller's side of it is not in the trace.
                self._called(span.service, span)
                continue
            ahead += [(child, span.service == service and child.waited_for) for child in below]

    def _called(self, peer: str, span: Span) -> None:
        calls = self.peers[peer]
        calls.durations[_asked(span)].append(span.duration)
        calls.errors += span.error


def _sides(traces: Sequence[Trace], service: str) -> dict[str, str]:
    """The service behind each address that is called, by the traces in which it answered: one that is down sends no spans."""
    found: dict[str, str] = {}
    for trace in traces:
        calls = {span.id: span for span in trace.spans if span.service == service and span.call}
        for span in trace.spans:
            if span.parent in calls and span.service != service:
                found[_addressed(calls[span.parent])] = span.service
    return found


def _addressed(span: Span) -> str:
    return span.peer or span.operation


def _peer(name: str, today: _Times, usual: _Times) -> Peer:
    calls, then = today.peers.get(name, _Calls()), usual.peers.get(name, _Calls())
    # Only what was asked then as well tells whether it answers as fast; the calls of today are weighed as they are.
    same = [asked for asked in calls.durations if asked in then.durations]
    weight = sum(len(calls.durations[asked]) for asked in same)
    expected = sum(fmean(then.durations[asked]) * len(calls.durations[asked]) for asked in same)
    taken = sum(sum(calls.durations[asked]) for asked in same)
    return Peer(
        name=name,
        calls=calls.count / today.traces,
        baseline_calls=then.count / usual.traces if usual.traces else None,
        waited=calls.total / today.traces,
        baseline_waited=then.total / usual.traces if usual.traces else None,
        duration=taken / weight if weight else calls.total / calls.count if calls.count else None,
        baseline_duration=expected / weight if weight else None,
        errors=calls.errors / today.traces,
    )


def _own_time(span: Span, children: Sequence[Span]) -> float:
    """Seconds in which none of the children ran that it waited for."""
    end, reached, covered = span.start + span.duration, span.start, 0.0
    for child in sorted(children, key=lambda one: one.start):
        begin, finish = max(child.start, reached), min(child.start + child.duration, end)
        if child.waited_for and finish > begin:
            covered += finish - begin
            reached = finish
    return max(span.duration - covered, 0.0)


def _asked(span: Span) -> str:
    """What a call asks for, without what varies."""
    return shape(span.statement) if span.statement else _without_values(span.operation)


@lru_cache(maxsize=1024)
def _without_values(operation: str) -> str:
    return _VARYING.sub("?", operation)


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _host(text: str) -> str | None:
    """The name in ``name:port``; None for an address."""
    name = text.strip().rpartition("]")[0].lstrip("[") if text.startswith("[") else text.strip().partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name or None
    return None
