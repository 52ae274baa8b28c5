# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as a gateway counts them, while a test says how they go, scraped every second by a Prometheus of the side that is tested."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from lab.prometheus.api import prometheus_app
from lab.prometheus.engine import Engine
from lab.prometheus.storage import MemoryStorage
from tests.contract.serving import serve, served, started
from tests.real.parts.prometheus import Series, prometheus
from tests.real.servers import real_part

SCRAPED_EVERY = 1.0
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_FAILED, _REFUSED = "503", "401"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests a second, the shares of them that fail and that are refused, and the seconds that each takes."""

    rate: float = 200.0
    failing: float = 0.0
    refused: float = 0.0
    latency: float = 0.08


@dataclass
class Gateway:
    """Counts for one job, by namespace; `gauges` are further metrics of it."""

    job: str
    traffic: dict[str, Traffic] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)
    _counted: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)
    _until: float = field(default_factory=time.time)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def flows(self, namespace: str, **traffic: float) -> None:
        """From now on."""
        self.samples()
        self.traffic[namespace] = Traffic(**traffic)

    def samples(self, now: float | None = None) -> list[tuple[Mapping[str, str], float]]:
        """All counters and gauges at this moment, in unix seconds."""
        with self._lock:
            now = time.time() if now is None else now
            for namespace, traffic in self.traffic.items():
                self._count(namespace, traffic, traffic.rate * (now - self._until))
            self._until = now
            gauges = [({"__name__": name}, value) for name, value in self.gauges.items()]
            return [*((dict(key), value) for key, value in self._counted.items()), *gauges]

    def text(self) -> str:
        """As Prometheus reads it."""
        lines = []
        for labels, value in self.samples():
            inner = ",".join(f'{name}="{text}"' for name, text in labels.items() if name != "__name__")
            lines.append(f"{labels['__name__']}{{{inner}}} {value!r}")
        return "\n".join([*lines, ""])

    def _count(self, namespace: str, traffic: Traffic, requests: float) -> None:
        shares = {"200": 1.0 - traffic.failing - traffic.refused, _FAILED: traffic.failing, _REFUSED: traffic.refused}
        for status, share in shares.items():
            self._add("http_requests_total", requests * share, namespace=namespace, status=status)
        for bound in _BUCKETS:
            within = requests if traffic.latency <= bound else 0.0
            self._add("http_request_duration_seconds_bucket", within, namespace=namespace, le=str(bound))
        self._add("http_request_duration_seconds_bucket", requests, namespace=namespace, le="+Inf")
        self._add("http_request_duration_seconds_count", requests, namespace=namespace)
        self._add("http_request_duration_seconds_sum", requests * traffic.latency, namespace=namespace)

    def _add(self, name: str, more: float, **labels: str) -> None:
        key = tuple(sorted({"__name__": name, **labels}.items()))
        self._counted[key] = self._counted.get(key, 0.0) + more


def quiet_past(job: str, namespace: str, now: float) -> list[Series]:
    """What a Prometheus has scraped of a healthy service until `now`: the last hours, and some of the day before."""
    gateway, found = Gateway(job, {namespace: Traffic(failing=0.001)}), {}
    spans = ((now - 25.5 * 3600.0, now - 23.0 * 3600.0), (now - 4.5 * 3600.0, now))
    gateway._until = spans[0][0]
    for start, end in spans:
        at = start
        while at < end:
            for labels, value in gateway.samples(at):
                found.setdefault(tuple(sorted({**labels, "job": job, "instance": "before"}.items())), []).append((at, value))
            at += 15.0
    return [(dict(key), samples) for key, samples in found.items()]


def failing_share(prometheus: str, namespace: str, seconds: int) -> float:
    """The share of the namespace's requests that failed over the last `seconds`, as Prometheus knows it; 0 where it knows of none yet."""
    own = f'namespace="{namespace}"'
    failed, every = (rate_of(prometheus, f"http_requests_total{{{own}{more}}}", seconds) for more in (',status=~"5.."', ""))
    return failed / every if every else 0.0


def rate_of(prometheus: str, selector: str, seconds: int) -> float:
    """What the counters of the selector grow by in a second, over the last `seconds`; 0 where there are none yet."""
    query = urllib.parse.urlencode({"query": f"sum(rate({selector}[{seconds}s]))"})
    with urllib.request.urlopen(f"{prometheus}/api/v1/query?{query}", timeout=5) as answer:
        found = json.load(answer)["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0


@contextlib.contextmanager
def scraped(side: str, gateway: Gateway, request: pytest.FixtureRequest, directory: Path, history: Sequence[Series] = ()) -> Iterator[str]:
    """The URL of a Prometheus that scrapes `gateway`, and that has `history` (job and all) already."""
    if side == "lab":
        with _simulated(gateway, history) as url:
            yield url
        return
    app = web.Application()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=gateway.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    app.router.add_get("/metrics", answer)
    with served(app) as exporter:
        jobs = [{"job_name": gateway.job, "static_configs": [{"targets": [exporter.removeprefix("http://")]}]}]
        settings = {"global": {"scrape_interval": f"{SCRAPED_EVERY:.0f}s"}, "scrape_configs": jobs}
        with real_part(request, "Prometheus", prometheus(directory, history, settings=settings)) as url:
            yield url


@contextlib.contextmanager
def _simulated(gateway: Gateway, history: Sequence[Series]) -> Iterator[str]:
    storage = MemoryStorage()
    for labels, samples in history:
        for at, value in samples:
            storage.append(labels, at, value)

    async def scrape() -> None:
        while True:
            now, target = time.time(), {"job": gateway.job, "instance": "gateway"}
            for labels, value in [*gateway.samples(), ({"__name__": "up"}, 1.0)]:
                storage.append({**labels, **target}, now, value)
            await asyncio.sleep(SCRAPED_EVERY)

    async def start(stack: contextlib.AsyncExitStack) -> str:
        task = asyncio.create_task(scrape())
        stack.callback(task.cancel)
        return await serve(stack, prometheus_app(Engine(storage), time.time, list))

    with started(start) as url:
        yield url
