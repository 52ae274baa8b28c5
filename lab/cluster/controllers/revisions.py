# SPDX-License-Identifier: GPL-3.0-or-later
"""ControllerRevisions: the history of StatefulSets and DaemonSets."""

from __future__ import annotations

from typing import Any

from ..store import copied
from .context import Context, Object, owner_reference, template_hash


def _data(owner: Object) -> Object:
    return {"spec": {"template": copied(owner["spec"]["template"]) | {"$patch": "replace"}}}


def history(context: Context, owner: Object) -> list[Object]:
    """The owner's revisions, oldest first."""
    owned = context.adopt("ControllerRevision", owner)
    return sorted(owned, key=lambda revision: (int(revision["revision"]), revision["metadata"]["creationTimestamp"]))


def current(context: Context, owner: Object, hash_label: str) -> tuple[Object, list[Object]]:
    """The revision of the owner's present template, made or moved to the top if need be, and the whole history."""
    known, data = history(context, owner), _data(owner)
    found = next((revision for revision in known if revision["data"] == data), None)
    top = known[-1]["revision"] if known else 0
    if found is None:
        found = _create(context, owner, data, top + 1, hash_label)
        known.append(found)
    elif found["revision"] < top:
        known.remove(found)
        found = context.store.update(found | {"revision": top + 1})
        known.append(found)
    return found, known


def _create(context: Context, owner: Object, data: Object, number: int, hash_label: str) -> Object:
    meta = owner["metadata"]
    collisions = 0
    revision_hash = template_hash(data)
    while context.store.get("ControllerRevision", meta["namespace"], f"{meta['name']}-{revision_hash}") is not None:
        collisions += 1
        revision_hash = template_hash(data, collisions)
    labels = (owner["spec"]["template"]["metadata"].get("labels") or {}) | {hash_label: revision_hash}
    created: dict[str, Any] = {
        "kind": "ControllerRevision",
        "apiVersion": "apps/v1",
        "metadata": {
            "name": f"{meta['name']}-{revision_hash}",
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": meta.get("annotations") or {},
            "ownerReferences": [owner_reference(owner)],
        },
        "data": data,
        "revision": number,
    }
    return context.store.create(created)


def forget_old(context: Context, owner: Object, known: list[Object], in_use: set[str]) -> None:
    """Deletes the oldest revisions beyond the history limit that no pod and no status names."""
    idle = [revision for revision in known if revision["metadata"]["name"] not in in_use]
    surplus = len(idle) - int(owner["spec"].get("revisionHistoryLimit", 10))
    for revision in idle[: max(surplus, 0)]:
        context.store.delete("ControllerRevision", owner["metadata"]["namespace"], revision["metadata"]["name"])
