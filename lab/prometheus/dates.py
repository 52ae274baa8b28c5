# SPDX-License-Identifier: GPL-3.0-or-later
"""The calendar functions, for any double as a Unix time (promql/functions.go, ``dateWrapper``).

Python's ``datetime`` ends with the year 9999; Go's ``time.Time`` wraps around in 64 bits, and NaN becomes the smallest integer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_DAY = 86_400
_DAYS_IN_ERA = 146_097
_ABSOLUTE_YEARS = 292_277_022_400
_UNIX_TO_ABSOLUTE = _ABSOLUTE_YEARS // 400 * _DAYS_IN_ERA * _DAY + 719_468 * _DAY
"""Seconds from Go's absolute zero, the 1st of March of the year -292277022400, to 1970 (time/time.go)."""


@dataclass(frozen=True, slots=True)
class _Moment:
    year: int
    month: int
    day: int
    second_of_day: int
    days: int


def _moment(value: float) -> _Moment:
    """Days to civil date by counting years from March on (Howard Hinnant, "chrono-compatible low-level date algorithms")."""
    try:
        seconds = int(value)
    except (ValueError, OverflowError):
        seconds = -(2**63)
    if not -(2**63) <= seconds < 2**63:
        seconds = -(2**63)
    seconds = (seconds + _UNIX_TO_ABSOLUTE) % 2**64 - _UNIX_TO_ABSOLUTE
    days, second_of_day = divmod(seconds, _DAY)
    era, day_of_era = divmod(days + 719_468, _DAYS_IN_ERA)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    return _Moment(year, month, day_of_year - (153 * shifted + 2) // 5 + 1, second_of_day, days)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in_month(moment: _Moment) -> int:
    if moment.month == 2:
        return 29 if _is_leap(moment.year) else 28
    return 30 if moment.month in {4, 6, 9, 11} else 31


def _day_of_year(moment: _Moment) -> int:
    before = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)[moment.month - 1]
    return before + moment.day + (moment.month > 2 and _is_leap(moment.year))


def _of(part: Callable[[_Moment], int]) -> Callable[[float], float]:
    return lambda value: float(part(_moment(value)))


DATE_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "day_of_month": _of(lambda moment: moment.day),
    "day_of_week": _of(lambda moment: (moment.days + 4) % 7),
    "day_of_year": _of(_day_of_year),
    "days_in_month": _of(_days_in_month),
    "hour": _of(lambda moment: moment.second_of_day // 3600),
    "minute": _of(lambda moment: moment.second_of_day % 3600 // 60),
    "month": _of(lambda moment: moment.month),
    "year": _of(lambda moment: moment.year),
}


def rfc3339(value: float) -> str:
    """``2026-11-23T22:36:53.423Z`` for Unix seconds, to the millisecond and without trailing zeros."""
    seconds, milliseconds = divmod(round(value * 1000), 1000)
    moment = _moment(seconds)
    clock = f"{moment.second_of_day // 3600:02d}:{moment.second_of_day % 3600 // 60:02d}:{moment.second_of_day % 60:02d}"
    fraction = f".{milliseconds:03d}".rstrip("0") if milliseconds else ""
    return f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}T{clock}{fraction}Z"
