# SPDX-License-Identifier: GPL-3.0-or-later
"""The event that ends a rollout is a look; every other one only says when to look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from plugins.module_utils.model.service import Service
from plugins.module_utils.rollback import stir
from plugins.module_utils.rollback.stir import Stir

SERVICE = Service("payment-api")
TWICE = 2


def deployment(generation: int, observed: int) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "payment-api", "generation": generation, "resourceVersion": str(generation * 10)},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "payment-api"}}},
        "status": {"observedGeneration": observed, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3},
    }


CHANGED = deployment(generation=5, observed=4)
"""What the change was answered with."""


class Client:
    """Its watches tell ``events`` and are cut."""

    def __init__(self, *events: tuple[str, dict[str, Any]]) -> None:
        self.events = events
        self.asked: list[dict[str, Any]] = []
        self.asked_again = threading.Event()

    def watch(self, _path: str, query: dict[str, Any], _seconds: float) -> Iterator[dict[str, Any]]:
        self.asked.append(dict(query))
        if len(self.asked) == TWICE:
            self.asked_again.set()
        yield from ({"type": kind, "object": found} for kind, found in self.events)

    def stirs(self, _path: str, _query: dict[str, Any], _seconds: float) -> Iterator[None]:
        return iter(())

    def get(self, _path: str) -> dict[str, Any]:
        return CHANGED


def seen(client: Any, workload: dict[str, Any] | None) -> Any:
    return Stir(client, SERVICE, 30.0, workload).wait(30.0)


def test_a_workload_that_is_finished_need_not_be_read_again() -> None:
    done = deployment(generation=5, observed=5)
    assert seen(Client(("MODIFIED", done)), CHANGED) == done


@pytest.mark.parametrize(
    ("kind", "found", "workload"),
    [
        ("ADDED", deployment(generation=4, observed=4), CHANGED),
        ("DELETED", deployment(generation=5, observed=5), CHANGED),
        ("ADDED", deployment(generation=5, observed=5), None),
    ],
    ids=["from before the change", "deleted", "nobody knows what it was before"],
)
def test_anything_else_is_looked_at(kind: str, found: dict[str, Any], workload: dict[str, Any] | None) -> None:
    assert seen(Client((kind, found)), workload) is None


def test_what_came_after_the_change_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stir, "_AGAIN_AFTER", 0.0)
    client: Any = Client(("MODIFIED", CHANGED))
    Stir(client, SERVICE, 30.0, CHANGED)
    assert client.asked_again.wait(30.0)
    client.events = ()
    assert client.asked[0]["resourceVersion"] == "50"
    assert "resourceVersion" not in client.asked[1], "a watch that was cut begins with what is there by then"


def test_pods_are_watched_where_it_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(stir, "start", lambda _function, name: started.append(name))
    client: Any = Client()
    waiting = Stir(client, SERVICE, 30.0, CHANGED)
    known = []
    for _unused in range(4):
        waiting.wait(0.0)
        known.append(list(started))
    assert known == [["workload watch"]] * 2 + [["workload watch", "pod watch"]] * 2
