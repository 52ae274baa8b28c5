# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules as cron writes them, in five fields. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/crontab.html"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from ..lean import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FARTHEST = 4 * 366 + 1
"""Days after which there is none: the 29th of February comes every four years."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values that each field allows. Where both days are restricted, either of them is enough."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either_day: bool

    def after(self, moment: datetime, zone: tzinfo = UTC) -> datetime | None:
        """The first time after ``moment``, in UTC, by the clocks of ``zone``; None where there is none within four years."""
        first = moment.astimezone(zone).date()
        for number in range(_FARTHEST):
            day = first + timedelta(days=number)
            if day.month not in self.months or not self._on(day.day, day.isoweekday() % 7):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)
                    if at > moment:
                        return at
        return None

    def _on(self, day: int, weekday: int) -> bool:
        both = day in self.days, weekday in self.weekdays
        return any(both) if self.either_day else all(both)


def parse_schedule(text: str) -> Schedule:
    """ValueError where it is none."""
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"{text!r} does not have the five fields of a cron schedule")
    minute, hour, day, month, weekday = fields
    weekdays = frozenset(value % 7 for value in _values(weekday, 0, 7, _DAYS))
    return Schedule(
        frozenset(_values(minute, 0, 59)),
        frozenset(_values(hour, 0, 23)),
        frozenset(_values(day, 1, 31)),
        frozenset(_values(month, 1, 12, _MONTHS, 1)),
        weekdays,
        either_day=day not in ("*", "?") and weekday not in ("*", "?"),
    )


def _values(field: str, lowest: int, highest: int, names: tuple[str, ...] = (), first: int = 0) -> Iterator[int]:
    for part in field.lower().split(","):
        span, slash, step = part.partition("/")
        begin, dash, end = span.partition("-")
        if begin in ("*", "?"):
            low, high = lowest, highest
        else:
            low = _number(begin, names, first)
            high = _number(end, names, first) if dash else highest if slash else low
        if not lowest <= low <= high <= highest or (slash and not step.isdigit()) or step == "0":
            raise ValueError(f"{field!r} is no field of a cron schedule")
        yield from range(low, high + 1, int(step or 1))


def _number(text: str, names: tuple[str, ...], first: int) -> int:
    if text in names:
        return names.index(text) + first
    if not text.isdigit():
        raise ValueError(f"{text!r} is no value of a cron schedule")
    return int(text)
