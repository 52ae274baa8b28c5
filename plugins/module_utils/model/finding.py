# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A judged fact drawn from evidence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from ..lean import dataclass
from .evidence import Source


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """``id`` is stable and dotted (``metrics.error_rate``, ``workload.pods``, ``traces.missing_index``).

    ``observed``, ``baseline`` and ``unit`` are as in Signal; text findings leave them None.
    """

    id: str
    source: Source
    level: Level
    title: str
    detail: str | None = None
    observed: float | None = None
    baseline: float | None = None
    ratio: float | None = None
    unit: str | None = None
    since: datetime | None = None
