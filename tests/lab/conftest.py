# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs with a clock that only the test moves: one without a network, and one that serves everything from a thread."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.running import Lab
from lab.scenario.loader import load
from lab.scenario.model import Scenario

START = 1_795_435_200.0  # 2026-11-23T12:00:00Z


class Clock:
    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class StillLab:
    """A lab that listens nowhere. ``run`` moves its time on, with the controllers at work."""

    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self.clock = Clock()
        self.lab = Lab(scenario, directory, self.clock)
        self.lab.populate("registry.example.com")
        self.store = self.lab.cluster.store

    def run(self, seconds: float, each: float = 0.5) -> None:
        for _ in range(round(seconds / each)):
            self.clock.now += each
            self.lab.cluster.tick()

    def query(self, text: str, at: float | None = None) -> float | None:
        """The one value of a PromQL query; None when it has no result."""
        series = self.lab.engine.instant(text, self.clock.now if at is None else at).series
        assert len(series) <= 1, f"{text} gave {len(series)} series"
        return series[0].points[0][1] if series else None

    def pods(self, app: str) -> list[dict[str, Any]]:
        return self.store.list("Pod", "production", lambda pod: pod["metadata"]["labels"].get("app") == app)


@pytest.fixture
def still(tmp_path: Path) -> Callable[[str | Scenario], StillLab]:
    """Makes a lab without a network of a scenario, or of the one of that name."""
    return lambda scenario: StillLab(load(scenario) if isinstance(scenario, str) else scenario, tmp_path)


class ServedLab:
    """A lab whose servers run in a thread, at a time that stands still until ``advance``."""

    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self.clock = Clock()
        self.lab = Lab(scenario, directory, self.clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._wait(self.lab.start())

    @property
    def environment(self) -> dict[str, str]:
        return self.lab.environment

    def advance(self, seconds: float, each: float = 0.5) -> None:
        async def run() -> None:
            for _ in range(round(seconds / each)):
                self.clock.now += each
                self.lab.cluster.tick()

        self._wait(run())

    def roll_back(self) -> None:
        """payment-api is told to run v2.3.0 again, in the thread in which the controllers run."""

        async def change() -> None:
            store = self.lab.cluster.store
            deployment = copy.deepcopy(store.require("Deployment", "production", "payment-api"))
            container = deployment["spec"]["template"]["spec"]["containers"][0]
            container["image"] = container["image"].replace("v2.3.1", "v2.3.0")
            store.update(deployment)

        self._wait(change())

    def get(self, variable: str, path: str, **headers: str) -> tuple[int, Any]:
        """Status and JSON of an answer of the server that a variable of the environment names."""
        return self.ask("GET", variable, path, None, **headers)

    def ask(self, method: str, variable: str, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.environment[variable] + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def close(self) -> None:
        self._wait(self.lab.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(120)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str | Scenario], ServedLab]]:
    """Makes a lab that serves a scenario, or the one of that name; ended with the test."""
    labs: list[ServedLab] = []

    def start(scenario: str | Scenario) -> ServedLab:
        directory = tmp_path / f"lab-{len(labs)}"
        directory.mkdir()
        labs.append(ServedLab(load(scenario) if isinstance(scenario, str) else scenario, directory))
        return labs[-1]

    yield start
    for lab in labs:
        lab.close()


@pytest.fixture(scope="module")
def payment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedLab]:
    """payment-api, served, at the moment of the outage; for tests that change nothing of each other's."""
    lab = ServedLab(load("payment-api"), tmp_path_factory.mktemp("payment"))
    yield lab
    lab.close()
