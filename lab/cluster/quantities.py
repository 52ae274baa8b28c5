# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes quantities (`500m`, `128Mi`) as plain numbers."""

from __future__ import annotations

import re

_UNITS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_UNITS |= {f"{prefix}i": 1024.0**power for power, prefix in enumerate("KMGTP", start=1)}


def parse_quantity(text: str | int | float) -> float:
    """Cores, bytes or a count. Raises ValueError for what is no quantity."""
    match = re.fullmatch(r"([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)([a-zA-Z]*)", str(text))
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is not a quantity")
    return float(match[1]) * _UNITS[match[2]]
