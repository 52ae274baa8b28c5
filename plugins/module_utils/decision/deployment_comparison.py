# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a comparison of before and after says about keeping a deployment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ..analysis.alert_rules import rule_file
from ..analysis.comparison import UNKNOWN, FollowedSignal, follow, is_gradual, named
from ..analysis.contribution import Contribution, Degradation, confidence_level, contribution, in_minutes
from ..analysis.monitoring import CPU_LIMIT, error_rate_limit, latency_limit, memory_limit, monitoring_plan, monitoring_time
from ..analysis.wording import version_of
from ..lean import dataclass
from ..model.comparison import AlertRule, DeploymentComparison
from ..model.comparison_raw import RawComparison
from ..model.metrics import Shape
from ..model.recommendation import Guard
from ..model.rollout import Revision, Rollouts
from ..model.service import Service
from ..units import describe_duration, format_change, format_duration, format_value
from .incident_onset import POD_START
from .recommendation import LIKELY
from .symptoms import HIGH_ERROR_RATE, HIGH_LATENCY

ENOUGH_TIME = 600.0
"""Seconds after a rollout before which hardly anything can be said: pods start, caches fill."""
_UNSURE = 40
"""What is said about a deployment that is younger than that is no surer than this."""
_USER_FELT = ("error_rate", "latency_p95")
_ALERT_FOR = {"error_rate": 120.0, "latency_p95": 300.0, "memory": 600.0, "cpu": 600.0}
"""Seconds for which a limit has to be exceeded: long enough not to fire on one bad scrape."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """All that the words are made of."""

    revision: Revision
    previous: Revision | None
    age: float
    """seconds after the rollout that were looked at"""
    signals: tuple[FollowedSignal, ...]
    contribution: Contribution
    severe: bool
    leak: bool
    reason: str | None


def compare(raw: RawComparison, revision: Revision, rollouts: Rollouts, deployed_at: datetime, service: Service) -> DeploymentComparison:
    """The judgement on ``revision``, rolled out at ``deployed_at``, by the metrics around its rollout."""
    signals = follow(raw, deployed_at.timestamp())
    previous = before(revision, rollouts)
    until = datetime.fromtimestamp(raw.after[1], UTC)
    judged = _Judged(
        revision=revision,
        previous=previous,
        age=max((until - deployed_at).total_seconds(), 0.0),
        signals=signals,
        contribution=_contribution(signals, deployed_at.timestamp(), raw),
        severe=_is_severe(signals, service),
        leak=_leaks(signals),
        reason=raw.reason,
    )
    found = tuple(_guards(judged, rollouts))
    confidence = judged.contribution.confidence
    if judged.age < ENOUGH_TIME:
        confidence = min(confidence, _UNSURE)
    errors, memory = named(signals, "error_rate"), named(signals, "memory")
    known = any(one.compared.verdict != UNKNOWN for one in signals if one.compared.name in _USER_FELT)
    headline, watch = _headline(judged, confidence, known, found)
    alerts = tuple(_alerts(judged, raw, service))
    return DeploymentComparison(
        version=version_of(revision),
        previous_version=version_of(previous) if previous else None,
        deployed_at=deployed_at,
        author=revision.author,
        before=_times(raw.before) if raw.before else None,
        after=_times(raw.after),
        signals=tuple(one.compared for one in signals),
        confidence=confidence if known else 0,
        level=confidence_level(confidence) if known else "unknown",
        evidence=tuple(_evidence(judged, deployed_at.timestamp())) if known else (),
        headline=headline,
        reasoning=tuple(_reasoning(judged, service, watch) if known else _ignorance(judged)),
        monitoring=monitoring_plan(
            errors.compared.before if errors else None,
            memory.compared.after if memory else None,
            service,
            version_of(revision),
            version_of(previous) if previous else None,
            leak=judged.leak,
        ),
        alerts=alerts,
        guards=found,
        monitor_for=watch,
        rules=rule_file(service.name, service.namespace, version_of(revision), alerts),
    )


def before(revision: Revision, rollouts: Rollouts) -> Revision | None:
    """The revision that ``revision`` replaced: the one with the next lower number that is still kept."""
    older = [other for other in rollouts.revisions if other.number < revision.number]
    return max(older, key=lambda other: other.number, default=None)


def _contribution(signals: Sequence[FollowedSignal], deployed_at: float, raw: RawComparison) -> Contribution:
    worse = [one for one in signals if one.worse and one.compared.name != "request_rate"]
    felt = [one for one in worse if one.compared.name in _USER_FELT and one.course.onset is not None]
    began = min((one.course.onset for one in felt or worse if one.course.onset is not None), default=None)
    traffic = named(signals, "request_rate")
    return contribution(
        Degradation(
            worse=tuple(one.compared.title for one in worse),
            traffic_change=traffic.compared.change if traffic else None,
            delay=began - deployed_at if began is not None else None,
            tolerance=max(POD_START, raw.scrape_interval or 0.0, (raw.after[1] - deployed_at) / 240),
            gradual=is_gradual(signals),
        )
    )


def _is_severe(signals: Sequence[FollowedSignal], service: Service) -> bool:
    """Whether what is worse is at the level of an outage, or breaks a promise."""
    limits = {
        "error_rate": min(HIGH_ERROR_RATE, service.objectives.error_rate or HIGH_ERROR_RATE),
        "latency_p95": min(HIGH_LATENCY, service.objectives.latency_p95 or HIGH_LATENCY),
    }
    return any(one.worse and (one.compared.after or 0.0) > limits[one.compared.name] for one in signals if one.compared.name in limits)


def _leaks(signals: Sequence[FollowedSignal]) -> bool:
    memory = named(signals, "memory")
    return memory is not None and memory.worse and memory.course.shape is Shape.GRADUAL and (memory.trend_per_hour or 0.0) > 0


def _headline(judged: _Judged, confidence: int, known: bool, guards: tuple[Guard, ...]) -> tuple[str, float | None]:
    """What to do, and for how many seconds to watch."""
    watch = monitoring_time(judged.age)
    version = version_of(judged.revision)
    worse = [one for one in judged.signals if one.worse]
    if not known:
        return f"CAN'T TELL about {version} (metrics are missing)", None
    if any(guard.name == "superseded" for guard in guards):
        verb = "was no worse than" if not worse else "was worse than"
        return f"NO ACTION: {version} {verb} {_previous(judged)}, and does not run any more", None
    if judged.severe and judged.age < ENOUGH_TIME:
        return "DIAGNOSE the incident at once (errors or latency are at the level of an outage)", None
    if judged.age < ENOUGH_TIME:
        return f"MONITOR: {format_duration(judged.age)} after the rollout it is too early to tell", ENOUGH_TIME
    if not worse:
        return f"KEEP {version}: it is no worse than {_previous(judged)}", None
    if judged.severe and confidence >= LIKELY and judged.previous is not None:
        return f"ROLLBACK to {version_of(judged.previous)}", None
    if judged.severe:
        return "INVESTIGATE FURTHER before any rollback", None
    return f"MONITOR for additional {describe_duration(watch)} before rollback decision", watch


def _previous(judged: _Judged) -> str:
    return version_of(judged.previous) if judged.previous else "before"


def _guards(judged: _Judged, rollouts: Rollouts) -> Iterator[Guard]:
    if judged.reason is not None:
        yield Guard("metrics_unavailable", "Metrics are missing", judged.reason, forbids=True)
    if judged.age < ENOUGH_TIME:
        detail = f"the rollout began {format_duration(judged.age)} ago, {format_duration(ENOUGH_TIME)} are needed"
        yield Guard("not_enough_time", "Too little time has passed", detail, forbids=True)
    if judged.previous is None:
        yield Guard("previous_unknown", "The version before is not known", "the rollout history keeps no earlier revision", forbids=True)
    if not judged.revision.current:
        current = version_of(rollouts.current)
        yield Guard("superseded", f"{version_of(judged.revision)} does not run any more", f"{current} replaced it", forbids=True)
    began_before = next((line for line in judged.contribution.speaks_against if "before the deployment already" in line), None)
    if began_before:
        yield Guard("onset_before_deployment", "It began before the deployment", began_before, forbids=True)


def _evidence(judged: _Judged, deployed_at: float) -> Iterator[str]:
    for name, word in (("error_rate", "Error rate"), ("latency_p95", "Latency")):
        one = named(judged.signals, name)
        if one is None or not one.worse:
            continue
        if one.course.onset is None:
            yield f"{word} is worse than before ({format_change(one.compared.change)})" if one.compared.change else f"{word} is worse"
            continue
        delay = one.course.onset - deployed_at
        gradual = one.course.shape is Shape.GRADUAL
        if name == "error_rate" or not gradual:
            yield f"{word} increased {in_minutes(abs(delay))} {'after' if delay >= 0 else 'before'} deployment"
        if gradual and name != "error_rate":
            yield f"{word} degradation is gradual, not immediate"
    memory = named(judged.signals, "memory")
    if memory is not None and judged.leak:
        yield f"{memory.compared.title} trending up slowly"
    elif memory is not None and memory.worse:
        yield f"{memory.compared.title} is higher than before"
    yield from (f"{one.compared.title} is worse than before" for one in judged.signals if one.worse and one.compared.name not in _TOLD)
    if not any(one.worse for one in judged.signals):
        yield from judged.contribution.speaks_against
    yield from (line for line in judged.contribution.speaks_against if line.startswith("Traffic rose"))


_TOLD = (*_USER_FELT, "memory")


def _ignorance(judged: _Judged) -> Iterator[str]:
    if judged.reason is not None:
        yield f"Metrics are missing: {judged.reason}"
    for one in judged.signals:
        if one.compared.name in _USER_FELT and one.compared.verdict == UNKNOWN:
            yield f"{one.compared.title}: {one.compared.reason or 'unknown'}"


def _reasoning(judged: _Judged, service: Service, watch: float | None) -> Iterator[str]:
    if not any(one.worse for one in judged.signals):
        yield "No signal is noticeably worse than before"
        return
    if judged.severe:
        yield "Errors or latency are at the level of an outage, or break an objective"
    else:
        yield "Degradation is moderate (not critical)"
        objectives = service.objectives.error_rate is not None or service.objectives.latency_p95 is not None
        yield "No service level objective is breached" if objectives else "Errors and latency are below the level of an outage"
    if judged.leak:
        yield "Possible memory leak pattern (gradual increase)"
    errors = named(judged.signals, "error_rate")
    if watch is not None:
        limit = error_rate_limit(errors.compared.before if errors else None, service)
        yield f"Recommendation: Set up automated rollback if error rate > {format_value(limit, 'share')}"


def _alerts(judged: _Judged, raw: RawComparison, service: Service) -> Iterator[AlertRule]:
    """Alerts for Prometheus; ``expr`` is complete."""
    name = "".join(part.capitalize() for part in service.name.split("-"))
    errors, memory = named(judged.signals, "error_rate"), named(judged.signals, "memory")
    if "error_rate" in raw.alerts:
        limit = error_rate_limit(errors.compared.before if errors else None, service)
        title = f"Error rate > {format_value(limit, 'share')}"
        yield AlertRule(f"{name}ErrorRateHigh", f"{raw.alerts['error_rate']} > {limit:g}", _ALERT_FOR["error_rate"], title, "roll back")
    latency = named(judged.signals, "latency_p95")
    slow = latency_limit(latency.compared.before if latency else None, service)
    if "latency_p95" in raw.alerts and slow is not None and latency is not None and latency.compared.after is not None:
        title = f"Latency P95 > {format_value(slow, 'seconds')}"
        yield AlertRule(f"{name}LatencyHigh", f"{raw.alerts['latency_p95']} > {slow:g}", _ALERT_FOR["latency_p95"], title, "investigate")
    if "memory" in raw.alerts and memory is not None and memory.compared.after is not None:
        limit = memory_limit(memory.compared.after)
        title = f"Memory > {format_value(limit, 'share')}"
        yield AlertRule(f"{name}MemoryHigh", f"{raw.alerts['memory']} > {limit:g}", _ALERT_FOR["memory"], title, "investigate")
    cpu = named(judged.signals, "cpu")
    if "cpu" in raw.alerts and cpu is not None and cpu.compared.after is not None and cpu.compared.after < CPU_LIMIT:
        title = f"CPU > {format_value(CPU_LIMIT, 'share')}"
        yield AlertRule(f"{name}CpuHigh", f"{raw.alerts['cpu']} > {CPU_LIMIT:g}", _ALERT_FOR["cpu"], title, "investigate")


def _times(window: tuple[float, float]) -> tuple[datetime, datetime]:
    return datetime.fromtimestamp(window[0], UTC), datetime.fromtimestamp(window[1], UTC)
