# SPDX-License-Identifier: GPL-3.0-or-later
"""The ReplicaSets of a Deployment: which is the new one, their revisions, and how large the new one may be."""

from __future__ import annotations

from dataclasses import dataclass

from ..store import copied
from .context import Context, Object, resolved

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = {"kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MAX, "deprecated.deployment.rollback.to"}


@dataclass(frozen=True, slots=True)
class Rollout:
    """A Deployment with the ReplicaSet of its present template, and the others, oldest first."""

    deployment: Object
    new: Object | None
    old: tuple[Object, ...]

    @property
    def all(self) -> tuple[Object, ...]:
        return self.old if self.new is None else (*self.old, self.new)


def hashless(template: Object) -> Object:
    """A pod template without the hash label that tells ReplicaSets apart."""
    if "pod-template-hash" not in (template["metadata"].get("labels") or {}):
        return template
    plain: Object = copied(template)
    del plain["metadata"]["labels"]["pod-template-hash"]
    return plain


def _comparable(template: Object) -> Object:
    plain = hashless(template)
    return plain | {"metadata": {key: value for key, value in plain["metadata"].items() if value and key != "creationTimestamp"}}


def observe(context: Context, deployment: Object) -> Rollout:
    owned = sorted(
        context.adopt("ReplicaSet", deployment),
        key=lambda rs: (rs["metadata"]["creationTimestamp"], revision_of(rs)),
    )
    wanted = _comparable(deployment["spec"]["template"])
    new = next((rs for rs in owned if _comparable(rs["spec"]["template"]) == wanted), None)
    return Rollout(deployment, new, tuple(rs for rs in owned if rs is not new))


def revision_of(replica_set: Object) -> int:
    text = (replica_set["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def annotations_for(deployment: Object, replica_set: Object | None, revision: int) -> dict[str, str]:
    """Annotations of the new ReplicaSet: the Deployment's, its revision, and the revisions it had before."""
    annotations = dict(replica_set["metadata"].get("annotations") or {}) if replica_set else {}
    annotations |= {k: v for k, v in (deployment["metadata"].get("annotations") or {}).items() if k not in _NOT_COPIED}
    before = revision_of(replica_set) if replica_set else 0
    if before < revision:
        annotations[REVISION] = str(revision)
        if before:
            history = annotations.get(HISTORY)
            annotations[HISTORY] = f"{history},{before}" if history else str(before)
    if replica_set is None:
        replicas = deployment["spec"]["replicas"]
        annotations |= {DESIRED: str(replicas), MAX: str(replicas + max_surge(deployment))}
    return annotations


def max_surge(deployment: Object) -> int:
    spec = deployment["spec"]
    if spec["strategy"]["type"] != "RollingUpdate":
        return 0
    return resolved(spec["strategy"]["rollingUpdate"]["maxSurge"], spec["replicas"], round_up=True)


def max_unavailable(deployment: Object) -> int:
    """Never 0 together with a surge of 0, and never more than there are replicas."""
    spec = deployment["spec"]
    if spec["strategy"]["type"] != "RollingUpdate" or not spec["replicas"]:
        return 0
    unavailable = resolved(spec["strategy"]["rollingUpdate"]["maxUnavailable"], spec["replicas"], round_up=False)
    if unavailable == 0 and max_surge(deployment) == 0:
        unavailable = 1
    return min(unavailable, int(spec["replicas"]))


def new_replica_count(rollout: Rollout) -> int:
    """How large the new ReplicaSet may be now (`NewRSNewReplicas` in deployment_util.go)."""
    deployment = rollout.deployment
    wanted = int(deployment["spec"]["replicas"])
    if deployment["spec"]["strategy"]["type"] != "RollingUpdate":
        return wanted
    size = int(rollout.new["spec"]["replicas"]) if rollout.new else 0
    if size > wanted:
        return wanted
    room = wanted + max_surge(deployment) - sum(rs["spec"]["replicas"] for rs in rollout.all)
    return size if room <= 0 else size + min(room, wanted - size)
