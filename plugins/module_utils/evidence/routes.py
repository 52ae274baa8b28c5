# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPRoutes of the Gateway API that lead to the workload, and what is wrong with them or with the Gateways before them.

https://gateway-api.sigs.k8s.io/reference/spec/
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..clients.answers import excerpt
from ..model.surroundings import Ingress
from .foundations import condition_from
from .network import Backing, ports_of
from .objects import Object, labels_of, mapping, metadata, name_of, sequence

_SHOULD_BE_TRUE = ("Accepted", "ResolvedRefs", "Programmed")


def http_routes(
    listed: Sequence[Object],
    gateways: Sequence[Object] | None,
    every_service: Sequence[Object],
    ours: Collection[str],
    backing: Backing,
) -> tuple[Ingress, ...]:
    """The HTTPRoutes that lead to ``ours`` (names of Services), and those of the workload's name or labels that lead nowhere."""
    ports = {name_of(one): ports_of(one) for one in every_service}
    found = []
    for route in listed:
        backends = list(_backends(route))
        names = {str(one.get("name")) for one in backends}
        labelled = bool(backing.selector) and all(labels_of(route).get(key) == value for key, value in backing.selector.items())
        if not (names & set(ours) or names & backing.names or name_of(route) in backing.names or labelled):
            continue
        problems = [*_broken_backends(backends, ports), *_parents(route, gateways)]
        hosts = tuple(excerpt(str(one), 100) for one in sequence(mapping(route.get("spec")).get("hostnames")))
        found.append(Ingress(name_of(route), hosts, tuple(dict.fromkeys(problems)), "HTTPRoute"))
    return tuple(found)


def _backends(route: Object) -> Iterator[Mapping[str, Any]]:
    """Services of the route's own namespace; those of others can't be looked at from here."""
    space = metadata(route).get("namespace")
    for rule in map(mapping, sequence(mapping(route.get("spec")).get("rules"))):
        for backend in map(mapping, sequence(rule.get("backendRefs"))):
            if backend.get("kind", "Service") == "Service" and backend.get("namespace") in (None, space) and not backend.get("group"):
                yield backend


def _broken_backends(backends: Sequence[Mapping[str, Any]], ports: Mapping[str, Collection[Any] | None]) -> Iterator[str]:
    for backend in backends:
        name, port = str(backend.get("name")), backend.get("port")
        if name not in ports:
            yield f"Service {excerpt(name, 100)} does not exist"
        elif port is not None and (known := ports[name]) is not None and port not in known:
            yield f"Service {excerpt(name, 100)} has no port {excerpt(str(port), 60)}"


def _parents(route: Object, gateways: Sequence[Object] | None) -> Iterator[str]:
    """A Gateway that is not there or not set up, and what Gateways say of the route."""
    space = metadata(route).get("namespace")
    by_name = {name_of(one): one for one in gateways or ()}
    for parent in map(mapping, sequence(mapping(route.get("spec")).get("parentRefs"))):
        if parent.get("kind", "Gateway") != "Gateway" or parent.get("namespace") not in (None, space):
            continue
        name = str(parent.get("name"))
        if gateways is not None and name not in by_name:
            yield f"Gateway {excerpt(name, 100)} does not exist"
        elif name in by_name:
            yield from _told(f"Gateway {excerpt(name, 100)}", by_name[name].get("status"))
    for status in map(mapping, sequence(mapping(route.get("status")).get("parents"))):
        gateway = str(mapping(status.get("parentRef")).get("name"))
        yield from _told(f"Gateway {excerpt(gateway, 100)} says of it:", status)


def _told(who: str, status: Any) -> Iterator[str]:
    for raw in sequence(mapping(status).get("conditions")):
        one = condition_from(mapping(raw))
        if one.type in _SHOULD_BE_TRUE and one.status == "False":
            yield f"{who} not {one.type} ({one.reason or 'no reason given'})"
