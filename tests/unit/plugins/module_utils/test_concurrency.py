# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline, map_side_by_side, start, wait
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_deadline_runs_out_and_never_below_zero() -> None:
    clock = Clock()
    deadline = Deadline(5.0, clock)
    clock.now += 2
    assert deadline.left() == 3.0
    clock.now += 20
    assert deadline.left() == 0.0


def test_a_deadline_within_another_ends_no_later() -> None:
    now = [100.0]
    whole = Deadline(10.0, lambda: now[0])
    assert whole.within(2.0).left() == 2.0
    now[0] = 109.0
    assert whole.within(2.0).left() == 1.0


def test_a_result_that_is_there_is_given_even_when_the_time_is_up() -> None:
    future = start(lambda: 7, "seven")
    future.result(5)
    assert wait(future, Deadline(0.0), "It") == 7


def test_an_error_is_handed_on() -> None:
    def fails() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        wait(start(fails, "fails"), Deadline(5.0), "It")


def test_what_takes_too_long_is_named_with_its_limit() -> None:
    ended = threading.Event()
    with pytest.raises(SourceUnavailableError, match=r"Jaeger did not answer within 0\.05 s"):
        wait(start(lambda: ended.wait(10), "hangs"), Deadline(0.05), "Jaeger")
    ended.set()


def test_what_comes_at_the_very_moment_is_given() -> None:
    class AtTheLastMoment(Future[int]):
        def result(self, timeout: float | None = None) -> int:
            if not self.done():
                self.set_result(7)
                raise TimeoutError
            return super().result(timeout)

    assert wait(AtTheLastMoment(), Deadline(0.0), "It") == 7


def test_results_are_in_order_and_so_many_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    three = threading.Barrier(3)

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        three.wait(5)
        with lock:
            running -= 1
        return number * 10

    futures = map_side_by_side(work, range(9), 3, "work")
    assert [future.result(5) for future in futures] == [number * 10 for number in range(9)]
    assert most == 3


def test_one_that_fails_leaves_the_others() -> None:
    first, second = map_side_by_side(lambda divisor: 1 // divisor, [0, 1], 1, "divide")
    with pytest.raises(ZeroDivisionError):
        first.result(5)
    assert second.result(5) == 1


def test_every_thread_is_a_daemon() -> None:
    assert start(lambda: threading.current_thread().daemon, "one").result(5)
    assert all(future.result(5) for future in map_side_by_side(lambda _: threading.current_thread().daemon, [1, 2], 2, "two"))
