# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.server_clock import ServerClock, apart

SENT = datetime(2026, 11, 26, 3, 30, 0, 700000, tzinfo=UTC).timestamp()


def date(seconds: float) -> dict[str, str]:
    """The header of a server whose clock is `seconds` ahead, half a second after the request was sent: whole seconds, rounded down."""
    return {"Date": format_datetime(datetime.fromtimestamp(int(SENT + 0.5 + seconds), UTC), usegmt=True)}


@pytest.mark.parametrize("seconds", [-7200.0, -300.0, -11.5, 12.0, 240.0, 86400.0])
def test_the_difference_is_told_to_the_second(seconds: float) -> None:
    clock = ServerClock()
    clock.note(date(seconds), SENT, SENT + 1.0)
    assert abs(clock.ahead().total_seconds() - seconds) <= 1.0


@pytest.mark.parametrize("seconds", [-8.0, 0.0, 8.0])
def test_what_may_be_little_is_none(seconds: float) -> None:
    clock = ServerClock()
    clock.note(date(seconds), SENT, SENT + 1.0)
    assert clock.ahead() == timedelta()


def test_an_answer_that_took_long_tells_little_and_the_next_one_more() -> None:
    clock = ServerClock()
    clock.note(date(60.0), SENT, SENT + 55.0)
    assert clock.ahead() == timedelta()
    clock.note(date(60.0), SENT, SENT + 0.6)
    assert abs(clock.ahead().total_seconds() - 60.0) <= 1.0


def test_servers_that_do_not_agree_tell_nothing() -> None:
    clock = ServerClock()
    clock.note(date(60.0), SENT, SENT + 1.0)
    clock.note(date(0.0), SENT, SENT + 1.0)
    assert clock.ahead() == timedelta()


@pytest.mark.parametrize("headers", [{}, {"Date": ""}, {"Date": "yesterday"}, {**date(300.0), "Age": "299"}])
def test_what_says_nothing_of_now_is_not_read(headers: dict[str, str]) -> None:
    clock = ServerClock()
    clock.note(headers, SENT, SENT + 1.0)
    assert clock.ahead() == timedelta()


@pytest.mark.parametrize(("one", "other", "seconds"), [(240, 0, 240), (0, 240, -240), (240, 243, 0), (-300, -60, -240)])
def test_two_servers_are_apart_or_they_are_not(one: int, other: int, seconds: int) -> None:
    assert apart(timedelta(seconds=one), timedelta(seconds=other)) == timedelta(seconds=seconds)
