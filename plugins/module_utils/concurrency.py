# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work side by side, under time limits, in threads that never keep the process from ending.

``concurrent.futures.ThreadPoolExecutor`` joins its threads when the interpreter exits, so that one hung request would hold up the
whole run; these threads are daemons.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TypeVar

from .errors import SourceUnavailableError

T = TypeVar("T")
U = TypeVar("U")

Clock = Callable[[], float]
"""Monotonic seconds."""


class Deadline:
    """A moment by which something must be done."""

    __slots__ = ("_clock", "_end", "seconds")

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds until then, never below zero."""
        return max(0.0, self._end - self._clock())

    def within(self, seconds: float) -> Deadline:
        """A moment so many seconds from now, and no later than this one."""
        return Deadline(min(seconds, self.left()), self._clock)


def start(function: Callable[[], T], name: str) -> Future[T]:
    """Runs ``function`` in a daemon thread called ``name``, in the context of this one; its result or its error is in the future."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the result
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=contextvars.copy_context().run, args=(work,), name=name, daemon=True).start()
    return future


def wait(future: Future[T], deadline: Deadline, what: str) -> T:
    """The future's result. SourceUnavailableError naming ``what`` when it isn't there in time; else the error it holds."""
    try:
        return future.result(deadline.left())
    except TimeoutError:
        if future.done():  # the error is its own, or it came at the last moment
            return future.result()
        raise SourceUnavailableError(f"{what} did not answer within {deadline.seconds:g} s.") from None


def map_side_by_side(function: Callable[[U], T], over: Iterable[U], workers: int, name: str) -> list[Future[T]]:
    """``function`` for each of ``over``, in order, at most ``workers`` at once. The futures are in the order of ``over``."""
    pending = [(item, Future[T]()) for item in over]
    queue = iter(pending)
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                task = next(queue, None)
            if task is None:
                return
            item, future = task
            try:
                future.set_result(function(item))
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the result
                future.set_exception(error)

    for number in range(min(workers, len(pending))):
        threading.Thread(target=contextvars.copy_context().run, args=(work,), name=f"{name}-{number}", daemon=True).start()
    return [future for _unused, future in pending]
