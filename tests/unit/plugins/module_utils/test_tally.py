# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.concurrency import Deadline, map_side_by_side, start, wait
from ansible_collections.devops.incident_response.plugins.module_utils.tally import Tally, count_request, tallied


def test_what_threads_send_is_counted_for_who_started_them() -> None:
    def work() -> None:
        count_request()
        for future in map_side_by_side(lambda _: count_request(), range(10), 4, "worker"):
            wait(future, Deadline(5), "It")
        wait(start(lambda: start(count_request, "inner"), "outer"), Deadline(5), "It").result(5)

    one, other = Tally(), Tally()
    tallied(one, work)
    tallied(other, count_request)
    assert (one.count, other.count) == (12, 1)


def test_nobody_needs_to_count() -> None:
    tally = Tally()
    tallied(tally, lambda: None)
    count_request()
    assert tally.count == 0


def test_the_inner_count_is_the_one() -> None:
    outer, inner = Tally(), Tally()

    def work() -> None:
        tallied(inner, count_request)
        count_request()

    tallied(outer, work)
    assert (outer.count, inner.count) == (1, 1)
