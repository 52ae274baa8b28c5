# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.pods import pod_from, usage_from
from ansible_collections.devops.incident_response.tests.unit.servers import recorded

NOW = datetime(2026, 11, 23, 22, 56, tzinfo=UTC)


def recorded_pod(name_part: str) -> dict[str, Any]:
    pods = recorded("kubernetes/pods_crash_looping")["items"]
    return next(pod for pod in pods if pod["metadata"]["name"].startswith(name_part))


def crashing(**container: Any) -> dict[str, Any]:
    """A recorded pod of the failing version, its container's status replaced."""
    pod = copy.deepcopy(recorded_pod("payment-api-d8c4b9d4c"))
    for condition in pod["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition |= {"status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [payment-api]"}
    status = pod["status"]["containerStatuses"][0]
    status |= {"ready": False, "state": {}, "lastState": {}, "restartCount": 0, **container}
    return pod


def ended(reason: str = "Error", code: int = 1, ago: float = 30) -> dict[str, Any]:
    at = (NOW - timedelta(seconds=ago)).isoformat().replace("+00:00", "Z")
    return {"terminated": {"reason": reason, "exitCode": code, "finishedAt": at}}


def test_a_recorded_crash_loop() -> None:
    pod = pod_from(recorded_pod("payment-api-d8c4b9d4c"), NOW)
    assert (pod.version, pod.ready, pod.reason, pod.revision_hash) == ("v2.3.1", False, "CrashLoopBackOff", "d8c4b9d4c")
    assert pod.restarts > 0
    assert pod.exit_code not in (None, 0)


def test_how_long_the_newest_run_lasted() -> None:
    lasted = {"terminated": {"reason": "Error", "exitCode": 1, "startedAt": "2026-11-23T11:50:00Z", "finishedAt": "2026-11-23T11:50:08Z"}}
    status = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": lasted, "restartCount": 4}
    assert pod_from(crashing(**status), NOW).last_run == 8.0
    del lasted["terminated"]["startedAt"]
    assert pod_from(crashing(**status), NOW).last_run is None


def test_a_recorded_healthy_pod() -> None:
    pod = pod_from(recorded_pod("payment-api-7859df644b"), NOW)
    assert (pod.version, pod.ready, pod.reason, pod.message, pod.exit_code) == ("v2.3.0", True, None, None, None)
    assert (pod.cpu_limit, pod.memory_limit) == (1.0, 256 * 2**20)


@pytest.mark.parametrize(
    ("container", "reason", "exit_code"),
    [
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended(code=3), "restartCount": 4}, "CrashLoopBackOff", 3),
        ({"state": {"running": {}}, "lastState": ended(), "restartCount": 2}, "CrashLoopBackOff", 1),
        ({"state": ended(), "restartCount": 2}, "CrashLoopBackOff", 1),
        ({"state": {"running": {}}, "lastState": ended(ago=3600), "restartCount": 2}, "ContainersNotReady", 1),
        ({"state": ended(code=2)}, "Error", 2),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended("OOMKilled", 137), "restartCount": 1}, "OOMKilled", 137),
        ({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}, "ImagePullBackOff", None),
        ({"state": {"waiting": {"reason": "CreateContainerConfigError", "message": "no secret"}}}, "CreateContainerConfigError", None),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, "ContainerCreating", None),
        ({"state": {"running": {}}}, "ContainersNotReady", None),
    ],
)  # fmt: skip
def test_the_reason_that_explains_most(container: dict[str, Any], reason: str, exit_code: int | None) -> None:
    pod = pod_from(crashing(**container), NOW)
    assert (pod.reason, pod.exit_code) == (reason, exit_code)


def test_a_failing_sidecar_is_not_hidden_by_a_container_that_is_starting() -> None:
    pod = crashing(state={"waiting": {"reason": "PodInitializing"}})
    pod["status"]["initContainerStatuses"] = [
        {"name": "migrate", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended(code=7), "restartCount": 3}
    ]
    assert (pod_from(pod, NOW).reason, pod_from(pod, NOW).exit_code) == ("CrashLoopBackOff", 7)


def test_a_container_that_ran_out_of_memory_explains_more_than_one_that_waits_for_it() -> None:
    pod = crashing(state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState=ended(), restartCount=2)
    out_of_memory = {"name": "cache", "ready": False, "state": ended("OOMKilled", 137), "restartCount": 1}
    pod["status"]["containerStatuses"].append(out_of_memory)
    assert (pod_from(pod, NOW).reason, pod_from(pod, NOW).exit_code) == ("OOMKilled", 137)


def test_unschedulable_says_why() -> None:
    pod = crashing()
    pod["status"] = {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes: Insufficient cpu"}],
    }
    found = pod_from(pod, NOW)
    assert (found.phase, found.reason, found.message) == ("Pending", "Unschedulable", "0/3 nodes: Insufficient cpu")


def test_a_pod_that_no_scheduler_has_looked_at() -> None:
    pod = {"metadata": {"name": "x"}, "spec": {"schedulerName": "volcano"}, "status": {"phase": "Pending"}}
    found = pod_from(pod, NOW)
    assert (found.reason, found.message) == (
        "Pending",
        "no scheduler has looked at it: see whether volcano runs, which its schedulerName asks for",
    )
    assert pod_from(pod | {"spec": {"nodeName": "n1"}}, NOW).message is None


@pytest.mark.parametrize(
    ("always", "started", "awaited"), [(True, False, "has not started"), (True, True, None), (False, None, "has not ended")]
)
def test_an_init_container_that_the_others_wait_for(always: bool, started: bool | None, awaited: str | None) -> None:
    pod = crashing(state={"waiting": {"reason": "PodInitializing"}})
    pod["spec"]["initContainers"] = [{"name": "proxy", **({"restartPolicy": "Always"} if always else {})}]
    running = {"name": "proxy", "ready": False, "started": started, "state": {"running": {"startedAt": "2026-11-23T22:00:00Z"}}}
    pod["status"]["initContainerStatuses"] = [running]
    found = pod_from(pod, NOW)
    assert found.reason == "PodInitializing"
    assert (found.container, found.message) == (
        ("proxy", f"init container proxy runs since 2026-11-23 22:00:00Z and {awaited}") if awaited else ("payment-api", None)
    )
    pod["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": "2026-11-23T22:01:00Z"}}
    assert pod_from(pod, NOW).container is None, "the others run, so nothing waits for it"


def test_a_readiness_gate_says_why_it_is_closed() -> None:
    pod = crashing(ready=True, state={"running": {}})
    pod["spec"]["readinessGates"] = [{"conditionType": "example.com/lb"}]
    for condition in pod["status"]["conditions"]:
        if condition["type"] == "ContainersReady":
            condition["status"] = "True"
    assert pod_from(pod, NOW).message == "readiness gate example.com/lb is not True"
    pod["status"]["conditions"].append({"type": "example.com/lb", "status": "False", "reason": "Failed", "message": "codes: [502]"})
    assert pod_from(pod, NOW).message == "readiness gate example.com/lb is not True (Failed: codes: [502])"


def test_evicted() -> None:
    pod = crashing()
    pod["status"] = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    assert (pod_from(pod, NOW).reason, pod_from(pod, NOW).ready) == ("Evicted", False)


def test_a_pod_that_goes_away_is_not_ready() -> None:
    pod = copy.deepcopy(recorded_pod("payment-api-7859df644b"))
    pod["metadata"]["deletionTimestamp"] = "2026-11-23T22:55:30Z"
    found = pod_from(pod, NOW)
    assert (found.ready, found.terminating, found.reason) == (False, True, "Terminating")


def test_a_ready_pod_tells_of_its_last_restart_without_being_in_trouble() -> None:
    pod = copy.deepcopy(recorded_pod("payment-api-7859df644b"))
    pod["status"]["containerStatuses"][0] |= {"restartCount": 1, "lastState": ended("OOMKilled", 137)}
    found = pod_from(pod, NOW)
    assert (found.ready, found.reason, found.message) == (True, None, "last restart: OOMKilled (exit code 137)")
    assert found.container is None


def test_of_several_containers_the_one_that_restarted_is_named() -> None:
    pod = copy.deepcopy(recorded_pod("payment-api-7859df644b"))
    proxy = copy.deepcopy(pod["status"]["containerStatuses"][0]) | {"name": "proxy", "restartCount": 1, "lastState": ended("Error", 255)}
    pod["status"]["containerStatuses"].append(proxy)
    found = pod_from(pod, NOW)
    assert (found.ready, found.container, found.message) == (True, "proxy", "last restart of container proxy: Error (exit code 255)")


def test_an_empty_object_is_read_as_nothing_known() -> None:
    pod = pod_from({"metadata": {"name": "x"}, "spec": None, "status": None}, NOW)
    assert (pod.ready, pod.phase, pod.version, pod.restarts) == (False, "Unknown", None, 0)


def test_recorded_usage() -> None:
    usage = usage_from(recorded("kubernetes/pod_metrics")["items"][5])
    assert usage.cpu is not None
    assert usage.memory is not None
    assert usage.memory > 2**20 > usage.cpu


@pytest.mark.parametrize(
    ("own", "shared", "limit"),
    [({"memory": "64Mi"}, {}, 64.0), ({}, {}, None), ({}, {"memory": "1Gi"}, 1024.0), ({"memory": "64Mi"}, {"memory": "1Gi"}, 64.0)],
)
def test_the_limit_of_the_container_that_ended(own: Any, shared: Any, limit: float | None) -> None:
    """And not the sum of what all containers of the pod may use."""
    pod = copy.deepcopy(recorded_pod("payment-api-7859df644b"))
    pod["spec"]["resources"] = {"limits": shared}
    pod["spec"]["containers"].append({"name": "proxy", "resources": {"limits": own}})
    proxy = copy.deepcopy(pod["status"]["containerStatuses"][0]) | {
        "name": "proxy",
        "restartCount": 1,
        "lastState": ended("OOMKilled", 137),
    }
    pod["status"]["containerStatuses"].append(proxy)
    found = pod_from(pod, NOW).container_memory_limit
    assert (found and found / 2**20) == limit


@pytest.mark.parametrize(
    ("condition", "refused"),
    [
        ({"type": "PodResizePending", "reason": "Infeasible", "message": "cpu, requested: 9000"}, "Infeasible: cpu, requested: 9000"),
        ({"type": "PodResizePending", "reason": "Deferred", "message": "Node didn't have enough resource: cpu"}, None),
        ({"type": "PodResizeInProgress"}, None),
        ({"type": "PodResizeInProgress", "reason": "Error", "message": "write memory.max"}, "Error: write memory.max"),
    ],
)
def test_a_resize_in_place(condition: dict[str, str], refused: str | None) -> None:
    pod = copy.deepcopy(recorded_pod("payment-api-7859df644b"))
    pod["status"]["conditions"].append({"status": "True", **condition})
    assert pod_from(pod, NOW).resize_refused == refused


def test_a_resize_as_it_was_told_before_there_were_conditions() -> None:
    pod = copy.deepcopy(recorded_pod("payment-api-7859df644b"))
    pod["status"]["resize"] = "Infeasible"
    assert pod_from(pod, NOW).resize_refused == "Infeasible"
