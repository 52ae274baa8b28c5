# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns a workload's manifest, and whether that controller would undo a change made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..clients.answers import excerpt
from ..clients.cluster import ObjectNotFound
from ..errors import SourceUnavailableError
from ..lean import dataclass
from .objects import Object, annotations_of, controller_of, labels_of, main_container, mapping, metadata, name_of, sequence
from .snapshot import ClusterSnapshot

_PUTS_BACK = "it puts its own version back within minutes: change its source, or suspend it first"
_HELM_RELEASE_PUTS_BACK = (
    "it puts its own version back at its next upgrade, and within minutes where it detects drift: change its source, or suspend it first"
)
_AT_NEXT_COMMIT = "it puts its own version back at the next commit or sync: change its source too"
_HELM_RELEASE = "meta.helm.sh/release-name"
ARGO_APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications"


@dataclass(frozen=True, slots=True)
class Ownership:
    """``reverts`` when the owner puts its own version back by itself."""

    owner: str | None
    reverts: bool
    note: str | None = None
    effect: str | None = None
    """What it does about a rollback made behind its back."""


def ownership(workload: Object, snapshot: ClusterSnapshot) -> Ownership:
    """The owner of ``workload``. Asks the cluster once more, and only for an Argo CD application."""
    labels, annotations = labels_of(workload), annotations_of(workload)
    if application := marked_application(workload):
        return _argo_cd(application, snapshot)
    if by_mark := _flux(labels, annotations) or _controller(workload):
        return by_mark
    tracked, note = _by_label(workload, snapshot)
    if tracked is not None:
        return _of_application(tracked)
    # Argo CD renders Helm's charts with Helm's own labels, and tracks by one of its user's choice: it is told by who wrote the image.
    by_manager = _by_manager(workload, snapshot)
    return by_manager or replace(_helm(labels, annotations) or Ownership(None, reverts=False), note=note)


def marked_application(workload: Object) -> str | None:
    """The Argo CD application that marks of Argo CD's own name, as it writes it: ``<name>`` or ``<namespace>_<name>``."""
    tracking = str(annotations_of(workload).get("argocd.argoproj.io/tracking-id") or "")
    return tracking.partition(":")[0] or labels_of(workload).get("argocd.argoproj.io/instance") or None


def instance_of(workload: Object) -> str | None:
    """By which Argo CD tracks where it does not do so by annotation; Helm's charts set it too, to the name of their release."""
    return labels_of(workload).get("app.kubernetes.io/instance")


def tracks(application: Object, workload: Object) -> bool:
    """Whether an application named by ``workload``'s label is its owner: it lists its resources, or has not looked yet and goes there."""
    spec, own = mapping(application.get("spec")), metadata(workload)
    listed = sequence(mapping(application.get("status")).get("resources"))
    if listed:
        wanted, kind = (own.get("namespace"), own.get("name")), workload.get("kind")
        same = [one for one in map(mapping, listed) if (one.get("namespace"), one.get("name")) == wanted]
        return any(kind is None or one.get("kind") == kind for one in same)  # objects of a list don't say their kind
    place = mapping(spec.get("destination"))
    here = place.get("server") in (None, "", "https://kubernetes.default.svc") and place.get("name") in (None, "", "in-cluster")
    return here and place.get("namespace") == own.get("namespace")


def image_manager(workload: Object, container: str | None = None) -> str | None:
    """Which client last wrote the image of the workload's container; None where the server does not say."""
    name = main_container(mapping(mapping(mapping(workload.get("spec")).get("template")).get("spec")), container).get("name")
    writes = []
    for entry in map(mapping, sequence(metadata(workload).get("managedFields"))):
        fields = mapping(entry.get("fieldsV1"))
        for step in ("f:spec", "f:template", "f:spec", "f:containers", f'k:{{"name":"{name}"}}'):
            fields = mapping(fields.get(step))
        if "f:image" in fields and entry.get("manager"):
            writes.append((str(entry.get("time") or ""), excerpt(str(entry["manager"]), 60)))
    return max(writes)[1] if writes else None


def _by_label(workload: Object, snapshot: ClusterSnapshot) -> tuple[Object | None, str | None]:
    """The application that tracks ``workload`` by its label, and what is not known of that."""
    name = instance_of(workload)
    if name is None:
        return None, None
    try:
        answer = snapshot.get(ARGO_APPLICATIONS, fieldSelector=f"metadata.name={name}")
    except ObjectNotFound:
        return None, None
    except SourceUnavailableError as error:
        # Who may not list what there is none of is refused as well, so that it is worth a word only where Helm itself has left no mark.
        rendered = labels_of(workload).get("app.kubernetes.io/managed-by") == "Helm" and not annotations_of(workload).get(_HELM_RELEASE)
        note = f"whether an Argo CD application {name} tracks it by its label could not be read ({error.message})"
        return None, note if rendered else None
    found = [entry for entry in sequence(answer.get("items")) if name_of(entry) == name and tracks(entry, workload)]
    return (found[0] if len(found) == 1 else None), None


def _by_manager(workload: Object, snapshot: ClusterSnapshot) -> Ownership | None:
    """The owner by who wrote the image."""
    manager, name = image_manager(workload) or "", instance_of(workload)
    if manager.startswith("argocd-") and name:
        return _argo_cd(name, snapshot)
    if manager in ("kustomize-controller", "helm-controller"):
        return Ownership(f"Flux ({manager})", reverts=True, effect=_PUTS_BACK)
    return None


def _flux(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Ownership | None:
    if name := labels.get("kustomize.toolkit.fluxcd.io/name"):
        space = labels.get("kustomize.toolkit.fluxcd.io/namespace", "flux-system")
        enabled = annotations.get("kustomize.toolkit.fluxcd.io/reconcile") != "disabled"
        effect = _PUTS_BACK if enabled else "its reconciliation of this object is disabled: it leaves it alone"
        return Ownership(f"Flux Kustomization {space}/{name}", reverts=enabled, effect=effect)
    if name := labels.get("helm.toolkit.fluxcd.io/name"):
        space = labels.get("helm.toolkit.fluxcd.io/namespace", "flux-system")
        return Ownership(f"Flux HelmRelease {space}/{name}", reverts=True, effect=_HELM_RELEASE_PUTS_BACK)
    return None


def _controller(workload: Object) -> Ownership | None:
    """Another object that controls the workload: an operator's, Argo Rollouts', OpenShift's."""
    owner = controller_of(workload)
    kind, name = str(owner.get("kind") or ""), str(owner.get("name") or "")
    if not kind or not name:
        return None
    group = str(owner.get("apiVersion") or "").rpartition("/")[0]
    if (group, kind) == ("argoproj.io", "Rollout"):
        effect = f"it sets the pods' template from its own: go back with 'kubectl argo rollouts undo {excerpt(name, 63)}'"
        return Ownership(f"Argo Rollouts {kind} {excerpt(name, 100)}", reverts=True, effect=effect)
    if group == "apps.openshift.io":
        effect = "it makes the pods from its own template: go back with 'oc rollout undo'"
        return Ownership(f"OpenShift {kind} {excerpt(name, 100)}", reverts=True, effect=effect)
    effect = f"its operator writes the workload anew from it: set the version in {excerpt(kind, 60)} {excerpt(name, 100)}"
    return Ownership(f"{excerpt(kind, 60)} {excerpt(name, 100)} ({excerpt(group, 60) or 'core'})", reverts=True, effect=effect)


def _helm(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Ownership | None:
    name = annotations.get(_HELM_RELEASE)
    if not name and labels.get("app.kubernetes.io/managed-by") == "Helm":
        name = labels.get("app.kubernetes.io/instance")
    if not name:
        return None
    effect = f"it leaves it alone until its next upgrade, and doesn't know of it: 'helm rollback {excerpt(name, 63)}' keeps both in step"
    return Ownership(f"Helm release {excerpt(name, 100)}", reverts=False, effect=effect)


def _argo_cd(application: str, snapshot: ClusterSnapshot) -> Ownership:
    # With applications in any namespace, Argo CD writes "<namespace>_<name>".
    name = application.rpartition("_")[2]
    owner = f"Argo CD application {name}"
    assumed = "whether it syncs by itself could not be read; assumed that it does"
    try:
        answer = snapshot.get(ARGO_APPLICATIONS, fieldSelector=f"metadata.name={name}")
    except ObjectNotFound:
        return Ownership(owner, reverts=True, note=f"{owner}: this cluster does not serve Argo CD's API; {assumed}", effect=_PUTS_BACK)
    except SourceUnavailableError as error:
        return Ownership(owner, reverts=True, note=f"{owner}: {assumed} ({error.message})", effect=_PUTS_BACK)
    space = application.rpartition("_")[0]
    found = [
        entry
        for entry in sequence(answer.get("items"))
        if name_of(entry) == name and (not space or metadata(entry).get("namespace") == space)
    ]
    if not found:
        return Ownership(owner, reverts=True, note=f"{owner} is not in this cluster; {assumed}", effect=_PUTS_BACK)
    return _of_application(found[0])


def _of_application(application: Object) -> Ownership:
    policy = mapping(mapping(application.get("spec")).get("syncPolicy"))
    automated = policy.get("automated")
    enabled = automated is not None and mapping(automated).get("enabled") is not False
    heals = enabled and mapping(automated).get("selfHeal") is True
    effect = (
        _PUTS_BACK if heals else _AT_NEXT_COMMIT if enabled else "it shows the workload as out of sync, and leaves it until somebody syncs"
    )
    return Ownership(f"Argo CD application {name_of(application)}", reverts=enabled, effect=effect)
