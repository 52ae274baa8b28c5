# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request asks for: the parts of its path, and the verbs that authorization knows it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import method_not_allowed, path_not_found
from .resources import BY_PATH, Resource, group_versions

_SUBRESOURCE_METHODS = {
    "status": {"GET": "get", "PUT": "update", "PATCH": "patch"},
    "scale": {"GET": "get", "PUT": "update", "PATCH": "patch"},
    "log": {"GET": "get"},
    "exec": {"GET": "get", "POST": "create"},
    "eviction": {"POST": "create"},
}


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """`verbs` holds more than one only where the server asks for more than one permission (exec over a websocket)."""

    verb: str
    verbs: tuple[str, ...] = ()
    resource: Resource | None = None
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource_and_sub(self) -> str:
        assert self.resource is not None
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean query parameter, as Go parses it."""
    return query.get(name, "").lower() in ("1", "t", "true")


def parse(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """Raises ApiErrors: 404 for a resource that is not served, 405 for a method that it does not have."""
    parts = [part for part in path.split("/") if part]
    if not parts or parts[0] not in ("api", "apis") or len(parts) < (3 if parts[0] == "api" else 4):
        return RequestInfo("get")
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    if version not in group_versions().get(group, ()):
        return RequestInfo("get")
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and (group, version, rest[2]) in BY_PATH:
        namespace, rest = rest[1], rest[2:]
    resource = BY_PATH.get((group, version, rest[0]))
    if resource is None or (namespace and not resource.namespaced) or len(rest) > 3:
        raise path_not_found()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if resource.plural == "namespaces" and group == "":
        namespace = name
    if name and resource.namespaced and not namespace:
        raise path_not_found()
    if subresource:
        return _subresource(method, resource, namespace, name, subresource)
    verb = _verb(method, name, query)
    if verb not in resource.verbs:
        raise method_not_allowed()
    return RequestInfo(verb, (verb,), resource, namespace, name)


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method == "GET" and not name:
        return "watch" if flag(query, "watch") else "list"
    if method == "GET":
        return "get"
    verb = {
        ("POST", False): "create",
        ("PUT", True): "update",
        ("PATCH", True): "patch",
        ("DELETE", True): "delete",
        ("DELETE", False): "deletecollection",
    }.get((method, bool(name)))
    if verb is None:
        raise method_not_allowed()
    return verb


def _subresource(method: str, resource: Resource, namespace: str, name: str, subresource: str) -> RequestInfo:
    if subresource not in resource.subresources and not (subresource == "status" and resource.status):
        raise path_not_found()
    verb = _SUBRESOURCE_METHODS[subresource].get(method)
    if verb is None:
        raise method_not_allowed()
    verbs = ("get", "create") if subresource == "exec" and verb == "get" else (verb,)
    return RequestInfo(verb, verbs, resource, namespace, name, subresource)
