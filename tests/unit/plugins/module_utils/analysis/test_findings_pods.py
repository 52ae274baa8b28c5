# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings_pods import pod_findings
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Finding, Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import Node, Surroundings
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import ClusterEvent, Pod, PodWarning
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import HOUR, MINUTE, NOW, ago, pods, workload


def told(*given: Pod, events: tuple[ClusterEvent, ...] = ()) -> dict[str, Finding]:
    return {one.id: one for one in pod_findings(workload(*pods(2), *given, events=events), NOW, Level.WARNING) if one.level is not Level.OK}


def bad(reason: str, message: str | None = None, **more: object) -> Pod:
    return replace(pods(0, 1, reason, restarts=0, message=message)[0], name="bad", created_at=ago(HOUR), **more)  # type: ignore[arg-type]


def test_pods_that_no_scheduler_looks_at() -> None:
    said = "no scheduler has looked at it: see whether volcano runs"
    found = told(bad("Pending", said, phase="Pending", node=None))
    assert list(found) == ["workload.unscheduled"]
    assert found["workload.unscheduled"].title == "1 pod not given a node by any scheduler (Pending)"
    assert found["workload.unscheduled"].detail == f"since 1h; {said}"
    assert "workload.unscheduled" not in told(bad("Pending", said, phase="Pending", node="n1"))


@pytest.mark.parametrize(("minutes", "named"), [(2, True), (120, False)])
def test_who_took_the_place_of_pods_that_wait(minutes: float, named: bool) -> None:
    at = ago(minutes * MINUTE)
    event = ClusterEvent(at, at, "Normal", "Preempted", "Pod", "app-1", "Preempted by pod 4711 on node n1", 2)
    detail = (
        told(bad("Unschedulable", "0/3 nodes are available: 3 Insufficient cpu."), events=(event,))["workload.unschedulable"].detail or ""
    )
    assert ("2 pods of a lower priority had to go, the last one 2m ago: Preempted by pod 4711" in detail) is named
    assert told(events=(event,)) == {}, "others took their places"


@pytest.mark.parametrize(("seconds", "stuck"), [(5, False), (30, True)])
def test_a_pod_that_its_kubelet_can_not_end(seconds: float, stuck: bool) -> None:
    warning = PodWarning("FailedKillPod", "error killing pod: context deadline exceeded", 3, ago(60), ago(5))
    pod = bad("Terminating", terminating=True, terminating_since=ago(seconds), node="n1", warnings=(warning,))
    found = told(pod)
    assert list(found) == (["workload.terminating"] if stuck else [])
    if stuck:
        assert (found["workload.terminating"].detail or "").endswith("FailedKillPod: error killing pod: context deadline exceeded")


def test_a_user_that_may_not_run_is_no_missing_configuration() -> None:
    said = "container has runAsNonRoot and image will run as root"
    found = told(bad("CreateContainerConfigError", said, container="app"))["workload.configuration"]
    assert found.title == f"Container app of 1 pod may not run as it is: {said} (CreateContainerConfigError)"
    assert "runAsUser" in (found.detail or "")


@pytest.mark.parametrize("awaited", ["has not ended", "has not started"])
def test_what_an_init_container_is_waited_for(awaited: str) -> None:
    found = told(bad("PodInitializing", f"init container proxy runs and {awaited}", container="proxy", init=True))["workload.init"]
    assert (found.title, found.detail) == (
        f"Init container proxy of 1 pod {awaited}",
        f"init container proxy runs and {awaited}: see its log",
    )


@pytest.mark.parametrize(("away", "named"), [(True, False), (False, True)])
def test_pods_of_a_node_that_is_away_need_no_log_to_be_read(away: bool, named: bool) -> None:
    pod = bad("ContainersNotReady", node="n1")
    around = Surroundings(nodes=(Node("n1", not away, True, 1),))
    found = [one.id for one in pod_findings(workload(*pods(2), pod, surroundings=around), NOW, Level.WARNING)]
    assert ("workload.not_ready" in found) is named


def test_a_probe_as_openshift_words_it() -> None:
    warning = PodWarning("ProbeError", "Readiness probe error: Get http://10.0.0.3:8080/: EOF", 5, ago(60), ago(10))
    found = told(bad("ContainersNotReady", warnings=(warning,)))["workload.readiness_probe"]
    assert "EOF" in (found.detail or "")


def test_a_crash_without_a_word_says_where_to_look() -> None:
    assert told(bad("CrashLoopBackOff", exit_code=3))["workload.crash"].detail == "see the log of the previous run in bad"
    assert told(bad("CrashLoopBackOff", "cannot open pay.yml", exit_code=3))["workload.crash"].detail == "cannot open pay.yml"


@pytest.mark.parametrize(
    ("own", "of_all", "title", "why"),
    [
        (64 * 2.0**20, None, "by the memory limit", "container app reached its limit of 64 MiB"),
        (64 * 2.0**20, 128 * 2.0**20, "by the memory limit", "container app reached its limit of 64 MiB"),
        (None, 128 * 2.0**20, "by the memory limit", "container app reached its limit of 128 MiB"),
        (None, None, "for want of memory", "container app has no memory limit: its node had none left"),
    ],
)
def test_who_had_no_memory_left(own: float | None, of_all: float | None, title: str, why: str) -> None:
    pod = bad("OOMKilled", exit_code=137, container="app", container_memory_limit=own, memory_limit=of_all)
    found = told(pod)["workload.out_of_memory"]
    assert found.title == f"1 pod ended {title} (OOMKilled)"
    assert (found.detail or "").startswith(why)


def test_a_resize_that_the_node_has_no_room_for() -> None:
    resized = [replace(pod, resize_refused="Infeasible: cpu, requested: 9000, capacity: 4000") for pod in pods(2)]
    (found,) = pod_findings(workload(*resized, *pods(1)), NOW, Level.WARNING)
    assert (found.id, found.title) == ("workload.resize", "The resize of 2 pods can't be done on their nodes")
    assert (found.detail or "").startswith("Infeasible: cpu, requested: 9000")
    assert not list(pod_findings(workload(*(replace(pod, terminating=True) for pod in resized)), NOW, Level.WARNING))
