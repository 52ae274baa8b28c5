# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL statements that differ in their values only, as one."""

from __future__ import annotations

import re
from functools import lru_cache

_VALUES = re.compile(r"(?<![\w\"])'(?:[^']|'')*'|(?<![\w.\"\$])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b")
_LISTS = re.compile(r"\(\s*(?:\?|\$\d+|%s)(?:\s*,\s*(?:\?|\$\d+|%s))+\s*\)")


@lru_cache(maxsize=4096)
def shape(statement: str) -> str:
    """A statement without the values in it, which may be personal: ``WHERE id = 7`` and ``WHERE id = 8`` become one."""
    return _LISTS.sub("(?)", _VALUES.sub("?", " ".join(statement.split())))
