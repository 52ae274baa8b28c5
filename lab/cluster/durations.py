# SPDX-License-Identifier: GPL-3.0-or-later
"""Ages as kubectl shows them (`k8s.io/apimachinery/pkg/util/duration.HumanDuration`)."""

from __future__ import annotations

from .timestamps import parse

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def _two(whole: int, unit: str, rest: int, rest_unit: str) -> str:
    return f"{whole}{unit}{rest}{rest_unit}" if rest else f"{whole}{unit}"


def human(seconds: float) -> str:
    if seconds < -1:
        return "<invalid>"
    whole = max(int(seconds), 0)
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 10 * _MINUTE:
        return _two(whole // _MINUTE, "m", whole % _MINUTE, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole // _DAY, "d", whole % _DAY // _HOUR, "h")
    if whole < 2 * 365 * _DAY:
        return f"{whole // _DAY}d"
    if whole < 8 * 365 * _DAY:
        return _two(whole // _DAY // 365, "y", whole // _DAY % 365, "d")
    return f"{whole // _DAY // 365}y"


def age(timestamp: str | None, now: float) -> str:
    return human(now - parse(timestamp)) if timestamp else "<unknown>"
