# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a source gave all that it was asked for, told by what it gave."""

from __future__ import annotations

from ..model.changes import Changes
from ..model.dependencies import Dependencies
from ..model.impact import Impact
from ..model.logs_raw import RawLogs
from ..model.metrics_raw import RawMetrics
from ..model.rollout import Rollouts
from ..model.traces import Traces
from ..model.workload import WorkloadState

MAX_REASON = 600


def partial_reason(data: object) -> str | None:
    """What is missing from a source's data, in one line; None when nothing is."""
    line = "; ".join(_missing(data))
    return None if not line else line if len(line) <= MAX_REASON else f"{line[: MAX_REASON - 1]}…"


def _missing(data: object) -> tuple[str, ...]:
    match data:
        case WorkloadState() | Rollouts() | RawLogs() | Dependencies() | Changes():
            return data.notes
        case RawMetrics():
            return (
                *data.notes,
                *(f"{signal.title}: {signal.reason}" for signal in data.signals if signal.last_5m is None and signal.reason),
            )
        case Traces():
            return tuple(note for note in data.notes if note.startswith(("service graph:", "recent traces:", "before traces:")))
        case Impact():
            warned = tuple(note for note in data.notes if note.startswith("Prometheus warns:"))
            return warned if data.failed_requests.value is not None else (*warned, f"failed requests: {data.failed_requests.basis}")
        case _:
            return ()
