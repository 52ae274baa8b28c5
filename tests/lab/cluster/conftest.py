# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster driven tick by tick with a clock of its own, and one that serves its API over TLS in a thread."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import urllib3
from aiohttp import web

from lab.cluster import tls
from lab.cluster.authorization import ADMIN, Rule, User
from lab.cluster.behaviour import ExecResult, PodStep
from lab.cluster.server import Cluster
from lab.serving import SHUTDOWN_SECONDS

NOON = 1_795_435_200.0  # 2026-11-23T12:00:00Z
READER = User("jane", "jane-token", ("developers",), rules=(Rule(("get", "list"), ("",), ("pods",), ("default",)),))
EXPIRED = User("old", "old-token", expired=True)


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class ImageBehaviour:
    """Pods of an image tagged `crash` crash-loop, of `pending` stay pending, all others get ready one second after their creation."""

    def __init__(self, delay: float = 1.0) -> None:
        self.delay = delay
        self.lines: list[tuple[float, str]] = [(NOON - 30 + second, f"line {second}") for second in range(30)]

    def steps(self, pod: Mapping[str, Any]) -> Sequence[PodStep]:
        image = pod["spec"]["containers"][0]["image"]
        creating = PodStep(0.0, phase="Pending", waiting="ContainerCreating")
        if image.endswith("pending"):
            return [creating]
        if image.endswith("crash"):
            back_off = (("Warning", "BackOff", "Back-off restarting failed container"),)
            return [
                creating,
                PodStep(self.delay, waiting="CrashLoopBackOff", terminated="Error", exit_code=1, restarts=1, events=back_off),
                PodStep(10 * self.delay, waiting="CrashLoopBackOff", terminated="Error", exit_code=1, restarts=2, events=back_off),
            ]
        return [creating, PodStep(self.delay, ready=True, events=(("Normal", "Started", "Started container"),))]

    def log(self, pod: Mapping[str, Any], container: str, previous: bool) -> Sequence[tuple[float, str]]:
        return [(at, f"previous {line}") for at, line in self.lines[:3]] if previous else self.lines

    def exec(self, pod: Mapping[str, Any], container: str, command: Sequence[str]) -> ExecResult:
        if command[0] == "false":
            return ExecResult(stderr="no\n", exit_code=3)
        return ExecResult(stdout=f"{container}: {' '.join(command)}\n")

    def usage(self, pod: Mapping[str, Any]) -> tuple[float, float]:
        return 0.25, 64 * 1024**2


def pod_template(app: str, image: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": app, "image": image}]}}


def workload(kind: str, name: str = "web", image: str = "web:v1", replicas: int = 3, **spec: Any) -> dict[str, Any]:
    size = {} if kind == "DaemonSet" else {"replicas": replicas}
    selector = {"matchLabels": {"app": name}}
    return {
        "kind": kind,
        "apiVersion": "apps/v1",
        "metadata": {"name": name, "namespace": "default"},
        "spec": size | {"selector": selector, "template": pod_template(name, image)} | spec,
    }


def node(name: str) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": "2026-11-01T00:00:00Z"}
    size = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {"name": name},
        "status": {"conditions": [ready], "allocatable": size, "capacity": size},
    }


class Ticking:
    """A cluster with a clock that only `run` moves."""

    def __init__(self) -> None:
        self.clock = Clock(NOON)
        self.behaviour = ImageBehaviour()
        self.cluster = Cluster(self.behaviour, self.clock)
        self.store = self.cluster.store
        for number in range(3):
            self.store.create(node(f"node-{number}"))

    def run(self, seconds: float, each: float = 0.1) -> None:
        for _ in range(round(seconds / each)):
            self.clock.now += each
            self.cluster.tick()

    def pods(self, **labels: str) -> list[dict[str, Any]]:
        return self.store.list("Pod", "default", lambda pod: labels.items() <= pod["metadata"]["labels"].items())

    def change(self, kind: str, name: str, **spec: Any) -> None:
        obj = json.loads(json.dumps(self.store.require(kind, "default", name)))
        obj["spec"] |= spec
        self.store.update(obj)

    def events(self, reason: str) -> list[str]:
        return [event["message"] for event in self.store.list("Event") if event["reason"] == reason]


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


class Live:
    """A cluster that serves its API; requests go over one kept-alive connection."""

    def __init__(self, folder: Path, *, controllers: bool = True) -> None:
        self.behaviour = ImageBehaviour(delay=0.05)
        self.cluster = Cluster(self.behaviour, users=(ADMIN, READER, EXPIRED))
        for number in range(2):
            self.cluster.store.create(node(f"node-{number}"))
        self._certificates = tls.make_certificates()
        self._folder = folder
        self._controllers = controllers
        self._loop = asyncio.new_event_loop()
        self._stop: asyncio.Future[None] | None = None
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()))
        self._up = threading.Event()
        self.url = ""

    def __enter__(self) -> Live:
        self._thread.start()
        assert self._up.wait(60)
        ca = self._folder / "ca.crt"
        ca.write_bytes(self._certificates.ca)
        self._pool = urllib3.PoolManager(ca_certs=str(ca))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.clear()
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set_result, None)
        self._thread.join(60)
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = self._loop.create_future()
        runner = web.AppRunner(self.cluster.app(), shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._certificates.server_context())
        await site.start()
        self.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        controllers = asyncio.create_task(self.cluster.run_controllers()) if self._controllers else None
        self._up.set()
        await self._stop
        if controllers is not None:
            controllers.cancel()
        await runner.cleanup()

    def kubeconfig(self, token: str = ADMIN.token) -> Path:
        path = self._folder / f"kubeconfig-{token}"
        path.write_text(json.dumps(tls.kubeconfig(self.url, self._certificates.ca, token)))
        return path

    def call(self, method: str, path: str, body: Any = None, token: str = ADMIN.token, **headers: str) -> tuple[int, Any]:
        """Status code and JSON (or text) of an answer. Header names are written with underscores."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        sent |= {"Content-Type": "application/json"} if body is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
        answer = self._pool.request(method, self.url + path, body=data, headers=sent, retries=False, timeout=20)
        text = answer.data.decode()
        return answer.status, json.loads(text) if "json" in answer.headers.get("Content-Type", "") and "\n{" not in text.strip() else text

    def watch(self, path: str) -> Iterator[dict[str, Any]]:
        yield from (json.loads(line) for line in self.lines(path) if line)

    def lines(self, path: str) -> Iterator[str]:
        """As they come."""
        answer = self._pool.request(
            "GET", self.url + path, headers={"Authorization": f"Bearer {ADMIN.token}"}, preload_content=False, retries=False, timeout=20
        )
        rest = b""
        try:
            for chunk in answer.stream(amt=None):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode() for line in lines)
        finally:
            answer.close()

    def wait(self, path: str, reached: Any) -> dict[str, Any]:
        """Follows a watch until an object fits."""
        for event in self.watch(path + ("&" if "?" in path else "?") + "watch=true&timeoutSeconds=20"):
            if event["type"] != "DELETED" and reached(event["object"]):
                return event["object"]
        raise AssertionError(f"{path} never came to what was waited for")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with Live(tmp_path_factory.mktemp("cluster")) as served:
        yield served


@pytest.fixture
def still(tmp_path: Path) -> Iterator[Live]:
    """A cluster in which nothing happens by itself."""
    with Live(tmp_path, controllers=False) as served:
        yield served


@pytest.fixture
def recorded() -> Any:
    """Loads a document that a real control plane answered."""
    folder = Path(__file__).parents[2] / "fixtures" / "recorded" / "kubernetes"
    return lambda name: json.loads((folder / f"{name}.json").read_text())
