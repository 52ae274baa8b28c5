# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated server over the recorded series, asked over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lab.prometheus.api import prometheus_app
from lab.prometheus.engine import Engine
from lab.prometheus.storage import MemoryStorage
from tests.lab.prometheus.recorded import NOW, recorded_storage

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with its body as text; ``json`` reads it."""

    status: int
    text: str
    content_type: str

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


class Server:
    """A running application and a client for it, usable from tests that are not coroutines."""

    def __init__(self, runner: asyncio.Runner, client: TestClient[web.Request, web.Application]) -> None:
        self._runner = runner
        self._client = client

    @property
    def url(self) -> str:
        return str(self._client.make_url("")).rstrip("/")

    def get(self, path: str, parameters: Pairs = ()) -> Answer:
        return self._runner.run(self._ask("GET", path, params=list(parameters)))

    def post(self, path: str, parameters: Pairs = ()) -> Answer:
        return self._runner.run(self._ask("POST", path, data=list(parameters)))

    def serve_while(self, thread: threading.Thread) -> None:
        """Answer what ``thread`` asks until it ends."""
        self._runner.run(asyncio.to_thread(thread.join))

    async def _ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self._client.request(method, path, allow_redirects=False, **options) as response:
            return Answer(response.status, await response.text(), response.headers["Content-Type"])


@pytest.fixture(scope="session")
def storage() -> MemoryStorage:
    return recorded_storage()


@pytest.fixture(scope="session")
def server(storage: MemoryStorage) -> Iterator[Server]:
    with serving(prometheus_app(Engine(storage), lambda: float(NOW), list)) as running:
        yield running


@contextmanager
def serving(app: web.Application) -> Iterator[Server]:
    """``app`` on a free port of 127.0.0.1 while the block runs."""
    with asyncio.Runner() as runner:
        client = runner.run(_started(app))
        try:
            yield Server(runner, client)
        finally:
            runner.run(client.close())


async def _started(app: web.Application) -> TestClient[web.Request, web.Application]:
    client = TestClient(TestServer(app, host="127.0.0.1"))
    await client.start_server()
    return client
