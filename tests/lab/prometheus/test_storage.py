# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math
import struct

import pytest

from lab.prometheus.storage import STALE_NAN, Matcher, MemoryStorage, is_stale


@pytest.fixture
def storage() -> MemoryStorage:
    storage = MemoryStorage()
    for at in (10.0, 20.0, 30.0):
        storage.append({"__name__": "up", "job": "b"}, at, at)
    storage.append({"__name__": "up", "job": "a", "empty": ""}, 20.0, 2.0)
    storage.append({"__name__": "down"}, 20.0, 0.0)
    return storage


def test_a_range_is_open_to_the_left(storage: MemoryStorage) -> None:
    (series,) = storage.select([Matcher("job", "=", "b")], 10.0, 30.0)
    assert list(series.samples) == [(20.0, 20.0), (30.0, 30.0)]


def test_series_without_samples_in_the_range_are_left_out(storage: MemoryStorage) -> None:
    assert [labels["job"] for labels in storage.series([Matcher("__name__", "=", "up")], 20.0, 40.0)] == ["b"]


@pytest.mark.parametrize(
    ("matcher", "jobs"),
    [
        (Matcher("job", "=", "a"), ["a"]),
        (Matcher("job", "=", ""), [None]),
        (Matcher("job", "!=", "a"), [None, "b"]),
        (Matcher("job", "=~", "a|b"), ["a", "b"]),
        (Matcher("job", "=~", "a|"), [None, "a"]),
        (Matcher("job", "!~", "a|b"), [None]),
        (Matcher("job", "!~", ""), ["a", "b"]),
        (Matcher("empty", "=", ""), [None, "a", "b"]),
    ],
)
def test_a_missing_label_is_an_empty_one(storage: MemoryStorage, matcher: Matcher, jobs: list[str | None]) -> None:
    assert [series.labels.get("job") for series in storage.select([matcher], 0.0, 40.0)] == jobs


def test_labels_are_listed(storage: MemoryStorage) -> None:
    assert storage.label_names([], 0.0, 40.0) == ["__name__", "job"]
    assert storage.label_values("job", [], 0.0, 40.0) == ["a", "b"]
    assert storage.label_values("job", [Matcher("__name__", "=", "down")], 0.0, 40.0) == []


def test_late_samples_find_their_place(storage: MemoryStorage) -> None:
    storage.append({"__name__": "up", "job": "b"}, 15.0, 1.5)
    (series,) = storage.select([Matcher("job", "=", "b")], 0.0, 20.0)
    assert [at for at, _ in series.samples] == [10.0, 15.0, 20.0]


def test_the_stale_marker_is_one_nan_among_many() -> None:
    assert struct.pack(">d", STALE_NAN).hex() == "7ff0000000000002"
    assert is_stale(STALE_NAN)
    assert not is_stale(math.nan)
    assert not is_stale(1.0)
