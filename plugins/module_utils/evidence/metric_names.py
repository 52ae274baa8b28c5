# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the series of a service are called, by who counts its requests.

OpenTelemetry: semantic conventions for HTTP metrics (``http.server.request.duration``, ``http.response.status_code``) as the Prometheus
compatibility specification writes them; ``job`` is ``<service.namespace>/<service.name>`` there. Istio: its standard metrics, as the proxy
in front of the service reports them. Micrometer: ``http.server.requests`` of Spring Boot's actuator, and HikariCP's meters. gRPC: the
interceptors of go-grpc-middleware and java-grpc-prometheus. Durations of OpenTelemetry's SDKs that keep milliseconds, and its conventions
before 1.20 (``http.server.duration``, ``http.status_code``), have names of their own. ingress-nginx and Envoy count for the service that is
behind them, by the name that it has there.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..clients.prometheus import quote
from ..errors import InvalidOptionError
from ..lean import dataclass
from ..model.service import MetricPreset, MetricsSettings, Service, WorkloadKind

OTHER_LABELS = (
    "service",
    "app",
    "app_kubernetes_io_name",
    "kubernetes_name",
    "service_name",
    "exported_job",
    "exported_service",
    "k8s_deployment_name",
    "deployment",
    "container",
)
"""Labels that series are told by where ``job`` is that of a whole cluster's pods, the most usual first."""

_FRONTS = {MetricPreset.NGINX_INGRESS: "ingress", MetricPreset.ENVOY: "envoy_cluster_name"}
"""What counts in front of several services, and the label that it tells them by."""
_OPENTELEMETRY = (MetricPreset.OPENTELEMETRY, MetricPreset.OPENTELEMETRY_MILLISECONDS, MetricPreset.OPENTELEMETRY_OLD)

_REFUSALS = {"5..": "4([0-8].|9[0-8]|xx)", "5": "4", "SERVER_ERROR": "CLIENT_ERROR"}
"""What tells the answers that blame whoever asked, by what tells failures. Not 499: that client did not wait for an answer."""
_GRPC_REFUSALS = ("InvalidArgument", "NotFound", "AlreadyExists", "PermissionDenied", "Unauthenticated", "FailedPrecondition", "OutOfRange")

_METRIC_NAME = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
_LABEL_NAME = re.compile(r"^[a-zA-Z_][a-zA-Z0-9_]*$")

# How Kubernetes names the pods of a workload, so that payment-api does not take payment-api-worker's pods for its own.
_POD_SUFFIX = {
    WorkloadKind.DEPLOYMENT: "[a-z0-9]+-[a-z0-9]{5}",
    WorkloadKind.STATEFUL_SET: "[0-9]+",
    WorkloadKind.DAEMON_SET: "[a-z0-9]{5}",
}


@dataclass(frozen=True, slots=True)
class _Convention:
    """``failure`` is a regular expression on the label ``status``; ``success`` one, too, where what is no success is a failure."""

    requests: str
    duration: str
    status: str
    failure: str = "5.."
    success: str | None = None
    seconds: float = 1.0
    pool: tuple[str, str] | None = None
    """Gauges of the connections of a pool: those in use, and the most there can be."""


_HTTP = _Convention("http_requests_total", "http_request_duration_seconds", "status")
_CONVENTIONS = {
    MetricPreset.DEFAULT: _HTTP,
    MetricPreset.OPENTELEMETRY: _Convention(
        "http_server_request_duration_seconds_count",
        "http_server_request_duration_seconds",
        "http_response_status_code",
        pool=('db_client_connection_count{state="used",', "db_client_connection_max{"),
    ),
    MetricPreset.MICROMETER: _Convention(
        "http_server_requests_seconds_count",
        "http_server_requests_seconds",
        "status",
        pool=("hikaricp_connections_active{", "hikaricp_connections_max{"),
    ),
    MetricPreset.GRPC: _Convention("grpc_server_handled_total", "grpc_server_handling_seconds", "grpc_code", success="OK"),
    MetricPreset.OPENTELEMETRY_MILLISECONDS: _Convention(
        "http_server_request_duration_milliseconds_count",
        "http_server_request_duration_milliseconds",
        "http_response_status_code",
        seconds=0.001,
    ),
    MetricPreset.OPENTELEMETRY_OLD: _Convention(
        "http_server_duration_milliseconds_count", "http_server_duration_milliseconds", "http_status_code", seconds=0.001
    ),
    MetricPreset.ISTIO: _Convention("istio_requests_total", "istio_request_duration_milliseconds", "response_code", seconds=0.001),
    MetricPreset.NGINX_INGRESS: _Convention(
        "nginx_ingress_controller_requests", "nginx_ingress_controller_request_duration_seconds", "status"
    ),
    MetricPreset.ENVOY: _Convention(
        "envoy_cluster_upstream_rq_xx", "envoy_cluster_upstream_rq_time", "envoy_response_code_class", failure="5", seconds=0.001
    ),
}
"""In the order in which they are preferred where a service has series of several: its own count before that of a proxy."""


@dataclass(frozen=True, slots=True)
class MetricNames:
    """Names that were checked, and label matchers as PromQL text in which every string is quoted."""

    preset: MetricPreset
    requests: str
    duration: str
    """Of the histogram, without ``_bucket``."""
    seconds: float
    """Length in seconds of the unit that ``duration`` is in."""
    status: str
    """The label that tells failures from successes."""
    failure: str
    """``status=~"5.."``"""
    refusal: str | None
    """``status=~"4…"``: answers that blame whoever asked; None where nothing tells them apart, or they are failures already."""
    matchers: str
    """``job="payment-api"``"""
    others: str
    """The matchers of other services that are counted in the same way."""
    told_by: str
    """The label that other services are told apart by."""
    targets: str
    """The matchers of the targets' ``up``."""
    pool_used: str | None = None
    pool_size: str | None = None

    @property
    def native_requests(self) -> str | None:
        """The histogram that counts the requests where it is a native one, which has no series ``…_count``."""
        return self.duration if self.requests == f"{self.duration}_count" else None


def metric_names(service: Service, preset: MetricPreset | None = None) -> MetricNames:
    """What the catalogue says; with a ``preset``, the names of that alone.

    Raises InvalidOptionError for a name of the catalogue that is none.
    """
    given = service.metrics
    chosen = preset or given.preset
    convention = _CONVENTIONS[chosen]
    if preset is not None:
        given = MetricsSettings(job=given.job)
    status = _label(convention.status if given.status_label is None else given.status_label)
    failure = f"{status}=~{quote(convention.failure if given.error_status is None else given.error_status)}"
    if convention.success is not None and given.error_status is None:
        failure = f"{status}!~{quote(convention.success)}"
    matchers, others, told_by, targets = _selection(service, chosen)
    used, size = convention.pool or (None, None)
    return MetricNames(
        preset=chosen,
        requests=_metric(convention.requests if given.requests is None else given.requests, "requests"),
        duration=_metric(convention.duration if given.duration is None else given.duration, "duration"),
        seconds=convention.seconds if given.duration is None else 1.0,
        status=status,
        failure=failure,
        refusal=_refusal(status, convention, given.error_status),
        matchers=matchers,
        others=others,
        told_by=told_by,
        targets=targets,
        pool_used=f"{used}{matchers}}}" if used else None,
        pool_size=f"{size}{matchers}}}" if size else None,
    )


def with_status(service: Service, names: MetricNames, label: str) -> MetricNames:
    """``names`` where ``label`` tells failures from successes, by the status of an HTTP response."""
    error_status = service.metrics.error_status
    failure = f"{label}=~{quote(_HTTP.failure if error_status is None else error_status)}"
    return replace(names, status=label, failure=failure, refusal=_refusal(label, _HTTP, service.metrics.error_status))


def with_label(service: Service, names: MetricNames, label: str) -> MetricNames:
    """``names`` where the series of the service are those that have its name in ``label``."""
    name = quote(service.name)
    matcher = f"{label}={name}"
    return replace(names, matchers=matcher, others=f'{label}!={name},{label}!=""', told_by=label, targets=matcher)


def all_names(service: Service) -> tuple[MetricNames, ...]:
    """The names of the catalogue, and those of every preset that goes by ``job``, the likeliest first."""
    own = metric_names(service)
    found = (metric_names(service, preset) for preset in _CONVENTIONS if preset is not MetricPreset.ISTIO)
    return (own, *(one for one in found if one.requests != own.requests))


def other_names(service: Service, names: MetricNames) -> tuple[MetricNames, ...]:
    """The other names that the requests of ``service`` may be counted under, the likeliest first."""
    found = (metric_names(service, preset) for preset in _CONVENTIONS)
    return tuple(one for one in found if one.requests != names.requests)


def pods_of_workload(service: Service) -> str:
    """A quoted regular expression for the names of the workload's pods."""
    return quote(f"{re.escape(service.workload)}-{_POD_SUFFIX[service.workload_kind]}".replace("\\-", "-"))


def _selection(service: Service, preset: MetricPreset) -> tuple[str, str, str, str]:
    """Matchers of the service, matchers of the others, the label these are told apart by, and matchers of the service's targets."""
    if service.metrics.labels:
        told_by = next(iter(service.metrics.labels))
        matchers = ",".join(f"{_label(label, 'labels')}={quote(value)}" for label, value in service.metrics.labels.items())
        return matchers, f'{told_by}!={quote(service.metrics.labels[told_by])},{told_by}!=""', told_by, matchers
    # What is scraped without a namespace has an empty one.
    namespace = f"namespace=~{quote(f'({service.namespace})?')}"
    if preset is MetricPreset.ISTIO:
        place = f'reporter="destination",destination_workload_namespace={quote(service.namespace)}'
        workload = quote(service.workload)
        others = f'{place},destination_workload!={workload},destination_workload!="unknown"'
        targets = f"namespace={quote(service.namespace)},pod=~{pods_of_workload(service)}"
        return f"{place},destination_workload={workload}", others, "destination_workload", targets
    front = _FRONTS.get(preset)
    if front is not None and service.metrics.job is None:
        name = quote(service.name)
        return f"{front}={name}", f'{front}!={name},{front}!=""', front, f"{front}={name}"
    if preset in _OPENTELEMETRY and service.metrics.job is None:
        job = quote(f"(.+/)?{re.escape(service.name)}".replace("\\-", "-"))
        return f"job=~{job}", f'job!~{job},job!="",{namespace}', "job", f"job=~{job}"
    job = quote(service.job)
    return f"job={job}", f'job!={job},job!="",{namespace}', "job", f"job={job}"


def _refusal(label: str, convention: _Convention, error_status: str | None) -> str | None:
    """The matcher of the answers that blame whoever asked; None where these are failures, or nobody knows which they are."""
    if convention.success is not None:
        failures = [] if error_status is None else error_status.split("|")
        listed = bool(failures) and all(code.isalpha() for code in failures)
        refused = "|".join(code for code in _GRPC_REFUSALS if code not in failures) if listed else None
    else:
        refused = _REFUSALS.get(convention.failure if error_status is None else error_status)
    return f"{label}=~{quote(refused)}" if refused else None


def _metric(name: str, field: str) -> str:
    if not _METRIC_NAME.match(name):
        raise InvalidOptionError(f"catalogue.metrics.{field}", name, "a metric name such as http_requests_total")
    return name


def _label(name: str, field: str = "status_label") -> str:
    if not _LABEL_NAME.match(name):
        raise InvalidOptionError(f"catalogue.metrics.{field}", name, "a label name such as status")
    return name
