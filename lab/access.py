# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use the lab's cluster, and the kubeconfig with a context for each of them."""

from __future__ import annotations

from typing import Any

from lab.cluster.authorization import Rule, User
from lab.cluster.tls import kubeconfig

_VIEWABLE = (
    "namespaces",
    "nodes",
    "pods",
    "services",
    "endpoints",
    "events",
    "configmaps",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "controllerrevisions",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
)

ON_CALL = User("on-call", "on-call-token", ("incident-responders",))
VIEWER = User("viewer", "viewer-token", ("viewers",), rules=(Rule(("get", "list", "watch"), ("*",), _VIEWABLE),))
EXPIRED = User("expired", "expired-token", expired=True)

USERS = (ON_CALL, VIEWER, EXPIRED)


def user_of(header: str | None) -> str | None:
    """The name of the user whose token an Authorization header carries."""
    token = (header or "").partition(" ")[2].strip()
    return next((user.name for user in USERS if user.token == token), None)


def contexts(server_url: str, ca: bytes, namespace: str) -> dict[str, Any]:
    """A kubeconfig with the contexts ``lab`` (everything is allowed), ``viewer`` (reads, but no logs) and ``expired`` (its token is)."""
    config = kubeconfig(server_url, ca, ON_CALL.token, namespace)
    for user in (VIEWER, EXPIRED):
        config["users"].append({"name": user.name, "user": {"token": user.token}})
        config["contexts"].append({"name": user.name, "context": {"cluster": "lab", "user": user.name, "namespace": namespace}})
    return config
