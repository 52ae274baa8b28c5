# SPDX-License-Identifier: GPL-3.0-or-later
"""Series of services that are not as usual: what a counter, a label, a name or a history can be like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lab.prometheus.storage import Series
from tests.contract.incidents import DAY, HOUR

SCRAPES = 15.0
RENAMED = 1200.0
"""Seconds ago at which a service's metrics got other names."""
FIRST_ERRORS = 600.0

_BOUNDS = ("0.1", "0.25", "0.5", "1", "+Inf")
_SHARES = (0.5, 0.9, 0.96, 1.0, 1.0)

PRESETS: Mapping[str, tuple[Mapping[str, str], str, str, tuple[str, str], float]] = {
    "opentelemetry": (
        {"job": "shop/opentelemetry"},
        "http_server_request_duration_seconds_count",
        "http_server_request_duration_seconds_bucket",
        ("http_response_status_code", "500"),
        1.0,
    ),
    "micrometer": (
        {"job": "micrometer", "uri": "/pay", "outcome": "x"},
        "http_server_requests_seconds_count",
        "http_server_requests_seconds_bucket",
        ("status", "503"),
        1.0,
    ),
    "grpc": (
        {"job": "grpc", "grpc_service": "shop.Pay", "grpc_type": "unary"},
        "grpc_server_handled_total",
        "grpc_server_handling_seconds_bucket",
        ("grpc_code", "Unavailable"),
        1.0,
    ),
    "istio": (
        {"job": "pods", "reporter": "destination", "destination_workload": "istio", "destination_workload_namespace": "production"},
        "istio_requests_total",
        "istio_request_duration_milliseconds_bucket",
        ("response_code", "502"),
        1000.0,
    ),
}
"""By preset, which is the service's name as well: labels, counter, buckets, the label of failures with a value, and the buckets' unit."""
_SUCCESS = {"grpc_code": "OK"}


def odd_services(now: float) -> list[Series]:
    """Each has a job of its own. Ten requests a second, where nothing else is said, two of which fail."""
    return [
        _requests(now, "idle", "200", 2 * HOUR, rate=0.0),
        _requests(now, "idle", "200", DAY + HOUR, DAY, rate=0.0),
        _requests(now, "young", "200", 600.0, rate=8.0),
        _requests(now, "young", "500", 600.0, rate=2.0),
        _requests(now, "restarted", "200", 2 * HOUR, rate=8.0, reset=120.0),
        _requests(now, "restarted", "500", 2 * HOUR, rate=2.0, reset=120.0),
        _requests(now, "gone", "200", 2 * HOUR, 1200.0, rate=8.0),
        _requests(now, "plain", None, 2 * HOUR, rate=5.0),
        *_first_errors(now),
        *_with_gaps(now, "one-gap", lambda number: number == 3),
        *_with_gaps(now, "half-gone", lambda number: number % 2 == 1),
        *(series for name in PRESETS for series in _under_preset(now, name)),
        *_renamed(now),
        *_saturated(now),
        *_limited_by_its_manifest(now),
        *(
            _counter(now, {"__name__": "http_requests_total", "job": "coded", "code": code}, 2 * HOUR, 0.0, rate)
            for code, rate in (("200", 8.0), ("503", 2.0))
        ),
        *_replicated(now),
        *_told_otherwise(now),
        _requests(now, "silent", "200", 2 * HOUR, 200.0, rate=8.0),
        _requests(now, "silent", "500", 2 * HOUR, 200.0, rate=2.0),
        *_week(now),
    ]


def _requests(
    now: float,
    job: str,
    status: str | None,
    start: float,
    end: float = 0.0,
    *,
    rate: float,
    reset: float | None = None,
    missing: Callable[[int], bool] = lambda _number: False,
) -> Series:
    """From ``start`` to ``end`` seconds ago; ``missing`` says which scrapes failed, counted back from now."""
    labels = {"__name__": "http_requests_total", "job": job, **({"status": status} if status else {})}
    return _counter(now, labels, start, end, rate, reset, missing)


def _counter(
    now: float,
    labels: Mapping[str, str],
    start: float,
    end: float,
    rate: float,
    reset: float | None = None,
    missing: Callable[[int], bool] = lambda _number: False,
) -> Series:
    times = [now - start + number * SCRAPES for number in range(int((start - end) // SCRAPES) + 1)]
    samples = [(at, (at - times[0] if reset is None or at < now - reset else at - (now - reset)) * rate) for at in times]
    return Series(labels, [(at, count) for at, count in samples if not missing(round((now - at) / SCRAPES))])


def _first_errors(now: float) -> Iterator[Series]:
    """Nothing had ever failed, so there was no series for it."""
    for start, end in ((2 * HOUR, 0.0), (DAY + 1.2 * HOUR, DAY - 0.2 * HOUR)):
        yield _requests(now, "first-errors", "200", start, end, rate=8.0)
    yield _requests(now, "first-errors", "500", FIRST_ERRORS, rate=2.0)


def _with_gaps(now: float, job: str, missing: Callable[[int], bool]) -> Iterator[Series]:
    up = {"__name__": "up", "job": job}
    for status, rate in (("200", 8.0), ("500", 2.0)):
        yield _requests(now, job, status, 2 * HOUR, rate=rate, missing=missing)
    yield Series(up, [(at, 1.0) for at, _unused in _counter(now, up, 300.0, 0.0, 0.0, missing=missing).samples])


def _under_preset(now: float, name: str, start: float = 2 * HOUR, end: float = 0.0) -> Iterator[Series]:
    labels, counter, buckets, (label, failed), unit = PRESETS[name]
    for status, rate in ((_SUCCESS.get(label, "200"), 8.0), (failed, 2.0)):
        yield _counter(now, {"__name__": counter, **labels, label: status}, start, end, rate)
    for bound, share in zip(_BOUNDS, _SHARES, strict=True):
        le = bound if bound == "+Inf" else f"{float(bound) * unit:g}"
        yield _counter(now, {"__name__": buckets, **labels, "le": le}, start, end, 10.0 * share)


def _renamed(now: float) -> Iterator[Series]:
    """Counted as ``http_requests_total`` until a new version counts as OpenTelemetry does."""
    for start, end in ((2 * HOUR, RENAMED), (DAY + 1.2 * HOUR, DAY - 0.2 * HOUR)):
        yield _requests(now, "renamed", "200", start, end, rate=9.9)
        yield _requests(now, "renamed", "500", start, end, rate=0.1)
    for status, rate in (("200", 8.0), ("500", 2.0)):
        labels = {"__name__": "http_server_request_duration_seconds_count", "job": "renamed", "http_response_status_code": status}
        yield _counter(now, labels, RENAMED - SCRAPES, 0.0, rate)


def _saturated(now: float) -> Iterator[Series]:
    """A pod that waits for its CPU in four of ten periods, has no limit of memory, and uses nine of ten connections."""
    pod = {"namespace": "production", "pod": "saturated-5d5f8c7b9d-abcde", "container": "app"}
    for name, rate in (("container_cpu_cfs_periods_total", 10.0), ("container_cpu_cfs_throttled_periods_total", 4.0)):
        yield _counter(now, {"__name__": name, **pod}, 2 * HOUR, 0.0, rate)
    yield _gauge(now, {"__name__": "container_memory_usage_bytes", **pod}, 5e8)
    yield _gauge(now, {"__name__": "container_spec_memory_limit_bytes", **pod}, 0.0)
    for name, value in (("hikaricp_connections_active", 9.0), ("hikaricp_connections_max", 10.0)):
        yield _gauge(now, {"__name__": name, "job": "saturated", "instance": "10.0.0.1:8080", "pool": "main"}, value)
    labels = {"__name__": "http_server_requests_seconds_count", "job": "saturated", "status": "200"}
    yield _counter(now, labels, 2 * HOUR, 0.0, 5.0)


def _limited_by_its_manifest(now: float) -> Iterator[Series]:
    """cAdvisor's own series of the limits are dropped; kube-state-metrics has those of the pod's manifest."""
    pod = {"namespace": "production", "pod": "manifest-5d5f8c7b9d-abcde", "container": "app"}
    yield _counter(now, {"__name__": "container_cpu_usage_seconds_total", **pod}, 2 * HOUR, 0.0, 0.4)
    yield _gauge(now, {"__name__": "container_memory_usage_bytes", **pod}, 5e8)
    for resource, limit in (("cpu", 0.5), ("memory", 1e9), ("ephemeral_storage", 1e10)):
        yield _gauge(now, {"__name__": "kube_pod_container_resource_limits", **pod, "resource": resource}, limit)
    yield _requests(now, "manifest", "200", 2 * HOUR, rate=5.0)


def _replicated(now: float) -> Iterator[Series]:
    """What five replicas of Prometheus scraped, side by side; one of them has gaps."""
    for number in range(5):
        labels = {"job": "replicated", "instance": "10.0.0.2:8080", "prometheus_replica": f"prometheus-{number}"}
        gaps = number == 0

        def missing(scrape: int, gaps: bool = gaps) -> bool:
            return gaps and scrape % 2 == 1

        for status, rate in (("200", 8.0), ("500", 2.0)):
            counted = {"__name__": "http_requests_total", **labels, "status": status}
            yield _counter(now, counted, 2 * HOUR, 0.0, rate, missing=missing)
        up = {"__name__": "up", **labels}
        yield Series(up, [(at, 1.0) for at, _unused in _counter(now, up, 300.0, 0.0, 0.0, missing=missing).samples])


def _told_otherwise(now: float) -> Iterator[Series]:
    """By a label of Kubernetes, where ``job`` is that of all pods; by a job that two namespaces have; in milliseconds."""
    for status, rate in (("200", 8.0), ("500", 2.0)):
        counted = {"__name__": "http_requests_total", "status": status}
        yield _counter(now, {**counted, "job": "kubernetes-pods", "app": "labelled"}, 2 * HOUR, 0.0, rate)
        yield _counter(
            now, {"__name__": "http_requests_total", "job": "kubernetes-pods", "app": "promhttp", "code": status}, 2 * HOUR, 0.0, rate
        )
        for namespace in ("production", "staging"):
            place = {"namespace": namespace, "job": "twice"}
            yield _counter(now, {**counted, **place}, 2 * HOUR, 0.0, rate if namespace == "production" else 1000.0)
        labels = {"job": "shop/milliseconds", "http_response_status_code": status}
        yield _counter(now, {"__name__": "http_server_request_duration_milliseconds_count", **labels}, 2 * HOUR, 0.0, rate)
    for bound, share in zip(_BOUNDS, _SHARES, strict=True):
        le = bound if bound == "+Inf" else f"{float(bound) * 1000:g}"
        name = "http_server_request_duration_milliseconds_bucket"
        yield _counter(now, {"__name__": name, "job": "shop/milliseconds", "le": le}, 2 * HOUR, 0.0, 10.0 * share)


def _gauge(now: float, labels: Mapping[str, str], value: float) -> Series:
    return Series(labels, [(at, value) for at, _unused in _counter(now, labels, 2 * HOUR, 0.0, 0.0).samples])


def _week(now: float) -> Iterator[Series]:
    """Fails as often as at this hour of each day, but much more often than an hour ago; a day ago was worst of all."""
    for day in range(1, 8):
        failing = 0.8 if day == 1 else 0.2
        for status, share in (("200", 1 - failing), ("500", failing)):
            yield _requests(now, "daily", status, day * DAY + 0.5 * HOUR, day * DAY - 0.5 * HOUR, rate=10.0 * share)
    for status, before, since in (("200", 9.9, 8.0), ("500", 0.1, 2.0)):
        labels = {"__name__": "http_requests_total", "job": "daily", "status": status}
        earlier = _counter(now, labels, 2 * HOUR, 0.5 * HOUR, before).samples
        yield Series(labels, [*earlier, *((at, earlier[-1][1] + (at - earlier[-1][0]) * since) for at in _times(now, 0.5 * HOUR))])


def _times(now: float, start: float) -> list[float]:
    return [now - start + number * SCRAPES for number in range(1, int(start // SCRAPES) + 1)]
