# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels that somebody meant and did not write: a slip of a few letters, or the right value under another key."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SHORTEST, _LONG = 4, 7
"""Letters of a value below which nothing is a slip, and from which two may be wrong."""
_TOLD_APART_BY_END = re.compile(r"(.+[-_.])\w{1,2}")
"""``ledger-ro`` and ``ledger-rw``, ``zone-a`` and ``zone-b`` are two things, and so is what differs in its number."""


def meant(wanted: Mapping[str, str], labels: Mapping[str, str]) -> str | None:
    """What ``labels`` have in place of the ``wanted`` ones, as ``app=api-gateway``; None where they are not nearly the same."""
    instead = []
    for key, value in wanted.items():
        found = labels.get(key)
        if found == value:
            continue
        if found is not None and is_slip(value, found):
            instead.append(f"{key}={found}")
        else:
            other = next((name for name, other in labels.items() if other == value and name not in wanted), None)
            if other is None or len(value) < _SHORTEST or found is not None:
                return None
            instead.append(f"{other}={value}")
    return ",".join(instead) or None


def is_slip(one: str, other: str) -> bool:
    """Whether one is most likely the other, mistyped."""
    if one == other or min(len(one), len(other)) < _SHORTEST or re.sub(r"\d", "", one) == re.sub(r"\d", "", other):
        return False
    if re.sub(r"[-_.]", "", one).lower() == re.sub(r"[-_.]", "", other).lower():
        return True
    ends = [_TOLD_APART_BY_END.fullmatch(text) for text in (one, other)]
    if ends[0] and ends[1] and ends[0][1] == ends[1][1]:
        return False
    return _changes(one, other) <= (2 if min(len(one), len(other)) >= _LONG else 1)


def _changes(one: str, other: str) -> int:
    """Letters that were put in, left out, replaced or swapped with their neighbour (optimal string alignment)."""
    before, last = list[int](), list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, theirs in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != theirs))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == theirs:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]
