# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a service: all sources at once, each under its own time limit, and what is drawn from them.

A source is loaded when it begins, and what judges the answers when they are waited for: loading takes longer than most answers do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ClusterError, ClusterUnreachable, ObjectNotFound, Unauthorized
from ..clients.libraries import load
from ..clients.server_clock import apart
from ..concurrency import Deadline, start, wait
from ..errors import IncidentResponseError, InvalidOptionError, NotFoundError, SourceUnavailableError
from ..evidence.skipped import SourceSkippedError
from ..evidence.snapshot import EVERYTHING, FOR_ROLLOUTS, ClusterSnapshot
from ..model.codec import to_result
from ..model.dependencies import PROBE_TIMEOUT
from ..model.diagnostics import Diagnostics
from ..model.evidence import Evidence, EvidenceStatus, Source
from ..model.service import DependencyType, Service, WorkloadKind
from ..record.redaction import redact
from ..tally import Tally, tallied
from ..units import parse_duration
from .arguments import CLUSTER, LOKI, PROMETHEUS, SERVICE, TRACES
from .connections import cluster_from, jaeger_from, kind_given, loki_from, missing_library, prometheus_from, service_from, tempo_from
from .partial import partial_reason

if TYPE_CHECKING:
    from ..clients.jaeger import JaegerClient
    from ..clients.loki import LokiClient
    from ..clients.prometheus import PrometheusClient
    from ..clients.tempo import TempoClient

Clock = Callable[[], float]
_Work = Callable[[Deadline], Any]
"""Asks a source, within a time."""

SOURCES = [source.value for source in Source]
DIAGNOSTICS: dict[str, Any] = {
    **CLUSTER,
    **PROMETHEUS,
    **SERVICE,
    **LOKI,
    **TRACES,
    "compare_with": {"type": "str"},
    "dependency_dsns": {"type": "dict", "no_log": True},
    "timeframe": {"type": "str", "default": "4h"},
    "log_window": {"type": "str", "default": "15m"},
    "sources": {"type": "list", "elements": "str", "choices": SOURCES, "default": SOURCES},
    "source_timeout": {"type": "float", "default": 8.0},
    "deadline": {"type": "float", "default": 15.0},
    "use_logs_only": {"type": "bool", "default": False},
    "probe_from": {"type": "str", "choices": ["controller", "pod"], "default": "controller"},
}
"""Options of the module and of its action."""

_FROM_CLUSTER = (Source.WORKLOAD, Source.ROLLOUTS, Source.LOGS, Source.CHANGES)
_SHARE_FOR_REQUESTS = 0.8
"""Of a source's time, what it may wait for answers: the rest is for saying what came and what did not."""


@dataclass(frozen=True, slots=True)
class Clients:
    """``cluster`` connects when it is called, since getting the credentials may take longer than the others need to ask."""

    cluster: Callable[[], ClusterClient]
    prometheus: PrometheusClient | None = None
    jaeger: JaegerClient | None = None
    loki: LokiClient | None = None
    tempo: TempoClient | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """Durations are seconds. ``deadline`` is for all, ``source_timeout`` for each source, ``probe_timeout`` for each dependency."""

    timeframe: float = 4 * 3600.0
    log_window: float = 900.0
    sources: frozenset[Source] = frozenset(Source)
    source_timeout: float = 8.0
    probe_timeout: float = PROBE_TIMEOUT
    deadline: float = 15.0
    use_logs_only: bool = False
    probe_from_pod: bool = False
    compare_with: str | None = None


def diagnose(service: Service, clients: Clients, options: Options, now: datetime, clock: Clock = time.monotonic) -> Diagnostics:
    """Everything that the sources say about ``service``; a source that fails or is slow is unavailable, with its reason.

    Raises InvalidOptionError for a metric name of the catalogue that is none; ClusterUnreachable, Unauthorized, and NotFoundError (naming
    the near ones) when there is no such workload: then nothing else would be of use.
    """
    from ..evidence.promql import golden_signals

    golden_signals(service)
    began = clock()
    load("urllib3")  # what every client needs: once it is there, none waits for the library of another
    look = _Look(service, clients, options, now, clock, Deadline(options.deadline, clock))
    look.begin()
    return look.finish(began)


def diagnostics_result(params: Mapping[str, Any]) -> dict[str, Any]:
    """What the module returns for its options."""
    return {"changed": False, "diagnostics": redact(to_result(diagnostics_from(params, datetime.now(UTC))))}


def diagnostics_from(params: Mapping[str, Any], now: datetime) -> Diagnostics:
    """``diagnose`` with a module's options. InvalidOptionError, naming the option, before anything is asked."""
    options = Options(
        timeframe=parse_duration(params["timeframe"], "timeframe"),
        log_window=parse_duration(params["log_window"], "log_window"),
        sources=frozenset(map(Source, params["sources"])),
        deadline=_seconds(params["deadline"], "deadline"),
        source_timeout=_seconds(params["source_timeout"], "source_timeout"),
        use_logs_only=bool(params["use_logs_only"]),
        probe_from_pod=params["probe_from"] == "pod",
        compare_with=params.get("compare_with"),
    )
    service = service_from(params)
    clients = Clients(
        lambda: cluster_from(params), prometheus_from(params), jaeger_from(params), tempo=tempo_from(params), loki=loki_from(params)
    )
    try:
        return diagnose(service, clients, options, now)
    except NotFoundError as error:
        kind = error.details.get("other_kind")
        if kind is None or kind_given(params):
            raise
        # Nobody said that it is a Deployment: that is only what most are.
        return diagnose(replace(service, workload_kind=WorkloadKind(kind)), clients, options, now)


def _seconds(value: float, option: str) -> float:
    if not 0 < value < float("inf"):
        raise InvalidOptionError(option, value, "a number of seconds above zero")
    return value


@dataclass(frozen=True, slots=True)
class _Job:
    future: Future[Evidence[Any]]
    deadline: Deadline
    sent: Tally
    """Requests so far."""


@dataclass(slots=True)
class _Look:
    """One run of ``diagnose``: the sources that are under way."""

    service: Service
    clients: Clients
    options: Options
    now: datetime
    clock: Clock
    total: Deadline
    jobs: dict[Source, _Job] = field(default_factory=dict)
    snapshot: Future[ClusterSnapshot] = field(default_factory=Future)
    tallies: dict[Source, Tally] = field(default_factory=lambda: {source: Tally() for source in Source})

    def begin(self) -> None:
        """Starts the sources: the cluster's own lists first, and what needs no cluster while its credentials are looked up. Ends the run
        when there is no cluster, or no such workload.

        They are loaded one after the other: threads that load at the same time would keep those that talk from answering.
        """
        wanted = self.options.sources
        with_cluster = not wanted.isdisjoint(_FROM_CLUSTER) or self.options.probe_from_pod
        if with_cluster:
            # Sources share these lists: their requests are those of the first one.
            whose = next((source for source in _FROM_CLUSTER if source in wanted), Source.DEPENDENCIES)
            self.snapshot = start(lambda: tallied(self.tallies[whose], self._connect), "connect")
        self._begin(Source.METRICS, self._metrics)
        self._begin(Source.IMPACT, self._impact)
        self._begin(Source.TRACES, self._traces)
        self._begin(Source.DEPENDENCIES, self._dependencies)
        if with_cluster:
            shared = wait(self.snapshot, self.total, "The cluster's credentials (an exec plugin of the kubeconfig?)")
            self._begin(Source.WORKLOAD, lambda: self._workload(shared))
            self._begin(Source.ROLLOUTS, lambda: self._rollouts(shared))
            self._begin(Source.LOGS, lambda: self._logs(shared))
            self._begin(Source.CHANGES, self._changes)
            self._check_workload(shared)

    def _connect(self) -> ClusterSnapshot:
        client = self.clients.cluster()
        limit = Deadline(self._limit().seconds * _SHARE_FOR_REQUESTS, self.clock)
        return ClusterSnapshot(client, self.service, limit, EVERYTHING if Source.WORKLOAD in self.options.sources else FOR_ROLLOUTS)

    def finish(self, began: float) -> Diagnostics:
        """What came in time. Rollouts first: what is new since the deployment can't be told without them."""
        from ..analysis.events import events
        from ..analysis.findings import findings
        from ..analysis.findings_clock import clock_findings
        from ..analysis.log_summary import logs as summarise
        from ..analysis.signals import signals
        from ..evidence.our_time import in_our_time

        history, state, lines = (self._evidence(source) for source in (Source.ROLLOUTS, Source.WORKLOAD, Source.LOGS))
        if lines.data:
            there = self.now + self._ahead()
            lines = replace(lines, data=summarise(lines.data, history.data.deployed_at if history.data else None, there))
        measured = self._evidence(Source.METRICS)
        # Only now both clocks are known. What the cluster says is held against what was measured.
        measuring = self.clients.prometheus
        ours = measuring.server_clock.ahead() if measuring else timedelta()
        ahead = apart(self._ahead(), ours)
        if ahead:
            history, state, lines = (replace(one, data=in_our_time(one.data, ahead)) for one in (history, state, lines))
        deployed_at = history.data.deployed_at if history.data else None
        judged = replace(measured, data=signals(measured.data, deployed_at, self.now)) if measured.data else measured
        seen = Diagnostics(
            service=self.service.shown,
            collected_at=self.now,
            timeframe=self.options.timeframe,
            took_ms=0,
            workload=state,
            rollouts=history,
            logs=lines,
            metrics=judged,
            traces=self._evidence(Source.TRACES),
            dependencies=self._evidence(Source.DEPENDENCIES),
            changes=self._evidence(Source.CHANGES),
            impact=self._evidence(Source.IMPACT),
        )
        clocks = clock_findings(ahead, ours if self._ahead() else timedelta(), "Prometheus" if measuring else "this machine")
        drawn = replace(seen, findings=findings(seen, clocks), events=events(seen))
        return replace(drawn, took_ms=round((self.clock() - began) * 1000))

    def _ahead(self) -> timedelta:
        """Of the cluster's clock before this machine's."""
        return self.snapshot.result().client.server_clock.ahead() if self.snapshot.done() else timedelta()

    def _prometheus(self) -> PrometheusClient:
        if self.options.use_logs_only:
            raise SourceSkippedError("use_logs_only is set")
        if self.clients.prometheus is None:
            raise SourceSkippedError("no prometheus_url is given")
        return self.clients.prometheus

    def _metrics(self) -> _Work:
        client = self._prometheus()
        from ..evidence.metrics import metrics

        return lambda deadline: metrics(client, self.service, self.options.timeframe, self.now.timestamp(), deadline)

    def _impact(self) -> _Work:
        client = self._prometheus()
        from ..evidence.impact import impact

        return lambda deadline: impact(client, self.service, deadline)

    def _traces(self) -> _Work:
        client = self.clients.jaeger or self.clients.tempo
        if client is None:
            raise SourceSkippedError("no jaeger_url or tempo_url is given")
        from ..evidence.traces import traces

        return lambda deadline: traces(
            client, self.service, self.now.timestamp(), deadline, lambda statements: self._indexes(statements, deadline)
        )

    def _indexes(self, statements: Sequence[str], deadline: Deadline) -> Any:
        if not any(one.type is DependencyType.POSTGRESQL for one in self.service.dependencies):
            return {}, ()
        from ..evidence.index_check import index_check

        return index_check(self.service, statements, deadline)

    def _dependencies(self) -> _Work:
        if not self.service.dependencies:
            raise SourceSkippedError("no dependencies in the service's catalogue entry")
        from ..evidence.dependencies import dependencies

        prometheus = None if self.options.use_logs_only else self.clients.prometheus
        if not self.options.probe_from_pod:
            return lambda deadline: dependencies(self.service, prometheus, deadline, None, self.options.probe_timeout)
        from ..evidence.pod_probes import probe_from_pod

        def from_pod(deadline: Deadline) -> Any:
            probe = probe_from_pod(lambda: wait(self.snapshot, deadline, "The cluster"), self.service)
            return dependencies(self.service, prometheus, deadline, probe, self.options.probe_timeout)

        return from_pod

    def _workload(self, shared: ClusterSnapshot) -> _Work:
        from ..evidence.workload import workload

        return self._by_its_clock(
            shared, lambda now, deadline: workload(shared.client, self.service, now, self.options.timeframe, shared, deadline)
        )

    def _rollouts(self, shared: ClusterSnapshot) -> _Work:
        from ..evidence.rollouts import rollouts

        return self._by_its_clock(shared, lambda now, _: rollouts(shared.client, self.service, now, shared))

    def _by_its_clock(self, shared: ClusterSnapshot, look: Callable[[datetime, Deadline], Any]) -> _Work:
        """``look`` at the cluster, which has told what time it is by then: once more where that is not our time."""

        def work(deadline: Deadline) -> Any:
            found, there = look(self.now, deadline), shared.there(self.now)
            return found if there == self.now else look(there, deadline)

        return work

    def _logs(self, shared: ClusterSnapshot) -> _Work:
        from ..evidence.logs import logs

        return lambda deadline: logs(shared.client, self.service, self.now, self.options.log_window, shared, deadline, self.clients.loki)

    def _changes(self) -> _Work:
        from ..evidence.changes import changes

        def changed(deadline: Deadline) -> Any:
            job = self.jobs.get(Source.ROLLOUTS)
            history = wait(job.future, job.deadline, "The cluster").data if job else None
            since = self.now - timedelta(seconds=self.options.timeframe)
            return changes(self.service, history, since, max(deadline.left(), 0.1), self.options.compare_with)

        return changed

    def _check_workload(self, shared: ClusterSnapshot) -> None:
        try:
            shared.workload()
        except ObjectNotFound:
            from ..evidence.missing_workload import missing_workload

            raise missing_workload(shared.client, self.service, self._limit()) from None
        except (ClusterUnreachable, Unauthorized):
            raise
        except ClusterError:
            return  # forbidden, or the API server is in trouble: the sources say so themselves
        except SourceUnavailableError as error:
            raise ClusterUnreachable(
                f"{error.message} Check that {shared.client.host} is well, and 'kubeconfig', 'context' or 'host'."
            ) from error

    def _limit(self) -> Deadline:
        return Deadline(min(self.options.source_timeout, self.total.left()), self.clock)

    def _begin(self, source: Source, loaded: Callable[[], _Work]) -> None:
        """Asks ``source``, where it is wanted, by what ``loaded`` gives."""
        if source not in self.options.sources:
            return
        sent = self.tallies[source]
        try:
            work = loaded()
        except SourceSkippedError as skipped:
            future: Future[Evidence[Any]] = Future()
            future.set_result(Evidence(source, EvidenceStatus.SKIPPED, self.now, 0, reason=skipped.message))
            limit = self._limit()
        else:
            limit = self._limit()  # from now on: loading is not the source's time
            inner = Deadline(limit.seconds * _SHARE_FOR_REQUESTS, self.clock)
            future = start(lambda: tallied(sent, lambda: self._collect(source, work, inner)), source.value)
        self.jobs[source] = _Job(future, limit, sent)

    def _collect(self, source: Source, work: _Work, deadline: Deadline) -> Evidence[Any]:
        """What ``work`` returns, as evidence; whatever it raises becomes the reason why there is none."""
        began = self.clock()
        data, reason = None, None
        status = EvidenceStatus.UNAVAILABLE
        try:
            data = work(deadline)
            reason = partial_reason(data)
            status = EvidenceStatus.PARTIAL if reason else EvidenceStatus.OK
        except SourceSkippedError as error:
            status, reason = EvidenceStatus.SKIPPED, error.message
        except IncidentResponseError as error:
            reason = error.message
        except ImportError as error:
            reason = missing_library(error)
        except Exception as error:  # noqa: BLE001 - an answer that nobody foresaw must not cost the other sources; it is told as it is
            reason = f"it answered with something unforeseen ({type(error).__name__}: {excerpt(str(error))}); please report this as a bug"
        return Evidence(source, status, self.now, round((self.clock() - began) * 1000), data, reason, self.tallies[source].count)

    def _evidence(self, source: Source) -> Evidence[Any]:
        job = self.jobs.get(source)
        if job is None:
            return Evidence(source, EvidenceStatus.SKIPPED, self.now, 0, reason="not among the sources that were asked for")
        try:
            return wait(job.future, job.deadline, f"The source '{source.value}'")
        except SourceUnavailableError as error:
            took = round(job.deadline.seconds * 1000)
            return Evidence(source, EvidenceStatus.UNAVAILABLE, self.now, took, reason=error.message, requests=job.sent.count)
