# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a Deployment: counts, and its conditions Available and Progressing (`progress.go`, `sync.go`)."""

from __future__ import annotations

from ..timestamps import parse, to_seconds
from .context import Context, Object, condition
from .deployment_replicasets import REVISION, Rollout, max_unavailable

_NO_DEADLINE = 2**31 - 1


def _has_deadline(deployment: Object) -> bool:
    return deployment["spec"].get("progressDeadlineSeconds") not in (None, _NO_DEADLINE)


def _with_condition(conditions: list[Object], new: Object, now: str, *, refresh: bool = False) -> list[Object]:
    """Replaces a condition. One that says the same stays as it is unless `refresh`; a status that stays keeps its transition time."""
    old = next((c for c in conditions if c["type"] == new["type"]), None)
    if old is not None and (old["status"], old.get("reason")) == (new["status"], new["reason"]) and not refresh:
        return conditions
    transition = old.get("lastTransitionTime", now) if old is not None and old["status"] == new["status"] else now
    entry = {"type": new["type"], "status": new["status"], "lastUpdateTime": now, "lastTransitionTime": transition}
    entry |= {"reason": new["reason"], "message": new["message"]}
    return [*(c for c in conditions if c["type"] != new["type"]), entry]


def _condition(condition_type: str, status: str, reason: str, message: str) -> Object:
    return {"type": condition_type, "status": status, "reason": reason, "message": message}


def _conditions(deployment: Object) -> list[Object]:
    return list((deployment.get("status") or {}).get("conditions") or ())


def pause_conditions(context: Context, deployment: Object) -> Object:
    """Notes that a rollout was paused or resumed."""
    progressing = condition(deployment, "Progressing")
    if not _has_deadline(deployment) or (progressing and progressing["reason"] == "ProgressDeadlineExceeded"):
        return deployment
    paused = progressing is not None and progressing["reason"] == "DeploymentPaused"
    if bool(deployment["spec"].get("paused")) == paused:
        return deployment
    reason, message = ("DeploymentResumed", "Deployment is resumed") if paused else ("DeploymentPaused", "Deployment is paused")
    conditions = _with_condition(
        _conditions(deployment), _condition("Progressing", "Unknown", reason, message), to_seconds(context.clock())
    )
    return context.write_status(deployment, (deployment.get("status") or {}) | {"conditions": conditions})


def note_new_replica_set(context: Context, deployment: Object, new: Object, *, created: bool) -> Object:
    """Copies the revision to the Deployment, and starts the clock of its progress deadline."""
    status = dict(deployment.get("status") or {})
    if _has_deadline(deployment) and (created or condition(deployment, "Progressing") is None):
        reason, word = ("NewReplicaSetCreated", "Created") if created else ("FoundNewReplicaSet", "Found")
        wanted = _condition("Progressing", "True", reason, f'{word} new replica set "{new["metadata"]["name"]}"')
        status["conditions"] = _with_condition(_conditions(deployment), wanted, to_seconds(context.clock()))
    return context.write_status(deployment, status, {REVISION: new["metadata"]["annotations"][REVISION]})


def _counts(rollout: Rollout) -> dict[str, int]:
    statuses = [rs["status"] for rs in rollout.all]
    replicas = sum(status.get("replicas", 0) for status in statuses)
    available = sum(status.get("availableReplicas", 0) for status in statuses)
    return {
        "replicas": replicas,
        "updatedReplicas": rollout.new["status"].get("replicas", 0) if rollout.new else 0,
        "readyReplicas": sum(status.get("readyReplicas", 0) for status in statuses),
        "availableReplicas": available,
        "unavailableReplicas": max(sum(rs["spec"]["replicas"] for rs in rollout.all) - available, 0),
    }


def write_status(context: Context, rollout: Rollout) -> None:
    deployment = rollout.deployment
    now = context.clock()
    old = deployment.get("status") or {}
    counts = _counts(rollout)
    minimum = deployment["spec"]["replicas"] - max_unavailable(deployment)
    if counts["availableReplicas"] >= minimum:
        available = _condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        available = _condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    conditions = _with_condition(_conditions(deployment), available, to_seconds(now))
    if not _has_deadline(deployment):
        conditions = [c for c in conditions if c["type"] != "Progressing"]
    elif not deployment["spec"].get("paused"):
        conditions = _progress(rollout, counts, conditions, now)
    conditions = [c for c in conditions if c["type"] != "ReplicaFailure"]
    failure = condition(rollout.new, "ReplicaFailure") if rollout.new else None
    if failure is not None:
        refused = _condition("ReplicaFailure", "True", failure["reason"], failure["message"])
        before = [c for c in _conditions(deployment) if c["type"] == "ReplicaFailure" and c["message"] == failure["message"]]
        conditions = _with_condition([*conditions, *before], refused, to_seconds(now))
    status = {key: value for key, value in counts.items() if value}
    status["terminatingReplicas"] = sum(rs["status"].get("terminatingReplicas", 0) for rs in rollout.all)
    status |= {key: old[key] for key in ("collisionCount",) if key in old}
    context.write_status(deployment, status | {"observedGeneration": deployment["metadata"]["generation"], "conditions": conditions})


def _progress(rollout: Rollout, counts: dict[str, int], conditions: list[Object], now: float) -> list[Object]:
    deployment = rollout.deployment
    old, wanted = deployment.get("status") or {}, deployment["spec"]["replicas"]
    current = next((c for c in conditions if c["type"] == "Progressing"), None)
    done = counts["updatedReplicas"] == wanted == counts["replicas"] == counts["availableReplicas"]
    if current and current["reason"] == "NewReplicaSetAvailable" and counts["replicas"] == counts["updatedReplicas"]:
        return conditions
    if rollout.new is not None:
        subject = f'ReplicaSet "{rollout.new["metadata"]["name"]}"'
    else:
        subject = f'Deployment "{deployment["metadata"]["name"]}"'
    at = to_seconds(now)
    if done:
        reached = _condition("Progressing", "True", "NewReplicaSetAvailable", f"{subject} has successfully progressed.")
        return _with_condition(conditions, reached, at)
    old_replicas = old.get("replicas", 0) - old.get("updatedReplicas", 0)
    progressed = (
        counts["updatedReplicas"] > old.get("updatedReplicas", 0)
        or counts["replicas"] - counts["updatedReplicas"] < old_replicas
        or counts["readyReplicas"] > old.get("readyReplicas", 0)
        or counts["availableReplicas"] > old.get("availableReplicas", 0)
    )
    if progressed:
        moving = _condition("Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.")
        return _with_condition(conditions, moving, at, refresh=True)
    if current and current["reason"] not in ("NewReplicaSetAvailable", "ProgressDeadlineExceeded"):
        deadline = parse(current["lastUpdateTime"]) + deployment["spec"]["progressDeadlineSeconds"]
        if deadline < now:
            late = _condition("Progressing", "False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing.")
            return _with_condition(conditions, late, at)
    return conditions
