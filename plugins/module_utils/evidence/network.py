# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a workload is reached: the Services that lead to it, the Ingresses before them, and NetworkPolicies that shut it off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..clients.answers import excerpt
from ..lean import dataclass
from ..model.surroundings import Ingress, Isolation, ServiceEndpoints
from .objects import Object, annotations_of, controller_of, labels_of, mapping, metadata, moment, name_of, selects, sequence

SERVICE_OF_SLICE = "kubernetes.io/service-name"
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
_TLS_KEYS = ("tls.crt", "tls.key")
"""https://kubernetes.io/docs/concepts/services-networking/ingress/#tls"""
_DNS = 53
_DNS_OF_PODS = frozenset({1053, 5353, 8053, 10053})
"""Where DNS servers that may not open port 53 themselves listen behind their Service (OpenShift: 5353)."""
_BY_ANNOTATION = "use-annotation"
"""The port of a backend that is no Service: the AWS load balancer takes what an annotation says (a redirect, a fixed answer).

https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
"""
_FLAGGER = "flagger.app/"
"""Flagger has a Deployment of its own serve, and wakes the one that people write only to try a new version.

https://docs.flagger.app/usage/how-it-works#kubernetes-services
"""
_BUILT_IN_CLASSES = frozenset({"gce", "gce-internal"})
"""Classes of GKE that need no IngressClass."""


@dataclass(frozen=True, slots=True)
class Backing:
    """What Services are compared with. ``names`` are those that a Service of the workload would have, ``others`` the labels of pods that
    are not the workload's though they look alike."""

    template: Object
    names: frozenset[str]
    selector: Mapping[str, str]
    others: tuple[Mapping[str, str], ...] = ()

    @property
    def labels(self) -> Mapping[str, str]:
        return labels_of(self.template)


def services(
    listed: Sequence[Object],
    slices: Sequence[Object] | None,
    backing: Backing,
    templates: Callable[[], Sequence[Mapping[str, str]] | None] = lambda: None,
) -> tuple[ServiceEndpoints, ...]:
    """The Services that select the workload's pods, and those that are meant to and do not.

    ``templates`` are the labels of all pods that the namespace's controllers make, asked for where a Service may be for some of those.
    """
    found = []
    for service in listed:
        selector = {str(key): str(value) for key, value in mapping(mapping(service.get("spec")).get("selector")).items()}
        chooses = bool(selector) and all(backing.labels.get(key) == value for key, value in selector.items())
        if not selector or not (chooses or _meant_for(service, selector, backing)):
            continue
        ready, not_ready = _endpoints(name_of(service), slices) if slices is not None else (None, None)
        if not chooses and (ready or not_ready or (name_of(service) not in backing.names and _is_for_others(selector, templates()))):
            continue  # it leads to pods of somebody else, or will, and was never meant for these
        missing = tuple(_missing_ports(service, backing.template)) if chooses else ()
        shown = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
        kind = str(mapping(service.get("spec")).get("type") or "ClusterIP")
        waits = _without_address_since(service)
        tries = str(controller_of(service).get("apiVersion") or "").startswith(_FLAGGER)
        found.append(
            ServiceEndpoints(name_of(service), kind, excerpt(shown, 200), chooses, ready, not_ready, missing, waits, tries_only=tries)
        )
    return tuple(found)


def _is_for_others(selector: Mapping[str, str], templates: Sequence[Mapping[str, str]] | None) -> bool:
    """Whether somebody makes such pods, if none at this moment: the other colour, a canary that rests."""
    return any(all(labels.get(key) == value for key, value in selector.items()) for labels in templates or ())


def _without_address_since(service: Object) -> datetime | None:
    spec, status = mapping(service.get("spec")), mapping(service.get("status"))
    if spec.get("type") != "LoadBalancer" or sequence(mapping(status.get("loadBalancer")).get("ingress")):
        return None
    return moment(metadata(service).get("creationTimestamp"))


def _meant_for(service: Object, selector: Mapping[str, str], backing: Backing) -> bool:
    """Whether a Service that does not select the pods has their name or labels, or part of their selector, and no other pods."""
    if any(all(labels.get(key) == value for key, value in selector.items()) for labels in backing.others):
        return False
    if name_of(service) in backing.names:
        return True
    shares = any(backing.selector.get(key) == value for key, value in selector.items())
    labelled = bool(backing.selector) and all(labels_of(service).get(key) == value for key, value in backing.selector.items())
    return shares or labelled


def _endpoints(name: str, slices: Sequence[Object]) -> tuple[int, int]:
    """Ready endpoints and others of a Service; one pod in slices of both address families counts once."""
    ready: set[str] = set()
    others: set[str] = set()
    for found in slices:
        if labels_of(found).get(SERVICE_OF_SLICE) != name:
            continue
        for number, endpoint in enumerate(map(mapping, sequence(found.get("endpoints")))):
            conditions = mapping(endpoint.get("conditions"))
            who = str(mapping(endpoint.get("targetRef")).get("name") or f"{name_of(found)}/{number}")
            if conditions.get("ready") is not False:
                ready.add(who)
            elif not conditions.get("terminating"):
                others.add(who)
    return len(ready), len(others - ready)


def _missing_ports(service: Object, template: Object) -> Iterator[str]:
    """Target ports by a name that no container has; by a number, where all containers say their ports and it is none of them.

    A container may well listen on a port that it does not say: a number speaks only against a Service whose ports are all unknown.
    """
    spec = mapping(template.get("spec"))
    containers = [mapping(one) for key in ("initContainers", "containers") for one in sequence(spec.get(key))]
    ports = [mapping(port) for one in containers for port in sequence(one.get("ports"))]
    names, numbers = {str(port.get("name")) for port in ports if port.get("name")}, {port.get("containerPort") for port in ports}
    all_told = all(sequence(mapping(one).get("ports")) for one in sequence(spec.get("containers")))
    wanted = [mapping(port) for port in sequence(mapping(service.get("spec")).get("ports"))]
    targets = [port.get("targetPort", port.get("port")) for port in wanted]
    some_known = any(target in (names if isinstance(target, str) else numbers) for target in targets)
    for port, target in zip(wanted, targets, strict=True):
        known = target in names if isinstance(target, str) else not all_told or some_known or target in numbers
        if not known:
            yield f"{port.get('port')} -> {excerpt(str(target), 60)}"


def ingresses(
    listed: Sequence[Object],
    every_service: Sequence[Object],
    ours: Sequence[str],
    backing: Backing,
    secrets: Mapping[str, frozenset[str] | None] | None,
    classes: Sequence[Object] | None,
) -> tuple[Ingress, ...]:
    """The Ingresses that lead to ``ours`` (names of Services), and those of the workload's name or labels that lead nowhere.

    ``secrets`` are the namespace's by name, with their keys where these are known.
    """
    ports = {name_of(service): ports_of(service) for service in every_service}
    found = []
    for ingress in listed:
        spec = mapping(ingress.get("spec"))
        backends = list(_backends(spec))
        names = {str(backend.get("name")) for backend in backends}
        named = name_of(ingress) in backing.names or _labelled(ingress, backing)
        if not (names & set(ours) or names & backing.names or named):
            continue
        problems = [*_broken_backends(backends, ports), *_broken_tls(spec, secrets), *_broken_class(ingress, spec, classes)]
        hosts = tuple(
            dict.fromkeys(excerpt(str(one.get("host")), 100) for one in map(mapping, sequence(spec.get("rules"))) if one.get("host"))
        )
        found.append(Ingress(name_of(ingress), hosts, tuple(dict.fromkeys(problems))))
    return tuple(found)


def tls_secrets(listed: Sequence[Object], ours: Sequence[Ingress]) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """The Secrets with the certificates of these Ingresses: where each is used, and for which hosts."""
    names = {ingress.name for ingress in ours}
    used: dict[str, tuple[str, tuple[str, ...]]] = {}
    for ingress in listed:
        if name_of(ingress) in names:
            for entry in map(mapping, sequence(mapping(ingress.get("spec")).get("tls"))):
                if entry.get("secretName"):
                    secret, hosts = str(entry["secretName"]), tuple(map(str, sequence(entry.get("hosts"))))
                    known = used.get(secret, ("", ()))[1]
                    used[secret] = (f"Ingress {name_of(ingress)}", tuple(dict.fromkeys((*known, *hosts))))
    return used


def _backends(spec: Object) -> Iterator[Mapping[str, Any]]:
    paths = (
        mapping(path) for rule in map(mapping, sequence(spec.get("rules"))) for path in sequence(mapping(rule.get("http")).get("paths"))
    )
    for backend in (mapping(spec.get("defaultBackend")), *(mapping(path.get("backend")) for path in paths)):
        service = mapping(backend.get("service"))
        if service:
            yield service


def ports_of(service: Object) -> frozenset[Any] | None:
    """Names and numbers of a Service's ports; None of one that is a name for somewhere else: it need not say any."""
    if mapping(service.get("spec")).get("type") == "ExternalName":
        return None
    ports = [mapping(port) for port in sequence(mapping(service.get("spec")).get("ports"))]
    return frozenset(port.get(key) for port in ports for key in ("name", "port"))


def _broken_backends(backends: Sequence[Mapping[str, Any]], ports: Mapping[str, frozenset[Any] | None]) -> Iterator[str]:
    for backend in backends:
        name, port = str(backend.get("name")), mapping(backend.get("port"))
        if port.get("name") == _BY_ANNOTATION:
            continue
        wanted = port.get("name") or port.get("number")
        if name not in ports:
            yield f"Service {excerpt(name, 100)} does not exist"
        elif wanted is not None and (known := ports[name]) is not None and wanted not in known:
            yield f"Service {excerpt(name, 100)} has no port {excerpt(str(wanted), 60)}"


def _broken_tls(spec: Object, secrets: Mapping[str, frozenset[str] | None] | None) -> Iterator[str]:
    for entry in map(mapping, sequence(spec.get("tls"))):
        name = str(entry.get("secretName") or "")
        if not name or secrets is None:
            continue
        keys = secrets.get(name)
        lacking = [key for key in _TLS_KEYS if key not in keys] if keys is not None else []
        if name not in secrets:
            yield f"TLS Secret {excerpt(name, 100)} does not exist"
        elif lacking:
            yield f"TLS Secret {excerpt(name, 100)} lacks {' and '.join(lacking)}"


def _broken_class(ingress: Object, spec: Object, classes: Sequence[Object] | None) -> Iterator[str]:
    """A class that is not there, or none at all. What has an address is served, whatever its class says."""
    name = spec.get("ingressClassName")
    if classes is None or annotations_of(ingress).get(_CLASS_ANNOTATION):
        return
    if name and name not in _BUILT_IN_CLASSES and name not in map(name_of, classes):
        yield f"IngressClass {excerpt(str(name), 100)} does not exist"
    served = sequence(mapping(mapping(ingress.get("status")).get("loadBalancer")).get("ingress"))
    if not name and not served and not any(annotations_of(one).get(_DEFAULT_CLASS) == "true" for one in classes):
        yield "it names no IngressClass and none is the default, so that no controller serves it"


def _labelled(found: Object, backing: Backing) -> bool:
    return bool(backing.selector) and all(labels_of(found).get(key) == value for key, value in backing.selector.items())


def isolation(policies: Sequence[Object], labels: Mapping[str, str]) -> tuple[Isolation, ...]:
    """The directions in which the policies that select the pods allow nothing at all. What one policy allows, no other takes away.

    https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    choosing = [policy for policy in policies if selects(mapping(mapping(policy.get("spec")).get("podSelector")), labels)]
    found = []
    for kind, direction, field in (("Ingress", "incoming", "ingress"), ("Egress", "outgoing", "egress")):
        bound = [policy for policy in choosing if kind in types_of(mapping(policy.get("spec")))]
        if bound and not any(sequence(mapping(policy.get("spec")).get(field)) for policy in bound):
            found.append(Isolation(direction, tuple(name_of(policy) for policy in bound)))
        elif bound and kind == "Egress" and not any(_lets_ask_dns(rule) for policy in bound for rule in rules_of(policy, field)):
            found.append(Isolation("dns", tuple(name_of(policy) for policy in bound)))
    return tuple(found)


def closed_ports(policies: Sequence[Object], every_service: Sequence[Object], ours: Sequence[str], backing: Backing) -> Iterator[Isolation]:
    """The Services ``ours`` none of whose ports the policies for incoming traffic let anything in to."""
    choosing = [one for one in policies if selects(mapping(mapping(one.get("spec")).get("podSelector")), backing.labels)]
    bound = [policy for policy in choosing if "Ingress" in types_of(mapping(policy.get("spec")))]
    rules = [rule for policy in bound for rule in rules_of(policy, "ingress")]
    if not rules or any(not sequence(rule.get("ports")) for rule in rules):
        return
    allowed = [mapping(port) for rule in rules for port in sequence(rule.get("ports"))]
    named = _named_ports(backing.template)
    for service in every_service:
        if name_of(service) in ours and name_of(service):
            ports = [mapping(one) for one in sequence(mapping(service.get("spec")).get("ports"))]
            targets = {named.get(str(target), target) for one in ports for target in (one.get("targetPort", one.get("port")),)}
            known = {target for target in targets if isinstance(target, int)}
            if known and not any(_lets_in(one, target, named) for one in allowed for target in known):
                yield Isolation("port", tuple(name_of(policy) for policy in bound), name_of(service))


def _named_ports(template: Object) -> Mapping[str, int]:
    spec = mapping(template.get("spec"))
    containers = [mapping(one) for key in ("initContainers", "containers") for one in sequence(spec.get(key))]
    ports = [mapping(port) for one in containers for port in sequence(one.get("ports"))]
    return {str(port["name"]): port["containerPort"] for port in ports if port.get("name") and isinstance(port.get("containerPort"), int)}


def _lets_in(port: Mapping[str, Any], target: int, named: Mapping[str, int]) -> bool:
    first, last = port.get("port"), port.get("endPort")
    if isinstance(first, str):
        return named.get(first, target) == target
    return first is None or (isinstance(first, int) and first <= target <= (last if isinstance(last, int) else first))


def rules_of(policy: Object, field: str) -> Iterator[Mapping[str, Any]]:
    return map(mapping, sequence(mapping(policy.get("spec")).get(field)))


def _lets_ask_dns(rule: Mapping[str, Any]) -> bool:
    """Whether a rule for outgoing traffic may let a question to the cluster's DNS through, which is in another namespace: UDP, port 53.

    A port is of TCP where it does not say. https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    ports, peers = [mapping(one) for one in sequence(rule.get("ports"))], [mapping(one) for one in sequence(rule.get("to"))]
    elsewhere = not peers or any("ipBlock" in peer or peer.get("namespaceSelector") is not None for peer in peers)
    return elsewhere and (not ports or any(one.get("protocol") == "UDP" and is_of_dns(one) for one in ports))


def is_of_dns(port: Mapping[str, Any]) -> bool:
    first, last = port.get("port"), port.get("endPort")
    if not isinstance(first, int):
        return first is None or "dns" in str(first) or "domain" in str(first)
    return first <= _DNS <= (last if isinstance(last, int) else first) or first in _DNS_OF_PODS


def selecting_nothing(policies: Sequence[Object], backing: Backing) -> tuple[Isolation, ...]:
    """The policies that are called or labelled like the workload and select neither its pods nor others that look like them."""
    every = (backing.labels, *backing.others)
    idle = [
        name_of(policy)
        for policy in policies
        if (name_of(policy) in backing.names or _labelled(policy, backing))
        and not any(selects(mapping(mapping(policy.get("spec")).get("podSelector")), labels) for labels in every)
    ]
    return (Isolation("none", tuple(idle)),) if idle else ()


def types_of(spec: Object) -> Sequence[Any]:
    """Where a policy names no types it is for incoming traffic, and for outgoing where it has rules for that."""
    return sequence(spec.get("policyTypes")) or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def own_selector(workload: Object) -> Mapping[str, str]:
    """The labels that the workload selects its pods by."""
    return {
        str(key): str(value) for key, value in mapping(mapping(mapping(workload.get("spec")).get("selector")).get("matchLabels")).items()
    }
