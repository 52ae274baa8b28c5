# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster: its store, its controllers and its API."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from . import discovery, exec, metrics_api, openapi, subresources
from .authorization import ADMIN, User, authenticate, authorize, review
from .behaviour import PodBehaviour
from .controllers.manager import MALFORMED, ControllerManager
from .errors import ApiError
from .handlers import ObjectHandlers, read_object
from .logs import LogHandler
from .request import RequestInfo, flag, parse
from .resources import STORED
from .responses import json_response
from .store import Change, Store

_log = logging.getLogger(__name__)

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_HEALTH = ("/healthz", "/livez", "/readyz")


class Cluster:
    """A control plane in memory. Everything happens on one event loop; `store` may be used directly on it.

    `clock` gives unix seconds. `seed` decides uids and generated names.
    """

    def __init__(
        self, behaviour: PodBehaviour, clock: Callable[[], float] = time.time, users: Sequence[User] = (ADMIN,), *, seed: int = 0
    ) -> None:
        self.store = Store(clock, random.Random(seed))
        for name in _NAMESPACES:
            self.store.create({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
        self._behaviour = behaviour
        self._clock = clock
        self._users = tuple(users)
        self._controllers = ControllerManager(self.store, behaviour, clock)
        self._objects = ObjectHandlers(self.store, clock)
        self._logs = LogHandler(self.store, behaviour, clock)
        self._streams: set[asyncio.Task[Any]] = set()

    def subscribe(self, callback: Callable[[str, dict[str, Any]], None]) -> None:
        """Calls back with ADDED, MODIFIED or DELETED and the object, at every change, whoever made it."""

        def on_change(change: Change) -> None:
            callback(change.type, change.object)

        self.store.subscribe(on_change)

    def snapshot(self) -> dict[str, Any]:
        """Every object, by kind and `namespace/name`. Equal snapshots mean that nothing was written in between."""
        return {
            kind: {f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}": obj for obj in self.store.list(kind)}
            for kind in sorted(STORED)
        }

    async def run_controllers(self) -> None:
        """Reconciles until cancelled."""
        await self._controllers.run()

    def tick(self) -> None:
        """One pass of the kubelets and controllers, for callers that move the clock themselves."""
        self._controllers.tick()

    def app(self) -> web.Application:
        """The API as an application; the caller may add middlewares before it starts."""
        app = web.Application(client_max_size=8 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_shutdown.append(self._end_streams)
        return app

    async def _end_streams(self, _app: web.Application) -> None:
        for task in tuple(self._streams):
            task.cancel()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        streams = task is not None and (flag(request.query, "watch") or flag(request.query, "follow"))
        if task is not None and streams:
            self._streams.add(task)
        try:
            user = authenticate(request.headers.get("Authorization"), self._users, request.path)
            info = parse(request.method, request.path, request.query)
            authorize(user, info)
            if info.resource is None:
                return self._fixed(request)
            return await self._resource(request, info, user)
        except ApiError as error:
            response = json_response(error.status(), error.code)
            if error.code == 405:
                response.headers["Allow"] = "GET, POST, PUT, PATCH, DELETE"
            return response
        except MALFORMED as error:
            _log.exception("%s %s", request.method, request.path)
            return json_response(ApiError(500, "InternalError", f"Internal error occurred: {error!r}").status(), 500)
        finally:
            if task is not None and streams:
                self._streams.discard(task)

    def _fixed(self, request: web.Request) -> web.Response:
        """Discovery, OpenAPI, version and health."""
        path = request.path.rstrip("/")
        aggregated = "as=APIGroupDiscoveryList" in request.headers.get("Accept", "").split(",")[0]
        if path.startswith(_HEALTH):
            return web.Response(text="ok")
        if path in ("/api", "/apis") and aggregated:
            response = json_response(discovery.aggregated(core=path == "/api"))
            response.headers["Content-Type"] = discovery.AGGREGATED
            response.headers["Vary"] = "Accept"
            return response
        found = self._document([part for part in path.split("/") if part])
        if found is None:
            return web.Response(text="404 page not found\n", status=404)
        return json_response(found)

    @staticmethod
    def _document(parts: list[str]) -> dict[str, Any] | None:
        match parts:
            case []:
                return {"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]}
            case ["version"]:
                return discovery.VERSION
            case ["api"]:
                return discovery.core_versions()
            case ["api", version]:
                return discovery.resource_list("", version)
            case ["apis"]:
                return discovery.groups()
            case ["apis", group]:
                return discovery.group(group)
            case ["apis", group, version]:
                return discovery.resource_list(group, version)
            case ["openapi", "v2"]:
                return openapi.v2()
            case ["openapi", "v3"]:
                return openapi.v3_index()
            case ["openapi", "v3", "api", version]:
                return openapi.v3("", version)
            case ["openapi", "v3", "apis", group, version]:
                return openapi.v3(group, version)
        return None

    async def _resource(self, request: web.Request, info: RequestInfo, user: User) -> web.StreamResponse:
        resource = info.resource
        assert resource is not None
        if resource.group == "metrics.k8s.io":
            return json_response(metrics_api.answer(info, request.query, self.store, self._behaviour, self._clock()))
        if resource.verbs == ("create",):
            return json_response(review(resource.kind, await read_object(request), user), 201)
        if info.subresource in ("", "status"):
            return await self._objects.handle(request, info)
        obj = self.store.require(resource.kind, info.namespace, info.name)
        if info.subresource == "scale":
            return await subresources.scale(request, info, obj, self.store, self._clock)
        if info.subresource == "eviction":
            return await subresources.evict(request, obj, self.store, self._clock())
        if info.subresource == "log":
            return await self._logs.handle(request, obj)
        return await exec.handle(request, obj, self._behaviour)
