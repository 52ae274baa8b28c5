# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans of hosts whose clocks differ, put back where they can have been."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from .trace import Span


def without_skew(spans: Sequence[Span]) -> list[Span]:
    """A call that another service answers lies within the call: where it does not, the answering clock is off, and with it all below.

    As Jaeger does it (internal/adjuster/clock_skew.go): the answer is put in the middle of the call, or at its start when it is longer.
    Work that is only set off (messages, FOLLOWS_FROM) may begin when the call is over, and is left as it is.
    """
    known = {span.id: span for span in spans}
    children: dict[str, list[str]] = defaultdict(list)
    for span in known.values():
        if span.parent in known and span.parent != span.id and span.parent:
            children[span.parent].append(span.id)
    ahead = [(span.id, 0.0) for span in known.values() if span.parent not in known or span.parent == span.id]
    moved: dict[str, Span] = {}
    while ahead:
        identity, shift = ahead.pop()
        if identity in moved:
            continue
        span = replace(known[identity], start=known[identity].start + shift) if shift else known[identity]
        parent = moved.get(span.parent or "")
        if parent is not None and _off(span, parent):
            offset = max((parent.duration - span.duration) / 2, 0.0)
            shift += parent.start + offset - span.start
            span = replace(span, start=parent.start + offset)
        moved[identity] = span
        ahead += [(child, shift) for child in children[identity]]
    # What is in a circle of parents hangs below nothing.
    return [moved.get(span.id, span) for span in known.values()]


def _off(span: Span, parent: Span) -> bool:
    if span.service == parent.service or not span.waited_for:
        return False
    return span.start < parent.start or span.start + span.duration > parent.start + parent.duration
