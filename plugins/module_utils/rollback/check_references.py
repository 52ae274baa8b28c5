# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is what the target's pods need still there: the secrets their image is pulled with, their configuration, their volumes?

What the current template needs as well is not asked for: its pods are there. So this reads nothing at all for most rollbacks, and of
secrets it reads the metadata only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError, ObjectNotFound
from ..evidence.objects import mapping, sequence
from ..model.check import Check, Verdict
from .plan import Change

NAME = "references"
_RESOURCES = {
    "Secret": "secrets",
    "ConfigMap": "configmaps",
    "ServiceAccount": "serviceaccounts",
    "PersistentVolumeClaim": "persistentvolumeclaims",
}
Reference = tuple[str, str]
"""Kind and name."""


def check_references(client: ClusterClient, change: Change) -> Check:
    """Fails for each thing that only the target needs and that is gone; unknown where that can't be read."""
    before = set(references(mapping(change.before.get("spec"))))
    needed = sorted(set(references(mapping(change.after.get("spec")))) - before)
    missing, unread = [], []
    for kind, name in needed:
        try:
            client.metadata(f"/api/v1/namespaces/{change.plan.namespace}/{_RESOURCES[kind]}/{name}")
        except ObjectNotFound:
            missing.append(f"{kind} {name}")
        except ClusterError as error:
            unread.append(f"{kind} {name}: {error.message}")
    if missing:
        detail = f"Gone: {', '.join(missing)}. A pod of the target could not start without it; create it again first."
        return Check(NAME, Verdict.FAIL, "Something that the target's pods need is gone", detail)
    if unread:
        return Check(NAME, Verdict.UNKNOWN, "Whether everything that the target's pods need is there is unknown", "; ".join(unread))
    detail = (
        f"There: {', '.join(' '.join(entry) for entry in needed)}." if needed else "They need nothing that the current pods do not need."
    )
    return Check(NAME, Verdict.PASS, "Everything that the target's pods need is there", detail)


def references(spec: Mapping[str, Any]) -> Iterator[Reference]:
    """What a pod with ``spec`` can't start without, as (kind, name); optional references are none."""
    for secret in map(mapping, sequence(spec.get("imagePullSecrets"))):
        yield from _named("Secret", secret.get("name"))
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account and account != "default":
        yield from _named("ServiceAccount", account)
    for volume in map(mapping, sequence(spec.get("volumes"))):
        yield from _volume(volume)
    for container in (*sequence(spec.get("initContainers")), *sequence(spec.get("containers"))):
        yield from _environment(mapping(container))


def _volume(volume: Mapping[str, Any]) -> Iterator[Reference]:
    sources = [volume, *map(mapping, sequence(mapping(volume.get("projected")).get("sources")))]
    for source in sources:
        secret, config = mapping(source.get("secret")), mapping(source.get("configMap"))
        if not secret.get("optional"):
            yield from _named("Secret", secret.get("secretName") or secret.get("name"))
        if not config.get("optional"):
            yield from _named("ConfigMap", config.get("name"))
    yield from _named("PersistentVolumeClaim", mapping(volume.get("persistentVolumeClaim")).get("claimName"))


def _environment(container: Mapping[str, Any]) -> Iterator[Reference]:
    wholes = [mapping(entry) for entry in sequence(container.get("envFrom"))]
    parts = [mapping(mapping(entry).get("valueFrom")) for entry in sequence(container.get("env"))]
    for source, secret, config in (
        *((whole, "secretRef", "configMapRef") for whole in wholes),
        *((part, "secretKeyRef", "configMapKeyRef") for part in parts),
    ):
        for kind, key in (("Secret", secret), ("ConfigMap", config)):
            found = mapping(source.get(key))
            if not found.get("optional"):
                yield from _named(kind, found.get("name"))


def _named(kind: str, name: Any) -> Iterator[Reference]:
    if isinstance(name, str) and name:
        yield kind, name
