# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests are sent on whose behalf: clients count each where it is sent, for whoever has asked for it in this thread or in the
one that started it (``concurrency.start``)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")


class Tally:
    """A count that many threads may add to."""

    __slots__ = ("_count", "_lock")

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        return self._count

    def add(self) -> None:
        with self._lock:
            self._count += 1


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


def tallied(tally: Tally, function: Callable[[], T]) -> T:
    """What ``function`` returns; every request that it sends, in threads that it starts too, is counted in ``tally``."""
    token = _current.set(tally)
    try:
        return function()
    finally:
        _current.reset(token)


def count_request() -> None:
    """Called by a client that is about to send one."""
    tally = _current.get()
    if tally is not None:
        tally.add()
