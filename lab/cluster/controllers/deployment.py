# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments: rolling updates and recreation, as `pkg/controller/deployment` does them."""

from __future__ import annotations

from ..store import copied
from .context import Context, Object, condition, is_active, owner_reference, template_hash
from .deployment_replicasets import (
    DESIRED,
    MAX,
    Rollout,
    annotations_for,
    hashless,
    max_surge,
    max_unavailable,
    new_replica_count,
    observe,
    revision_of,
)
from .deployment_status import note_new_replica_set, pause_conditions, write_status

_COMPONENT = "deployment-controller"
_HASH_LABEL = "pod-template-hash"


def reconcile(context: Context, deployment: Object) -> None:
    """One step; further ones follow from the changes it makes."""
    rollout = observe(context, deployment)
    if deployment["metadata"].get("deletionTimestamp"):
        write_status(context, rollout)
        return
    rollout = Rollout(pause_conditions(context, deployment), rollout.new, rollout.old)
    spec = rollout.deployment["spec"]
    if spec.get("paused") or _is_scaling(rollout):
        rollout = _synced(context, rollout, create=False)
        _scale_all(context, rollout)
        if spec.get("paused"):
            _forget_old(context, rollout)
        write_status(context, observe(context, _fresh(context, rollout.deployment)))
    elif spec["strategy"]["type"] == "Recreate":
        _recreate(context, rollout)
    else:
        _roll(context, rollout)


def _fresh(context: Context, deployment: Object) -> Object:
    meta = deployment["metadata"]
    return context.store.require("Deployment", meta["namespace"], meta["name"])


def _roll(context: Context, rollout: Rollout) -> None:
    rollout = _synced(context, rollout, create=True)
    assert rollout.new is not None
    deployment = rollout.deployment
    size = new_replica_count(rollout)
    if size != rollout.new["spec"]["replicas"]:
        _scale(context, deployment, rollout.new, size)
    else:
        _scale_down_old(context, rollout)
    rollout = observe(context, _fresh(context, deployment))
    if _is_complete(rollout):
        _forget_old(context, rollout)
    write_status(context, rollout)


def _recreate(context: Context, rollout: Rollout) -> None:
    rollout = _synced(context, rollout, create=False)
    deployment = rollout.deployment
    for replica_set in rollout.old:
        _scale(context, deployment, replica_set, 0)
    old_uids = {rs["metadata"]["uid"] for rs in rollout.old}
    pods = context.store.list("Pod", deployment["metadata"]["namespace"])
    old_pods = [pod for pod in pods if any(o["uid"] in old_uids for o in pod["metadata"].get("ownerReferences") or ())]
    if not any(is_active(pod) or pod["metadata"].get("deletionTimestamp") for pod in old_pods):
        rollout = _synced(context, rollout, create=True)
        assert rollout.new is not None
        _scale(context, deployment, rollout.new, deployment["spec"]["replicas"])
    rollout = observe(context, _fresh(context, deployment))
    if _is_complete(rollout):
        _forget_old(context, rollout)
    write_status(context, rollout)


def _synced(context: Context, rollout: Rollout, *, create: bool) -> Rollout:
    """The new ReplicaSet with its revision, created if need be and wanted (`getNewReplicaSet` in sync.go)."""
    deployment = rollout.deployment
    revision = max((revision_of(rs) for rs in rollout.old), default=0) + 1
    if rollout.new is not None:
        updated = copied(rollout.new)
        updated["metadata"]["annotations"] = annotations_for(deployment, rollout.new, revision)
        updated["spec"]["minReadySeconds"] = deployment["spec"].get("minReadySeconds", 0)
        if not updated["spec"]["minReadySeconds"]:
            updated["spec"].pop("minReadySeconds")
        new = context.store.update(updated)
    elif create:
        new = _create_replica_set(context, rollout, revision)
    else:
        return rollout
    deployment = note_new_replica_set(context, deployment, new, created=rollout.new is None)
    return Rollout(deployment, new, rollout.old)


def _create_replica_set(context: Context, rollout: Rollout, revision: int) -> Object:
    deployment = rollout.deployment
    meta, spec = deployment["metadata"], deployment["spec"]
    collisions = (deployment.get("status") or {}).get("collisionCount", 0)
    pod_hash = template_hash(hashless(spec["template"]), collisions)
    while context.store.get("ReplicaSet", meta["namespace"], f"{meta['name']}-{pod_hash}") is not None:
        collisions += 1
        pod_hash = template_hash(hashless(spec["template"]), collisions)
    template = copied(spec["template"])
    template["metadata"]["labels"] = (template["metadata"].get("labels") or {}) | {_HASH_LABEL: pod_hash}
    selector = copied(spec["selector"])
    selector["matchLabels"] = (selector.get("matchLabels") or {}) | {_HASH_LABEL: pod_hash}
    replicas = new_replica_count(rollout)
    created = context.store.create(
        {
            "kind": "ReplicaSet",
            "apiVersion": "apps/v1",
            "metadata": {
                "name": f"{meta['name']}-{pod_hash}",
                "namespace": meta["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": annotations_for(deployment, None, revision),
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template}
            | ({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
        }
    )
    if replicas:
        _record_scaling(context, deployment, created, 0, replicas)
    return created


def _record_scaling(context: Context, deployment: Object, replica_set: Object, before: int, after: int) -> None:
    word = "up" if after > before else "down"
    message = f"Scaled {word} replica set {replica_set['metadata']['name']} from {before} to {after}"
    context.record(deployment, "ScalingReplicaSet", message, _COMPONENT)


def _scale(context: Context, deployment: Object, replica_set: Object, replicas: int) -> None:
    """Sets the size of a ReplicaSet and notes the Deployment's own size on it."""
    spec = deployment["spec"]
    before = replica_set["spec"]["replicas"]
    updated = copied(replica_set)
    updated["spec"]["replicas"] = replicas
    annotations = updated["metadata"].setdefault("annotations", {})
    annotations |= {DESIRED: str(spec["replicas"]), MAX: str(spec["replicas"] + max_surge(deployment))}
    context.store.update(updated)
    if before != replicas:
        _record_scaling(context, deployment, replica_set, before, replicas)


def _scale_down_old(context: Context, rollout: Rollout) -> None:
    """First what is unhealthy anyway, then as much as availability allows (`reconcileOldReplicaSets` in rolling.go)."""
    assert rollout.new is not None
    deployment = rollout.deployment
    old = [rs for rs in rollout.old if rs["spec"]["replicas"]]
    if not old:
        return
    minimum = deployment["spec"]["replicas"] - max_unavailable(deployment)
    new_unavailable = rollout.new["spec"]["replicas"] - rollout.new["status"].get("availableReplicas", 0)
    total = sum(rs["spec"]["replicas"] for rs in (*old, rollout.new))
    room = total - minimum - new_unavailable
    sizes = {rs["metadata"]["name"]: rs["spec"]["replicas"] for rs in old}
    available = sum(rs["status"].get("availableReplicas", 0) for rs in (*old, rollout.new))
    for replica_set in old:
        unhealthy = max(replica_set["spec"]["replicas"] - replica_set["status"].get("availableReplicas", 0), 0)
        taken = min(unhealthy, max(room, 0))
        sizes[replica_set["metadata"]["name"]] -= taken
        room -= taken
    surplus = min(max(available - minimum, 0), max(room, 0))
    for replica_set in old:
        taken = min(sizes[replica_set["metadata"]["name"]], surplus)
        sizes[replica_set["metadata"]["name"]] -= taken
        surplus -= taken
    for replica_set in old:
        if sizes[replica_set["metadata"]["name"]] != replica_set["spec"]["replicas"]:
            _scale(context, deployment, replica_set, sizes[replica_set["metadata"]["name"]])


def _is_scaling(rollout: Rollout) -> bool:
    wanted = str(rollout.deployment["spec"]["replicas"])
    return any((rs["metadata"].get("annotations") or {}).get(DESIRED, wanted) != wanted for rs in rollout.all if rs["spec"]["replicas"])


def _scale_all(context: Context, rollout: Rollout) -> None:
    """Spreads a new size over the ReplicaSets (`scale` in sync.go)."""
    deployment = rollout.deployment
    wanted = deployment["spec"]["replicas"]
    active = [rs for rs in rollout.all if rs["spec"]["replicas"]]
    if len(active) <= 1:
        latest = active[0] if active else rollout.new or (rollout.old[-1] if rollout.old else None)
        if latest is not None:
            _scale(context, deployment, latest, wanted)
        return
    if rollout.new is not None and _is_saturated(rollout.new, wanted):
        for replica_set in active:
            if replica_set is not rollout.new:
                _scale(context, deployment, replica_set, 0)
        return
    if deployment["spec"]["strategy"]["type"] != "RollingUpdate":
        return
    total = sum(rs["spec"]["replicas"] for rs in active)
    allowed = wanted + max_surge(deployment) if wanted else 0
    left = allowed - total
    by_size = sorted(active, key=lambda rs: (rs["spec"]["replicas"], revision_of(rs)), reverse=True)
    sizes = {}
    for replica_set in by_size:
        size = replica_set["spec"]["replicas"]
        share = round(size * allowed / int((replica_set["metadata"].get("annotations") or {}).get(MAX, total))) - size
        share = max(min(share, left), 0) if left > 0 else min(max(share, left), 0)
        sizes[replica_set["metadata"]["name"]] = size + share
        left -= share
    sizes[by_size[0]["metadata"]["name"]] = max(sizes[by_size[0]["metadata"]["name"]] + left, 0)
    for replica_set in by_size:
        _scale(context, deployment, replica_set, sizes[replica_set["metadata"]["name"]])


def _is_saturated(replica_set: Object, wanted: int) -> bool:
    annotations = replica_set["metadata"].get("annotations") or {}
    return bool(
        replica_set["spec"]["replicas"] == wanted
        and annotations.get(DESIRED, "") == str(wanted)
        and replica_set["status"].get("availableReplicas", 0) == wanted
    )


def _is_complete(rollout: Rollout) -> bool:
    progressing = condition(rollout.deployment, "Progressing")
    return progressing is not None and progressing["reason"] == "NewReplicaSetAvailable"


def _forget_old(context: Context, rollout: Rollout) -> None:
    """Deletes the oldest empty ReplicaSets beyond the revision history limit."""
    empty = [rs for rs in rollout.old if not rs["spec"]["replicas"] and not rs["status"].get("replicas")]
    surplus = len(rollout.old) - int(rollout.deployment["spec"].get("revisionHistoryLimit", 10))
    for replica_set in sorted(empty, key=revision_of)[: max(surplus, 0)]:
        context.store.delete("ReplicaSet", replica_set["metadata"]["namespace"], replica_set["metadata"]["name"])
