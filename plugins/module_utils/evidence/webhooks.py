# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Admission webhooks that have to allow the workload's pods and changes of it, and whether anything answers for them.

One that fails is noticed only when the next pod is made: by a rollback, or once a node goes away.
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from ..clients.answers import excerpt
from ..lean import dataclass
from ..model.service import WorkloadKind
from ..model.surroundings import Webhook
from .neighbourhood import Neighbourhood
from .objects import Object, labels_of, mapping, name_of, selects, sequence

MAX_SERVICES = 10
"""Services of webhooks that are looked at."""
_KINDS = ("Validating", "Mutating")
_NAME_OF_NAMESPACE = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a webhook may have to allow, and the labels that it has."""

    group: str
    resource: str
    operation: str
    labels: Mapping[str, str]
    called: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """A webhook that has to allow ``subject``. ``within`` selects the namespaces that it is for."""

    kind: str
    configuration: str
    name: str
    service: tuple[str, str]
    within: Object
    subject: str


class Webhooks:
    """Whether they answer is under way once it is made."""

    def __init__(self, around: Neighbourhood, workload: Object, kind: WorkloadKind) -> None:
        self._around = around
        subjects = _subjects(workload, kind)
        asked = [one for how in _KINDS for one in _asked(how, around.listed(f"{how.lower()} webhooks") or (), subjects)]
        services = list(dict.fromkeys(one.service for one in asked))[:MAX_SERVICES]
        self._webhooks = [one for one in asked if one.service in services]
        for namespace, name in services:
            path = f"/apis/discovery.k8s.io/v1/namespaces/{quote(namespace, safe='')}/endpointslices"
            around.ask(_slices(namespace, name), path, labelSelector=f"kubernetes.io/service-name={name}")

    def failing(self) -> tuple[Webhook, ...]:
        """Those that can't answer. One of which that can't be seen is left out."""
        labels = {**labels_of(self._around.space() or {}), _NAME_OF_NAMESPACE: self._around.namespace}
        found = []
        for one in self._webhooks:
            problem = self._problem(*one.service) if selects(one.within, labels) else None
            if problem:
                found.append(Webhook(one.name, one.kind, one.configuration, "/".join(one.service), problem, one.subject))
        return tuple(found)

    def _problem(self, namespace: str, name: str) -> str | None:
        slices = self._around.listed(_slices(namespace, name))
        endpoints = [mapping(one) for found in slices or () for one in sequence(found.get("endpoints"))]
        if slices is None or any(mapping(one.get("conditions")).get("ready") is not False for one in endpoints):
            return None
        what = f"Service {namespace}/{name}"
        self._around.ask(what, f"/api/v1/namespaces/{quote(namespace, safe='')}/services", fieldSelector=f"metadata.name={name}")
        services = self._around.listed(what)
        if services is None or any(mapping(one.get("spec")).get("type") == "ExternalName" for one in services):
            return None
        return f"its Service {what.partition(' ')[2]} {'has no ready endpoints' if services else 'does not exist'}"


def _slices(namespace: str, name: str) -> str:
    return f"endpoint slices of {namespace}/{name}"


def _subjects(workload: Object, kind: WorkloadKind) -> tuple[_Subject, ...]:
    """The one that hurts most first."""
    template = labels_of(mapping(mapping(workload.get("spec")).get("template")))
    sets = (_Subject("apps", "replicasets", "CREATE", template, "each new ReplicaSet"),) if kind is WorkloadKind.DEPLOYMENT else ()
    changed = _Subject("apps", f"{kind.value.lower()}s", "UPDATE", labels_of(workload), f"each change of the {kind.value}")
    return (_Subject("", "pods", "CREATE", template, "each new pod"), *sets, changed)


def _asked(kind: str, configurations: tuple[Object, ...], subjects: tuple[_Subject, ...]) -> Iterator[_Asked]:
    """The webhooks of these configurations that have to allow one of these.

    Those with matchConditions, which are programs (CEL), and those at a URL are left out: whether they are asked, or answer, can't be told.
    """
    for found in configurations:
        for webhook in map(mapping, sequence(found.get("webhooks"))):
            service = mapping(mapping(webhook.get("clientConfig")).get("service"))
            namespace, name = str(service.get("namespace") or ""), str(service.get("name") or "")
            decides = webhook.get("failurePolicy", "Fail") == "Fail" and not webhook.get("matchConditions")
            subject = next((one for one in subjects if decides and _is_about(webhook, one)), None)
            if subject is not None and namespace and name:
                called, within = excerpt(str(webhook.get("name") or ""), 200), mapping(webhook.get("namespaceSelector"))
                yield _Asked(kind, excerpt(name_of(found), 200), called, (namespace, name), within, subject.called)


def _is_about(webhook: Object, subject: _Subject) -> bool:
    rules = [mapping(rule) for rule in sequence(webhook.get("rules"))]
    return selects(mapping(webhook.get("objectSelector")), subject.labels) and any(_names(rule, subject) for rule in rules)


def _names(rule: Object, subject: _Subject) -> bool:
    named = {
        "operations": {subject.operation, "*"},
        "apiGroups": {subject.group, "*"},
        "apiVersions": {"v1", "*"},
        "resources": {subject.resource, "*", "*/*"},
    }
    return rule.get("scope", "*") in ("*", "Namespaced") and all(wanted & set(sequence(rule.get(key))) for key, wanted in named.items())
