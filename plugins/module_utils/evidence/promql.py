# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PromQL for a service's signals.

Only names that were checked and strings that were quoted go into a query. Sums come before quotients, so that one query gives one value for
the whole service.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..clients.prometheus import quote
from ..errors import InvalidOptionError
from ..model.service import Service, SignalQuery, WorkloadKind

_METRIC_NAME = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")

# How Kubernetes names the pods of a workload, so that payment-api does not take payment-api-worker's pods for its own.
_POD_SUFFIX = {
    WorkloadKind.DEPLOYMENT: "[a-z0-9]+-[a-z0-9]{5}",
    WorkloadKind.STATEFUL_SET: "[0-9]+",
    WorkloadKind.DAEMON_SET: "[a-z0-9]{5}",
}


@dataclass(frozen=True, slots=True)
class SignalQueries:
    """How one signal is asked for. ``over`` gives the query over a window (``5m``), shifted back by an offset (`` offset 1d`` or nothing).

    ``source`` is the series behind it, as a person would look for them.
    """

    name: str
    title: str
    unit: str
    now: str
    recent: Callable[[str], str]
    """The query for one point of the recent past, by window."""
    day_before: str
    source: str
    higher_is_better: bool = False
    critical_ratio: float = 10.0


def requests_metric(service: Service) -> str:
    """The name of the metric that counts requests, checked."""
    return _metric(service.metrics.requests, "requests")


def requests_selector(service: Service) -> str:
    """``http_requests_total{job="payment-api"}``"""
    return f"{_metric(service.metrics.requests, 'requests')}{{job={quote(service.job)}}}"


def failures_selector(service: Service) -> str:
    requests = _metric(service.metrics.requests, "requests")
    return f"{requests}{{job={quote(service.job)},status=~{quote(service.metrics.error_status)}}}"


def labelled_requests(service: Service) -> str:
    """How many series of the requests carry the label that failures are told by."""
    return f'count({_metric(service.metrics.requests, "requests")}{{job={quote(service.job)},status!=""}})'


def failed_requests(service: Service, window: str) -> str:
    """Failed requests within ``window``; zero where there are requests and none of them failed."""
    total, failed = requests_selector(service), failures_selector(service)
    return f"sum(increase({failed}[{window}])) or sum(increase({total}[{window}])) * 0"


def error_rate(service: Service, window: str, offset: str = "") -> str:
    """Share of failed requests; a service whose requests never failed has no series for failures, and a share of zero."""
    total = f"sum(rate({requests_selector(service)}[{window}]{offset}))"
    failed = f"sum(rate({failures_selector(service)}[{window}]{offset}))"
    return f"({failed} or {total} * 0) / {total}"


def samples_of_up(service: Service) -> str:
    """The last samples of the targets' ``up``: their distance is the scrape interval."""
    return f"up{{job={quote(service.job)}}}[2m]"


def golden_signals(service: Service) -> tuple[SignalQueries, ...]:
    """Errors, traffic, latency and saturation, as in the SRE book's chapter on monitoring distributed systems.

    Raises InvalidOptionError for a metric name of the catalogue that is none.
    """
    job = f"job={quote(service.job)}"
    requests = requests_selector(service)
    duration = f"{_metric(service.metrics.duration, 'duration')}_bucket{{{job}}}"

    def quantile(share: float, window: str, offset: str = "") -> str:
        return f"histogram_quantile({share}, sum by (le) (rate({duration}[{window}]{offset})))"

    def traffic(window: str, offset: str = "") -> str:
        return f"sum(rate({requests}[{window}]{offset}))"

    def rated(name: str, title: str, unit: str, source: str, over: Callable[..., str]) -> SignalQueries:
        return SignalQueries(name, title, unit, over("5m"), over, over("1h", " offset 1d"), source)

    return (
        rated("error_rate", "Error rate", "share", requests, lambda *window: error_rate(service, *window)),
        rated("latency_p95", "Latency P95", "seconds", duration, lambda *window: quantile(0.95, *window)),
        rated("latency_p50", "Latency P50", "seconds", duration, lambda *window: quantile(0.5, *window)),
        rated("request_rate", "Request rate", "per_second", requests, traffic),
        _memory(service),
        _cpu(service),
    )


def own_signal(query: SignalQuery) -> SignalQueries:
    """A team's own signal: its query as it stands; the day before as the mean over an hour."""
    return SignalQueries(
        name=query.name,
        title=query.title or query.name,
        unit=query.unit,
        now=query.query,
        recent=lambda _: query.query,
        day_before=f"avg_over_time(({query.query})[1h:1m] offset 1d)",
        source=query.query,
        higher_is_better=query.higher_is_better,
        critical_ratio=query.critical_ratio,
    )


def _memory(service: Service) -> SignalQueries:
    pods = _pods(service)
    used, limit = f"container_memory_usage_bytes{pods}", f"container_spec_memory_limit_bytes{pods}"

    def share(used_bytes: str, limit_bytes: str) -> str:
        return f"avg(sum by (pod) ({used_bytes}) / (sum by (pod) ({limit_bytes}) > 0))"

    now = share(used, limit)
    before = share(f"avg_over_time({used}[1h] offset 1d)", f"avg_over_time({limit}[1h] offset 1d)")
    return SignalQueries("memory", "Memory usage", "share", now, lambda _: now, before, used)


def _cpu(service: Service) -> SignalQueries:
    pods = _pods(service)
    used = f"container_cpu_usage_seconds_total{pods}"
    quota, period = f"container_spec_cpu_quota{pods}", f"container_spec_cpu_period{pods}"

    def share(window: str, offset: str = "") -> str:
        cores = f"sum by (pod) (rate({used}[{window}]{offset}))"
        limit = f"sum by (pod) (avg_over_time({quota}[{window}]{offset}) / avg_over_time({period}[{window}]{offset}))"
        return f"avg({cores} / ({limit} > 0))"

    return SignalQueries("cpu", "CPU usage", "share", share("5m"), share, share("1h", " offset 1d"), used)


def _pods(service: Service) -> str:
    """The label matchers of the containers in the workload's pods, without the pods' own cgroups."""
    pattern = f"{re.escape(service.workload)}-{_POD_SUFFIX[service.workload_kind]}".replace("\\-", "-")
    return f'{{namespace={quote(service.namespace)},pod=~{quote(pattern)},container!="",container!="POD"}}'


def _metric(name: str, field: str) -> str:
    if not _METRIC_NAME.match(name):
        raise InvalidOptionError(f"catalogue.metrics.{field}", name, "a metric name such as http_requests_total")
    return name
