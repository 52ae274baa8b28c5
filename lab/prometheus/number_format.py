# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and strings in the notations of Go's ``strconv`` and ``fmt``, which the HTTP API and its messages use."""

from __future__ import annotations

import json
import math
from decimal import Decimal

_SMALLEST_PLAIN = 1e-6
_SMALLEST_EXPONENT = 1e21


def _special(value: float) -> str | None:
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return None


def plain(value: float) -> str:
    """The shortest decimal that reads back as ``value``, never with an exponent (``FormatFloat(v, 'f', -1, 64)``)."""
    special = _special(value)
    if special:
        return special
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def exponent(value: float) -> str:
    """The shortest decimal with an exponent of at least two digits (``FormatFloat(v, 'e', -1, 64)``)."""
    sign, digits, power = Decimal(repr(value)).as_tuple()
    assert isinstance(power, int)
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power += len(digits) - 1
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def sample_value(value: float) -> str:
    """A sample's value as the HTTP API writes it (util/jsonutil/marshal.go, ``MarshalFloat``)."""
    special = _special(value)
    if special:
        return special
    if value and not _SMALLEST_PLAIN <= abs(value) < _SMALLEST_EXPONENT:
        return exponent(value)
    return plain(value)


def general(value: float) -> str:
    """``fmt``'s ``%g``: the shortest decimal, with an exponent below 1e-4 and from 1e21 on."""
    special = _special(value)
    if special:
        return special
    if value and not 1e-4 <= abs(value) < _SMALLEST_EXPONENT:
        return exponent(value)
    return plain(value)


def general_digits(value: float, digits: int) -> str:
    """``fmt``'s ``%.<digits>g``."""
    return _special(value) or f"{value:.{digits}g}"


def quote(text: str) -> str:
    """``text`` in double quotes with the escapes of ``strconv.Quote``, for the characters that both notations share."""
    return json.dumps(text, ensure_ascii=False)
