# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeline: what every source saw and what we did, in order, without repeats."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from ..model.event import Event, EventKind

# A value measured again a moment later differs a little, and so does its onset; it is the same event all the same.
_MEASURED = frozenset({EventKind.METRIC, EventKind.LOG})
_MEASURED_TOLERANCE = timedelta(seconds=120)
_SEEN_TOLERANCE = timedelta(seconds=5)
_AMOUNT = re.compile(r"[~$]?\d[\d,.]*\s*(?:%|ms\b|s\b|x\b|req/s|[KMG]iB|B\b|occurrences)?")


def merge(*groups: Iterable[Event]) -> tuple[Event, ...]:
    """The events of all ``groups`` by time, each once; where several tell the same, the first of the earliest group stays.

    Two events are the same when they say the same of the same kind within 5 s; for what was measured, within 120 s and whatever
    the amounts.
    """
    kept: list[Event] = []
    known: dict[tuple[EventKind, str], list[Event]] = {}
    for event in (event for group in groups for event in group):
        alike = known.setdefault(_key(event), [])
        tolerance = _MEASURED_TOLERANCE if event.kind in _MEASURED else _SEEN_TOLERANCE
        if all(abs(event.at - other.at) > tolerance for other in alike):
            alike.append(event)
            kept.append(event)
    return tuple(sorted(kept, key=lambda event: event.at))


def _key(event: Event) -> tuple[EventKind, str]:
    title = " ".join(event.title.split()).casefold()
    return event.kind, _AMOUNT.sub("#", title) if event.kind in _MEASURED else title
