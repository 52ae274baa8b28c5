# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster, and as whom: options, kubeconfig, or the pod's own service account."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from .answers import excerpt
from .cluster_errors import ClusterUnreachable
from .libraries import load

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
CONNECTIONS = 32
"""Connections that are kept to the API server; a TLS handshake costs more than most requests."""


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """``timeout`` is seconds for one request. ``host`` with ``api_key`` takes the place of a kubeconfig."""

    kubeconfig: str | None = None
    context: str | None = None
    host: str | None = None
    api_key: str | None = None
    ca_cert: str | None = None
    validate_certs: bool | None = None
    timeout: float = 10.0


def load_configuration(access: ClusterAccess) -> Any:
    """The ``kubernetes.client.Configuration`` for ``access``.

    Raises ClusterUnreachable naming the option to set, and ImportError where the ``kubernetes`` package is missing.
    """
    configuration = load("kubernetes.client").Configuration()
    configuration.connection_pool_maxsize = CONNECTIONS
    if access.host:
        configuration.host = access.host.rstrip("/")
        if access.api_key:
            configuration.api_key = {"authorization": f"Bearer {access.api_key}"}
    else:
        _load(configuration, access)
    if access.ca_cert:
        configuration.ssl_ca_cert = access.ca_cert
    if access.validate_certs is not None:
        configuration.verify_ssl = access.validate_certs
    if configuration.ssl_ca_cert and not os.path.exists(configuration.ssl_ca_cert):
        raise ClusterUnreachable(f"The certificate authority file {configuration.ssl_ca_cert} does not exist. Check 'ca_cert'.")
    return configuration


def _load(configuration: Any, access: ClusterAccess) -> None:
    loader = load("kubernetes.config")

    given = access.kubeconfig or os.environ.get("KUBECONFIG") or ""
    paths = [path for path in given.split(os.pathsep) if path] or [os.path.expanduser("~/.kube/config")]
    existing = [path for path in paths if os.path.exists(path)]
    if not existing:
        if not given and os.path.exists(_SERVICE_ACCOUNT):
            loader.load_incluster_config(client_configuration=configuration)
            return
        raise ClusterUnreachable(
            f"There is no kubeconfig at {' or '.join(paths)}. "
            "Set 'kubeconfig' (or the environment variable KUBECONFIG), or 'host' and 'api_key'."
        )
    where = os.pathsep.join(existing)
    try:
        loader.load_kube_config(config_file=where, context=access.context, client_configuration=configuration, persist_config=False)
    except loader.ConfigException as error:
        option = "context" if access.context else "kubeconfig"
        raise ClusterUnreachable(f"{where} can't be used: {excerpt(str(error), 300)} Check '{option}'.") from error
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ClusterUnreachable(f"{where} is not a readable kubeconfig: {excerpt(str(error), 300)}. Check 'kubeconfig'.") from error
    except load("yaml").YAMLError as error:
        raise ClusterUnreachable(f"{where} is not a kubeconfig: {excerpt(str(error), 200)}. Check 'kubeconfig'.") from error
