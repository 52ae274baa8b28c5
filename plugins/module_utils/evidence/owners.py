# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns a workload's manifest, and whether that controller would undo a change made by hand."""

from __future__ import annotations

from dataclasses import dataclass

from ..clients.cluster import ObjectNotFound
from ..errors import SourceUnavailableError
from .objects import Object, annotations_of, labels_of, mapping, metadata, name_of, sequence
from .snapshot import ClusterSnapshot

_ARGO_APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications"


@dataclass(frozen=True, slots=True)
class Ownership:
    """``reverts`` when the owner puts its own version back by itself."""

    owner: str | None
    reverts: bool
    note: str | None = None


def ownership(workload: Object, snapshot: ClusterSnapshot) -> Ownership:
    """The owner of ``workload``. Asks the cluster once more, and only for an Argo CD application's sync policy."""
    labels, annotations = labels_of(workload), annotations_of(workload)
    tracking = str(annotations.get("argocd.argoproj.io/tracking-id") or "")
    application = tracking.partition(":")[0] or labels.get("argocd.argoproj.io/instance")
    if application:
        return _argo_cd(application, snapshot)
    if name := labels.get("kustomize.toolkit.fluxcd.io/name"):
        space = labels.get("kustomize.toolkit.fluxcd.io/namespace", "flux-system")
        enabled = annotations.get("kustomize.toolkit.fluxcd.io/reconcile") != "disabled"
        return Ownership(f"Flux Kustomization {space}/{name}", reverts=enabled)
    if name := labels.get("helm.toolkit.fluxcd.io/name"):
        space = labels.get("helm.toolkit.fluxcd.io/namespace", "flux-system")
        return Ownership(f"Flux HelmRelease {space}/{name}", reverts=True)
    if name := annotations.get("meta.helm.sh/release-name"):
        return Ownership(f"Helm release {name}", reverts=False)
    return Ownership(None, reverts=False)


def _argo_cd(application: str, snapshot: ClusterSnapshot) -> Ownership:
    # With applications in any namespace, Argo CD writes "<namespace>_<name>".
    name = application.rpartition("_")[2]
    owner = f"Argo CD application {name}"
    assumed = "whether it syncs by itself could not be read; assumed that it does"
    try:
        answer = snapshot.get(_ARGO_APPLICATIONS, fieldSelector=f"metadata.name={name}")
    except ObjectNotFound:
        return Ownership(owner, reverts=True, note=f"{owner}: this cluster does not serve Argo CD's API; {assumed}")
    except SourceUnavailableError as error:
        return Ownership(owner, reverts=True, note=f"{owner}: {assumed} ({error.message})")
    space = application.rpartition("_")[0]
    found = [
        entry
        for entry in sequence(answer.get("items"))
        if name_of(entry) == name and (not space or metadata(entry).get("namespace") == space)
    ]
    if not found:
        return Ownership(owner, reverts=True, note=f"{owner} is not in this cluster; {assumed}")
    policy = mapping(mapping(found[0].get("spec")).get("syncPolicy"))
    automated = policy.get("automated")
    enabled = automated is not None and mapping(automated).get("enabled") is not False
    return Ownership(owner, reverts=enabled)
