# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a team knows about its service: one entry of the service catalogue, every field with a default but the name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum

from ..lean import dataclass


class WorkloadKind(StrEnum):
    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"


class CheckPlace(StrEnum):
    """Where the commands that check compatibility run: in a pod that is there, or in a Job with the target's image."""

    POD = "pod"
    JOB = "job"


class DependencyType(StrEnum):
    TCP = "tcp"
    HTTP = "http"
    REDIS = "redis"
    POSTGRESQL = "postgresql"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something the service needs. ``address`` is ``host:port`` for tcp and redis, ``host:port/database`` for postgresql, a URL for http,
    and a name, or ``name@server``, for dns."""

    name: str
    type: DependencyType
    address: str
    title: str | None = None
    """What people call it on a report ("Database"); the name where it has none."""
    usage_query: str | None = None
    """PromQL for how much of ``capacity`` is in use (connections of a pool, bytes of memory)."""
    capacity_query: str | None = None
    usage_unit: str = "connections"
    warn_at: float = 0.85
    """Share of the capacity above which the dependency is in trouble."""
    slow_at: float = 1.0
    """Seconds from which an answer over http is slow."""
    primary: bool = False
    """Whether the service writes to it, so that a replica there (Redis, PostgreSQL) is trouble."""
    ca_cert: str | None = None
    """Path of the certificates that sign those of an http dependency, where this host does not trust them by itself."""
    dsn: str | None = field(default=None, repr=False)
    """``postgresql://user:password@host:port/database`` or ``redis://:password@host:port``. Never in a record."""
    dsn_env: str | None = None
    """The environment variable that holds the dsn, on the host that probes."""

    @property
    def shown(self) -> Dependency:
        """Without the logins in it: what results and records may hold."""
        if self.type is DependencyType.DNS:  # whose address is name@server
            return replace(self, dsn=None)
        scheme, separator, rest = self.address.rpartition("://")
        host, slash, path = rest.partition("/")
        return replace(self, dsn=None, address=f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}")


@dataclass(frozen=True, slots=True)
class SignalQuery:
    """A team's own signal. ``query`` is PromQL; a higher value is worse unless ``higher_is_better``."""

    name: str
    query: str
    title: str | None = None
    unit: str = "number"
    """seconds, share (0..1), bytes, per_second or number."""
    higher_is_better: bool = False
    critical_ratio: float = 10.0
    """Multiple of the baseline from which the signal is critical."""


class MetricPreset(StrEnum):
    """Whose metric names a service uses."""

    DEFAULT = "default"
    OPENTELEMETRY = "opentelemetry"
    ISTIO = "istio"
    MICROMETER = "micrometer"
    GRPC = "grpc"
    OPENTELEMETRY_MILLISECONDS = "opentelemetry_milliseconds"
    OPENTELEMETRY_OLD = "opentelemetry_old"
    NGINX_INGRESS = "nginx_ingress"
    ENVOY = "envoy"


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """How the service's metrics are found: by the names of a preset, each of which can be replaced by one of the service's own."""

    preset: MetricPreset = MetricPreset.DEFAULT
    """The default are the names that most client libraries use."""
    job: str | None = None
    """The ``job`` label; the service's name where not given."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels that the series have, where they are not told by ``job``."""
    requests: str | None = None
    """Counter of requests."""
    duration: str | None = None
    """Histogram of their duration in seconds: its name without ``_bucket``."""
    status_label: str | None = None
    """The label that tells failures from successes."""
    error_status: str | None = None
    """Regular expression on that label that means failure."""
    queries: tuple[SignalQuery, ...] = ()


@dataclass(frozen=True, slots=True)
class Objectives:
    """Service level objectives: the highest acceptable error rate (share) and P95 latency (seconds)."""

    error_rate: float | None = None
    latency_p95: float | None = None


@dataclass(frozen=True, slots=True)
class MaintenanceHook:
    """The team's own switch: each a command on the host of the task, or one URL. ``check`` succeeds when maintenance is on."""

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    check: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    namespace: str = "production"
    title: str | None = None
    """What people call it ("Payment API")."""
    workload_kind: WorkloadKind = WorkloadKind.DEPLOYMENT
    workload_name: str | None = None
    selector: str | None = None
    """Label selector of its pods; ``app=<name>`` where not given."""
    container: str | None = None
    """The container whose image tag is the version; the first one where not given."""
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    dependencies: tuple[Dependency, ...] = ()
    image_repository: str | None = None
    repository: str | None = None
    """Path or URL of the git repository with the service's source."""
    trace_service: str | None = None
    """The service's name in Jaeger; its own name where not given."""
    owners: tuple[str, ...] = ()
    on_call: Mapping[str, str] = field(default_factory=dict)
    """Route by role: on_call, incident_commander, manager, director … → address (a URL or a handle)."""
    channel: str | None = None
    """The authorised channel for stakeholder updates ("#incidents")."""
    sessions_query: str | None = None
    """PromQL for the number of active sessions."""
    users_query: str | None = None
    """PromQL for the number of users who are affected."""
    transaction_value: float | None = None
    currency: str = "$"
    objectives: Objectives = field(default_factory=Objectives)
    schema_check: tuple[str, ...] = ()
    """Command, run in a pod, that exits 0 when the database schema fits the target version (its last argument)."""
    api_check: tuple[str, ...] = ()
    """Command, run in a pod, that exits 0 when callers of the API can do with the target version (its last argument)."""
    checks_run_in: CheckPlace = CheckPlace.POD
    """Of both commands."""
    schema_versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Database schemas by version: first the one that the version itself brings, then others that it works with."""
    openapi: str | None = None
    """Where the OpenAPI document of a ``{version}`` is: a URL, a path, or ``git:`` and a path in the repository, at the version's tag."""
    maintenance: MaintenanceHook | None = None

    @property
    def workload(self) -> str:
        return self.workload_name or self.name

    @property
    def pod_selector(self) -> str:
        return self.selector or f"app={self.name}"

    @property
    def job(self) -> str:
        return self.metrics.job or self.name

    @property
    def shown(self) -> Service:
        """Without the logins of its dependencies."""
        return replace(self, dependencies=tuple(dependency.shown for dependency in self.dependencies))

    @property
    def label(self) -> str:
        """Its title with its name behind it, as a person would write it: ``Payment API (payment-api)``."""
        return f"{self.title} ({self.name})" if self.title else self.name
