# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say when the workload is not there: what is, and where it is instead."""

from __future__ import annotations

from typing import Any

from ..clients.cluster import ClusterClient, ObjectNotFound, workload_path
from ..concurrency import Deadline, map_side_by_side, wait
from ..errors import NotFoundError, SourceUnavailableError
from ..model.service import Service, WorkloadKind
from ..names import near
from .objects import mapping, metadata, name_of, sequence

_PLURALS = {kind: workload_path(kind, "", "").rstrip("/").rpartition("/")[2] for kind in WorkloadKind}
_LISTED = 20


def missing_workload(client: ClusterClient, service: Service, deadline: Deadline) -> NotFoundError:
    """The error that names the near ones: in the namespace by any kind, and by the same name in other namespaces."""
    kinds = list(WorkloadKind)
    here = map_side_by_side(lambda kind: _names(client, workload_path(kind, service.namespace)), kinds, 3, "here")
    elsewhere = map_side_by_side(lambda kind: _elsewhere(client, kind, service.workload), kinds, 3, "elsewhere")
    names: dict[WorkloadKind, list[str]] = {}
    nothing_served = 0
    for kind, future in zip(kinds, here, strict=True):
        try:
            names[kind] = wait(future, deadline, "The cluster")
        except ObjectNotFound:
            nothing_served += 1
        except SourceUnavailableError:
            continue
    if nothing_served == len(kinds):
        return NotFoundError(
            f"What answers at {client.host} serves no apps/v1: it is not a Kubernetes API. Check 'kubeconfig' or 'host'.", near=[]
        )
    spaces: list[str] = []
    for elsewhere_future in elsewhere:
        try:
            others = wait(elsewhere_future, deadline, "The cluster")
        except SourceUnavailableError:
            continue
        spaces += others
    return _error(service, names, sorted(set(spaces) - {service.namespace}))


def _error(service: Service, names: dict[WorkloadKind, list[str]], spaces: list[str]) -> NotFoundError:
    known = sorted({name for found in names.values() for name in found})
    alike = list(near(service.workload, known))
    parts = [f"There is no {service.workload_kind.value} '{service.workload}' in namespace '{service.namespace}'."]
    other_kind = next((kind for kind, found in names.items() if service.workload in found), None)
    if other_kind is not None:
        parts.append(
            f"There is a {other_kind.value} of this name: set workload_kind to {other_kind.value} in the service's catalogue entry."
        )
    elif spaces:
        parts.append(f"There is one in namespace {', '.join(spaces[:5])}: set 'namespace'.")
    if alike and other_kind is None:
        parts.append(f"Did you mean {' or '.join(alike)}?")
    elif known and other_kind is None:
        parts.append(f"There are: {', '.join(known[:_LISTED])}{', …' if len(known) > _LISTED else ''}.")
    elif not known and not spaces:
        parts.append("That namespace has no workloads, or does not exist: check 'namespace'.")
    ordered = [*alike, *(name for name in known if name not in alike)][:_LISTED]
    kind = {"other_kind": other_kind.value} if other_kind is not None else {}
    return NotFoundError(" ".join(parts), near=ordered, namespaces=spaces[:_LISTED], **kind)


def _names(client: ClusterClient, path: str) -> list[str]:
    return [name_of(found) for found in _found(client.get(path, {"limit": 500}))]


def _elsewhere(client: ClusterClient, kind: WorkloadKind, name: str) -> list[str]:
    """Namespaces in which there is one of this name, where these credentials may look."""
    answer = client.get(f"/apis/apps/v1/{_PLURALS[kind]}", {"fieldSelector": f"metadata.name={name}"})
    return [str(metadata(found).get("namespace")) for found in _found(answer) if name_of(found) == name]


def _found(answer: dict[str, Any]) -> list[Any]:
    return [mapping(entry) for entry in sequence(answer.get("items"))]
