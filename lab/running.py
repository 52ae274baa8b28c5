# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab in operation: all servers of a scenario."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import yaml
from aiohttp import web
from aiohttp.typedefs import Middleware

from lab import access, repository
from lab.apart import Apart
from lab.catalogue import Addresses, catalogue
from lab.cluster.server import Cluster
from lab.cluster.tls import make_certificates
from lab.dependencies.listeners import Dependencies
from lab.initial.events import forget_old_events
from lab.initial.populate import Population
from lab.jaeger.api import jaeger_app
from lab.loki.api import loki_app
from lab.loki.pods import PodLogStore
from lab.mailbox import Mailbox
from lab.pods.behaviour import ScenarioPods
from lab.pods.commands import Commands
from lab.prometheus.api import prometheus_app
from lab.prometheus.engine import Engine
from lab.registry import Registry, images_of
from lab.requests import RequestCounts
from lab.scenario.model import Scenario
from lab.serving import HOST, ChangeLog, Servers, writes, writes_to_cluster
from lab.state import State
from lab.targets import targets
from lab.tempo.api import tempo_app
from lab.world.storage import WorldStorage
from lab.world.world import World

_CATCH_UP_TICKS = 3
"""Pods live through their past in one tick, their controllers see it in the next, and theirs in the one after."""


class Lab:
    """``clock`` gives Unix seconds; ``delay`` is added to every round trip, in seconds. Use ``running`` to start and stop one.

    ``apart`` lets Prometheus and Jaeger run in a process of their own, whose clock is the machine's.
    """

    def __init__(
        self,
        scenario: Scenario,
        directory: Path,
        clock: Callable[[], float] = time.time,
        delay: float = 0.0,
        *,
        apart: bool = False,
    ) -> None:
        self.scenario = scenario
        self.directory = directory
        self.changes = ChangeLog()
        self.requests = RequestCounts()
        self.mailbox = Mailbox(clock)
        self.registry = Registry(images_of(scenario), scenario.registry.token)
        self.environment: dict[str, str] = {}
        """What a shell needs to use the lab, once it is started."""
        self.world = World(scenario, float(int(clock())), clock)
        self._clock = clock
        self._commands = Commands(self.world)
        self.behaviour = ScenarioPods(self.world, self.registry.has, self._commands)
        self.cluster = Cluster(self.behaviour, clock, access.USERS)
        self.repositories: dict[str, Path] = {}
        """Where the git repositories lie, by workload, once they are made."""
        self.state = State(self.world, self.cluster, self.mailbox, self.registry, self.repositories, self.changes, self.requests)
        self.engine = Engine(WorldStorage(self.world))
        self._dependencies = Dependencies(self.world, delay)
        self._delay = delay
        self._servers = Servers(delay)
        self._apart = Apart(scenario, self.world, self.requests) if apart else None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Fill the cluster, make the repositories, let every server listen, and write the files that describe them."""
        for name, commits in self.scenario.repositories.items():
            self.repositories[name] = self.directory / "repositories" / name
            repository.create(self.repositories[name], commits, self.world.start)
        mailbox = await self._serve(self.mailbox.app(), "mailbox")
        registry = await self._servers.start(self.registry.app())
        self.populate(f"{HOST}:{registry}")
        if self._apart is not None:
            await self._apart.start(self._delay)
        prometheus = await self._serve_if("prometheus", prometheus_app(self.engine, self._clock, lambda: targets(self.world)))
        jaeger = await self._serve_if("jaeger", jaeger_app(self.world))
        self.environment |= {
            "LAB_LOKI_URL": _url(await self._servers.start(loki_app(PodLogStore(self.world, self.behaviour.runs), self._clock))),
            "LAB_TEMPO_URL": _url(await self._servers.start(tempo_app(self.world))),
        }
        await self._dependencies.start(self._servers)
        self._commands.addresses = {(HOST, port): name for name, port in self._dependencies.ports.items()}
        cluster = await self._serve_cluster()
        state_port = await self._servers.start(self.state.app())
        addresses = Addresses(
            prometheus=_url(prometheus),
            jaeger=_url(jaeger),
            registry=f"{HOST}:{registry}",
            mailbox=_url(mailbox),
            kubeconfig=str(self.directory / "kubeconfig"),
            dependencies=self._dependencies.ports,
            repositories={name: str(path) for name, path in self.repositories.items()},
            only_listening=frozenset(self._dependencies.only_listening),
        )
        self._describe(addresses, cluster, _url(state_port))
        self._tasks.append(asyncio.create_task(self._dependencies.watch()))

    async def warm_up(self) -> None:
        """Start now what otherwise waits until somebody asks for it: the databases."""
        await self._dependencies.warm_up()

    @property
    def shortcomings(self) -> list[str]:
        """What this machine lacks for all that the scenario says, in words."""
        return [
            f"{name} only listens: there is no PostgreSQL on this machine (lab/requirements-optional.txt)"
            for name in self._dependencies.only_listening
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._dependencies.stop()
        if self._apart is not None:
            await self._apart.stop()
        await self._servers.stop()

    async def _serve(self, app: web.Application, name: str) -> int:
        return await self._servers.start(app, more=[self.changes.noting(name, writes, lambda _request: None)])

    async def _serve_if(self, name: str, app: web.Application) -> int:
        """The port of a server; one at which nothing listens where the scenario says that it is not available."""
        if name in self.scenario.unavailable:
            return self._servers.refusing()
        if self._apart is not None:
            return self._apart.ports[name]
        return await self._servers.start(app, more=[self.requests.counting(name)])

    def populate(self, registry: str) -> None:
        """Fill the cluster with images of ``registry`` (host and port), and let every pod live through its past."""
        self.cluster.subscribe(self.world.observe)
        population = Population(self.cluster.store, self.world, registry)
        population.fill()
        self.world.begin()
        population.add_autoscalers()
        for _ in range(_CATCH_UP_TICKS):
            self.cluster.tick()
        forget_old_events(self.cluster.store, self.world.start)

    async def _serve_cluster(self) -> tuple[str, bytes]:
        """URL and CA of the API server."""
        self._tasks.append(asyncio.create_task(self.cluster.run_controllers()))
        certificates = make_certificates()
        more: list[Middleware] = [
            self.requests.counting("cluster"),
            self.changes.noting("cluster", writes_to_cluster, lambda request: access.user_of(request.headers.get("Authorization"))),
        ]
        port = await self._servers.start(self.cluster.app(), tls=certificates.server_context(), more=more)
        return f"https://{HOST}:{port}", certificates.ca

    def _describe(self, addresses: Addresses, cluster: tuple[str, bytes], state: str) -> None:
        (self.directory / "kube-cache").mkdir()
        namespace = self.scenario.subject.namespace
        Path(addresses.kubeconfig).write_text(json.dumps(access.contexts(*cluster, namespace), indent=2))
        Path(addresses.kubeconfig).chmod(0o600)
        services = self.directory / "services.yml"
        services.write_text(yaml.safe_dump(catalogue(self.scenario, addresses), sort_keys=False, allow_unicode=True))
        self.environment |= {
            "KUBECONFIG": addresses.kubeconfig,
            "KUBECACHEDIR": str(self.directory / "kube-cache"),
            "PROMETHEUS_URL": addresses.prometheus,
            "JAEGER_URL": addresses.jaeger,
            "REGISTRY_URL": f"http://{addresses.registry}",
            "LAB_CATALOGUE": str(services),
            "ANSIBLE_INVENTORY": str(services),
            "LAB_STATE_URL": state,
            "LAB_MAILBOX_URL": addresses.mailbox,
        }


@contextlib.asynccontextmanager
async def running(
    scenario: Scenario, directory: Path | None = None, clock: Callable[[], float] = time.time, delay: float = 0.0, *, apart: bool = False
) -> AsyncIterator[Lab]:
    """A started lab. Its files go to a new folder inside ``directory``, or in the place for temporary files; nothing of it stays."""
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
    own = Path(tempfile.mkdtemp(prefix="lab-", dir=directory))
    lab = Lab(scenario, own, clock, delay, apart=apart)
    try:
        await lab.start()
        yield lab
    finally:
        await lab.stop()
        shutil.rmtree(own, ignore_errors=True)


def _url(port: int) -> str:
    return f"http://{HOST}:{port}"
