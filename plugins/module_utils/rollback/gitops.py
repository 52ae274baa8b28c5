# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The GitOps object that would put its own version of a workload back, suspended and resumed.

What it had before stays on it as an annotation, so that anybody can resume it, and see why it is still.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError, ObjectNotFound, workload_path
from ..errors import NotFoundError
from ..evidence.objects import annotations_of, labels_of, mapping, metadata, name_of, sequence
from ..evidence.owners import ARGO_APPLICATIONS, image_manager, instance_of, marked_application, tracks
from ..lean import dataclass
from ..model.service import Service
from .intent import Intent, MitigationRefusedError, annotate

SUSPENDED = "incident-response.devops/suspended"
_ARGO_CD = "/apis/argoproj.io/v1alpha1"
_FLUX = {
    "kustomize.toolkit.fluxcd.io": ("Kustomization", "kustomizations", ("v1", "v1beta2")),
    "helm.toolkit.fluxcd.io": ("HelmRelease", "helmreleases", ("v2", "v2beta2")),
}
_UNDO = "Change its source to what runs now, then use the module mitigation with action 'suspend_gitops' and state 'undone'"


@dataclass(frozen=True, slots=True)
class Owner:
    """``place`` is where the object says that it syncs by itself, ``still`` the value there of one that does not."""

    kind: str
    name: str
    path: str
    found: Mapping[str, Any]
    place: tuple[str, ...]
    still: Any

    @property
    def value(self) -> Any:
        value: Any = self.found.get("spec")
        for step in self.place:
            value = mapping(value).get(step)
        return value

    @property
    def suspended(self) -> bool:
        if self.kind == "Application":
            return self.value is None or mapping(self.value).get("enabled") is False
        return bool(self.value)


def owner_of(client: ClusterClient, workload: Mapping[str, Any]) -> Owner | None:
    """The Argo CD application or Flux object that owns ``workload``; None where none does. ClusterError when it can't be read."""
    labels = labels_of(workload)
    if application := marked_application(workload):
        return _application(client, application)
    for group, (kind, plural, versions) in _FLUX.items():
        if name := labels.get(f"{group}/name"):
            space = labels.get(f"{group}/namespace", "flux-system")
            path = ""
            for version in versions:
                path = f"/apis/{group}/{version}/namespaces/{space}/{plural}/{name}"
                try:
                    return Owner(kind, f"{space}/{name}", path, client.get(path), ("suspend",), True)
                except ObjectNotFound:
                    continue
            raise NotFoundError(f"Flux {kind} {space}/{name} owns {name_of(workload)}, and is not in this cluster. Suspend it where it is.")
    return _by_label(client, workload)


def is_suspended(client: ClusterClient, workload: Mapping[str, Any]) -> bool:
    """Whether its owner is suspended, by whomever; False also where that can't be told."""
    try:
        owner = owner_of(client, workload)
    except (ClusterError, NotFoundError):
        return False
    return owner is not None and owner.suspended


def suspended_by_us(client: ClusterClient, workload: Mapping[str, Any]) -> bool:
    """Whether its owner is suspended by a mitigation that is not undone; False also where that can't be told."""
    try:
        owner = owner_of(client, workload)
    except (ClusterError, NotFoundError):
        return False
    return owner is not None and _is_ours(owner)


def suspend_gitops(client: ClusterClient, service: Service) -> Intent:
    """NotFoundError where nothing that syncs by itself owns the workload, MitigationRefusedError where its suspension would not last."""
    owner = _required(client, service)
    if _is_ours(owner):
        return _standing(owner)
    if owner.suspended:
        return _intent(owner, owner.value, f"{owner.kind} {owner.name} does not sync by itself already", ())
    _refuse_overwritten(client, owner)
    kept = json.dumps(owner.value, sort_keys=True)
    place = f"/spec/{'/'.join(owner.place)}"
    change = {"op": "add", "path": place, "value": owner.still} if owner.still is not None else {"op": "remove", "path": place}
    title = f"Suspended {owner.kind} {owner.name}, which would undo changes of {service.workload}"
    return _intent(owner, owner.still, title, [change, *annotate(owner.found, SUSPENDED, kept)], _UNDO)


def resume_gitops(client: ClusterClient, service: Service) -> Intent:
    """With what it had before; nothing where it was not suspended by us."""
    owner = _required(client, service)
    kept = annotations_of(owner.found).get(SUSPENDED)
    if kept is None:
        return _intent(owner, owner.value, f"{owner.kind} {owner.name} is not suspended by us", ())
    try:
        before = json.loads(kept)
    except ValueError:
        raise MitigationRefusedError(
            f"What {owner.kind} {owner.name} was before can't be read from its annotation {SUSPENDED}. Resume it by hand and remove that."
        ) from None
    if not owner.suspended:  # somebody has resumed it meanwhile, perhaps otherwise than it was
        title = f"{owner.kind} {owner.name} syncs by itself again already"
        return _intent(owner, owner.value, title, annotate(owner.found, SUSPENDED, None))
    place = f"/spec/{'/'.join(owner.place)}"
    change: list[dict[str, Any]] = [{"op": "add", "path": place, "value": before}]
    if before is None or before is False:
        before, change = None, [{"op": "remove", "path": place}] if owner.value is not None else []
    return _intent(owner, before, f"Resumed {owner.kind} {owner.name}", [*change, *annotate(owner.found, SUSPENDED, None)])


def _is_ours(owner: Owner) -> bool:
    return owner.suspended and SUSPENDED in annotations_of(owner.found)


def _standing(owner: Owner) -> Intent:
    """It was suspended before; said again, since a run that was killed may not have said it."""
    field = ".".join(owner.place)
    try:
        before = json.loads(annotations_of(owner.found)[SUSPENDED])
    except ValueError:
        before = None
    made = _intent(owner, owner.still, f"{owner.kind} {owner.name} is suspended already, by an earlier run", (), _UNDO)
    return replace(made, before={field: before}, standing=True)


def _intent(owner: Owner, after: Any, title: str, operations: Any, undo: str | None = None) -> Intent:
    field = ".".join(owner.place)
    name = owner.name.rpartition("/")[2]
    return Intent(owner.kind, name, owner.path, owner.found, {field: owner.value}, {field: after}, title, operations, undo)


def _required(client: ClusterClient, service: Service) -> Owner:
    workload = client.get(workload_path(service.workload_kind, service.namespace, service.workload))
    owner = owner_of(client, workload)
    if owner is None:
        raise NotFoundError(f"Neither Argo CD nor Flux owns {service.workload_kind.value} {service.workload} in {service.namespace}.")
    return owner


def _refuse_overwritten(client: ClusterClient, owner: Owner) -> None:
    """MitigationRefusedError where the owner is itself written by something that would put it back within minutes."""
    made_by = next((entry for entry in sequence(metadata(owner.found).get("ownerReferences")) if mapping(entry).get("controller")), None)
    if made_by is not None:
        maker = f"{made_by.get('kind')} {made_by.get('name')}"
        if made_by.get("kind") != "ApplicationSet":
            raise MitigationRefusedError(f"{owner.kind} {owner.name} is itself made by {maker}, which would put it back. Suspend it there.")
        if not _leaves_sync_policy(client, owner, str(made_by.get("name"))):
            raise MitigationRefusedError(
                f"{owner.kind} {owner.name} is itself made by {maker}, which would put it back. Take the automated sync out of its "
                "template, or have it leave that alone (spec.ignoreApplicationDifferences with the jsonPointer /spec/syncPolicy)."
            )
    applied_by = _applied_by(owner)
    if applied_by is not None and not _suspended_parent(client, owner):
        raise MitigationRefusedError(
            f"{owner.kind} {owner.name} is itself applied by Flux ({applied_by}), with {'.'.join(('spec', *owner.place))} in it, which it "
            "would put back. Change it in its source, or suspend what applies it."
        )
    parent = _parent(client, owner)
    heals = parent is not None and mapping(parent.value).get("selfHeal") is True and not parent.suspended
    if parent is not None and heals and not _leaves_alone(mapping(parent.found.get("spec")).get("ignoreDifferences"), owner):
        raise MitigationRefusedError(
            f"{owner.kind} {owner.name} is itself kept by {parent.kind} {parent.name}, which heals what is changed and would put it back. "
            f"Switch the selfHeal of {parent.name} off first."
        )


def _applied_by(owner: Owner) -> str | None:
    """Flux's controller that applied ``owner`` with the very field that a suspension changes: what it has not set, it leaves alone.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/
    """
    for entry in map(mapping, sequence(metadata(owner.found).get("managedFields"))):
        fields = mapping(entry.get("fieldsV1"))
        for step in ("f:spec", *(f"f:{step}" for step in owner.place[:-1])):
            fields = mapping(fields.get(step))
        by_flux = entry.get("manager") in ("kustomize-controller", "helm-controller")
        if entry.get("operation") == "Apply" and by_flux and f"f:{owner.place[-1]}" in fields:
            return str(entry["manager"])
    return None


def _suspended_parent(client: ClusterClient, owner: Owner) -> bool:
    """Whether the Flux object that applies this one is suspended itself; False also where that can't be told."""
    return any(f"{group}/name" in labels_of(owner.found) for group in _FLUX) and is_suspended(client, owner.found)


def _leaves_sync_policy(client: ClusterClient, owner: Owner, name: str) -> bool:
    """Whether an ApplicationSet leaves the sync policy of its applications as it finds it.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Controlling-Resource-Modification/
    """
    try:
        spec = mapping(client.get(f"{_ARGO_CD}/namespaces/{metadata(owner.found).get('namespace')}/applicationsets/{name}").get("spec"))
    except ClusterError:
        return False
    if mapping(spec.get("syncPolicy")).get("applicationsSync") in ("create-only", "create-delete"):
        return True
    return _leaves_alone(spec.get("ignoreApplicationDifferences"), owner)


def _leaves_alone(rules: Any, owner: Owner) -> bool:
    """Whether one of Argo CD's rules about differences to ignore covers the sync policy of ``owner``.

    https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/
    """
    for rule in map(mapping, sequence(rules)):
        fits = rule.get("kind") in (None, "", "*", owner.kind) and rule.get("group") in (None, "", "*", "argoproj.io")
        named = rule.get("name") in (None, "", name_of(owner.found))
        placed = rule.get("namespace") in (None, "", metadata(owner.found).get("namespace"))
        pointers = {str(one).strip("/").replace("/", ".") for one in sequence(rule.get("jsonPointers"))}
        paths = {str(one).strip().lstrip(".") for one in sequence(rule.get("jqPathExpressions"))}
        if fits and named and placed and {"spec.syncPolicy", "spec.syncPolicy.automated"} & (pointers | paths):
            return True
    return False


def _parent(client: ClusterClient, owner: Owner) -> Owner | None:
    """The application that keeps this one ("app of apps")."""
    if owner.kind != "Application":
        return None
    try:
        parent = owner_of(client, owner.found)
    except (ClusterError, NotFoundError):
        return None
    return parent if parent is not None and parent.kind == "Application" and parent.path != owner.path else None


def _by_label(client: ClusterClient, workload: Mapping[str, Any]) -> Owner | None:
    """The application that tracks ``workload`` by a label which Helm's charts set too."""
    name = instance_of(workload)
    if name is None:
        return None
    try:
        listed = sequence(client.get(ARGO_APPLICATIONS, {"fieldSelector": f"metadata.name={name}"}).get("items"))
    except ClusterError as error:
        if error.status in (403, 404):
            return None
        raise
    found = [entry for entry in listed if name_of(entry) == name and tracks(entry, workload)]
    if len(found) == 1:
        return _as_owner(found[0])
    return _application(client, name) if (image_manager(workload) or "").startswith("argocd-") else None


def _application(client: ClusterClient, application: str) -> Owner:
    # With applications in any namespace, Argo CD writes "<namespace>_<name>".
    space, _unused, name = application.rpartition("_")
    listed = sequence(client.get(ARGO_APPLICATIONS, {"fieldSelector": f"metadata.name={name}"}).get("items"))
    found = [entry for entry in listed if name_of(entry) == name and (not space or metadata(entry).get("namespace") == space)]
    if len(found) != 1:
        problem = "is not in this cluster" if not found else "is there more than once"
        raise NotFoundError(f"Argo CD application {name} {problem}. Suspend its automated sync where it is.")
    return _as_owner(found[0])


def _as_owner(application: Mapping[str, Any]) -> Owner:
    name = name_of(application)
    path = f"{_ARGO_CD}/namespaces/{metadata(application).get('namespace')}/applications/{name}"
    return Owner("Application", name, path, application, ("syncPolicy", "automated"), None)
