# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus and Jaeger in a process of their own: they know what happens in the cluster, and end with the lab."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.apart import Apart
from lab.running import Lab, running
from lab.scenario.loader import load
from tests.contract.serving import started
from tests.lab.processes import exists

SOON = 60.0
"""Seconds; far more than it takes."""


class ApartLab:
    """A lab in a thread whose Prometheus and Jaeger are apart."""

    def __init__(self, directory: Path, **changes: Any) -> None:
        self.scenario = replace(load("payment-api"), **changes)
        self.directory = directory
        self.lab: Lab | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def run(self) -> Iterator[ApartLab]:
        async def start(stack: contextlib.AsyncExitStack) -> str:
            self.loop = asyncio.get_running_loop()
            self.lab = await stack.enter_async_context(running(self.scenario, self.directory, apart=True))
            return self.lab.environment["PROMETHEUS_URL"]

        with started(start):
            yield self

    @property
    def process(self) -> int:
        assert self.lab is not None
        assert isinstance(self.lab._apart, Apart)
        assert self.lab._apart._process is not None
        return self.lab._apart._process.pid

    def get(self, variable: str, path: str) -> Any:
        assert self.lab is not None
        with urllib.request.urlopen(f"{self.lab.environment[variable]}{path}", timeout=20) as answer:
            return json.load(answer)

    def versions(self) -> set[str]:
        """The pods that Prometheus scrapes."""
        query = urllib.parse.quote('up{job="payment-api"}')
        found = self.get("PROMETHEUS_URL", f"/api/v1/query?query={query}")
        return {each["metric"]["pod"] for each in found["data"]["result"]}

    def delete_pods(self) -> None:
        assert self.lab is not None
        store = self.lab.cluster.store

        async def change() -> None:
            deployment = copy.deepcopy(store.require("Deployment", "production", "payment-api"))
            deployment["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "NEW", "value": "1"}]
            deployment["spec"]["strategy"] = {"type": "Recreate"}
            store.update(deployment)

        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(change(), self.loop).result(60)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApartLab]:
    with ApartLab(tmp_path_factory.mktemp("apart")).run() as lab:
        yield lab


def within(seconds: float, happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_it_is_another_process_that_answers(apart: ApartLab) -> None:
    assert apart.process != os.getpid()
    assert exists(apart.process)
    rate = apart.get("PROMETHEUS_URL", "/api/v1/query?query=sum(rate(http_requests_total[5m]))")["data"]["result"]
    assert float(rate[0]["value"][1]) > 100
    assert "payment-api" in apart.get("JAEGER_URL", "/api/services")["data"]


def test_its_requests_are_counted(apart: ApartLab) -> None:
    def counted() -> int:
        return int(apart.get("LAB_STATE_URL", "/requests").get("jaeger", {}).get(f"GET {path}", 0))

    path = "/api/services/order-api/operations"
    for _ in range(3):
        apart.get("JAEGER_URL", path)
    assert within(SOON, lambda: counted() == 3), f"{counted()} were counted"


def test_it_learns_what_happens_to_pods(apart: ApartLab) -> None:
    before = apart.versions()
    assert len(before) >= 5
    apart.delete_pods()
    assert within(SOON, lambda: bool(apart.versions() - before)), "it never saw the new pods"


def test_it_ends_with_the_lab(tmp_path: Path) -> None:
    with ApartLab(tmp_path).run() as lab:
        process = lab.process
    assert not exists(process)


def test_what_is_not_available_refuses_connections(tmp_path: Path) -> None:
    with ApartLab(tmp_path, unavailable=("prometheus",)).run() as lab:
        assert lab.get("JAEGER_URL", "/api/services")["data"]
        with pytest.raises(urllib.error.URLError):
            lab.versions()
