# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes when something else is gone: dependents of deleted owners, and the contents of deleted namespaces."""

from __future__ import annotations

from ..deletion import FOREGROUND, ORPHAN, DeleteOptions, delete_object
from ..resources import STORED
from ..store import copied
from .context import Context, Object


def collect(context: Context) -> None:
    """One pass over every object."""
    everything = [obj for kind in STORED for obj in context.store.list(kind)]
    owners = {obj["metadata"]["uid"]: obj for obj in everything}
    dependents: dict[str, list[Object]] = {}
    for obj in everything:
        for owner in obj["metadata"].get("ownerReferences") or ():
            dependents.setdefault(owner["uid"], []).append(obj)
    for obj in everything:
        if obj["metadata"].get("deletionTimestamp"):
            _finish(context, obj, dependents.get(obj["metadata"]["uid"], []))
        else:
            _check_owners(context, obj, owners)
    for namespace in context.store.list("Namespace"):
        if namespace["metadata"].get("deletionTimestamp"):
            _empty(context, namespace, everything)


def _exists(context: Context, obj: Object) -> bool:
    meta = obj["metadata"]
    return context.store.get(obj["kind"], meta.get("namespace"), meta["name"]) is not None


def _delete(context: Context, obj: Object, propagation: str = "Background") -> None:
    meta = obj["metadata"]
    current = context.store.get(obj["kind"], meta.get("namespace"), meta["name"])
    if current is not None and not current["metadata"].get("deletionTimestamp"):
        delete_object(context.store, STORED[obj["kind"]], current, DeleteOptions(propagation=propagation), context.clock())


def _check_owners(context: Context, obj: Object, owners: dict[str, Object]) -> None:
    """An owner of a kind that is not served can't be looked for, and so is never found to be gone."""
    references = obj["metadata"].get("ownerReferences") or ()
    gone = [reference for reference in references if reference["uid"] not in owners]
    if references and len(gone) == len(references) and all(map(_is_served, references)):
        _delete(context, obj)


def _is_served(reference: Object) -> bool:
    resource = STORED.get(reference["kind"])
    return resource is not None and reference["apiVersion"].rpartition("/")[0] == resource.group


def _finish(context: Context, obj: Object, dependents: list[Object]) -> None:
    """Foreground deletion waits for the dependents, orphaning lets go of them."""
    finalizers = obj["metadata"].get("finalizers") or ()
    if FOREGROUND in finalizers:
        waiting = [d for d in dependents if _exists(context, d)]
        for dependent in waiting:
            _delete(context, dependent, "Foreground" if dependent["kind"] != "Pod" else "Background")
        if any(_exists(context, dependent) for dependent in waiting):
            return
        _drop_finalizer(context, obj, FOREGROUND)
    elif ORPHAN in finalizers:
        for dependent in dependents:
            freed = copied(dependent)
            references = freed["metadata"]["ownerReferences"]
            freed["metadata"]["ownerReferences"] = [r for r in references if r["uid"] != obj["metadata"]["uid"]]
            context.store.update(freed)
        _drop_finalizer(context, obj, ORPHAN)


def _drop_finalizer(context: Context, obj: Object, finalizer: str) -> None:
    meta = obj["metadata"]
    current = context.store.get(obj["kind"], meta.get("namespace"), meta["name"])
    if current is not None:
        updated = copied(current)
        updated["metadata"]["finalizers"] = [f for f in updated["metadata"]["finalizers"] if f != finalizer]
        context.store.update(updated)


def _empty(context: Context, namespace: Object, everything: list[Object]) -> None:
    name = namespace["metadata"]["name"]
    left = [obj for obj in everything if obj["metadata"].get("namespace") == name and _exists(context, obj)]
    for obj in left:
        _delete(context, obj)
    if not any(_exists(context, obj) for obj in left):
        _drop_finalizer(context, namespace, "kubernetes")
