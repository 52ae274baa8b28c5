# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods of others that a Service of the workload leads to as well, and what speaks against that being meant.

A canary, the other colour, or two Deployments behind one Service are meant. Requests that arrive where nobody listens are not, nor are
those that go to another application, which has a Service of its own, because of a label that many have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

from ..lean import dataclass
from ..model.surroundings import Stranger
from .admitted import is_scraped_only
from .network import SERVICE_OF_SLICE, Backing
from .objects import Object, controller_of, labels_of, main_container, mapping, name_of, sequence

_APPLICATION = ("app", "app.kubernetes.io/name", "k8s-app")
_HASH = "pod-template-hash"

Pods = Callable[[Mapping[str, str]], Optional[Sequence[Object]]]  # noqa: UP045 (ansible-test's pylint takes `|` for an operation)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Who is told from strangers: ``workload`` by its kind and name, ``pods`` by their names."""

    workload: tuple[str, str]
    pods: frozenset[str]
    backing: Backing
    every_service: Sequence[Object]


def strangers(service: Object, slices: Sequence[Object], hosts: Hosts, pods_by: Pods) -> tuple[Stranger, ...]:
    """Those among the ready endpoints of ``service``, by who made them. ``pods_by`` is asked only where there are some."""
    names = {name for name in _ready(name_of(service), slices) if name not in hosts.pods}
    selector = {str(key): str(value) for key, value in mapping(mapping(service.get("spec")).get("selector")).items()}
    listed = pods_by(selector) if names else None
    theirs: dict[str, list[Object]] = {}
    for pod in listed or ():
        maker = _maker(pod)
        if name_of(pod) in names and maker != hosts.workload and _is_reached(service, pod):
            theirs.setdefault(" ".join(maker), []).append(pod)
    for_hosts = name_of(service) in hosts.backing.names and not is_scraped_only(service)
    return tuple(
        Stranger(maker, len(pods), _problem(service, selector, pods[0], hosts) if for_hosts else None)
        for maker, pods in sorted(theirs.items(), key=lambda each: -len(each[1]))
    )


def _ready(name: str, slices: Sequence[Object]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in slices:
        if labels_of(one).get(SERVICE_OF_SLICE) == name:
            for endpoint in map(mapping, sequence(one.get("endpoints"))):
                target = mapping(endpoint.get("targetRef"))
                if target.get("kind") == "Pod" and mapping(endpoint.get("conditions")).get("ready") is not False:
                    found[str(target.get("name"))] += 1
    return found


def _maker(pod: Object) -> tuple[str, str]:
    """A Deployment is told by its ReplicaSet's name."""
    owner = controller_of(pod)
    kind, name, suffix = str(owner.get("kind") or "Pod"), str(owner.get("name") or name_of(pod)), labels_of(pod).get(_HASH)
    if kind == "ReplicaSet" and suffix and name.endswith(f"-{suffix}"):
        return "Deployment", name.removesuffix(f"-{suffix}")
    return kind, name


def _problem(service: Object, selector: Mapping[str, str], pod: Object, hosts: Hosts) -> str | None:
    """Why it can't be meant that requests go there; None where it may be."""
    for port in map(mapping, sequence(mapping(service.get("spec")).get("ports"))):
        target = port.get("targetPort", port.get("port"))
        # Containers need not say their ports, but a copy of the workload would say those that the workload says.
        if isinstance(target, int) and target in _ports(hosts.backing.template) and target not in _ports(pod):
            return f"they have no port {target}"
    own = {str(value) for value in selector.values()} & (hosts.backing.names | {hosts.workload[1]})
    other = next((key for key in _APPLICATION if labels_of(pod).get(key) not in (None, hosts.backing.labels.get(key))), None)
    if own or other is None or hosts.backing.labels.get(other) is None or _program(pod) == _program(hosts.backing.template):
        return None
    apart = next((name_of(one) for one in hosts.every_service if _leads_to(one, pod) and not _leads_to(one, hosts.backing.template)), None)
    return f"they are {other}={labels_of(pod)[other]}, which has its own Service {apart}" if apart else None


def _is_reached(service: Object, pod: Object) -> bool:
    """Whether a port leads there: one by its name leads to the pods that have such a port, and to no others."""
    spec = mapping(pod.get("spec"))
    containers = [mapping(one) for key in ("initContainers", "containers") for one in sequence(spec.get(key))]
    names = {mapping(port).get("name") for one in containers for port in sequence(one.get("ports"))}
    ports = [mapping(one) for one in sequence(mapping(service.get("spec")).get("ports"))]
    return any(not isinstance(port.get("targetPort"), str) or port["targetPort"] in names for port in ports)


def _ports(template: Object) -> frozenset[Any]:
    spec = mapping(template.get("spec"))
    containers = [mapping(one) for key in ("initContainers", "containers") for one in sequence(spec.get(key))]
    probes = [mapping(one.get(name)) for one in containers for name in ("readinessProbe", "livenessProbe", "startupProbe")]
    asked = {mapping(probe.get(how)).get("port") for probe in probes for how in ("httpGet", "tcpSocket", "grpc")}
    return frozenset({mapping(port).get("containerPort") for one in containers for port in sequence(one.get("ports"))} | asked)


def _program(template: Object) -> str:
    """The image without its registry and version."""
    image = str(main_container(mapping(template.get("spec")), None).get("image") or "")
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _leads_to(service: Object, template: Object) -> bool:
    selector = mapping(mapping(service.get("spec")).get("selector"))
    return bool(selector) and all(labels_of(template).get(str(key)) == value for key, value in selector.items())
