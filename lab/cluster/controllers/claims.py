# SPDX-License-Identifier: GPL-3.0-or-later
"""PersistentVolumeClaims of a class that does not exist: they stay Pending, and so do the pods that use them."""

from __future__ import annotations

from .context import Context, Object

_COMPONENT = "persistentvolume-controller"


def reconcile(context: Context, claim: Object) -> None:
    wanted = _missing_class(context, claim)
    if wanted is None:
        return
    pending = context.write_status(claim, {**(claim.get("status") or {}), "phase": "Pending"})
    if not _told(context, claim):
        context.record(pending, "ProvisioningFailed", f'storageclass.storage.k8s.io "{wanted}" not found', _COMPONENT, "Warning")


def bound(context: Context, pod: Object) -> bool:
    """Whether no claim of the pod waits for a class that is not there."""
    names = [
        volume["persistentVolumeClaim"]["claimName"] for volume in pod["spec"].get("volumes") or () if "persistentVolumeClaim" in volume
    ]
    claims = (context.store.get("PersistentVolumeClaim", pod["metadata"]["namespace"], name) for name in names)
    return all(claim is None or _missing_class(context, claim) is None for claim in claims)


def _missing_class(context: Context, claim: Object) -> str | None:
    name = claim["spec"].get("storageClassName")
    unbound = (claim.get("status") or {}).get("phase") != "Bound" and not claim["spec"].get("volumeName")
    return name if name and unbound and context.store.get("StorageClass", None, name) is None else None


def _told(context: Context, claim: Object) -> bool:
    uid = claim["metadata"]["uid"]
    events = context.store.list("Event", claim["metadata"]["namespace"])
    return any(event["involvedObject"].get("uid") == uid and event["reason"] == "ProvisioningFailed" for event in events)
