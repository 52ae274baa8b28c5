# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers in text as Go's ``strconv`` reads them: underscores and surrounding blanks are refused, which Python accepts."""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf(?:inity)?|[+-]?nan", re.IGNORECASE | re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?\d+", re.IGNORECASE | re.ASCII)


def parse_float(text: str) -> float | None:
    """``strconv.ParseFloat``; ``None`` where it fails, which it also does for what is too large."""
    if _DECIMAL.fullmatch(text):
        value = float(text)
        return None if abs(value) == float("inf") and text[-1].isdecimal() else value
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text)
        except OverflowError:
            return None
    return None
