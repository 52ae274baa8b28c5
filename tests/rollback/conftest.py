# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated cluster on a free local port whose time passes only when somebody sleeps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from lab.cluster.authorization import ADMIN, User
from lab.cluster.behaviour import ExecResult, PodStep
from lab.cluster.controllers.manager import ControllerManager
from lab.cluster.server import Cluster
from lab.serving import SHUTDOWN_SECONDS
from plugins.module_utils.clients.cluster import ClusterAccess, ClusterClient
from plugins.module_utils.rollback.clock import Clock

START = datetime(2025, 10, 21, 14, 26, 10, tzinfo=UTC)
_TICK = 0.1
_PATIENT = 60.0
"""Seconds that nothing here takes: a busy machine may stand still for a while."""

Request = Callable[[web.Request], web.StreamResponse | None]


@dataclass
class Behaviour:
    """Pods of an image tag in `broken` crash, those of a tag in `unpullable` never start; all others are ready after a second."""

    broken: set[str] = field(default_factory=set)
    unpullable: set[str] = field(default_factory=set)
    answers: dict[str, ExecResult] = field(default_factory=dict)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def steps(self, pod: Mapping[str, Any]) -> Sequence[PodStep]:
        tag = pod["spec"]["containers"][0]["image"].rpartition(":")[2]
        if tag in self.unpullable:
            return (PodStep(1.0, phase="Pending", waiting="ImagePullBackOff", message="Back-off pulling image"),)
        if tag in self.broken:
            return (PodStep(1.0, waiting="CrashLoopBackOff", terminated="Error", exit_code=1, restarts=1),)
        return (PodStep(0.5), PodStep(1.0, ready=True))

    def log(self, pod: Mapping[str, Any], container: str, previous: bool) -> Sequence[tuple[float, str]]:
        return ()

    def exec(self, pod: Mapping[str, Any], container: str, command: Sequence[str]) -> ExecResult:
        self.asked.append((pod["metadata"]["name"], tuple(command)))
        return self.answers.get(command[0], ExecResult("", f"{command[0]}: not found", 127))

    def usage(self, pod: Mapping[str, Any]) -> tuple[float, float]:
        return 0.1, 1e8


class LocalCluster:
    """The cluster, its clock, and what a test does to both."""

    def __init__(self, loop: asyncio.AbstractEventLoop, users: Sequence[User]) -> None:
        self.behaviour = Behaviour()
        self.time = START.timestamp()
        self.cluster = Cluster(self.behaviour, lambda: self.time, users)
        self.controllers = ControllerManager(self.cluster.store, self.behaviour, lambda: self.time)
        self.before_request: Callable[[web.Request], web.StreamResponse | None] = lambda _: None
        self.after_request: Callable[[web.Request], web.StreamResponse | None] = lambda _: None
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.url = ""
        self._loop = loop

    def on_loop(self, function: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(_PATIENT)

    def pass_time(self, seconds: float) -> None:
        def tick() -> None:
            end = self.time + seconds
            while self.time < end:
                self.time = min(self.time + _TICK, end)
                self.controllers.tick()

        self.on_loop(tick)

    @property
    def clock(self) -> Clock:
        return Clock(self.now, lambda: self.time, self.pass_time)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def client(self, token: str = ADMIN.token) -> ClusterClient:
        return ClusterClient.connect(ClusterAccess(host=self.url, api_key=token, timeout=_PATIENT))

    def create(self, obj: Mapping[str, Any]) -> None:
        path = {"v1": "/api/v1", "apps/v1": "/apis/apps/v1", "policy/v1": "/apis/policy/v1", "autoscaling/v2": "/apis/autoscaling/v2"}
        self.client().post(f"{path[obj['apiVersion']]}/namespaces/production/{obj['kind'].lower()}s", dict(obj))

    def get(self, plural: str, name: str) -> dict[str, Any]:
        return self.client().get(f"/apis/apps/v1/namespaces/production/{plural}/{name}")

    def merge(self, plural: str, name: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        path = f"/apis/apps/v1/namespaces/production/{plural}/{name}"
        return self.client().patch(path, dict(patch), "application/merge-patch+json")

    def deploy(self, kind: str, tag: str, annotations: Mapping[str, str] | None = None, settle: float = 60.0, **spec: Any) -> None:
        """Creates the workload payment-api, or rolls `tag` out to it, and lets `settle` seconds pass."""
        plural = f"{kind.lower()}s"
        container = {"name": "app", "image": f"registry.example.com/shop/payment-api:{tag}"}
        template = {"metadata": {"labels": {"app": "payment-api"}}, "spec": {"containers": [container]}}
        metadata = {"name": "payment-api", "namespace": "production", "annotations": dict(annotations or {})}
        known = [found["metadata"]["name"] for found in self.client().get(f"/apis/apps/v1/namespaces/production/{plural}")["items"]]
        if "payment-api" in known:
            patch = {
                "metadata": {"annotations": dict(annotations or {})},
                "spec": {"template": {"spec": {"containers": [container]}}, **spec},
            }
            self.merge(plural, "payment-api", patch)
        else:
            selector = {"matchLabels": {"app": "payment-api"}}
            replicas = {} if kind == "DaemonSet" else {"replicas": 5}
            service = {"serviceName": "payment-api"} if kind == "StatefulSet" else {}
            whole = {"selector": selector, "template": template, **replicas, **service, **spec}
            self.create({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": whole})
        self.pass_time(settle)

    async def _handle(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append((request.method, request.path, dict(request.query)))
        instead = self.before_request(request)
        if instead is not None:
            return instead
        response: web.StreamResponse = await handler(request)
        return self.after_request(request) or response

    def app(self) -> web.Application:
        app = self.cluster.app()

        @web.middleware
        async def observe(request: web.Request, handler: Any) -> web.StreamResponse:
            return await self._handle(request, handler)

        app.middlewares.append(observe)
        return app


def node(name: str) -> dict[str, Any]:
    room = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    ready = {"type": "Ready", "status": "True"}
    status = {"allocatable": room, "capacity": room, "conditions": [ready]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


@pytest.fixture
def users() -> Sequence[User]:
    return (ADMIN,)


@pytest.fixture
def local(users: Sequence[User]) -> Iterator[LocalCluster]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[LocalCluster, web.AppRunner]:
        cluster = LocalCluster(loop, users)
        runner = web.AppRunner(cluster.app(), shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        cluster.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return cluster, runner

    cluster, runner = asyncio.run_coroutine_threadsafe(start(), loop).result(_PATIENT)
    cluster.client().post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "production"}})
    for number in range(3):
        cluster.client().post("/api/v1/nodes", node(f"node-{number}"))
    yield cluster
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_PATIENT)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(_PATIENT)
    loop.close()
