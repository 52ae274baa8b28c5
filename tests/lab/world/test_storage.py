# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.prometheus.engine import Engine
from lab.scenario.loader import SCENARIOS, load
from lab.world.pods import PodRecord
from lab.world.storage import WorldStorage
from lab.world.world import World

START = 1_760_000_000.0
GONE_SINCE = START - 100.0


def world() -> World:
    """With a pod that stays, one that was deleted a moment ago, and one that was long before."""
    made = World(load(SCENARIOS / "payment-api.yml"), START, lambda: START)
    times: dict[str, tuple[float, float | None]] = {
        "stays": (START - 900, None),
        "went": (START - 900, GONE_SINCE),
        "old": (START - 9000, START - 8000),
    }
    made.pods.records = {
        name: PodRecord("production", name, "payment-api", "v1", "main", "node-1", "10.0.0.1", created, deleted)
        for name, (created, deleted) in times.items()
    }
    made.begin()
    return made


@pytest.mark.parametrize(
    ("query", "at", "expected"),
    [
        ("container_memory_usage_bytes", GONE_SINCE - 30, ["stays", "went"]),
        # The marker of its end is heeded, long before its last sample is too old.
        ("container_memory_usage_bytes", START, ["stays"]),
        ("last_over_time(container_memory_usage_bytes[5m])", START, ["stays", "went"]),
        ("container_memory_usage_bytes", START - 8500, ["old"]),
    ],
)
def test_a_series_is_there_as_long_as_its_pod(query: str, at: float, expected: list[str]) -> None:
    found = Engine(WorldStorage(world())).instant(query, at)
    assert sorted(series.labels["pod"] for series in found.series) == expected
    assert all(value == value for series in found.series for _at, value in series.points)
