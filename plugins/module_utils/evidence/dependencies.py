# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the things that a service needs are doing: probed from where this runs, and by the team's usage queries.

What a kind of dependency is probed with is loaded where there is one of its kind.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Optional

from ..clients.probes import ProbeFailedError, ProbeImpossibleError, probe_tcp
from ..clients.prometheus import PrometheusClient
from ..concurrency import Deadline, map_side_by_side, start, wait
from ..errors import SourceUnavailableError
from ..model.dependencies import PROBE_TIMEOUT, Dependencies, DependencyHealth, Measure
from ..model.finding import Level
from ..model.service import Dependency, DependencyType, Service
from ..units import describe_duration, format_value
from .metrics import value_of
from .probed import Probed

if TYPE_CHECKING:
    from ..clients.http_probe import HttpAnswer

PROBES_AT_ONCE = 16
EXHAUSTED = 0.95
"""Share of a capacity from which it is as good as used up."""
EXPIRES_SOON = 14 * 86_400.0
"""Seconds before its end from which a certificate should have been renewed."""

Probe = Callable[[Dependency, float], Probed]
"""Asks a dependency within so many seconds."""

_Usage = tuple[Optional[float], Optional[float]]  # noqa: UP045 (ansible-test's pylint takes the other form for an operation)


def dependencies(
    service: Service,
    prometheus: PrometheusClient | None,
    deadline: Deadline,
    probe: Probe | None = None,
    probe_timeout: float = PROBE_TIMEOUT,
) -> Dependencies:
    """The health of everything in the service's catalogue entry. A failed probe makes a dependency critical, this source goes on.

    ``probe_timeout`` is the seconds that each has to answer, however much time the source has.
    """
    ask = probe or probe_from_here
    limit = min(probe_timeout, max(deadline.left() * 0.8, 0.1))
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
        return _PROBES[dependency.type](dependency, timeout)
    except ProbeImpossibleError as error:
        return Probed(Level.UNKNOWN, error.message)
    except ProbeFailedError as error:
        return Probed(Level.CRITICAL, error.message, problems=(error.message,))


def judge_http(status: int) -> tuple[Level, str]:
    """Level and line for an HTTP status. What asks for a login answers, which is all that a probe without one can learn."""
    if status < 400:
        return Level.OK, "Healthy"
    if status in (401, 403):
        return Level.OK, f"answers (HTTP {status}: it asks for a login)"
    return (Level.CRITICAL if status >= 500 else Level.WARNING), f"answers with HTTP {status}"


def judge_answer(answer: HttpAnswer, slow_at: float) -> Probed:
    """An HTTP answer with its latency and certificate."""
    level, detail = judge_http(answer.status)
    left = answer.certificate_left
    if level is Level.OK and left is not None and left < EXPIRES_SOON:
        level, detail = Level.WARNING, f"its TLS certificate expires in {describe_duration(max(left, 0.0))}"
    elif level is Level.OK and answer.untrusted:
        level, detail = Level.WARNING, f"answers, but {answer.untrusted}"
    elif level is Level.OK and answer.latency >= slow_at:
        level, detail = Level.WARNING, f"answers slowly ({format_value(answer.latency, 'seconds')})"
    expiry = [Measure("certificate_expires_in", left, "seconds")] if left is not None else []
    measures = (Measure("status", float(answer.status)), *expiry)
    return Probed(level, detail, answer.latency, problems=() if level is Level.OK else (detail,), measures=measures)


def _http(dependency: Dependency, timeout: float) -> Probed:
    from ..clients.http_probe import probe_http

    return judge_answer(probe_http(dependency.address, timeout, ca_cert=dependency.ca_cert), dependency.slow_at)


def _redis(dependency: Dependency, timeout: float) -> Probed:
    from ..clients.redis_probe import probe_redis
    from .redis import judge_redis

    return judge_redis(probe_redis(dependency.address, timeout, dsn_of(dependency)), dependency.primary)


def _postgresql(dependency: Dependency, timeout: float) -> Probed:
    from ..clients.postgresql import login_from
    from .postgresql import probe_postgresql

    return probe_postgresql(login_from(dependency.address, dsn_of(dependency)), timeout, dependency.primary)


def _dns(dependency: Dependency, timeout: float) -> Probed:
    from ..clients.dns_probe import probe_dns

    answer = probe_dns(dependency.address, timeout)
    return Probed(Level.OK, f"Healthy (resolves to {', '.join(answer.addresses[:3])})", answer.latency, addresses=answer.addresses)


def _tcp(dependency: Dependency, timeout: float) -> Probed:
    return Probed(Level.OK, "Healthy", probe_tcp(dependency.address, timeout).latency)


_PROBES: Mapping[DependencyType, Probe] = {
    DependencyType.HTTP: _http,
    DependencyType.REDIS: _redis,
    DependencyType.POSTGRESQL: _postgresql,
    DependencyType.DNS: _dns,
    DependencyType.TCP: _tcp,
}


def dsn_of(dependency: Dependency) -> str | None:
    """The dependency's dsn, out of the environment where the catalogue says so. ProbeImpossibleError when it is not there."""
    if dependency.dsn_env:
        found = os.environ.get(dependency.dsn_env)
        if not found:
            raise ProbeImpossibleError(f"the environment variable {dependency.dsn_env} with its dsn is not set here")
        return found
    return dependency.dsn


def _probed(future: Future[Probed], deadline: Deadline) -> Probed:
    try:
        return wait(future, deadline, "It")
    except ImportError as error:
        return Probed(Level.UNKNOWN, f"cannot be asked: the Python library {error.name or 'for it'} is not installed on this host")
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
        used, capacity, unit = probed.used, probed.capacity, probed.unit if probed.used is not None else None
    level, detail, problems = probed.level, probed.detail, probed.problems
    share = used / capacity if used is not None and capacity else None
    if share is not None and share >= dependency.warn_at:
        shortage = _shortage(used or 0.0, capacity or 0.0, share, unit or "")
        problems = (shortage, *problems) if level is not Level.CRITICAL else (*problems, shortage)
        if level is not Level.CRITICAL:
            level, detail = Level.CRITICAL if share >= 1 and not probed.makes_room else Level.WARNING, shortage
    return DependencyHealth(
        name=dependency.name,
        title=dependency.title or dependency.name,
        type=dependency.type,
        address=dependency.shown.address,
        level=level,
        detail=detail,
        latency=probed.latency,
        used=used,
        capacity=capacity,
        unit=unit,
        problems=problems,
        measures=probed.measures,
        statements=probed.statements,
        addresses=probed.addresses,
    )


def _shortage(used: float, capacity: float, share: float, unit: str) -> str:
    if unit == "bytes":
        return f"High memory usage ({share:.0%})"
    if unit == "connections":
        state = "exhausted" if share >= EXHAUSTED else "nearly exhausted"
        return f"Connection pool {state} ({used:,.0f}/{capacity:,.0f})"
    return f"{share:.0%} of its capacity in use ({used:,.0f}/{capacity:,.0f} {unit})"
