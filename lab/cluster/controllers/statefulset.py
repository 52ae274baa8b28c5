# SPDX-License-Identifier: GPL-3.0-or-later
"""StatefulSets: numbered pods, created in order and updated from the highest number down (`stateful_set_control.go`)."""

from __future__ import annotations

import re

from ..store import copied
from . import revisions
from .context import Context, Object, is_available, is_ready

_COMPONENT = "statefulset-controller"
_HASH_LABEL = "controller.kubernetes.io/hash"
_POD_HASH = "controller-revision-hash"


def _ordinal(name: str) -> int:
    match = re.search(r"-(\d+)$", name)
    return int(match[1]) if match else -1


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(_POD_HASH, ""))


def _terminating(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def _healthy(pod: Object) -> bool:
    return pod["status"].get("phase") == "Running" and is_ready(pod) and not _terminating(pod)


def reconcile(context: Context, stateful_set: Object) -> None:
    """One step: at most one pod is created or deleted, unless the pods are managed in parallel."""
    update, known = revisions.current(context, stateful_set, _HASH_LABEL)
    status = stateful_set.get("status") or {}
    current_name = status.get("currentRevision") or update["metadata"]["name"]
    current = next((revision for revision in known if revision["metadata"]["name"] == current_name), update)
    pods = sorted(context.adopt("Pod", stateful_set), key=lambda pod: _ordinal(pod["metadata"]["name"]))
    if not stateful_set["metadata"].get("deletionTimestamp"):
        _step(context, stateful_set, pods, current, update)
        pods = sorted(context.adopt("Pod", stateful_set), key=lambda pod: _ordinal(pod["metadata"]["name"]))
    _write_status(context, stateful_set, pods, current["metadata"]["name"], update["metadata"]["name"])
    in_use = {current["metadata"]["name"], update["metadata"]["name"], *map(_revision_of, pods)}
    revisions.forget_old(context, stateful_set, known, in_use)


def _step(context: Context, stateful_set: Object, pods: list[Object], current: Object, update: Object) -> None:
    spec = stateful_set["spec"]
    start = int((spec.get("ordinals") or {}).get("start", 0))
    wanted = range(start, start + spec["replicas"])
    by_ordinal = {_ordinal(pod["metadata"]["name"]): pod for pod in pods}
    parallel = spec["podManagementPolicy"] == "Parallel"
    complete = all(ordinal in by_ordinal for ordinal in wanted)
    for ordinal in wanted:
        pod = by_ordinal.get(ordinal)
        if pod is None:
            _create(context, stateful_set, ordinal, _revision_for(stateful_set, ordinal, current, update))
        elif pod["status"].get("phase") in ("Failed", "Succeeded") and not _terminating(pod):
            context.delete_pod(stateful_set, pod, _COMPONENT)
        elif parallel or _healthy(pod):
            continue
        if not parallel:
            return
    for ordinal in sorted((o for o in by_ordinal if o not in wanted), reverse=True):
        if not _terminating(by_ordinal[ordinal]):
            context.delete_pod(stateful_set, by_ordinal[ordinal], _COMPONENT)
        if not parallel:
            return
    if complete:
        _update(context, stateful_set, [by_ordinal[o] for o in wanted], update)


def _revision_for(stateful_set: Object, ordinal: int, current: Object, update: Object) -> Object:
    """Pods below the partition come back as they were."""
    return current if ordinal < _first_updated(stateful_set) else update


def _first_updated(stateful_set: Object) -> int:
    """The partition counts from the first ordinal."""
    spec = stateful_set["spec"]
    start = int((spec.get("ordinals") or {}).get("start", 0))
    return start + int((spec["updateStrategy"].get("rollingUpdate") or {}).get("partition", 0))


def _update(context: Context, stateful_set: Object, pods: list[Object], update: Object) -> None:
    if stateful_set["spec"]["updateStrategy"]["type"] != "RollingUpdate":
        return
    first = _first_updated(stateful_set)
    for pod in reversed(pods):
        if _ordinal(pod["metadata"]["name"]) < first:
            return
        if _revision_of(pod) != update["metadata"]["name"] and not _terminating(pod):
            context.delete_pod(stateful_set, pod, _COMPONENT)
            return
        if not _healthy(pod):
            return


def _create(context: Context, stateful_set: Object, ordinal: int, revision: Object) -> None:
    name = f"{stateful_set['metadata']['name']}-{ordinal}"
    template = copied(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    template["spec"] |= {"hostname": name, "subdomain": stateful_set["spec"].get("serviceName", "")}
    labels = {
        "apps.kubernetes.io/pod-index": str(ordinal),
        _POD_HASH: revision["metadata"]["name"],
        "statefulset.kubernetes.io/pod-name": name,
    }
    if made := _claims(context, stateful_set, name):
        others = [volume for volume in template["spec"].get("volumes") or () if volume["name"] not in made]
        claimed = [{"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in made.items()]
        template["spec"]["volumes"] = [*claimed, *others]
    context.create_pod(stateful_set, template, _COMPONENT, name=name, labels=labels)


def _claims(context: Context, stateful_set: Object, pod: str) -> dict[str, str]:
    """The pod's own claims by the volume that each is. They are made here, and stay when the pod goes."""
    namespace, selector = stateful_set["metadata"]["namespace"], stateful_set["spec"]["selector"]
    made = {}
    for wanted in stateful_set["spec"].get("volumeClaimTemplates") or ():
        volume = wanted["metadata"]["name"]
        made[volume] = name = f"{volume}-{pod}"
        if context.store.get("PersistentVolumeClaim", namespace, name) is None:
            meta = copied(wanted["metadata"]) | {"name": name, "namespace": namespace}
            meta["labels"] = (meta.get("labels") or {}) | (selector.get("matchLabels") or {})
            claim = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": meta, "spec": copied(wanted["spec"])}
            context.store.create(claim)
    return made


def _write_status(context: Context, stateful_set: Object, pods: list[Object], current: str, update: str) -> None:
    spec, now = stateful_set["spec"], context.clock()
    live = [pod for pod in pods if not _terminating(pod)]
    updated = sum(_revision_of(pod) == update for pod in live)
    ready = [pod for pod in live if _healthy(pod)]
    partition = int((spec["updateStrategy"].get("rollingUpdate") or {}).get("partition", 0))
    complete = updated == spec["replicas"] == len(live) == len(ready) and partition == 0
    if complete and spec["updateStrategy"]["type"] == "RollingUpdate":
        current = update
    counts = {
        "currentReplicas": sum(_revision_of(pod) == current for pod in live),
        "readyReplicas": len(ready),
        "updatedReplicas": updated,
    }
    status: Object = {
        "observedGeneration": stateful_set["metadata"]["generation"],
        "replicas": len(pods),
        "availableReplicas": sum(is_available(pod, int(spec.get("minReadySeconds", 0)), now) for pod in ready),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": 0,
    }
    context.write_status(stateful_set, status | {key: count for key, count in counts.items() if count})
