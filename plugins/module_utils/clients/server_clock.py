# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the clock of a server is ahead of this machine's."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_OF_NOTE = timedelta(seconds=10)
"""Less than that is told apart by nothing that we measure."""
_RESOLUTION = timedelta(seconds=1)


def apart(one: timedelta, other: timedelta) -> timedelta:
    """How much ``one`` is more than ``other``; zero where it is too little to matter."""
    difference = one - other
    return difference if abs(difference) >= _OF_NOTE else timedelta()


class ServerClock:
    """Thread-safe. Told by the ``Date`` of a server's answers, which has whole seconds (RFC 9110, 6.6.1): it was written after the request
    was sent and before the answer came, so that each answer narrows the difference down.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within: tuple[timedelta, timedelta] | None = None

    def note(self, headers: Mapping[str, str], sent: float, received: float) -> None:
        """``sent`` and ``received`` are of this machine's clock (unix seconds). What a cache has kept tells nothing."""
        said = headers.get("Date")
        if not said or headers.get("Age"):
            return
        try:
            date = parsedate_to_datetime(said)
        except ValueError:
            return
        if date.tzinfo is None:  # "-0000": UTC, by RFC 5322
            date = date.replace(tzinfo=UTC)
        least = date - datetime.fromtimestamp(received, UTC)
        most = date + _RESOLUTION - datetime.fromtimestamp(sent, UTC)
        with self._lock:
            if self._within is not None:
                least, most = max(least, self._within[0]), min(most, self._within[1])
            # What does not fit together is of several servers, or of a clock that was set: nothing is known then.
            self._within = (least, most) if least <= most else (timedelta.min, timedelta.max)

    def ahead(self) -> timedelta:
        """Zero where it is not known, and where it may be too little to matter; below zero where the server is behind."""
        with self._lock:
            least, most = self._within or (timedelta(), timedelta())
        return least + (most - least) / 2 if least >= _OF_NOTE or most <= -_OF_NOTE else timedelta()
