# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of one pod: until it has ended, its deadline has passed or it failed too often; gone some time after their end."""

from __future__ import annotations

import secrets

from ..deletion import DeleteOptions, delete_object
from ..resources import STORED
from ..store import copied
from ..timestamps import parse, to_seconds
from .context import Context, Object, is_active

_COMPONENT = "job-controller"
_NAMES = ("job-name", "batch.kubernetes.io/job-name")
_UIDS = ("controller-uid", "batch.kubernetes.io/controller-uid")


def reconcile(context: Context, job: Object) -> None:
    meta, status = job["metadata"], job.get("status") or {}
    if meta.get("deletionTimestamp") or job["spec"].get("suspend"):
        return
    ended = next((one for one in status.get("conditions") or () if one["type"] in ("Complete", "Failed")), None)
    if ended is not None:
        _remove_when_old(context, job, parse(ended["lastTransitionTime"]))
        return
    pods = [pod for pod in context.store.list("Pod", meta["namespace"]) if _owned(pod, meta["uid"])]
    started = parse(status["startTime"]) if status.get("startTime") else context.clock()
    failed = sum(pod["status"].get("phase") == "Failed" for pod in pods)
    succeeded = sum(pod["status"].get("phase") == "Succeeded" for pod in pods)
    active = [pod for pod in pods if is_active(pod)]
    deadline, reason = job["spec"].get("activeDeadlineSeconds"), None
    if succeeded:
        reason = ("Complete", "CompletionsReached", "Reached expected number of succeeded pods")
    elif deadline is not None and context.clock() - started >= deadline:
        for pod in active:
            context.delete_pod(job, pod, _COMPONENT)
        failed, active = failed + len(active), []
        reason = ("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    elif failed > job["spec"]["backoffLimit"]:
        reason = ("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    elif not active:
        active = [pod for pod in [_create(context, job)] if pod is not None]
    _write_status(context, job, {"active": len(active), "failed": failed, "succeeded": succeeded}, started, reason)


def _owned(pod: Object, uid: str) -> bool:
    return any(owner["uid"] == uid for owner in pod["metadata"].get("ownerReferences") or ())


def _create(context: Context, job: Object) -> Object | None:
    meta = job["metadata"]
    labels = {**dict.fromkeys(_NAMES, meta["name"]), **dict.fromkeys(_UIDS, meta["uid"])}
    name = f"{meta['name']}-{secrets.token_hex(3)[:5]}"
    return context.create_pod(job, copied(job["spec"]["template"]), _COMPONENT, name=name, labels=labels)


def _write_status(context: Context, job: Object, counts: dict[str, int], started: float, ended: tuple[str, str, str] | None) -> None:
    status: Object = {"startTime": to_seconds(started), "ready": 0, **{name: number for name, number in counts.items() if number}}
    if ended is not None:
        kind, reason, message = ended
        at = to_seconds(context.clock())
        status["conditions"] = [
            {"type": kind, "status": "True", "reason": reason, "message": message, "lastProbeTime": at, "lastTransitionTime": at}
        ]
        if kind == "Complete":
            status["completionTime"] = at
    if status != job.get("status"):
        context.write_status(job, status)


def _remove_when_old(context: Context, job: Object, ended: float) -> None:
    kept = job["spec"].get("ttlSecondsAfterFinished")
    if kept is not None and context.clock() - ended >= kept:
        delete_object(context.store, STORED["Job"], job, DeleteOptions(propagation="Background"), context.clock())
