# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong for the users: the symptoms that the decision tree starts from."""

from __future__ import annotations

import math
from datetime import timedelta

from ..analysis.levels import DEFAULT_THRESHOLDS, objective_of, signal_level
from ..analysis.pods import crashing, failing, killed_again
from ..analysis.signals import USER_FELT, worsening
from ..analysis.wording import signal_baseline, signal_value
from ..lean import dataclass
from ..model.diagnostics import Diagnostics
from ..model.finding import Level
from ..model.metrics import CLIENT_ERROR_RATE, Shape, Signal

HIGH_ERROR_RATE = 0.05
HIGH_LATENCY = 0.5
"""Seconds at the 95th percentile."""
_STRONGEST_BAND = {"error_rate": 10.0, "latency_p95": 5.0}
"""Multiples of the baseline that earn the most points in the rollback score."""
_NEARLY_FULL = 0.85
_SOON = 3600.0
"""Seconds within which memory that grows reaches its limit for that to be trouble before anybody feels it."""
_ERRORS = ("FATAL", "ERROR")
_HANDFUL = 3.0
"""Failed requests in what the error rate was measured over, below which they are no outage; unless it is known when they began."""
_DEVIATIONS = 2.0
_HARDLY_ANY, _MANY = 0.2, 1.0
"""Part of the usual requests, and requests a second that are usual, from which it is no whim that they stay away."""
_MINUTES = 300.0
_LOGGED, _LOGGED_SHARE = 20, 0.1
"""Lines of errors, and their share of all lines, from which the logs alone tell of an outage."""
_FAILED_TRACES = 10
_WHOLE = 0.98
"""Part of the time that logs were read for from which on a pattern may be older than they are."""
_AS_EVER = 1.5
"""Up to this multiple of its baseline a high value is how the service always is."""


@dataclass(frozen=True, slots=True)
class Symptoms:
    """Each is True, False, or None when the evidence is missing; details say what was seen against which limit."""

    high_errors: bool | None
    high_latency: bool | None
    crashes: bool | None
    degraded: tuple[str, ...]
    """Titles of what is worse than usual, outage or not."""
    error_detail: str
    latency_detail: str
    crash_detail: str
    logged: bool = False
    """Whether nobody counts the failures, and the logs alone are full of errors that came within the time that they were read for."""

    refusing: bool = False
    """Whether requests are refused with 4xx that used to be answered."""

    @property
    def severe(self) -> bool:
        """Whether there is an outage or something close to it, and not merely a degradation."""
        return bool(self.high_errors or self.high_latency or self.crashes or self.logged or self.refusing)

    @property
    def about(self) -> frozenset[str]:
        """The signals that the incident is about: failures where there are many, else refusals, else how long requests take; else any."""
        if self.high_errors:
            return frozenset({"error_rate"})
        if self.refusing:
            return frozenset({CLIENT_ERROR_RATE})
        return frozenset({"latency_p95", "latency_p50"}) if self.high_latency else frozenset(USER_FELT)

    @property
    def any(self) -> bool:
        return self.severe or bool(self.degraded)

    @property
    def blind(self) -> bool:
        """Whether so little is known that "nothing is wrong" can't be said."""
        return self.high_errors is None or self.crashes is None


def symptoms(diagnostics: Diagnostics, high_error_rate: float = HIGH_ERROR_RATE, high_latency: float = HIGH_LATENCY) -> Symptoms:
    """The symptoms that the evidence shows. The limits are a share and seconds, those of the decision tree."""
    metrics = diagnostics.metrics.data
    errors = metrics.signal("error_rate") if metrics else None
    latency = metrics.signal("latency_p95") if metrics else None
    refused = metrics.signal(CLIENT_ERROR_RATE) if metrics else None
    missing = diagnostics.metrics.reason or "no metrics"
    crashes, crash_detail = _crashes(diagnostics)
    return Symptoms(
        high_errors=_high(errors, diagnostics, high_error_rate),
        high_latency=_high(latency, diagnostics, high_latency),
        crashes=crashes,
        degraded=_degraded(diagnostics),
        error_detail=_detail(errors, missing),
        latency_detail=_detail(latency, missing),
        crash_detail=crash_detail,
        logged=_logged(diagnostics),
        refusing=refused is not None and refused.value is not None and refused.onset is not None,
    )


def _high(signal: Signal | None, diagnostics: Diagnostics, limit: float) -> bool | None:
    """Above the limit, above its objective, or a multiple in the score's strongest band that is not negligible; and not as ever."""
    if signal is None or signal.value is None:
        return None
    worse, objective = worsening(signal), objective_of(signal, diagnostics.service.objectives)
    if signal.at_least and signal.baseline_at_least:
        return None  # it may be as ever
    if worse is not None and worse < _AS_EVER:
        return False
    negligible = DEFAULT_THRESHOLDS.negligible[signal.name]
    by_multiple = worse is not None and worse > _STRONGEST_BAND[signal.name] and signal.value > negligible
    if signal.name == "error_rate" and _by_chance(signal, diagnostics):
        return False
    by_objective = objective is not None and signal.value > objective
    return signal.value > limit or by_objective or by_multiple


def _by_chance(errors: Signal, diagnostics: Diagnostics) -> bool:
    """Whether so few requests failed that their share says nothing: at night, one is many of what there is.

    Where it is known when they began, those that always fail explain as many: within two standard deviations of a Poisson distribution.
    """
    metrics = diagnostics.metrics.data
    traffic = metrics.signal("request_rate") if metrics else None
    if traffic is None or traffic.value is None or errors.value is None:
        return False
    requests = traffic.value * (errors.window or _MINUTES)
    failed, usual = errors.value * requests, (errors.baseline or 0.0) * requests
    if errors.onset is None and failed < _HANDFUL:
        return True
    return usual > 0 and failed - usual < _DEVIATIONS * math.sqrt(usual)


def _degraded(diagnostics: Diagnostics) -> tuple[str, ...]:
    metrics, state = diagnostics.metrics.data, diagnostics.workload.data
    found = []
    own = {query.name for query in diagnostics.service.metrics.queries}
    for signal in metrics.signals if metrics else ():
        if signal.name == "error_rate" and _by_chance(signal, diagnostics):
            continue
        level = signal_level(signal, diagnostics.service.objectives)
        began = signal.onset is not None and (worsening(signal) or 0.0) >= _AS_EVER
        if signal.name in USER_FELT and (level in (Level.WARNING, Level.CRITICAL) or began):
            found.append(signal.title)
        elif signal.name in own and level is Level.CRITICAL and signal.onset is not None:
            found.append(signal.title)  # a team measures for itself what its users wait for: a backlog, orders that nobody fetches
    traffic = metrics.signal("request_rate") if metrics else None
    if traffic is not None and _stays_away(traffic):
        found.append(traffic.title)
    memory = metrics.signal("memory") if metrics else None
    if memory is not None and _fills_up(memory):
        found.append(memory.title)
    if state and failing(state.pods, diagnostics.workload.collected_at):
        found.append("Pods")
    logs = diagnostics.logs.data
    blind = metrics is None or all(signal.value is None for signal in metrics.signals if signal.name == "error_rate")
    new = logs is not None and any(pattern.level in _ERRORS and pattern.new_since_deployment for pattern in logs.patterns)
    if _logged(diagnostics) or (blind and new):
        found.append("Errors in the logs")
    if blind and _traced_elsewhere(diagnostics):
        found.append("Failed traces")
    return tuple(found)


def _traced_elsewhere(diagnostics: Diagnostics) -> bool:
    """Whether many traces failed within the hour, most of them in one other service."""
    traces = diagnostics.traces.data
    own = diagnostics.service.trace_service or diagnostics.service.name
    if traces is None or not traces.error_services:
        return False
    name, most = max(traces.error_services, key=lambda pair: pair[1])
    return name != own and most >= _FAILED_TRACES and 2 * most > traces.error_traces


def _stays_away(traffic: Signal) -> bool:
    """Whether hardly any of the usual requests arrive, all of a sudden: something in front is broken, or clients can't find the way."""
    fell = traffic.onset is not None and traffic.shape is Shape.SUDDEN and not traffic.recovering
    return fell and traffic.ratio is not None and traffic.ratio <= _HARDLY_ANY and (traffic.baseline or 0.0) >= _MANY


def _logged(diagnostics: Diagnostics) -> bool:
    metrics, logs = diagnostics.metrics.data, diagnostics.logs.data
    errors = metrics.signal("error_rate") if metrics else None
    if logs is None or (errors is not None and errors.value is not None):
        return False
    began = diagnostics.logs.collected_at - timedelta(seconds=_WHOLE * logs.window)
    came = [one.count for one in logs.patterns if one.level in _ERRORS and one.first_seen and one.first_seen > began]
    return sum(came) >= max(_LOGGED, _LOGGED_SHARE * logs.lines)


def _fills_up(memory: Signal) -> bool:
    """Whether memory has grown to near its limit, and reaches it within the hour: its pods are about to be killed."""
    if memory.value is None or memory.onset is None or (memory.trend_per_hour or 0.0) <= 0.0 or (worsening(memory) or 0.0) < _AS_EVER:
        return False
    return memory.value >= _NEARLY_FULL and (1.0 - memory.value) / (memory.trend_per_hour or 1.0) * 3600 <= _SOON


def _crashes(diagnostics: Diagnostics) -> tuple[bool | None, str]:
    state = diagnostics.workload.data
    if state is None:
        return None, diagnostics.workload.reason or "the pods are not known"
    pods = crashing(state.pods, diagnostics.workload.collected_at)
    again = killed_again(state.pods, diagnostics.workload.collected_at)
    if again and not pods:
        return True, f"{len(again)}/{state.desired} pods: OOMKilled again and again, ready at the moment"
    if not pods:
        return False, f"{state.ready}/{state.desired} pods ready, none crashes"
    return True, f"{len(pods)}/{state.desired} pods: {', '.join(sorted({pod.reason for pod in pods if pod.reason}))}"


def _detail(signal: Signal | None, missing: str) -> str:
    if signal is None or signal.value is None:
        return f"unknown: {(signal.reason if signal else None) or missing}"
    base = f"baseline {signal_baseline(signal)}" if signal.baseline is not None else "baseline unknown"
    return f"{signal_value(signal)} ({base})"
