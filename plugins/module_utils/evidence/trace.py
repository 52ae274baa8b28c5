# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trace, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Times are seconds. ``table_scan`` is set when the span itself says that no index was used."""

    id: str
    parent: str | None
    service: str
    operation: str
    start: float
    duration: float
    error: bool
    statement: str | None
    """Whole, so that it can be parsed."""
    table_scan: str | None
    waited_for: bool = True
    """Whether its parent waits for it: not for messages and what follows later."""
    call: bool = False
    """Whether it is a call to something else, of which it is the caller's side."""
    peer: str | None = None
    """Whom such a call is for, by its own tags."""
    database: bool = False
    """Whether it speaks to a database, which also fails what it is asked wrongly."""


@dataclass(frozen=True, slots=True)
class Trace:
    """``cut`` says that it has more spans than are read."""

    id: str
    spans: tuple[Span, ...]
    cut: bool = False

    @property
    def incomplete(self) -> bool:
        """Whether the parent of a span is missing."""
        known = {span.id for span in self.spans}
        return any(span.parent and span.parent not in known for span in self.spans)

    @property
    def start(self) -> float:
        return min(span.start for span in self.spans)

    @property
    def duration(self) -> float:
        return max(span.start + span.duration for span in self.spans) - self.start
