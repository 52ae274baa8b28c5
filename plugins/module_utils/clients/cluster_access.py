# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster, and as whom: options, kubeconfig, or the pod's own service account."""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..lean import dataclass
from .answers import excerpt
from .cluster_errors import ClusterUnreachable
from .kubeconfig import Login, Pem, is_url, usual_login
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


@dataclass(frozen=True, slots=True)
class Entrance:
    """One API server, with a pool of connections that it takes for ours.

    ``authorization`` gives the headers that say who asks, fresh ones each time; ``configuration`` what the ``kubernetes`` package calls so,
    for what is done with that package.
    """

    host: str
    verify: bool
    pool: Any
    authorization: Callable[[], Mapping[str, str]]
    configuration: Callable[[], Any]


def enter(access: ClusterAccess) -> Entrance:
    """The way in for ``access``: of our own where it is a usual one, else that of the ``kubernetes`` package.

    Nothing is sent yet, but an exec plugin may run. Raises what ``load_configuration`` raises.
    """
    login = _usual(access)
    if login is not None:
        try:
            pool = _pool(login)
        except (OSError, ValueError):  # a certificate that can't be used: the package says which, at the first request
            pass
        else:
            headers = {"authorization": f"Bearer {login.token}"} if login.token else {}
            return Entrance(login.host, login.verify, pool, lambda: headers, lambda: load_configuration(access))
    configuration = load_configuration(access)
    pool = load("kubernetes.client.rest").RESTClientObject(configuration).pool_manager

    def authorization() -> Mapping[str, str]:
        """Refreshed by the package when a token is about to expire."""
        return {setting["key"]: setting["value"] for setting in configuration.auth_settings().values() if setting["value"]}

    return Entrance(str(configuration.host).rstrip("/"), configuration.verify_ssl, pool, authorization, lambda: configuration)


def _usual(access: ClusterAccess) -> Login | None:
    """What ``access`` means, where that takes no more than a file to read. None where there may be a proxy."""
    if sys.platform == "darwin" or any(_names_proxy(name) and value for name, value in os.environ.items()):
        return None
    if access.host:
        login = Login(access.host.rstrip("/"), access.api_key or None) if is_url(access.host) else None
    else:
        paths = _kubeconfigs(access)
        login = usual_login(paths[0], access.context) if len(paths) == 1 else None
    if login is None or (access.ca_cert and not os.path.exists(access.ca_cert)):
        return None
    login = replace(login, ca=access.ca_cert) if access.ca_cert else login
    return login if access.validate_certs is None else replace(login, verify=access.validate_certs)


def _names_proxy(variable: str) -> bool:
    return variable.lower().endswith("_proxy") and variable.lower() != "no_proxy"


def _pool(login: Login) -> Any:
    """Connections to ``login.host``, all with one TLS context: reading certificates anew for each takes longer than most requests."""
    urllib3 = load("urllib3")
    if login.host.startswith("http://"):
        return urllib3.PoolManager(maxsize=CONNECTIONS)
    context = urllib3.util.ssl_.create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if login.verify else ssl.CERT_NONE)
    context.__class__ = _Shared
    context.set_alpn_protocols(("http/1.1",))
    if isinstance(login.ca, bytes):
        context.load_verify_locations(cadata=login.ca.decode("ascii"))
    elif login.ca:
        context.load_verify_locations(cafile=login.ca)
    elif login.verify:
        context.load_default_certs()
    if login.certificate:
        with tempfile.TemporaryDirectory() as scratch:
            # A password keeps OpenSSL from asking the terminal for one.
            context.load_cert_chain(_file(login.certificate, scratch, "crt"), _file(login.key, scratch, "key"), password="")
    named = {"server_hostname": login.server_name} if login.server_name else {}
    return urllib3.PoolManager(maxsize=CONNECTIONS, ssl_context=context, **named)


class _Shared(ssl.SSLContext):
    """A context of which connections are made in several threads at once.

    urllib3 sets the protocols of ALPN anew for each connection. OpenSSL frees the old ones then, which another thread may be copying into
    its own connection at that moment; that one greets the server with rubbish, and is refused (decode_error).
    """

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        if not getattr(self, "_named", False):
            super().set_alpn_protocols(alpn_protocols)
            self._named = True


def _file(pem: Pem | None, directory: str, name: str) -> str | None:
    """The path of a file with ``pem`` in it: the ssl module takes keys from files only."""
    if not isinstance(pem, bytes):
        return pem
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        file.write(pem)
    return path


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
    given, existing = _named(access), _kubeconfigs(access)
    if not existing and not given and os.path.exists(_SERVICE_ACCOUNT):
        load("kubernetes.config").load_incluster_config(client_configuration=configuration)
        return
    if not existing:
        raise ClusterUnreachable(
            f"There is no kubeconfig at {' or '.join(given or [_users_own()])}. "
            "Set 'kubeconfig' (or the environment variable KUBECONFIG), or 'host' and 'api_key'."
        )
    where, loader = os.pathsep.join(existing), load("kubernetes.config")
    try:
        loader.load_kube_config(config_file=where, context=access.context, client_configuration=configuration, persist_config=False)
    except loader.ConfigException as error:
        option = "context" if access.context else "kubeconfig"
        raise ClusterUnreachable(f"{where} can't be used: {excerpt(str(error), 300)} Check '{option}'.") from error
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ClusterUnreachable(f"{where} is not a readable kubeconfig: {excerpt(str(error), 300)}. Check 'kubeconfig'.") from error
    except load("yaml").YAMLError as error:
        raise ClusterUnreachable(f"{where} is not a kubeconfig: {excerpt(str(error), 200)}. Check 'kubeconfig'.") from error


def _named(access: ClusterAccess) -> list[str]:
    given = access.kubeconfig or os.environ.get("KUBECONFIG") or ""
    return [path for path in given.split(os.pathsep) if path]


def _kubeconfigs(access: ClusterAccess) -> list[str]:
    """Those files that are there."""
    return [path for path in _named(access) or [_users_own()] if os.path.exists(path)]


def _users_own() -> str:
    return os.path.expanduser("~/.kube/config")
