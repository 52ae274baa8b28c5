# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a source returned, or why it did not."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from ..lean import dataclass

T = TypeVar("T")


class Source(StrEnum):
    WORKLOAD = "workload"
    ROLLOUTS = "rollouts"
    LOGS = "logs"
    METRICS = "metrics"
    TRACES = "traces"
    DEPENDENCIES = "dependencies"
    CHANGES = "changes"
    IMPACT = "impact"


class EvidenceStatus(StrEnum):
    OK = "ok"
    PARTIAL = "partial"
    UNAVAILABLE = "unavailable"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Evidence(Generic[T]):
    """``data`` is None when ``status`` is unavailable or skipped; ``reason`` is given whenever it is not ok.

    ``requests`` is how many the source sent: to the cluster, to Prometheus, to dependencies, to a remote repository.
    """

    source: Source
    status: EvidenceStatus
    collected_at: datetime
    took_ms: int
    data: T | None = None
    reason: str | None = None
    requests: int = 0

    @property
    def usable(self) -> bool:
        return self.data is not None and self.status in (EvidenceStatus.OK, EvidenceStatus.PARTIAL)
