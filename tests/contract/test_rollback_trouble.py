# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollbacks that are killed, that meet another controller's, and whose API server goes away in the middle."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.clients.cluster import ClusterClient
from plugins.module_utils.evidence.objects import annotations_of
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.apply import apply
from plugins.module_utils.rollback.claim import ANNOTATION, release
from plugins.module_utils.rollback.stir import Stir
from plugins.module_utils.rollback.watch import watch
from tests.contract.ansible_runs import module
from tests.contract.clusters import Cluster
from tests.contract.test_rollback import DEPLOYMENT, STATEFUL_SET, now, roll_back, versions_running
from tests.contract.test_rollback_progress import begin_now, hasty_clock

OURS = "devops.incident_response"
ROOT = Path(__file__).resolve().parents[2]
_RUN = """
import json, sys
from plugins.module_utils.faces.rollback import PROGRESS, ROLLBACK, progress_result, rollback_result
params = {name: option.get("default") for name, option in (ROLLBACK | PROGRESS).items()} | json.loads(sys.argv[1])
print("ready", flush=True)
done = rollback_result(params, False)
changed = done["changed"]
while done["progress"]["state"] == "progressing":
    done |= progress_result({**params, "following": done["following"], "at_most": 5.0})
print(json.dumps({"state": done["progress"]["state"], "changed": changed, "lines": done["rollback"]["progress"]}), flush=True)
"""


class Run:
    """A rollback in a process of its own, as a controller runs it."""

    def __init__(self, cluster: Cluster, kind: WorkloadKind, incident: str) -> None:
        params = {
            "service": "payment-api",
            "namespace": cluster.namespace,
            "catalogue": {"workload_kind": kind.value},
            "kubeconfig": str(cluster.kubeconfigs["admin"]),
            "target": "v2.3.0",
            "incident": incident,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", _RUN, json.dumps(params)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def result(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert self.process.wait(10) == 0
        return found


def newest_revision(cluster: Cluster, kind: WorkloadKind) -> int:
    if kind is DEPLOYMENT:
        return int(annotations_of(cluster.workload(kind))["deployment.kubernetes.io/revision"])
    return max(int(entry["revision"]) for entry in cluster.listed("apis/apps/v1/{}/controllerrevisions"))


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_killed_at_any_time_and_run_again(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", kind=kind, replicas=2)
    for _ in range(int(os.environ.get("ROLLBACK_KILLS", "3"))):
        time.sleep(0.0 if kind is DEPLOYMENT else 1.0 - time.time() % 1.0)
        cluster.roll_out(kind, "v2.3.1")
        cluster.complete(kind)
        before = newest_revision(cluster, kind)
        killed = Run(cluster, kind, "one")
        time.sleep(random.uniform(0.0, 1.2))
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait(10)
        left = cluster.workload(kind)
        asked_for = left["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
        assert asked_for in ("v2.3.0", "v2.3.1")
        assert (ANNOTATION in annotations_of(left)) is (asked_for == "v2.3.0"), "name and template are there together, or not at all"
        again = Run(cluster, kind, "one").result()
        assert again["state"] == "complete"
        # A request that was on its way when its sender died may be carried out after our look.
        assert asked_for == "v2.3.1" or not again["changed"]
        cluster.complete(kind)
        assert versions_running(cluster) == {"v2.3.0"}
        assert newest_revision(cluster, kind) == before + 1, "it was changed once"
        assert release(cluster.client(), cluster.service(kind), "one")


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_two_controllers_make_one_rollback_and_one_follows(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=2)
    both = [Run(cluster, kind, incident) for incident in ("one", "two")]
    results = [run.result() for run in both]
    assert [result["state"] for result in results] == ["complete", "complete"]
    assert sorted(result["changed"] for result in results) == [False, True]
    (follower,) = (result for result in results if not result["changed"])
    (leader,) = (("one", "two")[number] for number, result in enumerate(results) if result["changed"])
    first = follower["lines"][0]["title"]
    assert f"by incident {leader} is under way: following it" in first or first.startswith("Already at v2.3.0")
    assert json.loads(annotations_of(cluster.workload(kind))[ANNOTATION])["incident"] == leader
    assert cluster.tag(kind) == "v2.3.0"


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_one_of_two_controllers_is_killed_and_the_other_ends_it(cluster: Cluster, kind: WorkloadKind) -> None:
    cluster.history("v2.3.0", "v2.3.1", kind=kind, replicas=2)
    before = newest_revision(cluster, kind)
    doomed, other = (Run(cluster, kind, incident) for incident in ("one", "two"))
    time.sleep(random.uniform(0.0, 0.8))
    doomed.process.send_signal(signal.SIGKILL)
    doomed.process.wait(10)
    result = other.result()
    assert result["state"] == "complete"
    cluster.complete(kind)
    assert versions_running(cluster) == {"v2.3.0"}
    assert newest_revision(cluster, kind) == before + 1, "it was changed once, by whichever of them"
    leader = json.loads(annotations_of(cluster.workload(kind))[ANNOTATION])["incident"]
    assert leader == ("two" if result["changed"] else "one")
    assert release(cluster.client(), cluster.service(kind), leader)


def test_an_api_server_that_restarts_while_the_rollout_is_followed(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=6, minReadySeconds=1)
    run = Run(cluster, DEPLOYMENT, "one")
    cluster.until("the change", lambda: cluster.tag() == "v2.3.0")
    cluster.restart_server()
    assert run.result()["state"] == "complete"


class Cutting(ClusterClient):
    """Restarts the server right after its first change was made, and never sees the answer."""

    cut: Callable[[], None] | None

    def patch(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        answer = super().patch(*arguments, **options)
        cut, self.cut = self.cut, None
        if cut is not None:
            cut()
            return self.get("/version")  # no answer, as to a request that was under way
        return answer


def test_a_change_whose_answer_was_lost_with_the_server_is_not_made_twice(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    client = cluster.client()
    client.__class__ = Cutting
    assert isinstance(client, Cutting)

    def cut() -> None:
        cluster.restart_server()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            ClusterClient.get(client, "/version", timeout=1.0)

    client.cut = cut
    applied = roll_back(cluster, "v2.3.0", client=client)
    assert (applied.changed, applied.attempts > 1) == (True, True)
    cluster.complete()
    assert versions_running(cluster) == {"v2.3.0"}
    assert len(cluster.listed("apis/apps/v1/{}/replicasets")) == 2


def test_a_stateful_set_that_waits_for_a_broken_pod_is_freed(cluster: Cluster) -> None:
    cluster.history("v2.3.0", kind=STATEFUL_SET, replicas=3)
    time.sleep(1.0 - time.time() % 1.0)
    cluster.roll_out(STATEFUL_SET, "v2.3.1-crash")

    def broken() -> bool:
        return any(
            "CrashLoopBackOff" in json.dumps(pod.get("status", {})) and pod["spec"]["containers"][0]["image"].endswith("crash")
            for pod in cluster.pods()
        )

    cluster.until("a broken pod", broken)
    run = Run(cluster, STATEFUL_SET, "one").result()
    assert run["state"] == "complete"
    assert [line["title"].split(",")[0] for line in run["lines"]][1] == "Deleted payment-api-2"
    cluster.complete(STATEFUL_SET)
    assert versions_running(cluster) == {"v2.3.0"}


def test_a_pod_that_breaks_while_the_stateful_set_waits_for_it_is_freed_too(cluster: Cluster) -> None:
    """At the first look it runs and is not ready yet, as between two crashes; nothing can be held against it."""
    cluster.history("v2.3.0", kind=STATEFUL_SET, replicas=2)
    time.sleep(1.0 - time.time() % 1.0)
    cluster.roll_out(STATEFUL_SET, "v2.3.1-unready")
    cluster.until(
        "an unready pod", lambda: any("unready" in str(pod["spec"]) and "running" in str(pod.get("status")) for pod in cluster.pods())
    )
    done: list[dict[str, Any]] = []
    options = {"service": "payment-api", "namespace": cluster.namespace, "kubeconfig": str(cluster.kubeconfigs["admin"])}
    run = threading.Thread(target=lambda: done.append(module(f"{OURS}.rollback", {**options, "target": "v2.3.0", "wait_timeout": "90s"})))
    run.start()
    cluster.until("the change", lambda: cluster.tag(STATEFUL_SET) == "v2.3.0")
    time.sleep(3.0)
    path = f"/api/v1/namespaces/{cluster.namespace}/pods/payment-api-1/status"
    waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}
    status = {"name": "app", "image": "app", "imageID": "", "ready": False, "restartCount": 1, **waiting}
    cluster.client().patch(path, {"status": {"containerStatuses": [status]}}, "application/merge-patch+json")
    run.join(120)
    assert (done[0]["failed"], done[0].get("state")) == (False, "verifying"), done[0].get("msg")
    assert any(line["title"].startswith("Deleted payment-api-1") for line in done[0]["rollback"]["progress"])
    assert versions_running(cluster) == {"v2.3.0"}


def test_watch_events_say_when_to_look(cluster: Cluster) -> None:
    cluster.history("v2.3.0", replicas=1)
    stir = Stir(cluster.client(), cluster.service(), 20.0)
    stir.wait(5.0)  # what is there already comes first
    time.sleep(1.0)
    stir.wait(0.0)
    began = time.monotonic()
    threading.Timer(0.3, lambda: cluster.patch(DEPLOYMENT, {"metadata": {"labels": {"touched": "yes"}}})).start()
    stir.wait(10.0)
    assert time.monotonic() - began < 5.0


def test_a_watch_that_is_cut_is_begun_anew(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=3)
    begun = begin_now(cluster, "v2.3.0")
    assert begun.following is not None
    stir = Stir(cluster.client(), cluster.service(), 60.0)
    cluster.restart_server()
    following, state = begun.following, "progressing"
    clock, deadline = hasty_clock(), time.monotonic() + 50
    while state == "progressing" and time.monotonic() < deadline:
        following, progress = watch(cluster.client(), cluster.service(), following, 300.0, clock, stir.wait)
        state = progress.state
    assert state == "complete"


def test_a_name_of_another_incident_is_taken_over_by_its_own_change(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    apply(cluster.client(), cluster.service(), "v2.3.0", now, time.sleep, incident="one")
    cluster.complete()
    apply(cluster.client(), cluster.service(), "v2.3.1", now, time.sleep, incident="two")
    assert json.loads(annotations_of(cluster.workload(DEPLOYMENT))[ANNOTATION])["incident"] == "two"
    assert not release(cluster.client(), cluster.service(), "one")
    assert release(cluster.client(), cluster.service(), "two")
    assert ANNOTATION not in annotations_of(cluster.workload(DEPLOYMENT))
