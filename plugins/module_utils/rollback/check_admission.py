# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would the cluster take the change, and the pods that it leads to? The server tries both (``dryRun=All``), with its own admission.

https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError
from ..evidence.objects import mapping, name_of, sequence
from ..model.check import Check, Verdict
from .plan import Change
from .target import describe

NAME = "rollout"
_NOT_PERMITTED = (" cannot patch ", " cannot create ")
"""What RBAC says of who asks: of the change, the check of the permission tells; pods are made by somebody else."""
_QUOTA = "exceeded quota"
"""Whether pods that end make room is worked out by the check of the capacity."""
_NOT_TRIED = ("dry run", "dryrun", "rejected our request due to an error in our request")
"""A webhook that has side effects is not asked by way of trial; and somebody has changed the workload since the look."""
_REFUSED = frozenset({400, 403, 422})


_WOULD = {Verdict.FAIL: "would be refused", Verdict.UNKNOWN: "may be refused"}


def check_admission(client: ClusterClient, change: Change) -> Check | None:
    """Fails with what the cluster says against the change, or against a pod of the target; None where it says nothing."""
    what = describe(change.target)
    problem = _refusal(lambda: client.patch(change.path, *_change(change)))
    if problem is None:
        pods = f"/api/v1/namespaces/{change.plan.namespace}/pods"
        problem = _refusal(lambda: client.post(pods, _pod(change), {"dryRun": "All"}))
        return None if problem is None else Check(NAME, problem[0], f"Pods of {what} {_WOULD[problem[0]]}", problem[1])
    return Check(NAME, problem[0], f"The change to {what} {_WOULD[problem[0]]}", problem[1])


def _change(change: Change) -> tuple[Any, str, dict[str, str | int | bool]]:
    # Its status may change between the look and the trial, and says nothing about what is tried.
    content_type, patch = change.request(by_generation=True)
    return patch, content_type, {"dryRun": "All"}


def _pod(change: Change) -> dict[str, Any]:
    metadata: Mapping[str, Any] = change.after.get("metadata") or {}
    kept = {name: metadata[name] for name in ("labels", "annotations") if name in metadata}
    spec = dict(change.after.get("spec") or {})
    claims = [name_of(mapping(one)) for one in sequence(mapping(change.workload.get("spec")).get("volumeClaimTemplates"))]
    volumes = [{"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{change.plan.workload}-0"}} for claim in claims]
    if volumes:
        spec["volumes"] = [*sequence(spec.get("volumes")), *volumes]
    name = {"generateName": f"{change.plan.workload[:50]}-trial-", "namespace": change.plan.namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**kept, **name}, "spec": spec}


def _refusal(attempt: Callable[[], object]) -> tuple[Verdict, str] | None:
    try:
        attempt()
    except ClusterError as error:
        said = error.message
        if any(words in said for words in (*_NOT_PERMITTED, _QUOTA)) or any(words in said.lower() for words in _NOT_TRIED):
            return None
        if error.status in _REFUSED:
            return Verdict.FAIL, said
        if error.status == 500 and "failed calling webhook" in said:
            return Verdict.UNKNOWN, f"{said} Until that webhook answers, nothing is admitted."
    return None
