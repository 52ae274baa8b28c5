# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The usual kubeconfig, read without the ``kubernetes`` package: its import takes longer than all that a look asks the cluster.

Usual is one file with a token or a client certificate. Whatever else a kubeconfig may hold (an exec plugin, a proxy, a key that is not
known here) is left to that package, and so is saying what is wrong with a file.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any, Union

from ..lean import dataclass
from .libraries import load

Pem = Union[str, bytes]  # noqa: UP007 (ansible-test's pylint takes the other form for an operation)
"""The path of a file in PEM format, or what would be in it."""

_CONTEXT = frozenset({"cluster", "user", "namespace", "extensions"})
_CLUSTER = frozenset(
    {
        "server",
        "certificate-authority",
        "certificate-authority-data",
        "insecure-skip-tls-verify",
        "tls-server-name",
        "disable-compression",
        "extensions",
    }
)
_USER = frozenset({"token", "client-certificate", "client-certificate-data", "client-key", "client-key-data", "extensions"})


@dataclass(frozen=True, slots=True)
class Login:
    """Where a cluster is, and what to show it. ``host`` is a URL without a slash at its end."""

    host: str
    token: str | None = None
    ca: Pem | None = None
    certificate: Pem | None = None
    key: Pem | None = None
    verify: bool = True
    server_name: str | None = None
    """Name in the server's certificate, where it is not that of ``host``."""


def is_url(host: object) -> bool:
    return isinstance(host, str) and host.startswith(("http://", "https://"))


def usual_login(path: str, context: str | None = None) -> Login | None:
    """The login of ``context`` (else of the current one) in the file at ``path``; None where it is not the usual kind, or broken."""
    try:
        config = _parsed(path)
        chosen = _one(config, "contexts", context or config["current-context"], "context", _CONTEXT)
        cluster = _one(config, "clusters", chosen["cluster"], "cluster", _CLUSTER)
        user = _one(config, "users", chosen["user"], "user", _USER)
        return _login(cluster, user, os.path.dirname(os.path.abspath(path)))
    except (KeyError, TypeError, ValueError, OSError, load("yaml").YAMLError):
        return None


def _parsed(path: str) -> Any:
    yaml = load("yaml")
    with open(path, "rb") as file:
        return yaml.load(file.read(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _one(config: Mapping[str, Any], kind: str, name: str, key: str, known: frozenset[str]) -> Mapping[str, Any]:
    """The entry called ``name``. ValueError where it is not the only one, or says more than is known here."""
    (entry,) = (one for one in config[kind] if one["name"] == name)
    found = entry[key]
    if not isinstance(found, dict) or not found.keys() <= known:
        raise ValueError(name)
    return found


def _login(cluster: Mapping[str, Any], user: Mapping[str, Any], directory: str) -> Login:
    host, token, server_name = cluster["server"], user.get("token"), cluster.get("tls-server-name")
    unverified = cluster.get("insecure-skip-tls-verify", False)
    if not is_url(host) or not isinstance(unverified, bool) or not all(_is_plain(text) for text in (host, token, server_name)):
        raise ValueError(host)
    return Login(
        host=host.rstrip("/"),
        token=token or None,
        ca=_pem(cluster, "certificate-authority", directory),
        certificate=_pem(user, "client-certificate", directory),
        key=_pem(user, "client-key", directory),
        verify=not unverified,
        server_name=server_name or None,
    )


def _is_plain(text: object) -> bool:
    """Whether it can stand in a header as it is."""
    return text is None or (isinstance(text, str) and text.isascii() and text.isprintable())


def _pem(entry: Mapping[str, Any], name: str, directory: str) -> Pem | None:
    """What is in the file itself comes before the name of another file, which is relative to ``directory``."""
    data = entry.get(f"{name}-data")
    if data is not None:
        return base64.b64decode(data, validate=True) or None
    path = entry.get(name)
    if path is None:
        return None
    found = os.path.normpath(os.path.join(directory, path))
    if not os.path.isfile(found):
        raise ValueError(found)
    return found
