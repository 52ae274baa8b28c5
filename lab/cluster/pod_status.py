# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a pod after a step of its life, as a kubelet reports it."""

from __future__ import annotations

import hashlib
from typing import Any

from .behaviour import PodStep
from .timestamps import to_seconds

Object = dict[str, Any]

_NOT_STARTED = ("ContainerCreating", "PodInitializing")


def _address(uid: str) -> str:
    digest = hashlib.sha256(uid.encode()).digest()
    return f"10.244.{digest[0]}.{digest[1] or 1}"


def _host_address(node: str) -> str:
    digest = hashlib.sha256(node.encode()).digest()
    return f"10.0.{digest[0]}.{digest[1] or 1}"


def after_step(pod: Object, step: PodStep, at: float) -> Object:
    """The new status. Times that are not about this step stay as they were."""
    spec, old = pod["spec"], pod["status"]
    before = {status["name"]: status for status in old.get("containerStatuses") or ()}
    statuses = []
    for position, container in enumerate(spec["containers"]):
        mine = step if position == 0 or step.phase != "Running" or step.waiting in _NOT_STARTED else _beside(step)
        statuses.append(_container(pod, container, before.get(container["name"]), mine, at))
    ready = all(status["ready"] for status in statuses)
    finished = step.phase in ("Succeeded", "Failed")
    unready = [status["name"] for status in statuses if not status["ready"]]
    status = {key: value for key, value in old.items() if key not in ("conditions", "containerStatuses")}
    host = _host_address(spec["nodeName"])
    status |= {"phase": step.phase, "hostIP": host, "hostIPs": [{"ip": host}], "containerStatuses": statuses}
    status["startTime"] = old.get("startTime") or to_seconds(at)
    if step.waiting not in _NOT_STARTED:
        address = old.get("podIP") or _address(pod["metadata"]["uid"])
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    status["conditions"] = _conditions(
        old, ready=ready, finished=finished, unready=unready, started=step.waiting not in _NOT_STARTED, at=at
    )
    return status


def _beside(step: PodStep) -> PodStep:
    """What a step means for the other containers of a running pod: they run."""
    return PodStep(after=step.after, ready=True)


def _terminated(container_id: str, reason: str, exit_code: int, message: str | None, started: str, at: float) -> Object:
    state: Object = {
        "exitCode": exit_code,
        "reason": reason,
        "startedAt": started,
        "finishedAt": to_seconds(at),
        "containerID": container_id,
    }
    return state | ({"message": message} if message else {})


def _exit_code(step: PodStep) -> int:
    if step.exit_code is not None:
        return step.exit_code
    return {"Completed": 0, "OOMKilled": 137}.get(step.terminated or "Completed", 1)


def _container(pod: Object, container: Object, before: Object | None, step: PodStep, at: float) -> Object:
    old_state, last = (before or {}).get("state") or {}, (before or {}).get("lastState") or {}
    restarts = step.restarts if step.restarts is not None else (before or {}).get("restartCount", 0)
    old_restarts = (before or {}).get("restartCount", 0)
    container_id = _container_id(pod, container, restarts)
    started = (old_state.get("running") or old_state.get("terminated") or {}).get("startedAt") or to_seconds(at)
    terminated = step.terminated or ({"Succeeded": "Completed", "Failed": "Error"}.get(step.phase) if not step.waiting else None)
    if step.waiting:
        state: Object = {"waiting": {"reason": step.waiting} | ({"message": step.message} if step.message else {})}
        if terminated:
            ended = _container_id(pod, container, max(restarts - 1, 0))
            last = {"terminated": _terminated(ended, terminated, _exit_code(step), step.left, started, at)}
    elif terminated:
        state = {"terminated": _terminated(container_id, terminated, _exit_code(step), step.message, started, at)}
    elif step.phase == "Pending":
        state = {"waiting": {"reason": "ContainerCreating"}}
    else:
        again = "running" in old_state and restarts == old_restarts
        state = {"running": {"startedAt": old_state["running"]["startedAt"] if again else to_seconds(at)}}
        if "terminated" in old_state:
            last = {"terminated": old_state["terminated"]}
        elif "running" in old_state and not again:
            last = {"terminated": _terminated(_container_id(pod, container, old_restarts), "Error", 1, None, started, at)}
    running = "running" in state
    status: Object = {
        "name": container["name"],
        "state": state,
        "lastState": last,
        "ready": running and step.ready,
        "restartCount": restarts,
        "image": container["image"],
        "imageID": "" if step.waiting and not (terminated or last) else _image_id(container["image"]),
        "started": running,
    }
    return status | ({"containerID": container_id} if running or terminated else {})


def _container_id(pod: Object, container: Object, restarts: int) -> str:
    text = f"{pod['metadata']['uid']}/{container['name']}/{restarts}"
    return f"containerd://{hashlib.sha256(text.encode()).hexdigest()}"


def _image_id(image: str) -> str:
    name = image.rsplit("@", 1)[0]
    repository = name.rsplit(":", 1)[0] if ":" in name.rsplit("/", 1)[-1] else name
    return f"{repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _conditions(old: Object, *, ready: bool, finished: bool, unready: list[str], started: bool, at: float) -> list[Object]:
    not_ready: Object = {}
    if finished:
        not_ready = {"reason": "PodCompleted"}
    elif not ready:
        not_ready = {"reason": "ContainersNotReady", "message": f"containers with unready status: [{' '.join(unready)}]"}
    wanted: list[tuple[str, bool, Object]] = [
        ("PodReadyToStartContainers", started and not finished, {}),
        ("Initialized", True, {"reason": "PodCompleted"} if finished else {}),
        ("Ready", ready and not finished, not_ready),
        ("ContainersReady", ready and not finished, not_ready),
        ("PodScheduled", True, {}),
    ]
    before = {condition["type"]: condition for condition in old.get("conditions") or ()}
    found = []
    for name, holds, more in wanted:
        status = "True" if holds else "False"
        known = before.get(name)
        since = known["lastTransitionTime"] if known and known["status"] == status else to_seconds(at)
        found.append({"type": name, "status": status, "lastProbeTime": None, "lastTransitionTime": since, **more})
    return found
