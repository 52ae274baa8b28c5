# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations, moments and amounts: read from what people write, written as people read them.

Inside, durations are seconds and shares are fractions; this is the one place where they become text.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from .errors import InvalidOptionError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"^(?:\d+[smhdw])+$")
_DURATION_PART = re.compile(r"(\d+)([smhdw])")


def parse_duration(text: str, option: str) -> float:
    """Seconds in ``15m``, ``4h``, ``1h30m`` or ``2d``. InvalidOptionError, naming ``option``, for anything else and for zero."""
    given = str(text).strip()
    seconds = sum(int(amount) * _SECONDS[unit] for amount, unit in _DURATION_PART.findall(given)) if _DURATION.match(given) else 0
    if seconds <= 0:
        raise InvalidOptionError(option, text, "a duration above zero such as 30m, 4h, 1h30m or 2d")
    return float(seconds)


def format_duration(seconds: float) -> str:
    """``45s``, ``4m 15s``, ``2h 5m``, ``3d 4h``: the two largest units, enough for a person."""
    rest = round(max(seconds, 0))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        amount, rest = divmod(rest, size)
        if amount:
            parts.append((unit, amount))
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(f"{amount}{unit}" for unit, amount in parts) or "0s"


def describe_duration(seconds: float) -> str:
    """``4 minutes 15 seconds``: like format_duration, in words."""
    words = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
    parts = [(int(part[:-1]), words[part[-1]]) for part in format_duration(seconds).split()]
    return " ".join(f"{amount} {word}" if amount == 1 else f"{amount} {word}s" for amount, word in parts)


def format_moment(at: datetime) -> str:
    """``2025-10-21 14:23:15 UTC``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_value(value: float, unit: str) -> str:
    """A value in its unit as a report shows it: ``45%``, ``0.1%``, ``8.5s``, ``150ms``, ``1,200 req/s``, ``1.5 GiB``."""
    if math.isnan(value) or math.isinf(value):
        return "unknown"
    if unit == "share":
        return f"{_short(value * 100)}%"
    if unit == "seconds":
        return f"{_short(value * 1000)}ms" if abs(value) < 1 else f"{_short(value)}s"
    if unit == "per_second":
        return f"{_short(value)} req/s"
    if unit == "bytes":
        for suffix, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
            if abs(value) >= size:
                return f"{_short(value / size)} {suffix}"
        return f"{_short(value)} B"
    return _short(value)


def format_ratio(ratio: float) -> str:
    """``450x``, ``56x``, ``1.6x``: a multiple of the baseline, rounded down so that it never says more than was measured."""
    return f"{math.floor(ratio * (1 + 1e-9)):,d}x" if ratio >= 10 else f"{ratio:.2g}x"


def format_change(change: float) -> str:
    """``+300%``, ``-1.7%``: a relative change, with its sign."""
    percent = change * 100
    return f"{percent:+.0f}%" if abs(percent) >= 10 else f"{percent:+.1f}%"


def format_money(amount: float, currency: str) -> str:
    """An estimate, to three significant digits: ``$18,500``."""
    if amount == 0:
        return f"{currency}0"
    digits = 2 - math.floor(math.log10(abs(amount)))
    return f"{currency}{round(amount, digits):,.{2 if digits > 0 else 0}f}"


def _short(value: float) -> str:
    """Two significant digits below 10, whole numbers with thousands separators above."""
    if abs(value) >= 9.95:
        return f"{value:,.0f}"
    return f"{float(f'{value:.2g}'):g}"
