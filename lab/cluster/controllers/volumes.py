# SPDX-License-Identifier: GPL-3.0-or-later
"""PersistentVolumes that somebody made, and the claims that are bound to them (`pkg/controller/volume/persistentvolume`)."""

from __future__ import annotations

from ..quantities import parse_quantity
from ..selectors import matches_labels
from .context import Context, Object

_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
_COMPLETED = "pv.kubernetes.io/bind-completed"


def reconcile(context: Context, volume: Object) -> None:
    """A volume without a claim is Available; one whose claim is gone is Released, and stays so until somebody looks at its data."""
    reference = volume["spec"].get("claimRef")
    phase = "Available"
    if reference and reference.get("uid"):
        claim = context.store.get("PersistentVolumeClaim", reference["namespace"], reference["name"])
        phase = "Bound" if claim is not None and claim["metadata"]["uid"] == reference["uid"] else "Released"
    _be(context, volume, phase)


def bind(context: Context, claim: Object) -> Object | None:
    """The volume that the claim is bound to from now on; None where none fits."""
    fitting = [volume for volume in context.store.list("PersistentVolume") if _fits(volume, claim)]
    if not fitting:
        return None
    # One that names the claim comes first, then the smallest.
    volume = min(fitting, key=lambda one: (not one["spec"].get("claimRef"), _size(one["spec"]["capacity"])))
    prepared = bool(volume["spec"].get("claimRef"))
    meta = claim["metadata"]
    reference = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": meta["namespace"], "name": meta["name"]}
    reference |= {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
    bound = volume | {"spec": volume["spec"] | {"claimRef": reference}}
    _be(context, context.store.update(bound if prepared else _marked(bound, _BY_CONTROLLER)), "Bound")
    chosen = bool(claim["spec"].get("volumeName"))
    own = _marked(claim | {"spec": claim["spec"] | {"volumeName": volume["metadata"]["name"]}}, _COMPLETED)
    stored = context.store.update(own if chosen else _marked(own, _BY_CONTROLLER))
    status = {"phase": "Bound", "accessModes": volume["spec"].get("accessModes") or [], "capacity": volume["spec"]["capacity"]}
    context.write_status(stored, status)
    return volume


def _fits(volume: Object, claim: Object) -> bool:
    spec, wanted = volume["spec"], claim["spec"]
    reference = spec.get("claimRef")
    if reference and not _is_of(reference, claim["metadata"]):
        return False
    if volume["metadata"].get("deletionTimestamp") or (volume.get("status") or {}).get("phase") == "Released":
        return False
    if wanted.get("volumeName"):
        return bool(wanted["volumeName"] == volume["metadata"]["name"])
    return bool(
        spec.get("storageClassName", "") == wanted.get("storageClassName", "")
        and spec.get("volumeMode", "Filesystem") == wanted.get("volumeMode", "Filesystem")
        and set(wanted.get("accessModes") or ()) <= set(spec.get("accessModes") or ())
        and _size(spec["capacity"]) >= _size((wanted.get("resources") or {}).get("requests") or {})
        and matches_labels(wanted.get("selector") or {}, volume["metadata"].get("labels") or {})
    )


def _is_of(reference: Object, claim: Object) -> bool:
    same = (reference.get("namespace"), reference.get("name")) == (claim["namespace"], claim["name"])
    return same and reference.get("uid") in (None, "", claim["uid"])


def _size(amounts: Object) -> float:
    return parse_quantity(amounts.get("storage", "0"))


def _marked(obj: Object, annotation: str) -> Object:
    meta = obj["metadata"]
    return obj | {"metadata": meta | {"annotations": (meta.get("annotations") or {}) | {annotation: "yes"}}}


def _be(context: Context, volume: Object, phase: str) -> None:
    status = volume.get("status") or {}
    if status.get("phase") != phase:
        context.write_status(volume, {**status, "phase": phase})
