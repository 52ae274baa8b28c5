# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of a workload, as the cluster lists them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from ..clients.cluster import ClusterClient
from ..evidence.objects import controller_of, labels_of, mapping, name_of, selector_text, sequence


def pods_of(client: ClusterClient, namespace: str, workload: Mapping[str, Any], known: Container[str] = ()) -> list[dict[str, Any]]:
    """Pods that ``workload``'s own selector (labels and expressions) matches, without those that another controller has made.

    ``known`` as in ``own_pods``.
    """
    selector = selector_text(mapping(mapping(workload.get("spec")).get("selector")))
    return own_pods(workload, sequence(client.get(f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": selector}).get("items")), known)


def own_pods(workload: Mapping[str, Any], listed: Iterable[Any], known: Container[str] = ()) -> list[Any]:
    """Those of ``listed`` that no other controller has made: a canary beside it, or a Job, may well have its labels.

    ``known`` are hashes of revisions that are the workload's for sure.
    """
    return [pod for pod in listed if _made_by(workload, pod, known)]


def _made_by(workload: Mapping[str, Any], pod: Mapping[str, Any], known: Container[str]) -> bool:
    """Told by names, so that nothing more has to be asked: a Deployment's ReplicaSets are called as it is, with the pods' hash behind."""
    maker, kind, name = controller_of(pod), workload.get("kind"), name_of(workload)
    if not maker:
        return True
    if maker.get("kind") == "ReplicaSet" and kind in (None, "Deployment"):
        mark = labels_of(pod).get("pod-template-hash")
        return mark is None or mark in known or maker.get("name") == f"{name}-{mark}"
    return kind in (None, maker.get("kind")) and maker.get("name") == name
