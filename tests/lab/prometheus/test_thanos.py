# SPDX-License-Identifier: GPL-3.0-or-later
"""Deduplication as Thanos 0.42 does it; its answers as a whole are in tests/contract/test_thanos.py, on both sides."""

from __future__ import annotations

import pytest

from lab.prometheus.storage import Matcher, MemoryStorage
from lab.prometheus.thanos import Store, Stores


def stores(*replicas: list[float], lost: tuple[int, ...] = (), dropped: tuple[str, ...] = ("replica",)) -> Stores:
    """The times of each replica's samples; the value says whose it is."""
    found = []
    for number, times in enumerate(replicas):
        storage = MemoryStorage()
        for at in times:
            storage.append({"__name__": "up", "job": "a"}, at, float(number))
        found.append(Store({"cluster": "eu", "replica": f"r{number}"}, storage))
    return Stores(found, lost, dropped)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([10, 25, 40, 55], [12, 27, 42, 57], [(10, 0), (25, 0), (40, 0), (55, 0)]),
        # The other one is taken from twice the distance of samples after the last one on.
        ([10, 25, 40], [12, 27, 42, 57, 72, 87], [(10, 0), (25, 0), (40, 0), (72, 1), (87, 1)]),
        (
            [10, 25, 130, 145],
            [12, 27, 42, 57, 72, 87, 102, 117, 132, 147],
            [(10, 0), (25, 0), (57, 1), (72, 1), (87, 1), (102, 1), (117, 1)],
        ),
        ([100], [12, 27], [(12, 1), (27, 1), (100, 0)]),
        ([], [12, 27], [(12, 1), (27, 1)]),
    ],
)
def test_two_replicas_are_one_series(a: list[float], b: list[float], expected: list[tuple[float, float]]) -> None:
    (series,) = stores(a, b).select([Matcher("__name__", "=", "up")], 0.0, 1000.0)
    assert series.labels == {"__name__": "up", "job": "a", "cluster": "eu"}
    assert list(series.samples)[: len(expected)] == expected


def test_a_lost_one_gives_nothing() -> None:
    (series,) = stores([10.0], [12.0], lost=(0,)).select([], 0.0, 100.0)
    assert list(series.samples) == [(12.0, 1.0)]


def test_labels_of_the_stores_are_labels_of_their_series() -> None:
    both = stores([10.0], [12.0], dropped=())
    assert both.label_values("replica", [], 0.0, 100.0) == ["r0", "r1"]
    assert both.label_names([], 0.0, 100.0) == ["__name__", "cluster", "job", "replica"]
    assert [one["replica"] for one in both.series([Matcher("replica", "!=", "r0")], 0.0, 100.0)] == ["r1"]
    assert both.select([Matcher("cluster", "=", "us")], 0.0, 100.0) == []
    (alone,) = stores([10.0], [12.0]).select([Matcher("replica", "=", "r1")], 0.0, 100.0)
    assert (alone.labels, list(alone.samples)) == ({"__name__": "up", "job": "a", "cluster": "eu"}, [(12.0, 1.0)])
