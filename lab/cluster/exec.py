# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods/exec subresource over websockets (`v4.channel.k8s.io` and `v5.channel.k8s.io`).

The first byte of every message is its channel; the outcome is a Status on the error channel.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from .behaviour import ExecResult, PodBehaviour
from .errors import bad_request
from .request import flag

Object = dict[str, Any]

_STDOUT, _STDERR, _ERROR = 1, 2, 3
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_CHUNK = 32 * 1024


def outcome(result: ExecResult) -> Object:
    """The Status of a finished command."""
    if result.exit_code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {result.exit_code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(result.exit_code)}]},
    }


def _container(pod: Object, wanted: str) -> str:
    names = [container["name"] for container in pod["spec"]["containers"]]
    pod_name = pod["metadata"]["name"]
    if pod["status"].get("phase") in ("Succeeded", "Failed"):
        raise bad_request(f"cannot exec into a container in a completed pod; current phase is {pod['status']['phase']}")
    if not wanted:
        if len(names) > 1:
            raise bad_request(f"a container name must be specified for pod {pod_name}, choose one of: [{' '.join(names)}]")
        return str(names[0])
    if wanted not in names:
        raise bad_request(f"container {wanted} is not valid for pod {pod_name}")
    return wanted


def _running(pod: Object, container: str) -> bool:
    statuses = pod["status"].get("containerStatuses") or ()
    return any(status["name"] == container and (status.get("state") or {}).get("running") is not None for status in statuses)


async def handle(request: web.Request, pod: Object, behaviour: PodBehaviour) -> web.StreamResponse:
    """Runs the command and sends its output. Raises ApiErrors (400) before the upgrade."""
    query = request.query
    container = _container(pod, query.get("container", ""))
    command = query.getall("command", [])
    if not command:
        raise bad_request("you must specify at least 1 command for the container")
    if not any(flag(query, name) for name in ("stdin", "stdout", "stderr")):
        raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise bad_request("Upgrade request required")
    if not _running(pod, container):
        raise bad_request(f'container not found ("{container}")')
    result = behaviour.exec(pod, container, command)
    socket = web.WebSocketResponse(protocols=_PROTOCOLS)
    await socket.prepare(request)
    if flag(query, "tty"):
        result = ExecResult(result.stdout + result.stderr, "", result.exit_code)
    for channel, name, text in ((_STDOUT, "stdout", result.stdout), (_STDERR, "stderr", result.stderr)):
        data = text.encode()
        for start in range(0, len(data) if flag(query, name) else 0, _CHUNK):
            await socket.send_bytes(bytes([channel]) + data[start : start + _CHUNK])
    await socket.send_bytes(bytes([_ERROR]) + json.dumps(outcome(result)).encode())
    await socket.close()
    return socket
