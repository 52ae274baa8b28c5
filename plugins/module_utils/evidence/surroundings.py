# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The surroundings of a workload, put together from the lists of its namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from urllib.parse import quote

from ..clients.cluster import ObjectNotFound, workload_path
from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..model.service import WorkloadKind
from ..model.surroundings import Autoscaler, Certificate, Ingress, Isolation, ServiceEndpoints, Surroundings, VolumeClaim
from . import foundations, network
from .admitted import Peers, is_scraped_only, unmet_peers
from .configuration import Configuration, UsedBy, certificates, changes, configuration, missing_references
from .controllers import claim_classes, claim_names
from .events import event_from
from .jobs import batch_jobs, names_of_ours
from .needed import Needed
from .neighbourhood import Neighbourhood
from .objects import Object, labels_of, mapping, metadata, moment, name_of, sequence
from .references import SECRET, Reference, claims, references
from .routes import http_routes
from .snapshot import ClusterSnapshot
from .strangers import Hosts, strangers
from .webhooks import Webhooks

_UNBOUND = "FailedBinding"
"""Said of a claim for which there is neither a volume nor a storage class, and of type Normal all the same."""
_USUAL_SUFFIXES = ("hpa", "autoscaler", "pdb", "budget", "svc", "service", "headless", "internal", "lb", "ingress", "ing")


@dataclass(frozen=True, slots=True)
class Around:
    """``related`` are the objects (kind, name) whose warnings bear on the workload."""

    surroundings: Surroundings
    related: frozenset[tuple[str, str]]
    headless_missing: str | None = None
    missing_classes: tuple[str, ...] = ()


def look_around(workload: Object, pods: Sequence[Object], shared: ClusterSnapshot, around: Neighbourhood, since: datetime) -> Around:
    """What ``around`` says about the workload. What can't be read is left out; ``around`` remembers why.

    ``since`` is from when changes of configuration are told.
    """
    return _Looking(workload, pods, shared, around, since).result()


class _Looking:
    def __init__(self, workload: Object, pods: Sequence[Object], shared: ClusterSnapshot, around: Neighbourhood, since: datetime) -> None:
        self.workload, self.pods, self.shared, self.around, self.since = workload, pods, shared, around, since
        self.kind = shared.service.workload_kind
        spec = mapping(workload.get("spec"))
        self.template = mapping(spec.get("template"))
        self.named = references(self.template)
        self.headless = str(spec.get("serviceName") or "") if self.kind is WorkloadKind.STATEFUL_SET else ""
        self.backing = network.Backing(self.template, self._usual_names(), network.own_selector(workload), self._others())
        self.classes = around.listed("storage classes")

    def result(self) -> Around:
        around, labels = self.around, self.backing.labels
        webhooks, needed = Webhooks(around, self.workload, self.kind), Needed(around, self.template)
        known = configuration(around)
        every_service, every_ingress = around.listed("services"), around.listed("ingresses")
        services = self._with_strangers(
            network.services(every_service or (), around.listed("endpoint slices"), self.backing, around.templates)
        )
        ingress_classes, nodes = around.listed("ingress classes"), around.listed("nodes")
        ingresses = network.ingresses(
            every_ingress or () if every_service is not None else (),
            every_service or (),
            [one.name for one in services],
            self.backing,
            {name: kept.keys for name, kept in secrets.items()} if (secrets := known.get(SECRET)) is not None else None,
            ingress_classes,
        )
        tls = network.tls_secrets(every_ingress or (), ingresses)
        used = [str(node) for pod in self.pods if (node := mapping(pod.get("spec")).get("nodeName")) and not _is_over(pod)]
        policies = around.listed("network policies") or ()
        leading = [one.name for one in services if one.selects]
        closed = network.closed_ports(policies, every_service or (), leading, self.backing)
        batch = around.listed("Jobs") or (), around.listed("CronJobs") or ()
        found = Surroundings(
            nodes=foundations.nodes(nodes or (), used, around.was_cut("nodes")),
            services=services,
            ingresses=(*ingresses, *self._routes(every_service, [one.name for one in services])),
            claims=self._claims(),
            budgets=foundations.budgets(around.listed("disruption budgets") or (), labels, self.backing.names),
            quotas=foundations.quotas(around.listed("quotas") or ()),
            certificates=self._certificates(tls, known),
            webhooks=webhooks.failing(),
            missing=(*missing_references(self.named, known), *needed.missing()),
            changes=changes((*self.named, *(Reference(SECRET, name, by) for name, (by, _unused) in tls.items())), known, self.since),
            isolation=(
                *self._isolation(policies),
                *closed,
                *unmet_peers(policies, labels, self._peers(every_service or (), services, every_ingress or (), ingresses)),
                *network.selecting_nothing(policies, self.backing),
            ),
            misdirected=self._misdirected(),
            scaled_by=self._scaled_by(),
            jobs=batch_jobs(*batch, self.workload, self.backing.selector, self.since, self._alike()),
            same_selector=self._rivals(),
            namespace_deleted_at=moment(metadata(around.space() or {}).get("deletionTimestamp")),
        )
        there = None if every_service is None else frozenset(map(name_of, every_service))
        known_classes = None if self.classes is None else frozenset(map(name_of, self.classes))
        return Around(
            surroundings=found,
            related=frozenset((*_related(found), *names_of_ours(*batch, self.workload, self.backing.selector))),
            headless_missing=self.headless if self.headless and there is not None and self.headless not in there else None,
            missing_classes=self._missing_classes(known_classes, found.claims),
        )

    def _missing_classes(self, known: frozenset[str] | None, claims: Sequence[VolumeClaim]) -> tuple[str, ...]:
        """StorageClasses that are not there and that a claim waits for. Volumes made by hand may name one that nobody made."""
        if known is None:
            return ()
        absent = [name for name in claim_classes(self.workload) if name not in known]
        bound = {claim.storage_class for claim in claims if claim.phase == "Bound"}
        waiting = {claim.storage_class for claim in claims if claim.phase != "Bound"}
        return tuple(name for name in absent if name in waiting or name not in bound)

    def _isolation(self, policies: Sequence[Object]) -> tuple[Isolation, ...]:
        """Pods that are in their node's network, or ask a DNS server of their own, are not bound to be able to ask the cluster's."""
        spec = mapping(self.template.get("spec"))
        asks = not spec.get("hostNetwork") and spec.get("dnsPolicy", "ClusterFirst") in ("ClusterFirst", "ClusterFirstWithHostNet")
        return tuple(one for one in network.isolation(policies, self.backing.labels) if asks or one.direction != "dns")

    def _with_strangers(self, services: Sequence[ServiceEndpoints]) -> tuple[ServiceEndpoints, ...]:
        """With whom else each of the Services leads to."""
        every, slices, service = self.around.listed("services") or (), self.around.listed("endpoint slices") or (), self.shared.service
        ours = frozenset(name_of(pod) for pod in self.pods)
        hosts = Hosts((service.workload_kind.value, service.workload), ours, self.backing, every)
        by_name = {name_of(one): one for one in every}
        return tuple(
            replace(one, strangers=strangers(by_name[one.name], slices, hosts, self.around.pods_by)) if one.selects and self.pods else one
            for one in services
        )

    def _peers(
        self, every: Sequence[Object], ours: Sequence[ServiceEndpoints], ingresses: Sequence[Object], leading: Sequence[Ingress]
    ) -> Peers:
        """Whom policies may let in, and who sends requests to the pods."""
        called = {one.name for one in ours if one.selects}
        theirs = {one.name for one in leading}
        served = [found for found in ingresses if name_of(found) in theirs]
        balanced = [found for found in every if name_of(found) in called]
        addressed = (f"{kind} {name_of(one)}" for kind, few in (("Ingress", served), ("Service", balanced)) for one in few if _address(one))
        return Peers(
            namespace=self.around.namespace,
            ours=frozenset(name_of(pod) for pod in self.pods),
            pods=partial(self.around.metadata, self.around.namespace, "pods"),
            templates=self.around.templates,
            namespaces=partial(self.around.metadata, "", "namespaces"),
            pods_of=lambda space: self.around.metadata(space, "pods"),
            reached=next(addressed, None),
            service=next((name_of(one) for one in balanced if not is_scraped_only(one)), None),
        )

    def _routes(self, every_service: Sequence[Object] | None, ours: Sequence[str]) -> tuple[Ingress, ...]:
        routes = self.around.listed("HTTP routes")
        if not routes or every_service is None:
            return ()
        return http_routes(routes, self.around.listed("gateways"), every_service, ours, self.backing)

    def _usual_names(self) -> frozenset[str]:
        """What is called so is meant for this workload."""
        bases = {self.shared.service.name, self.shared.service.workload}
        return frozenset({*bases, *(f"{base}-{suffix}" for base in bases for suffix in _USUAL_SUFFIXES), *filter(None, (self.headless,))})

    def _others(self) -> tuple[Mapping[str, str], ...]:
        """The labels of pods that look like the workload's and are not."""
        ours = {name_of(pod) for pod in self.pods}
        return tuple(labels_of(pod) for pod in self._alike() if name_of(pod) not in ours)

    def _alike(self) -> tuple[Object, ...]:
        try:
            return self.shared.alike().found
        except SourceUnavailableError:
            return ()

    def _claims(self) -> tuple[VolumeClaim, ...]:
        """The pods' claims; those that a StatefulSet has not made yet are not missing."""
        listed = self.around.listed("volume claims")
        if listed is None:
            return ()
        named = claims(self.template)
        every = (*named, *claim_names(self.workload, self.kind))
        found = foundations.volume_claims(every, listed, self.classes, self._told_about("PersistentVolumeClaim", every))
        return tuple(claim for claim in found if claim.phase != "Missing" or claim.name in named)

    def _told_about(self, kind: str, names: Iterable[str]) -> Mapping[str, str]:
        """The newest warning about each of these objects."""
        try:
            raw = self.shared.events().found if names else ()
        except SourceUnavailableError:
            return {}
        wanted = set(names)
        told = [event for event in map(event_from, raw) if event and event.object_kind == kind and event.object_name in wanted]
        warnings = sorted((one for one in told if one.type != "Normal" or one.reason == _UNBOUND), key=lambda event: event.last_seen)
        return {event.object_name: f"{event.reason}: {event.message}" for event in warnings}

    def _certificates(self, tls: Mapping[str, UsedBy], known: Configuration) -> tuple[Certificate, ...]:
        of_pods: dict[str, UsedBy] = {one.name: (one.used_by, ()) for one in self.named if one.kind == SECRET and not one.pull}
        return certificates({**of_pods, **tls}, known, self.around)

    def _rivals(self) -> tuple[str, ...]:
        try:
            return self.shared.rivals()
        except SourceUnavailableError:
            return ()

    def _scaled_by(self) -> tuple[str, ...]:
        try:
            return tuple(name_of(scaler) for scaler in self.shared.autoscalers().found if self._scales(scaler))
        except SourceUnavailableError:
            return ()

    def _scales(self, scaler: Object) -> bool:
        target, service = mapping(mapping(scaler.get("spec")).get("scaleTargetRef")), self.shared.service
        return (target.get("kind"), target.get("name")) == (service.workload_kind.value, service.workload)

    def _misdirected(self) -> tuple[Autoscaler, ...]:
        """Autoscalers that are meant for the workload and whose target is not there."""
        try:
            scalers = self.shared.autoscalers().found
        except SourceUnavailableError:
            return ()
        found = []
        for scaler in scalers:
            target = mapping(mapping(scaler.get("spec")).get("scaleTargetRef"))
            if self._scales(scaler):
                continue
            meant = name_of(scaler) in self.backing.names or target.get("name") in self.backing.names or self._labelled(scaler)
            if meant and (foundations.target_is_missing(scaler) or self._is_absent(scaler, target)):
                found.append(foundations.autoscaler_from(scaler, target_missing=True))
        return tuple(found)

    def _is_absent(self, scaler: Object, target: Object) -> bool:
        """Whether the target of an autoscaler that its controller has not looked at is not there."""
        kind = next((one for one in WorkloadKind if one.value == target.get("kind")), None)
        if foundations.conditions_of(scaler) or kind is None or not target.get("name"):
            return False
        try:
            self.shared.get(workload_path(kind, self.shared.service.namespace, quote(str(target["name"]), safe="")))
        except ObjectNotFound:
            return True
        except SourceUnavailableError:
            return False
        return False

    def _labelled(self, found: Object) -> bool:
        selector = self.backing.selector
        return bool(selector) and all(labels_of(found).get(key) == value for key, value in selector.items())


def _address(found: Object) -> bool:
    return bool(sequence(mapping(mapping(found.get("status")).get("loadBalancer")).get("ingress")))


def _is_over(pod: Object) -> bool:
    return mapping(pod.get("status")).get("phase") in ("Failed", "Succeeded")


def _related(found: Surroundings) -> Iterable[tuple[str, str]]:
    yield from (("Service", one.name) for one in found.services)
    yield from ((one.kind, one.name) for one in found.ingresses)
    yield from (("PersistentVolumeClaim", one.name) for one in found.claims)
    yield from (("PodDisruptionBudget", one.name) for one in found.budgets)
