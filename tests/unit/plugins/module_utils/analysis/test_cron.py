# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.cron import parse_schedule

THURSDAY = datetime(2026, 11, 26, 10, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "next_time"),
    [
        ("* * * * *", "2026-11-26T10:31"),
        ("30 10 * * *", "2026-11-27T10:30"),
        ("0 22 * * *", "2026-11-26T22:00"),
        ("*/20 9-17 * * MON-FRI", "2026-11-26T10:40"),
        ("0 0 * * 6,0", "2026-11-28T00:00"),
        ("0 0 * * 7", "2026-11-29T00:00"),
        ("15 3 1 * *", "2026-12-01T03:15"),
        ("0 0 1 * fri", "2026-11-27T00:00"),  # either of the days
        ("0 0 29 feb *", "2028-02-29T00:00"),
        ("5/25 10 * * *", "2026-11-26T10:55"),
        ("0 0 31 2 *", None),
    ],
)
def test_when_it_is_next(schedule: str, next_time: str | None) -> None:
    found = parse_schedule(schedule).after(THURSDAY)
    assert (found and found.strftime("%Y-%m-%dT%H:%M")) == next_time


def test_the_clocks_of_another_zone() -> None:
    found = parse_schedule("0 22 * * *").after(THURSDAY, ZoneInfo("America/New_York"))
    assert found == datetime(2026, 11, 27, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "a * * * *", "5-1 * * * *", "@daily", "*/x * * * *"]
)
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(ValueError, match="cron schedule"):
        parse_schedule(text)
