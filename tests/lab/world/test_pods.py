# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from lab.world.pods import PodHistory, PodRecord


def record(name: str, workload: str = "api") -> PodRecord:
    return PodRecord("shop", name, workload, "v1", "main", "node-1", "10.0.0.1", created=0.0)


def names(history: PodHistory, workload: str = "api") -> list[str]:
    return [found.name for found in history.staying(workload)]


def test_staying_follows_what_comes_leaves_and_is_deleted() -> None:
    history = PodHistory([("shop", "api")])
    assert names(history) == []
    history.records = {"1": record("one"), "2": record("two"), "3": record("other", "web")}
    assert (names(history), names(history, "web")) == (["one", "two"], ["other"])
    history.records["1"].leaving = 1.0
    assert names(history) == ["two"]
    history.records["4"] = record("four")
    history.records["2"].deleted = 2.0
    assert names(history) == ["four"]


def test_staying_is_of_the_records_that_were_taken_over() -> None:
    history = PodHistory([("shop", "api")])
    history.records = {"1": record("one")}
    assert names(history) == ["one"]
    history.records = {"2": record("two")}
    assert names(history) == ["two"]
