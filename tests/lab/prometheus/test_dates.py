# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lab.prometheus.dates import DATE_FUNCTIONS, rfc3339


@pytest.mark.parametrize("days", [0, 1, 58, 59, 60, 365, 789, 10_956, 10_957, 11_016, 20_453, 47_540, -1, -366, -25_567, 376_199])
def test_the_calendar_agrees_with_datetime(days: int) -> None:
    moment = datetime(1970, 1, 1, 13, 47, 59, tzinfo=UTC) + timedelta(days=days)
    seconds = days * 86_400 + 49_679
    expected = {
        "year": moment.year,
        "month": moment.month,
        "day_of_month": moment.day,
        "day_of_week": moment.isoweekday() % 7,
        "day_of_year": moment.timetuple().tm_yday,
        "hour": 13,
        "minute": 47,
        "days_in_month": (datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day,
    }
    assert {name: DATE_FUNCTIONS[name](seconds) for name in expected} == expected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_767_312_000, "2026-01-02T00:00:00Z"),
        (1_767_312_000.25, "2026-01-02T00:00:00.25Z"),
        (1_767_311_999.9996, "2026-01-02T00:00:00Z"),
    ],
)
def test_times_are_written_to_the_millisecond(seconds: float, text: str) -> None:
    assert rfc3339(seconds) == text
