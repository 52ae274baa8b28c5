# SPDX-License-Identifier: GPL-3.0-or-later
"""PersistentVolumeClaims: bound to volumes that somebody made, else Pending like the pods that use them: nothing here makes volumes."""

from __future__ import annotations

from . import volumes
from .context import Context, Object

_COMPONENT = "persistentvolume-controller"


def reconcile(context: Context, claim: Object) -> None:
    if _bound(claim) or claim["metadata"].get("deletionTimestamp") or volumes.bind(context, claim) is not None:
        return
    pending = context.write_status(claim, {**(claim.get("status") or {}), "phase": "Pending"})
    reason, message, kind = _why_pending(context, claim)
    if not _told(context, claim, reason):
        context.record(pending, reason, message, _COMPONENT, kind)


def refusal(context: Context, pod: Object) -> str | None:
    """Why the scheduler lets the pod wait, in its words: for a claim that is not there, or not bound."""
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            claim = context.store.get("PersistentVolumeClaim", pod["metadata"]["namespace"], name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if not _bound(claim):
                return "pod has unbound immediate PersistentVolumeClaims"
    return None


def _bound(claim: Object) -> bool:
    return (claim.get("status") or {}).get("phase") == "Bound"


def _why_pending(context: Context, claim: Object) -> tuple[str, str, str]:
    """Reason, message and type of the event that tells it."""
    name = claim["spec"].get("storageClassName")
    if not name:
        return "FailedBinding", "no persistent volumes available for this claim and no storage class is set", "Normal"
    known = context.store.get("StorageClass", None, name)
    if known is None:
        return "ProvisioningFailed", f'storageclass.storage.k8s.io "{name}" not found', "Warning"
    message = (
        f"Waiting for a volume to be created either by the external provisioner '{known.get('provisioner')}' or manually by the system "
        "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
    )
    return "ExternalProvisioning", message, "Normal"


def _told(context: Context, claim: Object, reason: str) -> bool:
    uid = claim["metadata"]["uid"]
    events = context.store.list("Event", claim["metadata"]["namespace"])
    return any(event["involvedObject"].get("uid") == uid and event["reason"] == reason for event in events)
