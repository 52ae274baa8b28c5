# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod templates: those that revisions keep, whether two are the same, and the patch that puts one back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..errors import IncidentResponseError
from ..model.service import WorkloadKind

CHANGE_CAUSE = "kubernetes.io/change-cause"
_TEMPLATE_HASH = "pod-template-hash"

JSON_PATCH = "application/json-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"


def kept_template(kind: WorkloadKind, revision: Mapping[str, Any]) -> dict[str, Any]:
    """The pod template that a ReplicaSet or ControllerRevision keeps, as the workload's spec would have it."""
    if kind is WorkloadKind.DEPLOYMENT:
        return normalised(revision["spec"]["template"])
    try:
        return normalised(revision["data"]["spec"]["template"])
    except (KeyError, TypeError):
        raise IncidentResponseError(
            f"ControllerRevision {revision['metadata']['name']} holds no pod template to roll back to. Choose another 'target'."
        ) from None


def normalised(template: Mapping[str, Any]) -> dict[str, Any]:
    """``template`` without what says nothing about the pods: the hash label, patch directives and empty values.

    Two templates are the same to Kubernetes when they are the same in this form.
    """
    result: dict[str, Any] = _without_nothing({key: value for key, value in template.items() if key != "$patch"})
    metadata = result.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("labels"), dict):
        labels = {name: value for name, value in metadata["labels"].items() if name != _TEMPLATE_HASH}
        result["metadata"] = {**metadata, "labels": labels}
    return result


def digest(template: Mapping[str, Any]) -> str:
    """A short text that is the same for the same normalised template."""
    return hashlib.sha256(json.dumps(normalised(template), sort_keys=True).encode()).hexdigest()[:16]


def patch_for(
    kind: WorkloadKind,
    workload: Mapping[str, Any],
    revision: Mapping[str, Any],
    annotations: Mapping[str, str] | None = None,
    by_generation: bool = False,
) -> tuple[str, Any]:
    """Content type and body of the one request that puts ``revision``'s template into ``workload`` and touches nothing else.

    It applies to exactly this object in exactly this state: with another uid or resourceVersion the server answers 409 or 422; with
    ``by_generation``, with another uid or spec. Replicas and annotations stay, except that the change cause is the revision's own, since
    the controller copies it to the revision, and that ``annotations`` are added.
    """
    metadata = workload["metadata"]
    present = metadata.get("annotations") or {}
    cause = (revision["metadata"].get("annotations") or {}).get(CHANGE_CAUSE)
    changes: dict[str, str | None] = {
        **({CHANGE_CAUSE: cause} if cause is not None or CHANGE_CAUSE in present else {}),
        **(annotations or {}),
    }
    if kind is WorkloadKind.DEPLOYMENT or by_generation:
        guard = "generation" if by_generation else "resourceVersion"
        operations: list[dict[str, Any]] = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            {"op": "test", "path": f"/metadata/{guard}", "value": metadata[guard]},
            {"op": "replace", "path": "/spec/template", "value": kept_template(kind, revision)},
        ]
        return JSON_PATCH, operations + _annotation_operations(changes, present)
    guarded: dict[str, Any] = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    if changes:
        guarded["annotations"] = changes
    return STRATEGIC_MERGE_PATCH, {**revision["data"], "metadata": guarded}


def _annotation_operations(changes: Mapping[str, str | None], present: Mapping[str, str]) -> list[dict[str, Any]]:
    added = {name: value for name, value in changes.items() if value is not None}
    if not present:
        return [{"op": "add", "path": "/metadata/annotations", "value": added}] if added else []
    operations: list[dict[str, Any]] = []
    for name, value in changes.items():
        path = f"/metadata/annotations/{name.replace('~', '~0').replace('/', '~1')}"
        if value is not None:
            operations.append({"op": "add", "path": path, "value": value})
        elif name in present:
            operations.append({"op": "remove", "path": path})
    return operations


def _without_nothing(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nothing(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value
