# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that modules use, made from their options; errors that leave as ``fail_json``. The one place for both."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..clients.cluster import ClusterAccess, ClusterClient
from ..errors import IncidentResponseError, InvalidOptionError
from ..model.codec import DocumentError, from_result
from ..model.service import Service
from ..names import check_name

if TYPE_CHECKING:
    from ..clients.jaeger import JaegerClient
    from ..clients.loki import LokiClient
    from ..clients.prometheus import PrometheusClient
    from ..clients.tempo import TempoClient

_DEFAULT_NAMESPACE = "production"

_TENANT = re.compile(r"[A-Za-z0-9!\-_.*'()|]{1,300}\Z")
"""What Loki takes as a tenant; several are joined by ``|``."""

_LIBRARIES = {
    "kubernetes": ("kubernetes", "https://pypi.org/project/kubernetes/"),
    "pg8000": ("pg8000", "https://pypi.org/project/pg8000/"),
    "prometheus_api_client": ("prometheus-api-client", "https://pypi.org/project/prometheus-api-client/"),
    "requests": ("prometheus-api-client", "https://pypi.org/project/prometheus-api-client/"),
    "sqlglot": ("sqlglot", "https://pypi.org/project/sqlglot/"),
    "urllib3": ("kubernetes", "https://pypi.org/project/kubernetes/"),
    "yaml": ("kubernetes", "https://pypi.org/project/kubernetes/"),
}


def cluster_access_from(params: Mapping[str, Any]) -> ClusterAccess:
    """The options of the cluster fragment, as they are."""
    return ClusterAccess(
        kubeconfig=params.get("kubeconfig"),
        context=params.get("context"),
        host=params.get("host"),
        api_key=params.get("api_key"),
        ca_cert=params.get("ca_cert"),
        validate_certs=params.get("validate_certs"),
        timeout=params.get("cluster_timeout") or 10.0,
    )


def cluster_from(params: Mapping[str, Any]) -> ClusterClient:
    """A client for the options of the cluster fragment. ClusterUnreachable, naming the option, when there is nothing to ask."""
    return ClusterClient.connect(cluster_access_from(params))


def prometheus_from(params: Mapping[str, Any]) -> PrometheusClient | None:
    """A client for the options of the Prometheus fragment; None where no ``prometheus_url`` is given."""
    url = params.get("prometheus_url")
    if not url:
        return None
    if not str(url).startswith(("http://", "https://")):
        raise InvalidOptionError("prometheus_url", url, "a URL such as http://prometheus:9090")
    from ..clients.prometheus import PrometheusClient

    return PrometheusClient(
        url, params.get("prometheus_headers"), params.get("prometheus_ca_cert"), params.get("prometheus_timeout") or 10.0
    )


def loki_from(params: Mapping[str, Any]) -> LokiClient | None:
    """A client for the options of the Loki fragment; None where no ``loki_url`` is given."""
    url, tenant = _url(params, "loki_url", "http://loki:3100"), params.get("loki_tenant")
    if url is None:
        return None
    if tenant and not _TENANT.match(str(tenant)):
        raise InvalidOptionError("loki_tenant", tenant, "a tenant such as team-a, or several with | between them")
    from ..clients.loki import LokiClient

    return LokiClient(url, str(tenant) if tenant else None, headers=_headers(params, "loki_headers"), ca_cert=params.get("loki_ca_cert"))


def jaeger_from(params: Mapping[str, Any]) -> JaegerClient | None:
    """A client for the options of the traces fragment; None where no ``jaeger_url`` is given."""
    url = _url(params, "jaeger_url", "http://jaeger:16686")
    if url is None:
        return None
    from ..clients.jaeger import JaegerClient

    return JaegerClient(url, headers=_headers(params, "jaeger_headers"), ca_cert=params.get("jaeger_ca_cert"))


def tempo_from(params: Mapping[str, Any]) -> TempoClient | None:
    """A client for the options of the traces fragment; None where no ``tempo_url`` is given."""
    url = _url(params, "tempo_url", "http://tempo:3200")
    if url is None:
        return None
    from ..clients.tempo import TempoClient

    return TempoClient(url, headers=_headers(params, "tempo_headers"), ca_cert=params.get("tempo_ca_cert"))


def _url(params: Mapping[str, Any], option: str, example: str) -> str | None:
    url = params.get(option)
    if not url:
        return None
    if not str(url).startswith(("http://", "https://")):
        raise InvalidOptionError(option, url, f"a URL such as {example}")
    return str(url)


def _headers(params: Mapping[str, Any], option: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in (params.get(option) or {}).items()}


def service_from(params: Mapping[str, Any]) -> Service:
    """The service of the options of the service fragment: its catalogue entry over the defaults, every name checked.

    The ``namespace`` option wins over the entry's unless it is the default. InvalidOptionError names the option or the entry's field.
    """
    name = check_name(params.get("service"), "service")
    entry = dict(params.get("catalogue") or {})
    given = params.get("namespace") or _DEFAULT_NAMESPACE
    namespace = given if given != _DEFAULT_NAMESPACE else entry.get("namespace") or given
    check_name(namespace, "namespace")
    try:
        service = from_result(Service, {**entry, "name": name, "namespace": namespace})
    except DocumentError as error:
        path, _unused, problem = error.message.partition(": ")
        raise InvalidOptionError(
            f"catalogue{path.removeprefix('$')}", _at(entry, path), f"a value that fits ({problem.rstrip('.')})"
        ) from error
    if service.workload_name is not None:
        check_name(service.workload_name, "catalogue.workload_name")
    dsns = params.get("dependency_dsns") or {}
    logins = tuple(replace(one, dsn=str(dsns[one.name])) if dsns.get(one.name) else one for one in service.dependencies)
    return replace(service, dependencies=logins)


def kind_given(params: Mapping[str, Any]) -> bool:
    """Whether somebody has said what kind of workload the service is; that most are Deployments is only a default."""
    return bool((params.get("catalogue") or {}).get("workload_kind"))


def _at(entry: Mapping[str, Any], path: str) -> Any:
    """What ``entry`` has at the path of a DocumentError (``$.dependencies[0].type``); None where it has nothing."""
    found: Any = entry
    for step in re.findall(r"\w+", path):
        try:
            found = found[int(step)] if isinstance(found, (list, tuple)) else found[step]
        except (LookupError, TypeError):
            return None
    return found


def missing_library(error: ImportError) -> str:
    """What to install, for an import that failed. Raises ``error`` when it is not one of the libraries that this collection asks for."""
    missing = (error.name or "").split(".")[0]
    if missing not in _LIBRARIES:
        raise error
    from ansible.module_utils.basic import missing_required_lib

    library, url = _LIBRARIES[missing]
    return str(missing_required_lib(library, url=url))


def _logins(params: Mapping[str, Any]) -> set[str]:
    """What is secret in the catalogue entry: Ansible shows a module's arguments, and this keeps it from showing these."""
    catalogue = params.get("catalogue")
    entries = catalogue.get("dependencies") if isinstance(catalogue, Mapping) else None
    found = [entry.get("dsn") for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, (list, tuple)) else []
    return {str(dsn) for dsn in found if dsn}


def run(module: Any, function: Callable[[], Mapping[str, Any]]) -> None:
    """Ends ``module`` (an AnsibleModule) with what ``function`` returns, or with the one message that its error carries."""
    logins = _logins(getattr(module, "params", {}))
    if logins:
        module.no_log_values.update(logins)
    try:
        result = function()
    except IncidentResponseError as error:
        module.fail_json(msg=error.message, **error.details)
    except ImportError as error:
        module.fail_json(msg=missing_library(error))
    else:
        module.exit_json(**result)
