# SPDX-License-Identifier: GPL-3.0-or-later
"""StatefulSets and DaemonSets of a scenario are as their controllers left them: nothing is rolled out anew when the lab starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.scenario.loader import parse

SCENARIO = """\
name: kinds
title: a queue and an agent
service: queue
truth: {action: rollback, target: v1, cause: v2 does not get ready}
workloads:
  queue:
    kind: StatefulSet
    image: team/queue
    replicas: 3
    revisions: [{version: v1, deployed: -5d}, {version: v2, deployed: -20m}]
  agent:
    kind: DaemonSet
    image: team/agent
    replicas: 3
    revisions: [{version: v1, deployed: -5d, number: 4}, {version: v2, deployed: -20m, number: 7}]
"""


@pytest.mark.parametrize(("kind", "name", "numbers"), [("StatefulSet", "queue", [1, 2]), ("DaemonSet", "agent", [4, 7])])
def test_pods_belong_to_the_last_revision_and_stay(still: Callable[[Any], Any], kind: str, name: str, numbers: list[int]) -> None:
    lab = still(parse(SCENARIO, "kinds"))
    before = {pod["metadata"]["uid"] for pod in lab.pods(name)}
    lab.run(10)
    assert {pod["metadata"]["uid"] for pod in lab.pods(name)} == before
    assert len(before) == 3
    revisions = lab.store.list("ControllerRevision", "production", lambda found: found["metadata"]["labels"]["app"] == name)
    assert sorted(revision["revision"] for revision in revisions) == numbers
    status = lab.store.require(kind, "production", name)["status"]
    assert status["updatedReplicas" if kind == "StatefulSet" else "updatedNumberScheduled"] == 3


@pytest.mark.parametrize(("kind", "name"), [("StatefulSet", "queue"), ("DaemonSet", "agent")])
def test_going_back_finds_the_revision_before(still: Callable[[Any], Any], kind: str, name: str) -> None:
    lab = still(parse(SCENARIO, "kinds"))
    owner = json.loads(json.dumps(lab.store.require(kind, "production", name)))
    template = owner["spec"]["template"]
    template["metadata"]["labels"]["app.kubernetes.io/version"] = "v1"
    template["spec"]["containers"][0]["image"] = template["spec"]["containers"][0]["image"].replace("v2", "v1")
    lab.store.update(owner)
    lab.run(60)
    revisions = lab.store.list("ControllerRevision", "production", lambda found: found["metadata"]["labels"]["app"] == name)
    assert len(revisions) == 2, "no third one was made"
    assert {pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in lab.pods(name)} == {"v1"}
