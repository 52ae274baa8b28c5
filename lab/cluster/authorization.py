# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: bearer tokens, rules, and the review resources that `kubectl auth` asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import ApiError, bad_request, forbidden, unauthorized
from .request import RequestInfo


class Rule(NamedTuple):
    """One grant; `*` in any place means all. Cluster-scoped resources and lists over all namespaces need the namespace `*`.

    A resource with a subresource is written `pods/log`.
    """

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    namespaces: tuple[str, ...] = ("*",)


ALLOW_ALL = (Rule(("*",), ("*",), ("*",), ("*",)),)


@dataclass(frozen=True, slots=True)
class User:
    name: str
    token: str
    groups: tuple[str, ...] = ()
    expired: bool = False
    rules: tuple[Rule, ...] = ALLOW_ALL


ADMIN = User("admin", "admin-token", ("system:masters",))
ANONYMOUS = User("system:anonymous", "", ("system:unauthenticated",), rules=())

_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")


def authenticate(header: str | None, users: Sequence[User], path: str) -> User:
    """The user of an Authorization header. Raises the 401 ApiError, except for the paths that are open to everyone."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        for user in users:
            if user.token == token.strip() and not user.expired:
                return user
        raise unauthorized()
    if path.startswith(_PUBLIC):
        return ANONYMOUS
    raise unauthorized()


def _covers(allowed: Sequence[str], value: str) -> bool:
    return "*" in allowed or value in allowed


def allows(user: User, verb: str, group: str, resource: str, namespace: str) -> bool:
    """Whether a rule of the user grants it; `resource` may be `pods/log`, `namespace` empty means the whole cluster."""
    return any(
        _covers(rule.verbs, verb)
        and _covers(rule.groups, group)
        and _covers(rule.resources, resource)
        and _covers(rule.namespaces, namespace)
        for rule in (Rule(*rule) for rule in user.rules)
    )


def _denied(user: User, verb: str, info: RequestInfo) -> ApiError:
    assert info.resource is not None
    where = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
    what = f'User "{user.name}" cannot {verb} resource "{info.resource_and_sub}" in API group "{info.resource.group}" {where}'
    return forbidden(info.resource, info.name, what)


def authorize(user: User, info: RequestInfo) -> None:
    """Raises the 403 ApiError when the user may not. Discovery, health and the self reviews are open to every authenticated user."""
    if info.resource is None or info.resource.verbs == ("create",):
        return
    for verb in info.verbs:
        if not allows(user, verb, info.resource.group, info.resource_and_sub, info.namespace):
            raise _denied(user, verb, info)


def review(kind: str, body: dict[str, Any], user: User) -> dict[str, Any]:
    """The answer to a SelfSubjectAccessReview, SelfSubjectRulesReview or SelfSubjectReview."""
    spec = body.get("spec") or {}
    answer = body | {"metadata": {"creationTimestamp": None} | (body.get("metadata") or {})}
    if kind == "SelfSubjectReview":
        return answer | {"status": {"userInfo": {"username": user.name, "groups": [*user.groups, "system:authenticated"]}}}
    if kind == "SelfSubjectRulesReview":
        return answer | {"status": _rules(user, spec.get("namespace", ""))}
    attributes = spec.get("resourceAttributes")
    if attributes is None:
        if "nonResourceAttributes" not in spec:
            raise bad_request(
                "spec.resourceAttributes: Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified"
            )
        return answer | {"status": {"allowed": user.rules == ALLOW_ALL}}
    resource = attributes.get("resource", "")
    if attributes.get("subresource"):
        resource += f"/{attributes['subresource']}"
    allowed = allows(user, attributes.get("verb", ""), attributes.get("group", ""), resource, attributes.get("namespace", ""))
    return answer | {"status": {"allowed": allowed}}


def _rules(user: User, namespace: str) -> dict[str, Any]:
    granted = [Rule(*rule) for rule in user.rules]
    return {
        "resourceRules": [
            {"verbs": list(rule.verbs), "apiGroups": list(rule.groups), "resources": list(rule.resources)}
            for rule in granted
            if _covers(rule.namespaces, namespace)
        ],
        "nonResourceRules": [
            {"verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version"]}
        ],
        "incomplete": False,
    }
