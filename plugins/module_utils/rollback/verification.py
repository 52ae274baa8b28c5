# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a service after a rollback until it is known whether it recovered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ..clients.cluster import ClusterClient, ClusterError, workload_path
from ..clients.prometheus import PrometheusClient
from ..concurrency import start
from ..lean import dataclass
from ..model.rollback import Measure, Recovery
from ..model.service import Service
from .clock import Clock
from .pods import pods_of
from .recovery import (
    Limits,
    Patience,
    Verification,
    judge_readiness,
    judge_restarts,
    outcome,
    restarts_of,
    worse_than_before,
)
from .recovery_dependencies import Probe, probed
from .recovery_logs import ExpectedGone, judge_logs
from .recovery_metrics import LONGEST_WINDOW, Measured, measure


@dataclass(frozen=True, slots=True)
class Sources:
    """``prometheus`` is None where none is configured."""

    client: ClusterClient
    prometheus: PrometheusClient | None
    service: Service
    probe: Probe | None = None
    """Asks a dependency; from here where None."""


@dataclass(frozen=True, slots=True)
class Look:
    at: datetime
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """``looks`` are those of this run; ``verification`` is what the next run goes on from when it is not ``final``."""

    recovery: Recovery
    final: bool
    looks: tuple[Look, ...]
    verification: Verification


def begin_verification(
    since: datetime | None,
    baseline: Mapping[str, float],
    now: datetime,
    during: Mapping[str, float] | None = None,
    expected_gone: tuple[ExpectedGone, ...] = (),
    names: Mapping[str, str] | None = None,
    answered: tuple[str, ...] = (),
    began: datetime | None = None,
) -> Verification:
    """``since`` is when the rollback completed; now, where that is not known. ``baseline`` is by signal, as far as it is known, and so is
    ``during``, the values before the rollback. ``expected_gone`` are the errors of the incident, ``names`` what its metrics are called,
    ``answered`` the dependencies that answered during it. ``began`` is when the rollback began."""
    return Verification(
        started_at=now,
        since=since or now,
        baseline=dict(baseline),
        during=dict(during or {}),
        expected_gone=expected_gone,
        names=dict(names or {}),
        answered=answered,
        began=began,
    )


def verify(sources: Sources, verification: Verification, patience: Patience, limits: Limits, at_most: float, clock: Clock) -> Verified:
    """Looks every ``patience.interval`` seconds until the result is final or ``at_most`` seconds are over, once at least."""
    end = clock.monotonic() + at_most
    looks: list[Look] = []
    while True:
        if verification.last_look_at is not None:
            due = patience.interval - (clock.now() - verification.last_look_at).total_seconds()
            clock.sleep(min(max(due, 0.0), patience.interval))
        verification, measures = _look(sources, verification, limits, clock.now())
        looks.append(Look(clock.now(), measures))
        worse = worse_than_before(measures, verification.during, limits)
        recovery, final = outcome(verification, measures, patience, clock.now(), worse)
        if final or clock.monotonic() >= end:
            return Verified(recovery, final, tuple(looks), verification)


def _look(sources: Sources, verification: Verification, limits: Limits, now: datetime) -> tuple[Verification, tuple[Measure, ...]]:
    cluster = start(lambda: _cluster_measures(sources, verification, now), "cluster")
    asked = start(lambda: probed(sources.service, verification, sources.probe), "dependencies")
    measured: Measured = measure(sources.prometheus, sources.service, verification, limits, now)
    own, restarts = cluster.result()
    dependencies, answered = asked.result()
    every = (*own, *measured.measures, *dependencies)
    failing = any(measure.passed is False for measure in every)
    during = {**verification.during}
    for name, value in measured.before.items():
        during[name] = max(value, during.get(name, value))
    return (
        replace(
            verification,
            baseline=measured.baseline,
            names=measured.names,
            answered=answered,
            passes=verification.passes + 1 if all(measure.passed for measure in every) else 0,
            looks=verification.looks + 1,
            blind=verification.blind + 1 if measured.blind and not failing else 0,
            worse=verification.worse + 1 if worse_than_before(every, during, limits) else 0,
            during=during,
            last_look_at=now,
            restarts=restarts if restarts is not None else verification.restarts,
        ),
        every,
    )


def _cluster_measures(sources: Sources, verification: Verification, now: datetime) -> tuple[tuple[Measure, ...], dict[str, int] | None]:
    service = sources.service
    try:
        workload = sources.client.get(workload_path(service.workload_kind, service.namespace, service.workload))
        pods = pods_of(sources.client, service.namespace, workload)
        restarts = restarts_of(pods)
    except ClusterError as error:
        return (Measure("readiness", service.name, None, f"unknown whether its pods are healthy ({error.message})"),), None
    measures = (judge_readiness(service, workload), judge_restarts(verification.restarts, restarts))
    if not verification.expected_gone:
        return measures, restarts
    window = min(max((now - verification.since).total_seconds(), 1.0), LONGEST_WINDOW)
    return (*measures, judge_logs(sources.client, service, pods, verification.expected_gone, window)), restarts
