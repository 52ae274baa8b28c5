# SPDX-License-Identifier: GPL-3.0-or-later
"""Unix seconds to and from the time formats of the Kubernetes API."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)")


def to_seconds(at: float) -> str:
    """`metav1.Time`: whole seconds, `2026-01-02T03:04:05Z`."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_micros(at: float) -> str:
    """`metav1.MicroTime`: six decimals, `2026-01-02T03:04:05.000006Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_nanos(at: float) -> str:
    """The stamp in front of a log line (`timestamps=true`): nine decimals."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def parse(text: str) -> float:
    """Unix seconds of an RFC 3339 time. Raises ValueError for anything else."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 time")
    date, clock, fraction, zone = match.groups()
    whole = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in 'Zz' else zone}").timestamp()
    return whole + (float(f"0.{fraction}") if fraction else 0.0)
