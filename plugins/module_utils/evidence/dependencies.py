# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the things that a service needs are doing: probed from where this runs, and by the team's usage queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Optional

from ..clients.probes import ProbeFailedError, ProbeImpossibleError, probe_http, probe_redis, probe_tcp
from ..clients.prometheus import PrometheusClient
from ..concurrency import Deadline, map_side_by_side, start, wait
from ..errors import SourceUnavailableError
from ..model.dependencies import Dependencies, DependencyHealth
from ..model.finding import Level
from ..model.service import Dependency, DependencyType, Service
from .metrics import value_of

PROBES_AT_ONCE = 16
EXHAUSTED = 0.95
"""Share of a capacity from which it is as good as used up."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found. ``used`` and ``capacity`` are bytes of memory, where the dependency says them itself."""

    level: Level
    detail: str
    latency: float | None = None
    used: float | None = None
    capacity: float | None = None


Probe = Callable[[Dependency, float], Probed]
"""Asks a dependency within so many seconds."""

_Usage = tuple[Optional[float], Optional[float]]  # noqa: UP045 (ansible-test's pylint takes the other form for an operation)


def dependencies(service: Service, prometheus: PrometheusClient | None, deadline: Deadline, probe: Probe | None = None) -> Dependencies:
    """The health of everything in the service's catalogue entry. A failed probe makes a dependency critical, this source goes on."""
    ask = probe or probe_from_here
    limit = min(3.0, max(deadline.left() * 0.8, 0.1))
    probes = map_side_by_side(lambda dependency: ask(dependency, limit), service.dependencies, PROBES_AT_ONCE, "probe")
    usages = [_start_usage(dependency, prometheus) for dependency in service.dependencies]
    notes: list[str] = []
    health = []
    for dependency, probed, usage in zip(service.dependencies, probes, usages, strict=True):
        used, capacity = _usage(dependency, usage, deadline, notes)
        health.append(_health(dependency, _probed(probed, deadline), used, capacity))
    if prometheus is None and any(dependency.usage_query for dependency in service.dependencies):
        notes.append("usage of dependencies: no prometheus_url is given")
    return Dependencies(health=tuple(health), notes=tuple(notes))


def probe_from_here(dependency: Dependency, timeout: float) -> Probed:
    """Connects to the dependency from the host on which this runs."""
    try:
        if dependency.type is DependencyType.HTTP:
            answer = probe_http(dependency.address, timeout)
            return Probed(*judge_http(answer.status), latency=answer.latency)
        if dependency.type is DependencyType.REDIS:
            reply = probe_redis(dependency.address, timeout)
            if reply.refusal:
                return Probed(Level.UNKNOWN, f"answers, but refuses to tell more: {reply.refusal}", reply.latency)
            return Probed(Level.OK, redis_detail(reply.info), reply.latency, *redis_memory(reply.info))
        return Probed(Level.OK, "Healthy", probe_tcp(dependency.address, timeout).latency)
    except ProbeImpossibleError as error:
        return Probed(Level.UNKNOWN, error.message)
    except ProbeFailedError as error:
        return Probed(Level.CRITICAL, error.message)


def judge_http(status: int) -> tuple[Level, str]:
    """Level and line for an HTTP status. What asks for a login answers, which is all that a probe without one can learn."""
    if status < 400:
        return Level.OK, "Healthy"
    if status in (401, 403):
        return Level.OK, f"answers (HTTP {status}: it asks for a login)"
    return (Level.CRITICAL if status >= 500 else Level.WARNING), f"answers with HTTP {status}"


def redis_detail(info: Mapping[str, str]) -> str:
    """What INFO says beyond memory: hit rate and evictions since the server started."""
    hits, misses = _amount(info.get("keyspace_hits")) or 0.0, _amount(info.get("keyspace_misses")) or 0.0
    evicted = _amount(info.get("evicted_keys")) or 0.0
    said = [f"miss rate {misses / (hits + misses):.0%}"] if hits + misses and misses > hits * 0.25 else []
    said += [f"{evicted:,.0f} keys evicted"] if evicted else []
    return f"Healthy ({', '.join(said)} since start)" if said else "Healthy"


def redis_memory(info: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Bytes that Redis uses, and its limit; the limit is None where it has none (``maxmemory 0``)."""
    return _amount(info.get("used_memory")), _amount(info.get("maxmemory")) or None


def _probed(future: Future[Probed], deadline: Deadline) -> Probed:
    try:
        return wait(future, deadline, "It")
    except SourceUnavailableError:
        return Probed(Level.UNKNOWN, f"no answer within the {deadline.seconds:g} s that all probes have")


def _start_usage(dependency: Dependency, prometheus: PrometheusClient | None) -> Future[_Usage] | None:
    if prometheus is None or not dependency.usage_query:
        return None
    usage_query, capacity_query = dependency.usage_query, dependency.capacity_query
    capacity = start(lambda: value_of(prometheus.instant(capacity_query)) if capacity_query else None, "capacity")
    return start(lambda: (value_of(prometheus.instant(usage_query)), capacity.result(prometheus.timeout)), "usage")


def _usage(dependency: Dependency, future: Future[_Usage] | None, deadline: Deadline, notes: list[str]) -> _Usage:
    if future is None:
        return None, None
    try:
        used, capacity = wait(future, deadline, "Prometheus")
    except SourceUnavailableError as error:
        note = f"usage of dependencies: {error.message}"
        if note not in notes:
            notes.append(note)
        return None, None
    if used is None:
        notes.append(f"usage of {dependency.name}: no series for {dependency.usage_query}")
    elif capacity is None and dependency.capacity_query:
        notes.append(f"capacity of {dependency.name}: no series for {dependency.capacity_query}")
    return used, capacity


def _health(dependency: Dependency, probed: Probed, used: float | None, capacity: float | None) -> DependencyHealth:
    unit: str | None = dependency.usage_unit
    if used is None:
        used, capacity, unit = probed.used, probed.capacity, "bytes" if probed.used is not None else None
    level, detail = probed.level, probed.detail
    share = used / capacity if used is not None and capacity else None
    if share is not None and share >= dependency.warn_at and level in (Level.OK, Level.UNKNOWN):
        level = Level.CRITICAL if share >= 1 else Level.WARNING
        detail = _shortage(used or 0.0, capacity or 0.0, share, unit or "")
    return DependencyHealth(
        name=dependency.name,
        title=dependency.title or dependency.name,
        type=dependency.type,
        address=dependency.address,
        level=level,
        detail=detail,
        latency=probed.latency,
        used=used,
        capacity=capacity,
        unit=unit,
    )


def _shortage(used: float, capacity: float, share: float, unit: str) -> str:
    if unit == "bytes":
        return f"High memory usage ({share:.0%})"
    if unit == "connections":
        state = "exhausted" if share >= EXHAUSTED else "nearly exhausted"
        return f"Connection pool {state} ({used:,.0f}/{capacity:,.0f})"
    return f"{share:.0%} of its capacity in use ({used:,.0f}/{capacity:,.0f} {unit})"


def _amount(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
