# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL statements that differ in their values only, as one."""

from __future__ import annotations

import re
from functools import lru_cache

_PARTS = re.compile(
    r"""
      (?P<name>"(?:[^"]|"")*")
    | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<text>(?<!\w)[eE]'(?:\\.|''|[^'\\])*(?:'|\Z)
             | (?<!\w)(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z)
             | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z))
    | (?P<number>(?<![\w."$])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)
    """,
    re.VERBOSE | re.DOTALL,
)
"""What has values in it, or is none of the statement's own: quoted names are only told apart from these."""
_LISTS = re.compile(r"\(\s*(?:\?|\$\d+|%s)(?:\s*,\s*(?:\?|\$\d+|%s))+\s*\)")


@lru_cache(maxsize=4096)
def shape(statement: str) -> str:
    """A statement without the values in it, which may be personal: ``WHERE id = 7`` and ``WHERE id = 8`` become one.

    Without its comments, too: tracing libraries write something else into each. What was cut off within a text is one as well.
    """
    return _LISTS.sub("(?)", " ".join(_PARTS.sub(_without_value, statement).split()))


def _without_value(part: re.Match[str]) -> str:
    return part[0] if part["name"] else " " if part["comment"] else "?"
