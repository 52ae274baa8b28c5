# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario file says. Every moment is in seconds relative to the start of the lab: -135.0 is 2 min 15 s before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NewType

from lab.scenario.images import Registry as Registry
from lab.scenario.truth import Truth as Truth

Seconds = NewType("Seconds", float)
"""A duration, written ``150ms``, ``8.5s``, ``2m15s``."""
Moment = NewType("Moment", float)
"""Relative to the start of the lab, written ``-2m15s``, ``now`` or ``+30s``."""
Share = NewType("Share", float)
"""A fraction, written ``45%`` or ``0.45``."""
Quantity = NewType("Quantity", float)
"""A Kubernetes quantity, written ``512Mi`` or ``500m``."""
Number = NewType("Number", float)
"""Zero or more."""
Text = NewType("Text", str)
"""A value whose meaning depends on what it is for; it is read when that is known."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A version that was rolled out at a moment. ``number`` is Kubernetes' revision, counted from 1 where not given."""

    version: str
    deployed: Moment
    author: str | None = None
    cause: str | None = None
    number: int | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the container from this revision on only, over those of the workload."""
    resources: Resources | None = None
    """Where they differ from the workload's."""
    restarted: bool = False
    """Whether it is a ``rollout restart`` of the one before: its pods differ in an annotation that says when."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of the container; the requests are half of them where not given."""

    cpu: Quantity = Quantity(0.5)
    memory: Quantity = Quantity(512 * 2**20)
    cpu_request: Quantity | None = None
    memory_request: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Strategy:
    max_surge: str = "25%"
    max_unavailable: str = "25%"


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """``cpu`` is the target, in percent of the request."""

    min: int
    max: int
    cpu: int = 70


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a command in a pod prints. ``command`` is a glob over its words, joined by blanks: ``./scripts/check-schema*``."""

    command: str
    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class WorkloadSignals:
    """The values while all is well; what is not given is not measured."""

    request_rate: Number | None = None
    """requests per second"""
    error_rate: Share = Share(0.0)
    client_error_rate: Share | None = None
    latency_p95: Seconds | None = None
    latency_p50: Seconds | None = None
    """half of the P95 where not given"""
    memory: Share | None = None
    cpu: Share | None = None
    """both of the limit, per pod"""
    sessions: Number | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    image: str
    revisions: tuple[Revision, ...]
    """Oldest first; the last one is deployed."""
    kind: Literal["Deployment", "StatefulSet", "DaemonSet"] = "Deployment"
    namespace: str = "production"
    title: str | None = None
    replicas: int = 1
    container: str | None = None
    port: int = 8080
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    strategy: Strategy = field(default_factory=Strategy)
    startup: Seconds = Seconds(2.0)
    """How long a healthy pod takes from its creation to ready."""
    rolled_out: Share = Share(1.0)
    """How far the last rollout has come: the share of the pods that it has replaced, if time allowed for so many."""
    paused: bool = False
    autoscaler: Autoscaler | None = None
    max_disrupted: int | None = None
    """``maxUnavailable`` of a PodDisruptionBudget; none where not given."""
    dependencies: tuple[str, ...] = ()
    commands: tuple[CommandAnswer, ...] = ()
    signals: WorkloadSignals = field(default_factory=WorkloadSignals)
    catalogue: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the service's catalogue entry, over those that follow from the scenario."""

    def resources_of(self, version: str) -> Resources:
        """The resources of the newest revision of that version."""
        own = (revision.resources for revision in reversed(self.revisions) if revision.version == version)
        return next(own, None) or self.resources


@dataclass(frozen=True, slots=True)
class DependencySignals:
    """The values while all is well; which of them a dependency has follows from its type and exporter."""

    up: Share = Share(1.0)
    """1 answers, 0 does not"""
    connections: Number = Number(0.0)
    max_connections: Number = Number(100.0)
    query_rate: Number = Number(50.0)
    """postgres: queries per second"""
    query_time: Seconds = Seconds(0.05)
    """postgres: P95"""
    memory: Share = Share(0.5)
    """redis: of maxmemory"""
    miss_rate: Share = Share(0.05)
    """redis: of the look-ups"""
    lookup_rate: Number = Number(500.0)
    """redis: look-ups per second"""
    evictions: Number = Number(0.0)
    """redis: keys per second"""
    link: Share = Share(1.0)
    """redis: 1 while a replica reaches its primary"""


@dataclass(frozen=True, slots=True)
class Activity:
    """What some sessions of a database do. Their statements are real, and really take that long."""

    sql: str
    sessions: int = 1
    takes: Seconds = Seconds(0.0)
    """How long each statement takes on top of its own time."""
    then: Literal["again", "idle"] = "again"
    """Runs it again and again; or once in a transaction that stays open, with its locks."""
    fault: str | None = None
    """Only while that fault is on."""


@dataclass(frozen=True, slots=True)
class Database:
    """What lies in a PostgreSQL, and what is going on in it besides connections that do nothing."""

    name: str = "postgres"
    schema: str = ""
    """SQL that makes its tables and fills them."""
    activity: tuple[Activity, ...] = ()


@dataclass(frozen=True, slots=True)
class Dependency:
    type: Literal["tcp", "http", "redis", "postgresql"]
    title: str | None = None
    exporter: Literal["none", "postgres", "redis"] = "none"
    port: int = 0
    """Inside the cluster; where not given the usual one of its exporter."""
    path: str = "/health"
    """http: what answers 200 while it is up and 503 while it is not."""
    password: str | None = None
    """redis: what AUTH must say."""
    max_memory: Quantity = Quantity(256 * 2**20)
    policy: str = "allkeys-lru"
    """redis: ``maxmemory``, and ``maxmemory-policy``"""
    replica_of: str | None = None
    """redis: ``host:port`` of its primary; a primary itself where not given"""
    min_replicas: int = 0
    """redis: ``min-replicas-to-write``: as it has none, it refuses writes where it needs any"""
    cluster_slots: int | None = None
    """redis: how many of a cluster's 16,384 slots are served; part of no cluster where not given"""
    database: Database = field(default_factory=Database)
    signals: DependencySignals = field(default_factory=DependencySignals)
    catalogue: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of the team's own: its signal is called ``metrics.<name>``.

    ``normal`` is the value of a gauge, the increase per second of a counter, and the P95 in seconds of a histogram.
    """

    type: Literal["gauge", "counter", "histogram", "native_histogram"]
    normal: Text
    labels: Mapping[str, str] = field(default_factory=dict)
    rate: Number = Number(10.0)
    """histogram: observations per second"""


@dataclass(frozen=True, slots=True)
class Condition:
    """What keeps a fault going, asked of the living cluster; exactly one of the three besides ``workload``."""

    workload: str
    version: str | None = None
    """Pods of that version exist."""
    replicas_below: int | None = None
    """Fewer pods than that exist."""
    pods_from_before: Moment | None = None
    """Pods that were created before that moment exist: a restart mends it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Where a signal goes. What is not given is the fault's own."""

    to: Text
    onset: Moment | None = None
    ramp: Seconds | None = None
    recovery: Seconds | None = None


@dataclass(frozen=True, slots=True)
class PodFailure:
    """How pods fail while the fault's condition holds for them (its version's pods; without a version, those of ``workload``)."""

    share: Share = Share(1.0)
    """Of all pods, in the order of their creation."""
    reason: Literal[
        "CrashLoopBackOff", "NotReady", "OOMKilled", "ImagePullBackOff", "StartupFailure", "ConfigurationError", "NodeNotReady"
    ] = "CrashLoopBackOff"
    workload: str | None = None
    node: str | None = None
    """Only pods on that node."""
    after: Seconds = Seconds(0.0)
    """How long such a pod is ready first; at the start of the lab, counted so that it fails no sooner than ``onset``."""
    onset: Moment | None = None
    run: Seconds = Seconds(10.0)
    """How long a restarted container runs until it fails again."""
    exit_code: int = 1
    message: str | None = None
    probe: str = "HTTP probe failed with statuscode: 503"
    """What the kubelet says about the failed probe."""


@dataclass(frozen=True, slots=True)
class Fault:
    onset: Moment
    title: str = ""
    ramp: Seconds = Seconds(0.0)
    recovery: Seconds = Seconds(10.0)
    delay: Seconds = Seconds(30.0)
    """From the moment at which the condition holds again while the lab runs, to the onset."""
    until: Moment | None = None
    condition: Condition | None = None
    """None: it stays until ``until``, whatever is done about the workloads."""
    signals: Mapping[str, Effect] = field(default_factory=dict)
    pods: PodFailure | None = None


@dataclass(frozen=True, slots=True)
class LogPattern:
    """Lines of a workload's pods: ``count`` of them in all from ``start`` to ``end``, or one ``every`` so often in each pod."""

    level: Literal["FATAL", "ERROR", "WARN", "INFO", "DEBUG"]
    text: str
    """May hold ``{int:100-900}``, ``{hex:8}``, ``{uuid}``, ``{ip}``, ``{one:GET|POST}``."""
    workload: str | None = None
    """The scenario's service where not given."""
    logger: str | None = None
    """Shown in brackets in front of the text."""
    count: int | None = None
    every: Seconds | None = None
    start: Moment | None = None
    end: Moment | None = None
    fault: str | None = None
    """Only while that fault is on."""
    version: str | None = None
    pods: Literal["all", "ready", "failing"] = "all"
    detail: tuple[str, ...] = ()
    """Further lines behind each, such as a stack trace."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a trace. Its children run one after the other inside it. A ``normal`` or ``broken`` of 0 leaves it out."""

    operation: str
    normal: Seconds
    broken: Seconds | None = None
    """The normal one where not given."""
    service: str | None = None
    """The parent's where not given."""
    kind: Literal["server", "client", "internal", "producer", "consumer"] = "internal"
    tags: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    broken_tags: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    fails: bool = False
    """In traces that fail, this span carries the error."""
    error: str | None = None
    """What its log says then."""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Traces of one kind that the tracer keeps.

    They are broken as far as ``fault`` is on. The share ``errors`` of the normal ones fails, and ``broken_errors`` of the broken ones.
    """

    root: Span
    rate: Number = Number(1.0)
    """kept per second"""
    service: str | None = None
    """The scenario's service where not given."""
    fault: str | None = None
    errors: Share = Share(0.0)
    broken_errors: Share = Share(0.0)


@dataclass(frozen=True, slots=True)
class Commit:
    at: Moment
    author: str
    message: str
    files: Mapping[str, str] = field(default_factory=dict)
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """``object`` is ``Kind/name``; ``{hash}`` in it, or in the message, is the pod-template-hash of the deployed revision."""

    at: Moment
    object: str
    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"
    namespace: str = "production"
    component: str = "kubelet"
    count: int = 1
    first: Moment | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    title: str
    service: str
    truth: Truth
    workloads: Mapping[str, Workload]
    summary: str = ""
    seed: int = 0
    """Which of its variants this is."""
    moments: Mapping[str, Moment] = field(default_factory=dict)
    """By names that other moments may refer to: ``deployed+40s``."""
    noise: Share = Share(0.0)
    """How far signals stray from their lines: the standard deviation, as a share of the value."""
    unavailable: tuple[Literal["prometheus", "jaeger"], ...] = ()
    """Servers that refuse connections."""
    missing_scrapes: Share = Share(0.0)
    """Of all scrapes of the last hours, those that Prometheus did not make in time."""
    scrape_interval: Seconds = Seconds(5.0)
    history: Seconds = Seconds(8 * 86400.0)
    dependencies: Mapping[str, Dependency] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    logs: tuple[LogPattern, ...] = ()
    traces: tuple[Trace, ...] = ()
    repositories: Mapping[str, tuple[Commit, ...]] = field(default_factory=dict)
    """Git history by the workload that it belongs to, oldest commit first."""
    events: tuple[ClusterEvent, ...] = ()
    registry: Registry = field(default_factory=Registry)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Further variables of all services in the catalogue."""

    @property
    def subject(self) -> Workload:
        return self.workloads[self.service]
