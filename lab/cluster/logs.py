# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods/log subresource."""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .behaviour import PodBehaviour
from .errors import ApiError, bad_request
from .job_runs import JobRuns
from .request import flag
from .store import Store
from .timestamps import parse, to_nanos

Object = dict[str, Any]
Lines = Sequence[tuple[float, str]]

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class LogOptions:
    container: str
    previous: bool
    timestamps: bool
    follow: bool
    since: float | None
    tail: int | None
    limit_bytes: int | None


def _number(query: Mapping[str, str], name: str, minimum: int) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        value = int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if value < minimum:
        rule = "must be greater than 0" if minimum else "must be greater than or equal to 0"
        message = f'PodLogOptions "" is invalid: {name}: Invalid value: {value}: {rule}'
        raise ApiError(422, "Invalid", message, {"kind": "PodLogOptions"})
    return value


def log_options(pod: Object, query: Mapping[str, str], now: float) -> LogOptions:
    """Raises ApiErrors (400, 422) in the words of the server."""
    since_seconds = _number(query, "sinceSeconds", 1)
    since = None if since_seconds is None else now - since_seconds
    if query.get("sinceTime"):
        if since is not None:
            message = 'PodLogOptions "" is invalid: <nil>: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified'
            raise ApiError(422, "Invalid", message, {"kind": "PodLogOptions"})
        try:
            since = parse(query["sinceTime"])
        except ValueError as error:
            raise bad_request(str(error)) from None
    return LogOptions(
        container=_container(pod, query.get("container", "")),
        previous=flag(query, "previous"),
        timestamps=flag(query, "timestamps"),
        follow=flag(query, "follow"),
        since=since,
        tail=_number(query, "tailLines", 0),
        limit_bytes=_number(query, "limitBytes", 1),
    )


def _container(pod: Object, wanted: str) -> str:
    names = [container["name"] for container in pod["spec"]["containers"]]
    init = [container["name"] for container in pod["spec"].get("initContainers") or ()]
    pod_name = pod["metadata"]["name"]
    if wanted:
        if wanted not in names + init:
            raise bad_request(f"container {wanted} is not valid for pod {pod_name}")
        return wanted
    if len(names) > 1 or init:
        message = f"a container name must be specified for pod {pod_name}, choose one of: [{' '.join(names)}]"
        raise bad_request(message + (f" or one of the init containers: [{' '.join(init)}]" if init else ""))
    return str(names[0])


def _check_started(pod: Object, options: LogOptions) -> bool:
    """Whether the lines of the run before are meant. Raises the 400 ApiErrors of the kubelet."""
    name, pod_name = options.container, pod["metadata"]["name"]
    statuses = pod["status"].get("containerStatuses") or []
    status = next((s for s in statuses + (pod["status"].get("initContainerStatuses") or []) if s["name"] == name), None)
    waiting = ((status or {}).get("state") or {}).get("waiting")
    before = ((status or {}).get("lastState") or {}).get("terminated")
    if options.previous:
        if not before:
            raise bad_request(f'previous terminated container "{name}" in pod "{pod_name}" not found')
        return True
    if status is None:
        raise bad_request(f'container "{name}" in pod "{pod_name}" is not available')
    if waiting and not before:
        reason = waiting.get("reason", "")
        if reason in ("ImagePullBackOff", "ErrImagePull"):
            reason = "trying and failing to pull image" if reason == "ImagePullBackOff" else "image can't be pulled"
        raise bad_request(f'container "{name}" in pod "{pod_name}" is waiting to start: {reason}')
    return waiting is not None


def _chosen(lines: Lines, options: LogOptions) -> Lines:
    if options.since is not None:
        lines = lines[bisect.bisect_left(lines, options.since, key=lambda line: line[0]) :]
    if options.tail is not None:
        lines = lines[len(lines) - options.tail :] if options.tail < len(lines) else lines
    return lines if options.tail != 0 else []


def _text(lines: Lines, timestamps: bool) -> bytes:
    return "".join(f"{to_nanos(at)} {line}\n" if timestamps else f"{line}\n" for at, line in lines).encode()


class LogHandler:
    def __init__(self, store: Store, behaviour: PodBehaviour, clock: Callable[[], float]) -> None:
        self._store = store
        self._behaviour = JobRuns(behaviour)
        self._clock = clock

    async def handle(self, request: web.Request, pod: Object) -> web.StreamResponse:
        """Raises ApiErrors before anything is sent."""
        options = log_options(pod, request.query, self._clock())
        if not pod["spec"].get("nodeName"):
            raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
        previous = _check_started(pod, options)
        lines = self._lines(pod, options.container, previous)
        body = _text(_chosen(lines, options), options.timestamps)[: options.limit_bytes]
        if not options.follow or options.previous:
            return web.Response(body=body, content_type="text/plain")
        return await self._follow(request, pod, options, body, lines[-1][0] if lines else float("-inf"))

    def _lines(self, pod: Object, container: str, previous: bool) -> Lines:
        now = self._clock()
        lines = self._behaviour.log(pod, container, previous)
        return lines[: bisect.bisect_right(lines, now, key=lambda line: line[0])]

    async def _follow(self, request: web.Request, pod: Object, options: LogOptions, body: bytes, last: float) -> web.StreamResponse:
        """Sends new lines until the container stops or the pod is gone."""
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        meta = pod["metadata"]
        try:
            while True:
                if body:
                    await response.write(body)
                current = self._store.get("Pod", meta["namespace"], meta["name"])
                if current is None or current["metadata"]["uid"] != meta["uid"] or not _runs(current, options.container):
                    break
                await asyncio.sleep(_POLL_SECONDS)
                lines = self._lines(current, options.container, False)
                new = lines[bisect.bisect_right(lines, last, key=lambda line: line[0]) :]
                last = new[-1][0] if new else last
                body = _text(new, options.timestamps)
            await response.write_eof()
        except ConnectionError:
            pass  # the client stopped following
        return response


def _runs(pod: Object, container: str) -> bool:
    statuses = pod["status"].get("containerStatuses") or ()
    return any(status["name"] == container and (status.get("state") or {}).get("running") is not None for status in statuses)
