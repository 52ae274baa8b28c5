# SPDX-License-Identifier: GPL-3.0-or-later
"""Deletion: graceful for pods, and with the three ways to treat dependents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import bad_request, conflict
from .resources import Resource
from .store import Store, copied
from .timestamps import to_seconds

Object = dict[str, Any]

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    grace_seconds: int | None = None
    propagation: str = "Background"
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False


def delete_options(body: Object, query: Mapping[str, str]) -> DeleteOptions:
    """Of a request's body, or of its query where the body says nothing. Raises ApiErrors (400)."""
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    propagation = body.get("propagationPolicy") or query.get("propagationPolicy")
    if propagation is None:
        orphan = body.get("orphanDependents", query.get("orphanDependents"))
        propagation = "Orphan" if orphan in (True, "true") else "Background"
    if propagation not in ("Background", "Foreground", "Orphan"):
        raise bad_request(f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "{propagation}"')
    preconditions = body.get("preconditions") or {}
    try:
        grace_seconds = None if grace is None else int(grace)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{grace}": invalid syntax') from None
    return DeleteOptions(
        grace_seconds=grace_seconds,
        propagation=propagation,
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        dry_run="All" in (body.get("dryRun") or ()) or query.get("dryRun") == "All",
    )


def delete_object(store: Store, resource: Resource, obj: Object, options: DeleteOptions, now: float) -> tuple[Object, int]:
    """Deletes, or marks for deletion what goes later. Returns the body and the code of the answer. Raises an ApiError (409)."""
    meta = obj["metadata"]
    for name, wanted, found in (
        ("UID", options.uid, meta["uid"]),
        ("ResourceVersion", options.resource_version, meta["resourceVersion"]),
    ):
        if wanted and wanted != found:
            why = f"Precondition failed: {name} in precondition: {wanted}, {name} in object meta: {found}"
            raise conflict(resource, meta["name"], why)
    finalizers = [f for f in meta.get("finalizers") or () if f not in (FOREGROUND, ORPHAN)]
    if options.propagation != "Background":
        finalizers.append(FOREGROUND if options.propagation == "Foreground" else ORPHAN)
    grace = _grace(resource, obj, options)
    if not finalizers and not grace and resource.kind != "Namespace":
        if not options.dry_run:
            store.delete(resource.kind, meta.get("namespace"), meta["name"])
        return _success(resource, meta), 200
    marked = copied(obj)
    marked["metadata"].setdefault("deletionTimestamp", to_seconds(now + grace))
    marked["metadata"]["deletionGracePeriodSeconds"] = grace
    if finalizers:
        marked["metadata"]["finalizers"] = finalizers
    if resource.kind == "Namespace":
        marked["status"] = marked.get("status", {}) | {"phase": "Terminating"}
        marked["metadata"]["finalizers"] = [*finalizers, "kubernetes"]
    if "generation" in marked["metadata"] and "deletionTimestamp" not in meta:
        marked["metadata"]["generation"] += 1
    if not options.dry_run:
        marked = store.update(marked, status_only=True)
    return marked, 200


def _grace(resource: Resource, obj: Object, options: DeleteOptions) -> int:
    """Seconds; only pods that run somewhere stop gracefully."""
    if resource.kind != "Pod" or not obj["spec"].get("nodeName") or obj["status"].get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace_seconds is not None:
        return options.grace_seconds
    return int(obj["spec"].get("terminationGracePeriodSeconds", 30))


def _success(resource: Resource, meta: Object) -> Object:
    details: Object = {"name": meta["name"]} | ({"group": resource.group} if resource.group else {})
    details |= {"kind": resource.plural, "uid": meta["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
