# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the incident began for the users, as well as the evidence tells."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..analysis.pods import failing
from ..analysis.signals import USER_FELT, worsening
from ..analysis.stability import still_rolling_out
from ..lean import dataclass
from ..model.diagnostics import Diagnostics
from ..model.metrics import Metrics, Shape

POD_START = 30.0
"""Seconds that a pod takes to start and be noticed: no onset is more exact with regard to a rollout."""
_LONG_AGO = 1200.0
_POINTS_OF_A_TIMEFRAME = 100.0
"""Points by which the older part of a timeframe is looked at: an onset in it is off by up to the distance of two."""
_BLURRED = 0.2
"""Part of its age by which the onset of something that grew gradually may be off: where it left the noise is a guess."""
_WIDEST_HOLE = 300.0
"""Seconds by which an onset may be off for lack of data; where more is missing, nothing tells when it began."""
_MATERIAL = 2.0
"""Multiple of the baseline from which what users feel tells when it began."""
_REPEATED = 5
"""Log lines from which a pattern tells of an onset, and not of a mishap."""
_FAILURES = frozenset({"Unhealthy", "BackOff", "OOMKilling", "Failed"})


@dataclass(frozen=True, slots=True)
class IncidentOnset:
    """``tolerance`` is seconds by which ``at`` may be off. ``inferred`` names what it was inferred from where metrics do not tell it."""

    at: datetime | None
    tolerance: float
    inferred: str | None = None


def incident_onset(diagnostics: Diagnostics) -> IncidentOnset:
    """The metrics' onset; where the error rate is unknown, the first repeated error in the logs; else the first failure of a pod.

    Events are kept for an hour, if at all: without, a rollout that stands still does so since its first pod was made.
    """
    metrics = diagnostics.metrics.data
    at = metrics.onset if metrics and not _slight(metrics, diagnostics) else None
    inferred: str | None = None
    if at is None and (metrics is None or all(signal.value is None for signal in metrics.signals if signal.name == "error_rate")):
        at, inferred = _from_logs(diagnostics)
    if at is None:
        at, inferred = _from_events(diagnostics)
    if at is None:
        at, inferred = _from_pods(diagnostics)
    tolerance = max(POD_START, (metrics.scrape_interval if metrics else None) or 0.0)
    if at is not None and (diagnostics.collected_at - at).total_seconds() > _LONG_AGO:
        tolerance = max(tolerance, diagnostics.timeframe / _POINTS_OF_A_TIMEFRAME)
    gaps = [signal.onset_gap for signal in metrics.signals if signal.onset == at and signal.onset_gap] if metrics and at else []
    if gaps:
        # Scrapes that are missing leave holes: it began anywhere in the one that its moment is the middle of.
        tolerance = max(tolerance, min(max(gaps) / 2, _WIDEST_HOLE))
    if metrics is not None and any(signal.onset == at and signal.shape is Shape.GRADUAL for signal in metrics.signals) and at is not None:
        tolerance = max(tolerance, _BLURRED * (diagnostics.collected_at - at).total_seconds())
    return IncidentOnset(at, tolerance, inferred)


def _slight(metrics: Metrics, diagnostics: Diagnostics) -> bool:
    """Whether pods fail, and what users feel of it is so little that the metrics say nothing about when that began."""
    state = diagnostics.workload.data
    if state is None or state.ready >= state.desired:
        return False
    felt = [worsening(signal) or 0.0 for signal in metrics.signals if signal.name in USER_FELT and signal.onset is not None]
    return all(worse < _MATERIAL for worse in felt)


def _from_logs(diagnostics: Diagnostics) -> tuple[datetime | None, str | None]:
    logs = diagnostics.logs.data
    if logs is None:
        return None, None
    # A pattern that is there from the first line on may be as old as the service.
    window_start = diagnostics.logs.collected_at - timedelta(seconds=0.98 * logs.window)
    first = [
        pattern.first_seen
        for pattern in logs.patterns
        if pattern.level in ("FATAL", "ERROR") and pattern.count >= _REPEATED and pattern.first_seen and pattern.first_seen > window_start
    ]
    return (min(first), "the first repeated error in the logs") if first else (None, None)


def _from_events(diagnostics: Diagnostics) -> tuple[datetime | None, str | None]:
    state = diagnostics.workload.data
    if state is None or state.ready >= state.desired:
        return None, None
    first = [event.first_seen for event in state.events if event.object_kind == "Pod" and event.reason in _FAILURES]
    return (min(first), "the first failure of a pod") if first else (None, None)


def _from_pods(diagnostics: Diagnostics) -> tuple[datetime | None, str | None]:
    state, rollouts = diagnostics.workload.data, diagnostics.rollouts.data
    if state is None or rollouts is None or not still_rolling_out(rollouts, state):
        return None, None
    waiting = failing(state.pods, diagnostics.workload.collected_at)
    if not waiting or any(pod.restarts or pod.revision_hash != rollouts.current.template_hash for pod in waiting):
        return None, None
    return min(pod.created_at for pod in waiting), "the age of a pod that does not become ready"
