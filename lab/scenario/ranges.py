# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts that differ from one variant of a scenario to the next: ``8%..14%`` is drawn anew for each seed."""

from __future__ import annotations

import hashlib
import re

_RANGE = re.compile(r"([+-]?\d+(?:\.\d+)?)([A-Za-z%]*)\.\.([+-]?\d+(?:\.\d+)?)([A-Za-z%]*)")


def fraction(seed: int, place: str) -> float:
    """A number in 0..1 that is always the same for a seed and a place in a file; 0.5, the middle of every range, for seed 0."""
    if seed == 0:
        return 0.5
    digest = hashlib.blake2b(f"{seed}/{place}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def drawn(text: str, share: float, *, whole: bool = False) -> str:
    """``text`` with the range that it is replaced by one amount, ``share`` of the way from its low end to its high end.

    ``whole`` gives whole numbers, each of the range as often as the others. What is no range stays as it is. ValueError when the ends
    differ in unit, or the first is above the second.
    """
    if ".." not in text:
        return text
    match = _RANGE.fullmatch(text)
    if match is None or match[2] != match[4] or float(match[1]) > float(match[3]):
        raise ValueError(f"{text!r} is not a range of two amounts in one unit, the lower first, such as 8%..14% or -40m..-20m")
    low, high = float(match[1]), float(match[3])
    if whole:
        return str(int(low) + min(int(share * (high - low + 1)), int(high - low)))
    return f"{low + share * (high - low):.9g}{match[2]}"
