# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PromQL for a service's signals.

Only names that were checked and strings that were quoted go into a query. Sums come before quotients, so that one query gives one value for
the whole service. Where a histogram may be a classic or a native one, the query asks for both: there is only ever one of them.
"""

from __future__ import annotations

from collections.abc import Callable

from ..clients.prometheus import quote
from ..lean import dataclass
from ..model.metrics import CLIENT_ERROR_RATE
from ..model.service import Service, SignalQuery
from .by_pod import REFUSES
from .metric_names import OTHER_LABELS, MetricNames, all_names, metric_names, pods_of_workload

DAYS = tuple(range(1, 8))
"""Days back from which the same hour is looked at: a week, so that each weekday is among them."""
DAY_LABEL = "day"
LAST_SCRAPES = 'count_values("at", floor(timestamp(up) / 15) * 15)'
"""How many targets were scraped last within each quarter of a minute, which the label ``at`` names by its beginning (unix seconds)."""
NAMESPACE_LABELS = ("namespace", "kubernetes_namespace", "exported_namespace", "k8s_namespace_name")
"""Where a series may say which namespace it is of, the most usual first."""


@dataclass(frozen=True, slots=True)
class SignalQueries:
    """How one signal is asked for. ``source`` is the series behind it, as a person would look for them."""

    name: str
    title: str
    unit: str
    now: str
    recent: Callable[[str], str]
    """The query for one point of the recent past, by window (``5m``)."""
    day_before: str
    past: Callable[[str, str], str]
    """The same point longer ago, by window and offset (`` offset 1d``)."""
    source: str
    higher_is_better: bool = False
    critical_ratio: float = 10.0
    optional: bool = False
    """Not every service has it: where there are no series, there is no such signal."""
    limited: bool = False
    """A share of a limit, which not every workload has."""

    def same_hour(self, window: str) -> str:
        """One series for each of the last DAYS, told apart by DAY_LABEL; a range of it is that time of the day on each of them."""
        return " or ".join(f'label_replace({self.past(window, f" offset {day}d")}, "{DAY_LABEL}", "{day}", "", "")' for day in DAYS)


def requests_selector(service: Service, names: MetricNames | None = None) -> str:
    """``http_requests_total{job="payment-api"}``"""
    known = names or metric_names(service)
    return f"{known.requests}{{{known.matchers}}}"


def labelled_requests(service: Service, names: MetricNames | None = None) -> str:
    """How many series of the requests carry the label that failures are told by, in each namespace."""
    known = names or metric_names(service)
    return f"count by ({', '.join(NAMESPACE_LABELS)}) ({_either(known, '', _present(known.status))})"


def most_scraped(service: Service, names: MetricNames) -> str:
    """One of the series of the requests, that with most samples."""
    return f"topk(1, count_over_time({requests_selector(service, names)}[5m]))"


def requests_labelled(service: Service, offset: str = "") -> str:
    """The requests under any name, of series that have the service's name in one of OTHER_LABELS, by both."""
    known = "|".join(one.requests for one in all_names(service))
    return " or ".join(
        f"count by (requests, label) (label_replace(label_replace({{__name__=~{quote(known)},{label}={quote(service.name)}}}{offset}, "
        f'"requests", "$1", "__name__", "(.+)"), "label", "{label}", "", ""))'
        for label in OTHER_LABELS
    )


def failed_requests(service: Service, window: str, names: MetricNames | None = None) -> str:
    """Failed requests within ``window``; zero where there are requests and none of them failed."""
    known = names or metric_names(service)
    return f"{_summed(known, 'increase', window, known.failure)} or {_summed(known, 'increase', window)} * 0"


def all_requests(service: Service, window: str, names: MetricNames | None = None) -> str:
    """Requests within ``window``."""
    return _summed(names or metric_names(service), "increase", window)


def error_rate(service: Service, window: str, offset: str = "", names: MetricNames | None = None) -> str:
    """Share of failed requests; a service whose requests never failed has no series for failures, and a share of zero."""
    known = names or metric_names(service)
    total = _summed(known, "rate", window, offset=offset)
    return f"({_summed(known, 'rate', window, known.failure, offset)} or {total} * 0) / {total}"


def client_error_rate(names: MetricNames, window: str, offset: str = "") -> str:
    """Share of the requests that were answered with 4xx, or in what way ``names`` tells that whoever asked is to blame."""
    total = _summed(names, "rate", window, offset=offset)
    return f"({_summed(names, 'rate', window, names.refusal or '', offset)} or {total} * 0) / {total}"


def latency(service: Service, share: float, window: str, offset: str = "", names: MetricNames | None = None) -> str:
    """The ``share`` quantile of the requests' duration, in seconds."""
    known = names or metric_names(service)
    classic = f"sum by (le) (rate({known.duration}_bucket{{{known.matchers}}}[{window}]{offset}))"
    # A summary's series have the native histogram's name, and a label quantile.
    native = f'sum(rate({known.duration}{{{known.matchers},quantile=""}}[{window}]{offset}))'
    either = f"histogram_quantile({share}, {classic}) or histogram_quantile({share}, {native})"
    return either if known.seconds == 1 else f"({either}) * {known.seconds:g}"


def samples_of_up(service: Service, names: MetricNames | None = None) -> str:
    """The last samples of the targets' ``up``: their distance is the scrape interval."""
    return f"up{{{(names or metric_names(service)).targets}}}[2m]"


def golden_signals(service: Service, names: MetricNames | None = None) -> tuple[SignalQueries, ...]:
    """Errors, traffic, latency and saturation, as in the SRE book's chapter on monitoring distributed systems.

    Raises InvalidOptionError for a metric name of the catalogue that is none.
    """
    known = names or metric_names(service)
    requests = requests_selector(service, known)
    buckets = f"{known.duration}_bucket{{{known.matchers}}}"

    def rated(name: str, title: str, unit: str, source: str, over: Callable[[str, str], str]) -> SignalQueries:
        return SignalQueries(name, title, unit, over("5m", ""), lambda window: over(window, ""), over("1h", " offset 1d"), over, source)

    signals = (
        rated("error_rate", "Error rate", "share", requests, lambda window, offset: error_rate(service, window, offset, known)),
        rated("latency_p95", "Latency P95", "seconds", buckets, lambda window, offset: latency(service, 0.95, window, offset, known)),
        rated("latency_p50", "Latency P50", "seconds", buckets, lambda window, offset: latency(service, 0.5, window, offset, known)),
        rated("request_rate", "Request rate", "per_second", requests, lambda window, offset: _summed(known, "rate", window, "", offset)),
        _memory(service),
        _cpu(service),
        _throttling(service),
    )
    more = []
    if known.refusal is not None:
        more.append(_refused(known, requests))
    if known.pool_used is not None:
        more.append(_pool(known))
    return (*signals, *more)


def own_signal(query: SignalQuery) -> SignalQueries:
    """A team's own signal: its query as it stands; the day before as the mean over an hour."""
    return SignalQueries(
        name=query.name,
        title=query.title or query.name,
        unit=query.unit,
        now=query.query,
        recent=lambda _: query.query,
        day_before=f"avg_over_time(({query.query})[1h:1m] offset 1d)",
        past=lambda _, offset: f"last_over_time(({query.query})[60s:60s]{offset})",
        source=query.query,
        higher_is_better=query.higher_is_better,
        critical_ratio=query.critical_ratio,
    )


def _summed(names: MetricNames, function: str, window: str, matcher: str = "", offset: str = "") -> str:
    """The sum over the service's requests of ``rate`` or ``increase``."""
    inner = ",".join(part for part in (names.matchers, matcher) if part)
    classic = f"sum({function}({names.requests}{{{inner}}}[{window}]{offset}))"
    if names.native_requests is None:
        return classic
    return f'({classic} or histogram_count(sum({function}({names.native_requests}{{{inner},quantile=""}}[{window}]{offset}))))'


def _either(names: MetricNames, suffix: str, matcher: str) -> str:
    """The series of the requests, counted by a counter or by a native histogram."""
    classic = f"{names.requests}{{{names.matchers},{matcher}}}{suffix}"
    return classic if names.native_requests is None else f"{classic} or {names.native_requests}{{{names.matchers},{matcher}}}{suffix}"


def _present(label: str) -> str:
    return f'{label}!=""'


def series_of_requests(names: MetricNames, offset: str = "") -> str:
    """How many series count the service's requests."""
    return f"count({_either(names, offset, _present(names.told_by))})"


def _memory(service: Service) -> SignalQueries:
    pods = _pods(service)
    used = f"container_memory_usage_bytes{pods}"
    working_set, limit = f"container_memory_working_set_bytes{pods}", f"container_spec_memory_limit_bytes{pods}"
    declared = _declared_limit(service, "memory")

    def share(over: Callable[[str], str]) -> str:
        bytes_used = f"(sum by (pod) ({over(used)}) or sum by (pod) ({over(working_set)}))"
        most = f"((sum by (pod) ({over(limit)}) > 0) or (sum by (pod) ({over(declared)}) > 0))"
        return f"avg({bytes_used} / {most})"

    def past(function: str, window: str, offset: str) -> str:
        return share(lambda series: f"{function}({series}[{window}]{offset})")

    now, before = share(lambda series: series), past("avg_over_time", "1h", " offset 1d")
    return SignalQueries(
        "memory",
        "Memory usage",
        "share",
        now,
        lambda _: now,
        before,
        lambda window, offset: past("last_over_time", window, offset),
        used,
        limited=True,
    )


def _cpu(service: Service) -> SignalQueries:
    pods = _pods(service)
    used = f"container_cpu_usage_seconds_total{pods}"
    quota, period = f"container_spec_cpu_quota{pods}", f"container_spec_cpu_period{pods}"
    declared = _declared_limit(service, "cpu")

    def share(window: str, offset: str) -> str:
        cores = f"sum by (pod) (rate({used}[{window}]{offset}))"
        limit = f"sum by (pod) (avg_over_time({quota}[{window}]{offset}) / avg_over_time({period}[{window}]{offset}))"
        most = f"(({limit} > 0) or (sum by (pod) (avg_over_time({declared}[{window}]{offset})) > 0))"
        return f"avg({cores} / {most})"

    return SignalQueries(
        "cpu", "CPU usage", "share", share("5m", ""), lambda window: share(window, ""), share("1h", " offset 1d"), share, used, limited=True
    )


def _declared_limit(service: Service, resource: str) -> str:
    """The limits of the pods' containers as kube-state-metrics tells them, for where cAdvisor's own are not kept."""
    return f"kube_pod_container_resource_limits{_pods(service)[:-1]},resource={quote(resource)}}}"


def _throttling(service: Service) -> SignalQueries:
    """The share of the scheduler's periods in which a container wanted more than its CPU limit (cAdvisor's cfs counters)."""
    pods = _pods(service)
    throttled, periods = f"container_cpu_cfs_throttled_periods_total{pods}", f"container_cpu_cfs_periods_total{pods}"

    def share(window: str, offset: str) -> str:
        return f"sum(rate({throttled}[{window}]{offset})) / (sum(rate({periods}[{window}]{offset})) > 0)"

    return SignalQueries(
        "cpu_throttling",
        "CPU throttling",
        "share",
        share("5m", ""),
        lambda window: share(window, ""),
        share("1h", " offset 1d"),
        share,
        periods,
        optional=True,
    )


def _refused(names: MetricNames, requests: str) -> SignalQueries:
    """Requests that are answered with 4xx, where they are many: mistakes of clients are no failures, unless there are more than usual."""

    def share(window: str, offset: str) -> str:
        return client_error_rate(names, window, offset)

    return SignalQueries(
        CLIENT_ERROR_RATE,
        "Client error rate",
        "share",
        f"{share('5m', '')} >= {REFUSES:g}",
        lambda window: share(window, ""),
        share("1h", " offset 1d"),
        share,
        requests,
        optional=True,
    )


def _pool(names: MetricNames) -> SignalQueries:
    """The fullest of the service's connection pools."""

    def share(used: str, size: str) -> str:
        return f"max(sum by (instance) ({used}) / (sum by (instance) ({size}) > 0))"

    def over(function: str, window: str, offset: str) -> str:
        return share(f"{function}({names.pool_used}[{window}]{offset})", f"{function}({names.pool_size}[{window}]{offset})")

    now = share(names.pool_used or "", names.pool_size or "")
    return SignalQueries(
        "pool",
        "Connection pool",
        "share",
        now,
        lambda _: now,
        over("avg_over_time", "1h", " offset 1d"),
        lambda window, offset: over("last_over_time", window, offset),
        names.pool_used or "",
        optional=True,
    )


def _pods(service: Service) -> str:
    """The label matchers of the containers in the workload's pods, without the pods' own cgroups."""
    return f'{{namespace={quote(service.namespace)},pod=~{pods_of_workload(service)},container!="",container!="POD"}}'
