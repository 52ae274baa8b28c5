# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of pods: their steps, their end, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cluster.behaviour import PodStep
from lab.cluster.deletion import DeleteOptions, delete_object
from lab.cluster.pod_status import after_step
from lab.cluster.resources import STORED
from lab.cluster.timestamps import to_seconds
from lab.pods.lifecycle import Container, crashing
from lab.scenario.model import PodFailure

from .conftest import NOON, Ticking, pod_template, workload


def pod(image: str = "web:v1", age: float = 0.0, **more: Any) -> dict[str, Any]:
    template = pod_template("web", image)
    meta = template["metadata"] | {"name": "web", "namespace": "default", "creationTimestamp": to_seconds(NOON - age)}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": template["spec"] | {"nodeName": "node-0"}} | more


def container(ticking: Ticking) -> dict[str, Any]:
    return ticking.store.require("Pod", "default", "web")["status"]["containerStatuses"][0]


def test_a_pod_lives_through_its_steps(ticking: Ticking) -> None:
    ticking.store.create(pod())
    ticking.run(0.5)
    status = ticking.store.require("Pod", "default", "web")["status"]
    assert (status["phase"], container(ticking)["state"]) == ("Pending", {"waiting": {"reason": "ContainerCreating"}})
    ticking.run(1)
    status = ticking.store.require("Pod", "default", "web")["status"]
    assert status["phase"] == "Running"
    assert container(ticking)["state"] == {"running": {"startedAt": "2026-11-23T12:00:01Z"}}
    assert {c["type"]: c["status"] for c in status["conditions"]}["Ready"] == "True"
    assert ticking.events("Started") == ["Started container"]


def test_a_crash_loop_has_a_last_state_and_counts_its_events(ticking: Ticking) -> None:
    ticking.store.create(pod("web:crash"))
    ticking.run(11)
    found = container(ticking)
    assert found["state"] == {"waiting": {"reason": "CrashLoopBackOff"}}
    assert (found["restartCount"], found["lastState"]["terminated"]["exitCode"], found["lastState"]["terminated"]["reason"]) == (
        2,
        1,
        "Error",
    )
    event = next(event for event in ticking.store.list("Event") if event["reason"] == "BackOff")
    assert (event["count"], event["type"], event["firstTimestamp"], event["lastTimestamp"]) == (
        2,
        "Warning",
        "2026-11-23T12:00:01Z",
        "2026-11-23T12:00:10Z",
    )


def test_a_container_that_is_backed_off_keeps_what_it_left_behind() -> None:
    failure = PodFailure(reason="CrashLoopBackOff", message="licence expired", exit_code=3)
    running = pod() | {"status": {"phase": "Pending"}}
    running["metadata"]["uid"] = "u"
    for step in crashing(Container("web", "web", "web:v1"), 0.5, failure, 5.0, None):
        running["status"] = after_step(running, step, NOON + step.after)
        if step.waiting == "CrashLoopBackOff":
            break
    found = running["status"]["containerStatuses"][0]
    assert found["state"]["waiting"]["message"].startswith("back-off ")
    assert (found["lastState"]["terminated"]["message"], found["lastState"]["terminated"]["exitCode"]) == ("licence expired", 3)


def test_a_restart_keeps_the_state_of_the_run_before() -> None:
    running = pod() | {"status": {"phase": "Pending"}}
    running["metadata"]["uid"] = "u"
    steps = [
        PodStep(1, ready=True),
        PodStep(5, terminated="OOMKilled"),
        PodStep(6, ready=True, restarts=1),
        PodStep(9, ready=True, restarts=2),
        PodStep(12, phase="Succeeded"),
    ]
    seen = []
    for step in steps:
        running["status"] = after_step(running, step, NOON + step.after)
        seen.append(running["status"]["containerStatuses"][0])
    assert seen[0]["state"] == {"running": {"startedAt": "2026-11-23T12:00:01Z"}}
    assert (seen[1]["ready"], seen[1]["state"]["terminated"]["exitCode"]) == (False, 137)
    assert seen[2]["lastState"] == seen[1]["state"]
    assert seen[2]["state"] == {"running": {"startedAt": "2026-11-23T12:00:06Z"}}
    assert (seen[3]["restartCount"], seen[3]["lastState"]["terminated"]["finishedAt"]) == (2, "2026-11-23T12:00:09Z")
    assert seen[4]["state"]["terminated"]["reason"] == "Completed"
    ready = next(c for c in running["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "PodCompleted")


def test_a_seeded_pod_without_a_status_has_its_past_made_up(ticking: Ticking) -> None:
    ticking.store.create(pod(age=3600))
    ticking.run(0.1)
    assert container(ticking)["state"] == {"running": {"startedAt": "2026-11-23T11:00:01Z"}}


def test_a_seeded_pod_with_a_status_goes_on_from_there(ticking: Ticking) -> None:
    known = {
        "name": "web",
        "image": "web:crash",
        "ready": True,
        "restartCount": 7,
        "state": {"running": {"startedAt": "2026-11-23T11:59:56Z"}},
    }
    status = {"phase": "Running", "containerStatuses": [known | {"lastState": {}}]}
    ticking.store.create(pod("web:crash", age=4, status=status))
    ticking.run(5)
    assert container(ticking) == known | {"lastState": {}}
    ticking.run(2)
    assert container(ticking)["state"] == {"waiting": {"reason": "CrashLoopBackOff"}}


def delete(ticking: Ticking, kind: str, **options: Any) -> None:
    obj = ticking.store.require(kind, "default", "web")
    delete_object(ticking.store, STORED[kind], obj, DeleteOptions(**options), ticking.clock())


def test_a_deleted_pod_stops_gracefully(ticking: Ticking) -> None:
    ticking.store.create(pod())
    ticking.run(2)
    delete(ticking, "Pod")
    ticking.run(0.3)
    assert ticking.store.require("Pod", "default", "web")["metadata"]["deletionGracePeriodSeconds"] == 30
    ticking.run(1)
    assert ticking.store.get("Pod", "default", "web") is None
    assert ticking.events("Killing") == ["Stopping container web"]


def test_dependents_follow_their_owner(ticking: Ticking) -> None:
    ticking.store.create(workload("Deployment"))
    ticking.run(3)
    delete(ticking, "Deployment")
    assert ticking.store.get("Deployment", "default", "web") is None
    ticking.run(3)
    assert (ticking.store.list("ReplicaSet"), ticking.pods()) == ([], [])


def test_a_foreground_deletion_waits_for_dependents(ticking: Ticking) -> None:
    ticking.store.create(workload("Deployment"))
    ticking.run(3)
    delete(ticking, "Deployment", propagation="Foreground")
    ticking.run(0.3)
    assert ticking.store.require("Deployment", "default", "web")["metadata"]["finalizers"] == ["foregroundDeletion"]
    ticking.run(3)
    assert ticking.store.get("Deployment", "default", "web") is None
    assert ticking.pods() == []


def test_orphans_stay(ticking: Ticking) -> None:
    ticking.store.create(workload("Deployment"))
    ticking.run(3)
    delete(ticking, "Deployment", propagation="Orphan")
    ticking.run(3)
    assert ticking.store.get("Deployment", "default", "web") is None
    assert len(ticking.pods()) == 3
    assert not ticking.store.list("ReplicaSet")[0]["metadata"].get("ownerReferences")


@pytest.mark.parametrize(("kind", "group", "stays"), [("ReplicaSet", "apps/v1", False), ("Canary", "flagger.app/v1beta1", True)])
def test_only_owners_of_a_kind_that_is_served_can_be_gone(ticking: Ticking, kind: str, group: str, stays: bool) -> None:
    owned = workload("Deployment")
    owned["metadata"]["ownerReferences"] = [{"apiVersion": group, "kind": kind, "name": "web", "uid": "gone", "controller": True}]
    ticking.store.create(owned)
    ticking.run(3)
    assert (ticking.store.get("Deployment", "default", "web") is not None) is stays
