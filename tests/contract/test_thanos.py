# SPDX-License-Identifier: GPL-3.0-or-later
"""Several Prometheus behind Thanos: replicas that scrape the same, each at moments of its own, and parts of a whole."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.prometheus.storage import MemoryStorage
from lab.prometheus.storage import Series as Stored
from lab.prometheus.thanos import Store, thanos_app
from plugins.module_utils.concurrency import Deadline
from plugins.module_utils.evidence.impact import impact
from plugins.module_utils.evidence.metrics import metrics
from plugins.module_utils.model.service import Service
from tests.contract.incidents import DAY, HOUR
from tests.contract.serving import served
from tests.contract.test_metrics import client, judged, signal
from tests.real.parts.thanos import thanos
from tests.real.servers import real_part

NOW = float(int(time.time()))
SCRAPES = 15.0
BEGAN = 600.0
"""Seconds ago at which it began to fail: from one to twenty of a hundred requests."""
REPLICA = "prometheus_replica"
SHOP = Service("shop")

Held = Sequence[tuple[Mapping[str, str], Sequence[Stored]]]
Missing = Callable[[int], bool]


def nothing(_scrape: int) -> bool:
    return False


def counted(pod: str, status: str, before: float, since: float, phase: float, missing: Missing) -> Stored:
    """Requests of a pod, so many a second until it began and since, scraped so many seconds after the full quarter of a minute."""
    samples = []
    for begins, ends in ((DAY + 1.2 * HOUR, DAY - 0.2 * HOUR), (2 * HOUR, 0.0)):
        for number in range(int((begins - ends - phase) // SCRAPES) + 1):
            ago = begins - phase - number * SCRAPES
            if not missing(number):
                total = (begins - ago) * before if begins > DAY else (begins - max(ago, BEGAN)) * before + max(0.0, BEGAN - ago) * since
                samples.append((NOW - ago, total))
    return Stored({"__name__": "http_requests_total", "job": "shop", "instance": pod, "status": status}, samples)


def scraped(pods: Sequence[str], phase: float = 0.0, missing: Missing = nothing) -> list[Stored]:
    """What a Prometheus has of pods that answer ten requests a second each."""
    found = []
    for pod in pods:
        found += [counted(pod, "200", 9.9, 8.0, phase, missing), counted(pod, "500", 0.1, 2.0, phase, missing)]
        up = [(at, 1.0) for at, _unused in found[-1].samples]
        found.append(Stored({"__name__": "up", "job": "shop", "instance": pod}, up))
    return found


def replicas() -> Held:
    """Five; one misses half of its scrapes, and one has had a gap since before it began."""
    missing = (lambda scrape: scrape % 2 == 1, lambda scrape: scrape * SCRAPES > 2 * HOUR - 700, nothing, nothing, nothing)
    return [
        ({"cluster": "eu", REPLICA: f"prometheus-{number}"}, scraped(("10.0.0.1:8080", "10.0.0.2:8080"), number * 3.0, without))
        for number, without in enumerate(missing)
    ]


def parts() -> Held:
    """Two, of which each scrapes a pod of its own."""
    return [({"cluster": "eu", "part": str(number)}, scraped((f"10.0.0.{number}:8080",))) for number in range(2)]


@dataclass(frozen=True, slots=True)
class Querier:
    url: str
    lose: Callable[[int], object]


@contextlib.contextmanager
def querier(side: str, held: Held, replica_label: str, request: pytest.FixtureRequest, directory: Path) -> Iterator[Querier]:
    if side == "real":
        given = [(labels, [(one.labels, one.samples) for one in series]) for labels, series in held]
        with real_part(request, "Thanos", thanos(directory, given, (replica_label,))) as running:
            yield Querier(running.url, running.lose)
        return
    stores, lost = [], set[int]()
    for labels, series in held:
        storage = MemoryStorage()
        for one in series:
            for at, value in one.samples:
                storage.append(one.labels, at, value)
        stores.append(Store(labels, storage))
    with served(thanos_app(stores, (replica_label,), lambda: NOW, lost)) as url:
        yield Querier(url, lost.add)


def values(url: str) -> dict[str, float | None]:
    return {one.name: one.last_5m for one in metrics(client(url, NOW), SHOP, 4 * HOUR, NOW, Deadline(30.0)).signals}


def test_replicas(side: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with querier(side, replicas(), REPLICA, request, tmp_path) as asked:
        found = judged(client(asked.url, NOW), SHOP, NOW)
        errors, rate = signal(found, "error_rate"), signal(found, "request_rate")
        assert (errors.value, errors.baseline) == (pytest.approx(0.2, abs=0.005), pytest.approx(0.01, abs=0.001))
        assert (rate.value, rate.baseline) == (pytest.approx(20.0, rel=0.02), pytest.approx(20.0, rel=0.02))
        assert found.scrape_interval == pytest.approx(SCRAPES, abs=3.0)
        assert found.notes == ()
        assert errors.onset is not None
        assert NOW - errors.onset.timestamp() == pytest.approx(BEGAN, abs=60)

        asked.lose(2)
        found = judged(client(asked.url, NOW), SHOP, NOW)
        errors, rate = signal(found, "error_rate"), signal(found, "request_rate")
        assert (errors.value, rate.value) == (pytest.approx(0.2, abs=0.005), pytest.approx(20.0, rel=0.02))
        assert [note for note in found.notes if 'prometheus_replica="prometheus-2"' in note and "connection refused" in note]
        assert "a part of the servers did not answer" in (errors.reason or "")
        failed = impact(client(asked.url, NOW), SHOP, Deadline(30.0))
        assert failed.failed_requests.value == pytest.approx(1200.0, rel=0.05)
        assert [note for note in failed.notes if "connection refused" in note]

        for number in (0, 1, 3, 4):
            asked.lose(number)
        found = judged(client(asked.url, NOW), SHOP, NOW)
        for name in ("error_rate", "request_rate"):
            assert signal(found, name).value is None
            assert "did not answer" in (signal(found, name).reason or "")
            assert "is it scraped?" not in (signal(found, name).reason or "")
        nothing_known = impact(client(asked.url, NOW), SHOP, Deadline(30.0)).failed_requests
        assert nothing_known.value is None
        assert "did not answer" in nothing_known.basis


def test_replicas_that_the_querier_does_not_know_for_such(side: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with querier(side, replicas(), "another_label", request, tmp_path) as asked:
        raw = metrics(client(asked.url, NOW), SHOP, 4 * HOUR, NOW, Deadline(30.0))
        found = {one.name: one.last_5m for one in raw.signals}
        assert (found["request_rate"], found["error_rate"]) == (pytest.approx(20.0, rel=0.02), pytest.approx(0.2, abs=0.005))
        assert any("4 replicas of Prometheus answer without deduplication" in remark for remark in raw.remarks)


def test_traffic_does_not_fall_because_a_part_does_not_answer(side: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with querier(side, parts(), REPLICA, request, tmp_path) as asked:
        assert values(asked.url)["request_rate"] == pytest.approx(20.0, rel=0.02)
        asked.lose(1)
        found = judged(client(asked.url, NOW), SHOP, NOW)
        rate = signal(found, "request_rate")
        assert rate.value == pytest.approx(10.0, rel=0.02)
        assert "a part of the servers did not answer" in (rate.reason or "")
        assert rate.comparison is None or rate.comparison.verdict != "worse"
