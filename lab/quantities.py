# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations, moments, shares and amounts as people write them in a scenario, and as Kubernetes writes them."""

from __future__ import annotations

import re

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_SUFFIXES = {
    None: 1.0,
    "m": 0.001,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}


def duration(text: str) -> float:
    """Seconds in ``150ms``, ``8.5s``, ``2m15s`` or ``72h2m15s``; a plain number is seconds. ValueError for anything else."""
    if _DURATION.fullmatch(text):
        return sum(float(amount) * _UNIT_SECONDS[unit] for amount, unit in _DURATION_PART.findall(text))
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        raise ValueError(f"{text!r} is not a duration such as 150ms, 8.5s, 2m15s or 3d")
    return seconds


def moment(text: str) -> float:
    """Seconds relative to the start of the lab: ``-2m15s`` is before it, ``+30s`` after it, ``now`` is it."""
    if text == "now":
        return 0.0
    sign, rest = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    try:
        return sign * duration(rest)
    except ValueError:
        raise ValueError(f"{text!r} is not a moment such as -2m15s (before the start of the lab), now or +30s") from None


def share(text: str) -> float:
    """A fraction from ``45%`` or ``0.45``. ValueError when it is none, or not within 0 and 1."""
    try:
        value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{text!r} is not a share such as 45% or 0.45")
    return value


def quantity(text: str) -> float:
    """The number that a Kubernetes quantity means: ``512Mi``, ``500m``, ``2``."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity such as 512Mi, 500m or 2")
    return float(match[1]) * _SUFFIXES[match[2]]


def number(text: str) -> float:
    """A plain number, not negative."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value < 0:
        raise ValueError(f"{text!r} is not a number of zero or more")
    return value
