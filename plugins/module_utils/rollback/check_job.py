# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A team's command in a Job of its own, with the target's image: the version that would run is asked, and not the one that does.

The Job is deleted as soon as its answer is read. Should whoever made it be killed before that, the cluster ends it (activeDeadlineSeconds)
and removes it (ttlSecondsAfterFinished): https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient, ClusterError, ObjectNotFound
from ..concurrency import Deadline
from ..evidence.objects import main_container, mapping, metadata, name_of, sequence
from ..lean import dataclass
from ..model.service import Service
from .clock import Clock
from .patience import TRANSIENT
from .trouble import trouble_of

KEPT = 20
"""Seconds after its end for which a Job that nobody deleted stays."""
_MAX_OUTPUT = 16 * 2**10
_LOOK_EVERY = 0.3
_HOPELESS = ("ErrImage", "ImagePull", "InvalidImageName", "CreateContainer", "RunContainerError")
_OF_THE_CONTAINER = ("name", "image", "imagePullPolicy", "env", "envFrom", "volumeMounts", "workingDir", "securityContext", "resources")
_OF_THE_POD = (
    "serviceAccountName",
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "securityContext",
    "hostAliases",
    "dnsConfig",
    "dnsPolicy",
    "priorityClassName",
    "runtimeClassName",
)
_MANAGED_BY = {"app.kubernetes.io/managed-by": "devops.incident_response"}
_NO_SIDECARS = {"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"}
"""A sidecar that goes on when the command has ended would keep the Job from ending."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``code`` is the command's exit code, None where it did not come to one; ``said`` is its output, or why there is no code."""

    code: int | None
    said: str
    job: str


def job_for(service: Service, pod: Mapping[str, Any], command: Sequence[str], check: str, timeout: float) -> dict[str, Any]:
    """The Job that runs ``command`` as the main container of ``pod`` (a pod spec) would be run.

    It has the pod's account, environment, configuration and secrets. It has none of its labels, so that no Service sends it requests; no
    init containers, which may migrate something; and no claims, which another node may hold.
    """
    container = {name: value for name, value in main_container(pod, service.container).items() if name in _OF_THE_CONTAINER}
    volumes = [volume for volume in map(mapping, sequence(pod.get("volumes"))) if not {"persistentVolumeClaim", "hostPath"} & set(volume)]
    known = {str(volume.get("name")) for volume in volumes}
    mounts = [mount for mount in map(mapping, sequence(container.get("volumeMounts"))) if mount.get("name") in known]
    spec = {
        **{name: pod[name] for name in _OF_THE_POD if name in pod},
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "containers": [{**container, "command": list(command), "volumeMounts": mounts}],
        "volumes": volumes,
    }
    labels = {**_MANAGED_BY, "incident-response.devops/check": check}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": f"{service.name[:40]}-check-", "namespace": service.namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": max(math.ceil(timeout), 1),
            "ttlSecondsAfterFinished": KEPT,
            "template": {"metadata": {"labels": {**labels, **_NO_SIDECARS}, "annotations": dict(_NO_SIDECARS)}, "spec": spec},
        },
    }


def run_job(client: ClusterClient, body: Mapping[str, Any], timeout: float, clock: Clock, dry_run: bool = False) -> Answer:
    """Runs the Job and deletes it. With ``dry_run`` the server only tries to make it. ClusterError where it can't be made."""
    path = f"/apis/batch/v1/namespaces/{body['metadata']['namespace']}/jobs"
    made = client.post(path, body, {"dryRun": "All"} if dry_run else None)
    name = name_of(made)
    if dry_run:
        return Answer(None, "it is not run in check mode; the cluster would take the Job", name)
    try:
        return _answer(client, path, name, timeout, clock)
    finally:
        _delete(client, f"{path}/{name}", metadata(made).get("uid"))


def _answer(client: ClusterClient, path: str, name: str, timeout: float, clock: Clock) -> Answer:
    end = clock.monotonic() + timeout
    space = path.split("/")[5]
    while True:
        late = clock.monotonic() >= end
        try:
            pods = sequence(client.get(f"/api/v1/namespaces/{space}/pods", {"labelSelector": f"job-name={name}"}).get("items"))
            code, said = _ended(pods)
            if code is not None:
                return Answer(code, _output(client, space, pods[0]) or said, name)
            trouble = trouble_of(pods)
            if trouble is not None and (late or trouble.startswith(_HOPELESS)):
                return Answer(None, trouble, name)
            if late:
                return Answer(None, _why_late(client, space, name, pods, timeout), name)
        except ObjectNotFound:
            return Answer(None, "somebody deleted the Job", name)
        except TRANSIENT:
            if late:
                raise
        clock.sleep(min(_LOOK_EVERY, max(end - clock.monotonic(), 0.0)))


def _ended(pods: Sequence[Mapping[str, Any]]) -> tuple[int | None, str]:
    """Exit code and last words of the container that ran."""
    for pod in pods:
        for status in map(mapping, sequence(mapping(pod.get("status")).get("containerStatuses"))):
            terminated = mapping(mapping(status.get("state")).get("terminated"))
            if terminated.get("exitCode") is not None:
                return int(terminated["exitCode"]), str(terminated.get("message") or terminated.get("reason") or "")
    return None, ""


def _output(client: ClusterClient, space: str, pod: Mapping[str, Any]) -> str:
    container = main_container(mapping(pod.get("spec")), None).get("name")
    query: dict[str, str | int | bool] = {"container": str(container), "tailLines": 50, "limitBytes": _MAX_OUTPUT}
    try:
        body = client.content(f"/api/v1/namespaces/{space}/pods/{name_of(pod)}/log", query, _MAX_OUTPUT, Deadline(client.timeout)).body
    except ClusterError:
        return ""  # the exit code says what matters
    return body.decode("utf-8", "replace")


def _why_late(client: ClusterClient, space: str, name: str, pods: Sequence[Any], timeout: float) -> str:
    late = f"it did not end within {timeout:g} s"
    if pods:
        return late
    try:
        fields = {"fieldSelector": f"involvedObject.name={name},reason=FailedCreate"}
        events = sequence(client.get(f"/api/v1/namespaces/{space}/events", fields).get("items"))
    except ClusterError:
        events = []
    return f"no pod could be created: {excerpt(str(mapping(events[-1]).get('message')), 300)}" if events else f"{late}: no pod was created"


def _delete(client: ClusterClient, path: str, uid: Any) -> None:
    body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background", "preconditions": {"uid": uid}}
    try:
        client.delete(path, body=body)
    except ClusterError:
        return  # gone, or out of reach: the cluster removes it by itself
