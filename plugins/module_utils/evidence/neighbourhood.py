# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything around a workload, asked at once: one list for each kind, however many pods there are.

Of ConfigMaps and Secrets only the metadata is asked for: who wrote which key when, never what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from ..clients.cluster import METADATA_ONLY, ClusterClient, Forbidden, ObjectNotFound
from ..concurrency import Deadline, start, wait
from ..errors import SourceUnavailableError
from .listing import Listed, list_all
from .objects import Object, labels_of, mapping, selector_text

T = TypeVar("T")

_IN_NAMESPACE = {
    "services": ("/api/v1", "services"),
    "endpoint slices": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "ingresses": ("/apis/networking.k8s.io/v1", "ingresses"),
    "network policies": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "volume claims": ("/api/v1", "persistentvolumeclaims"),
    "disruption budgets": ("/apis/policy/v1", "poddisruptionbudgets"),
    "quotas": ("/api/v1", "resourcequotas"),
    "Jobs": ("/apis/batch/v1", "jobs"),
    "CronJobs": ("/apis/batch/v1", "cronjobs"),
    "HTTP routes": ("/apis/gateway.networking.k8s.io/v1", "httproutes"),
    "ConfigMaps": ("/api/v1", "configmaps"),
    "Secrets": ("/api/v1", "secrets"),
}
_IN_CLUSTER = {
    "nodes": "/api/v1/nodes",
    "storage classes": "/apis/storage.k8s.io/v1/storageclasses",
    "ingress classes": "/apis/networking.k8s.io/v1/ingressclasses",
    "validating webhooks": "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "mutating webhooks": "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
}
_ABOUT_NODES = ("node events", "/api/v1/namespaces/default/events", {"fieldSelector": "involvedObject.kind=Node"})
"""Nodes are in no namespace: what is said about them is kept in this one."""
_WHERE_WANTED = {"gateways": ("/apis/gateway.networking.k8s.io/v1", "gateways")}
_WHERE_INSTALLED = frozenset({"HTTP routes", "gateways"})
"""Kinds that are no part of Kubernetes itself: where they are not installed, nothing is missing.

To a user with few rights an API server says 403 of them then, not 404.
"""
_METADATA_IS_ENOUGH = frozenset({"ConfigMaps", "Secrets"})


class Neighbourhood:
    """The lists are under way once it is made. What can't be read is remembered, and told by `notes`."""

    def __init__(self, client: ClusterClient, namespace: str, deadline: Deadline) -> None:
        self.client = client
        self.namespace = namespace
        self._deadline = deadline
        self._unread: dict[str, list[str]] = {}
        self._cut: set[str] = set()
        paths = {what: f"{group}/namespaces/{namespace}/{plural}" for what, (group, plural) in _IN_NAMESPACE.items()}
        self._asked = {what: self._ask(path, what) for what, path in {**paths, **_IN_CLUSTER}.items()}
        what, path, query = _ABOUT_NODES
        self._asked[what] = self._ask(path, what, **query)
        self._space = start(lambda: client.get(f"/api/v1/namespaces/{namespace}"), "namespace")
        self._later = {what: f"{group}/namespaces/{namespace}/{plural}" for what, (group, plural) in _WHERE_WANTED.items()}

    def listed(self, what: str) -> tuple[Object, ...] | None:
        """The objects of one kind; None when they can't be read. What few need is asked for only now."""
        if what in self._later:
            self._asked[what] = self._ask(self._later.pop(what), what)
        listed = self._awaited(what, self._asked[what])
        if listed is None:
            return None
        if listed.cut:
            self._cut.add(what)
            self._tell(what, f"only the first {len(listed.found)} were read")
        return listed.found

    def space(self) -> Object | None:
        """The namespace itself; None when it can't be read."""
        return self._awaited("namespace", self._space)

    def _awaited(self, what: str, asked: Future[T]) -> T | None:
        """What comes of something that was asked for; None when it can't be had."""
        try:
            return wait(asked, self._deadline, "The cluster")
        except SourceUnavailableError as error:
            self.miss(what, error)
            return None

    def ask(self, what: str, path: str, **query: str) -> None:
        """Has one more list asked for, which `listed` gives by the name ``what``."""
        if what not in self._asked:
            self._asked[what] = self._ask(path, what, **query)

    def metadata(self, namespace: str, plural: str) -> tuple[Object, ...] | None:
        """Who there is, by names and labels, asked for the first time that somebody wants to know; all of a kind where ``namespace`` is
        empty. None when it can't be read, or not to the end: that is remembered by nobody, since few need it."""
        path = f"/api/v1/namespaces/{namespace}/{plural}" if namespace else f"/api/v1/{plural}"
        return self._quietly(path, METADATA_ONLY)

    def templates(self) -> tuple[dict[str, str], ...] | None:
        """The labels of the pods that the namespace's controllers make, or will; None where not all of these can be read."""
        paths = [f"/apis/apps/v1/namespaces/{self.namespace}/{plural}" for plural in ("deployments", "statefulsets", "daemonsets")]
        listed = [*map(self._quietly, paths), self.listed("Jobs"), self.listed("CronJobs")]
        if None in listed:
            return None
        specs = [mapping(found.get("spec")) for kind in listed for found in kind or ()]
        inner = [mapping(mapping(spec.get("jobTemplate")).get("spec")) or spec for spec in specs]
        return tuple(dict(labels_of(mapping(spec.get("template")))) for spec in inner)

    def pods_by(self, labels: Mapping[str, str]) -> tuple[Object, ...] | None:
        """The namespace's pods with these labels; None as `metadata` says it."""
        return self._quietly(f"/api/v1/namespaces/{self.namespace}/pods", labelSelector=selector_text({"matchLabels": labels}))

    def _quietly(self, path: str, accept: str = "application/json", **query: str) -> tuple[Object, ...] | None:
        key = f"{path} {accept} {query}"
        if key not in self._asked:
            self._asked[key] = start(lambda: list_all(self.client, path, accept, **query), path)
        try:
            listed: Listed = wait(self._asked[key], self._deadline, "The cluster")
        except SourceUnavailableError:
            return None
        return None if listed.cut else listed.found

    def was_cut(self, what: str) -> bool:
        """Whether there were more than `listed` gave."""
        return what in self._cut

    def secrets(self, names: tuple[str, ...]) -> dict[str, Object]:
        """These Secrets with their data, asked side by side; those that can't be read are left out."""
        path = f"/api/v1/namespaces/{self.namespace}/secrets"
        asked = {name: start(partial(self.client.get, f"{path}/{quote(name, safe='')}"), "secret") for name in names}
        found: dict[str, Object] = {}
        for name, future in asked.items():
            try:
                secret: dict[str, Any] = wait(future, self._deadline, "The cluster")
            except ObjectNotFound:
                continue
            except SourceUnavailableError as error:
                self.miss("certificates", error)
            else:
                found[name] = secret
        return found

    def miss(self, what: str, error: SourceUnavailableError) -> None:
        """Remembers that ``what`` could not be read, and why."""
        if what in _WHERE_INSTALLED and isinstance(error, (Forbidden, ObjectNotFound)):
            return
        if isinstance(error, Forbidden):
            self._tell(what, "not allowed (403); a Role that grants get and list would show them")
        elif isinstance(error, ObjectNotFound):
            self._tell(what, "this cluster does not serve them (404)")
        else:
            self._tell(what, error.message)

    def notes(self) -> tuple[str, ...]:
        """What could not be read, things with the same reason in one line."""
        return tuple(f"{', '.join(dict.fromkeys(whats))}: {reason}" for reason, whats in self._unread.items())

    def _tell(self, what: str, reason: str) -> None:
        self._unread.setdefault(reason, []).append(what)

    def _ask(self, path: str, what: str, **query: str) -> Future[Listed]:
        if what in _METADATA_IS_ENOUGH:
            return start(lambda: list_all(self.client, path, METADATA_ONLY), what)
        return start(lambda: list_all(self.client, path, **query), what)
