# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service has recovered: each measure against its limit, and enough good looks one after the other.

A measure passes at up to FACTOR times its baseline, or a small absolute tolerance above it: where almost nothing fails, one failure more
is still a multiple. Unknown is not pass, and never counts as recovered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from ..evidence.objects import count, mapping, metadata, name_of, sequence, template_version
from ..lean import dataclass
from ..model.metrics import CLIENT_ERROR_RATE
from ..model.rollback import Measure, Recovery
from ..model.service import Dependency, Service, WorkloadKind
from ..units import format_duration, format_value
from .recovery_logs import ExpectedGone
from .status import unfinished
from .strategy import replicas_of

SIGNALS = ("error_rate", "latency_p95")
WORSE_FOR = 90.0
"""Seconds after the rollback from which a rate over a minute says nothing any more about the version that was rolled back."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``tolerances`` are in the unit of their signal: a share for the rates of errors, seconds for the latency."""

    factor: float = 1.5
    tolerances: Mapping[str, float] = field(default_factory=lambda: {"error_rate": 0.005, "latency_p95": 0.05, CLIENT_ERROR_RATE: 0.02})

    def limit(self, signal: str, baseline: float) -> float:
        return max(baseline * self.factor, baseline + self.tolerances[signal])


@dataclass(frozen=True, slots=True)
class Reading:
    """One value and its baseline; ``reason`` says why one of them is not known."""

    name: str
    title: str
    unit: str
    value: float | None
    baseline: float | None
    objective: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """All that one look leaves for the next one; plain data, so that it can pass from one process to another."""

    started_at: datetime
    since: datetime
    """When the rollback completed: rates are taken from then on."""
    baseline: Mapping[str, float]
    passes: int = 0
    looks: int = 0
    blind: int = 0
    """Looks in a row at which nothing failed but the metrics could not be asked at all."""
    last_look_at: datetime | None = None
    restarts: Mapping[str, int] | None = None
    """Restarts by pod, at the last look."""
    during: Mapping[str, float] = field(default_factory=dict)
    """Signals as they were before the rollback, as far as they are known; the highest that is known of each."""
    began: datetime | None = None
    """When the rollback began, where that is known: a diagnosis may be older, and an outage may have grown since."""
    expected_gone: tuple[ExpectedGone, ...] = ()
    """Errors in the logs that made the incident."""
    worse: int = 0
    """Looks in a row at which something was worse than before the rollback."""
    names: Mapping[str, str] = field(default_factory=dict)
    """``preset`` and ``status`` of the service's metrics, where they are not those of its catalogue."""
    answered: tuple[str, ...] = ()
    """Dependencies that have answered, during the incident or since."""
    kind: WorkloadKind | None = None
    """Of the workload, as it was found at the first look: a cluster that is away later is not asked for it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """``passes`` good looks in a row are wanted, ``interval`` seconds apart, within ``timeout`` seconds."""

    passes: int = 3
    interval: float = 5.0
    timeout: float = 300.0


def judge_reading(reading: Reading, limits: Limits) -> Measure:
    """A signal against its baseline; against the service's objective where it has no baseline."""
    if reading.value is None or (reading.baseline is None and reading.objective is None):
        reason = reading.reason or "no baseline and no objective to compare with"
        known = f"{format_value(reading.value, reading.unit)}, " if reading.value is not None else ""
        detail = f"{known}unknown whether recovered ({reason})"
        return Measure(reading.name, reading.title, None, detail, reading.value, reading.baseline, None, reading.unit)
    if reading.baseline is not None:
        limit = limits.limit(reading.name, reading.baseline)
        good, bad = "back to baseline", f"baseline: {format_value(reading.baseline, reading.unit)}"
    else:
        limit = reading.objective or 0.0
        good, bad = "within its objective", f"objective: {format_value(limit, reading.unit)}"
    passed = reading.value <= limit * (1 + 1e-9)  # 1.5 times 150 ms is 224.99999 ms to a computer
    detail = f"{format_value(reading.value, reading.unit)} ({good if passed else bad})"
    return Measure(reading.name, reading.title, passed, detail, reading.value, reading.baseline, limit, reading.unit)


def judge_readiness(service: Service, workload: Mapping[str, Any]) -> Measure:
    """Passes when the rollout is complete and every pod that there should be is ready."""
    kind = service.workload_kind
    wanted, status = replicas_of(kind, workload), mapping(workload.get("status"))
    ready = count(status.get("numberReady" if "numberReady" in status else "readyReplicas"))
    version, _unused = template_version(mapping(mapping(workload.get("spec")).get("template")), service.container)
    waits_for = unfinished(kind, workload)
    passed = waits_for is None and ready >= wanted
    title = f"{service.name} {version}" if version else service.name
    detail = f"{min(ready, wanted)}/{wanted} pods healthy"
    if waits_for is not None:
        detail = f"{detail} (waits for {waits_for})"
    return Measure("readiness", title, passed, detail, float(ready), None, float(wanted), "number")


def judge_restarts(before: Mapping[str, int] | None, now: Mapping[str, int]) -> Measure:
    """Passes when no container restarted since the look before; the first look has nothing to compare with."""
    new = sum(max(restarts - (before or now).get(pod, 0), 0) for pod, restarts in now.items())
    detail = f"{new} since the last look" if new else "none"
    return Measure("restarts", "Restarts", new == 0, detail, float(new), None, 0.0, "number")


def judge_dependency(dependency: Dependency, used: float | None, capacity: float | None, reason: str | None) -> Measure:
    """Passes when less of a dependency's capacity is in use than its warning mark."""
    title = f"{dependency.title or dependency.name} {dependency.usage_unit}"
    name = f"dependency.{dependency.name}"
    if used is None or not capacity:
        detail = f"unknown whether recovered ({reason or 'no value'})"
        return Measure(name, title, None, detail, used, None, None, dependency.usage_unit)
    limit = dependency.warn_at * capacity
    passed = used < limit
    shown = f"{used:,.0f}/{capacity:,.0f}" if dependency.usage_unit != "bytes" else f"{used / capacity:.0%} in use"
    detail = f"{shown} ({'normalized' if passed else f'still above {dependency.warn_at:.0%}'})"
    return Measure(name, title, passed, detail, used, None, limit, dependency.usage_unit)


def worse_than_before(measures: Sequence[Measure], during: Mapping[str, float], limits: Limits) -> tuple[str, ...]:
    """What is worse with the target than it was with the version that was rolled back: failing now, and beyond the limit that a
    baseline of that time would have."""
    found = []
    for measure in measures:
        before = during.get(measure.name)
        if measure.passed is not False or measure.value is None or before is None or measure.name not in limits.tolerances:
            continue
        if measure.value > limits.limit(measure.name, before):
            now, then = (format_value(value, measure.unit or "number") for value in (measure.value, before))
            found.append(f"{measure.title} {now}, before the rollback {then}")
    return tuple(found)


def restarts_of(pods: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Restarts of all containers, by pod; pods that are on their way out do not count."""
    return {
        name_of(pod): sum(count(status.get("restartCount")) for status in sequence(mapping(pod.get("status")).get("containerStatuses")))
        for pod in pods
        if not metadata(pod).get("deletionTimestamp")
    }


def outcome(
    verification: Verification, measures: Sequence[Measure], patience: Patience, now: datetime, worse: tuple[str, ...] = ()
) -> tuple[Recovery, bool]:
    """The result as of this look, and whether it is final.

    Final is: enough passes; the time is up; the metrics could not be asked ``passes`` times in a row while all else was well, since
    waiting longer would not tell more; or the target has been worse than what it replaced for so long that it is no echo of that.
    ``worse`` is what is worse at this look.
    """
    waited = (now - verification.started_at).total_seconds()
    failing = [measure for measure in measures if measure.passed is False]
    unknown = [measure for measure in measures if measure.passed is None]
    final, recovered = True, None
    if verification.passes >= patience.passes:
        recovered, reason = True, f"{verification.passes} good looks in a row."
    elif verification.blind >= patience.passes:
        reason = f"Recovery could not be verified: {_named(unknown[0])}."
    elif worse and verification.worse >= patience.passes and (now - verification.since).total_seconds() >= WORSE_FOR:
        recovered, reason = False, f"Worse than before the rollback: {'; '.join(worse)}."
    elif waited >= patience.timeout:
        recovered = False if failing else None
        open_ = failing or unknown
        missing = "; ".join(_named(measure) for measure in open_) or f"{verification.passes} good looks in a row"
        reason = (
            f"{'Not recovered' if failing else 'Recovery could not be verified'} within {format_duration(patience.timeout)}: {missing}."
        )
    else:
        final, reason = False, f"{verification.passes} of {patience.passes} good looks in a row so far."
    recovery = Recovery(
        recovered=recovered,
        passes=verification.passes,
        required_passes=patience.passes,
        looks=verification.looks,
        waited=round(waited, 1),
        measures=tuple(measures),
        reason=reason,
        worse=worse if recovered is False else (),
    )
    return recovery, final


def _named(measure: Measure) -> str:
    return f"{measure.title}: {measure.detail}"
