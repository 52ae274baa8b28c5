# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated side: the lab's API server and controllers, with pods that behave as the words in their images' tags say."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.cluster.authorization import ADMIN, Rule, User
from lab.cluster.behaviour import ExecResult, PodStep
from lab.cluster.quantities import parse_quantity
from lab.cluster.server import Cluster as SimulatedCluster
from lab.cluster.tls import kubeconfig, make_certificates
from lab.serving import HOST, SHUTDOWN_SECONDS, KeptPort
from tests.contract.clusters import MAY_READ, READER, Cluster

_AWAY = 2.0
"""Seconds that a restart of the API server takes."""


class TaggedPods:
    def __init__(self) -> None:
        self.lines: tuple[Sequence[str], Sequence[str]] = ((), ())

    def steps(self, pod: Mapping[str, Any]) -> Sequence[PodStep]:
        tag = pod["spec"]["containers"][0]["image"].rpartition(":")[2]
        back_off = "back-off 5m0s restarting failed container"
        for word, reason, code in (("crash", "Error", 1), ("oom", "OOMKilled", 137)):
            if word in tag:
                return (PodStep(0.1, waiting="CrashLoopBackOff", terminated=reason, exit_code=code, restarts=1, message=back_off),)
        if "held" in tag:
            return (PodStep(0.1, phase="Pending", waiting="ContainerCreating"),)
        if "nopull" in tag:
            return (PodStep(0.1, phase="Pending", waiting="ImagePullBackOff", message="Back-off pulling image"),)
        if "restarted" in tag:
            return (PodStep(0.1), PodStep(0.2, ready=True, restarts=1))
        return (PodStep(0.1, ready="unready" not in tag),)

    def log(self, pod: Mapping[str, Any], container: str, previous: bool) -> Sequence[tuple[float, str]]:
        return [(time.time() - 1.0, line) for line in self.lines[previous]]

    def exec(self, pod: Mapping[str, Any], container: str, command: Sequence[str]) -> ExecResult:
        """Of commands with a version behind them, as the real side's pods of a Job have them, and of plain ones."""
        if command[0] in ("false", "sleep"):
            return ExecResult("\n".join(self.lines[0]), "", int(command[0] == "false"), 1e9 if command[0] == "sleep" else 0.5)
        return ExecResult(" ".join(command[1:]) + "\n") if command[0] == "echo" else ExecResult("", "", int(command[-1].split()[-1]))

    def usage(self, pod: Mapping[str, Any]) -> tuple[float, float]:
        """As the annotations say that KWOK reads."""
        told = pod["metadata"].get("annotations") or {}
        cores, memory = (told.get(f"kwok.x-k8s.io/usage-{resource}") for resource in ("cpu", "memory"))
        return parse_quantity(cores or "1m"), parse_quantity(memory or "1Mi")


@contextlib.contextmanager
def lab_cluster(directory: Path) -> Iterator[Cluster]:
    reading = tuple(Rule(("get", "list", "watch"), (group,), resources, ("*",)) for group, resources in MAY_READ)
    users = (ADMIN, User(READER, "reader-token", rules=reading))
    behaviour, loop, started = TaggedPods(), asyncio.new_event_loop(), threading.Event()
    certificates, url, again = make_certificates(), "", asyncio.Event()

    async def serve(ended: asyncio.Event) -> None:
        nonlocal url
        simulated = SimulatedCluster(behaviour, users=users)
        for number in range(3):
            ready = {"conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"cpu": "32", "memory": "256Gi", "pods": "500"}}
            simulated.store.create({"kind": "Node", "apiVersion": "v1", "metadata": {"name": f"node-{number}"}, "status": ready})
        runner = web.AppRunner(simulated.app(), shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        kept = KeptPort()
        site = web.TCPSite(runner, HOST, kept.number, ssl_context=certificates.server_context())
        await site.start()
        url = f"https://{HOST}:{kept.number}"
        controllers = asyncio.create_task(simulated.run_controllers())
        started.set()
        waiting = [asyncio.create_task(event.wait()) for event in (ended, again)]
        while not ended.is_set():
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if again.is_set():
                again.clear()
                await site.stop()
                for connection in list(runner.server.connections if runner.server else ()):
                    if connection.transport is not None:
                        connection.transport.abort()
                await asyncio.sleep(_AWAY)
                site = web.TCPSite(runner, HOST, kept.number, ssl_context=certificates.server_context())
                await site.start()
                waiting[1] = asyncio.create_task(again.wait())
        controllers.cancel()
        waiting[1].cancel()
        await runner.cleanup()
        kept.close()

    ended = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(ended),), daemon=True)
    thread.start()
    assert started.wait(10)
    files = {}
    for user in users:
        name = "admin" if user is ADMIN else user.name
        files[name] = directory / f"{name}.kubeconfig"
        files[name].write_text(json.dumps(kubeconfig(url, certificates.ca, user.token)))

    def set_log(current: Sequence[str], previous: Sequence[str]) -> None:
        behaviour.lines = (current, previous)

    yield Cluster(files, set_log, lambda: loop.call_soon_threadsafe(again.set) and None)
    loop.call_soon_threadsafe(ended.set)
    thread.join(10)
