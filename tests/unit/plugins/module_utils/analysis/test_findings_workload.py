# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings import findings
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Finding, Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import (
    Autoscaler,
    BatchJob,
    Certificate,
    Condition,
    DisruptionBudget,
    Ingress,
    Isolation,
    MissingReference,
    Node,
    Quota,
    ServiceEndpoints,
    Surroundings,
    VolumeClaim,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import ClusterEvent, Pod, PodWarning, WorkloadState
from ansible_collections.devops.incident_response.plugins.module_utils.record.redaction import redact
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ago,
    diagnostics,
    pods,
    workload,
)


def evicted(seconds: float) -> PodWarning:
    return PodWarning("Evicted", "The node was low on resource: memory.", 1, ago(seconds), ago(seconds))


def told(state: WorkloadState) -> dict[str, Finding]:
    found = findings(diagnostics(workload=state))
    return {finding.id: finding for finding in found if finding.source.value == "workload" and finding.level is not Level.OK}


def around(state: WorkloadState | None = None, **what: Any) -> WorkloadState:
    return replace(state or workload(*pods(3)), surroundings=Surroundings(**what))


def broken(reason: str, message: str | None = None, **more: Any) -> WorkloadState:
    """Two ready pods, and one that is not."""
    bad = replace(pods(0, 1, reason, restarts=0, message=message, container="app")[0], name="bad", **more)
    return workload(*pods(2), bad)


def warning(reason: str, message: str, count: int = 5, first: float = 10 * MINUTE) -> PodWarning:
    return PodWarning(reason, message, count, ago(first), ago(10))


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "ImageInspectError"])
def test_an_image_is_named_with_what_the_registry_says(reason: str) -> None:
    given = broken(reason, "Back-off", image="shop/pay:v9", warnings=(warning("Failed", 'Failed to pull image "shop/pay:v9": not found'),))
    found = told(given)["workload.image"]
    assert found.title == f"Image shop/pay:v9 can't be pulled by 1 pod ({reason})"
    assert found.detail is not None
    assert found.detail.startswith('Failed to pull image "shop/pay:v9": not found. ')


@pytest.mark.parametrize(
    ("reason", "message", "warnings", "finding", "title"),
    [
        (
            "CreateContainerConfigError",
            'secret "db" not found',
            (),
            "configuration",
            'Container app of 1 pod lacks configuration: secret "db"',
        ),
        ("RunContainerError", "exec failed", (), "container", "Container app of 1 pod can't be started (RunContainerError)"),
        ("ContainerCreating", None, (warning("FailedMount", "no such volume"),), "volume", "A volume can't be mounted for 1 pod"),
        ("ContainerCreating", None, (warning("FailedAttachVolume", "Multi-Attach"),), "volume", "A volume can't be attached for 1 pod"),
        (
            "ContainerCreating",
            None,
            (warning("FailedCreatePodSandBox", "no IP"),),
            "sandbox",
            "The pod's sandbox can't be created for 1 pod",
        ),
        ("ContainerCreating", None, (), "starting", "1 pod can't get beyond ContainerCreating"),
        (
            "ContainersNotReady",
            None,
            (warning("Unhealthy", "Readiness probe failed: 503"),),
            "readiness_probe",
            "Readiness probe fails on 1 pod",
        ),
        (
            "CrashLoopBackOff",
            None,
            (warning("Unhealthy", "Liveness probe failed: timeout"),),
            "liveness_probe",
            "Liveness probe fails on 1 pod",
        ),
        ("ReadinessGatesNotReady", "readiness gate lb is not True", (), "readiness_gates", "1 pod held back by a readiness gate"),
        ("Unschedulable", "0/3 nodes: Insufficient cpu", (), "unschedulable", "1 pod can't be scheduled"),
        (
            "ContainersNotReady",
            "containers with unready status: [app]",
            (),
            "not_ready",
            "1 pod running and not ready (ContainersNotReady)",
        ),
        ("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu", (), "pod", "1 pod failing (OutOfcpu)"),
        ("Evicted", "low on memory", (), "evicted", "1 pod taken away by the node (Evicted)"),
    ],
)
def test_each_trouble_of_a_pod_has_its_finding(
    reason: str, message: str | None, warnings: tuple[PodWarning, ...], finding: str, title: str
) -> None:
    found = told(broken(reason, message, warnings=warnings))[f"workload.{finding}"]
    assert found.title.startswith(title)
    assert found.level in (Level.WARNING, Level.CRITICAL)


@pytest.mark.parametrize(
    ("code", "meaning"), [(1, "with an error"), (127, "not found"), (137, "killed"), (139, "SIGSEGV"), (0, "by itself")]
)
def test_what_an_exit_code_means(code: int, meaning: str) -> None:
    found = told(broken("CrashLoopBackOff", "back-off 5m0s", exit_code=code))["workload.crash"]
    assert f"exit code {code}" in found.title
    assert meaning in (found.detail or "")


def test_an_init_container_is_called_so() -> None:
    found = told(broken("CrashLoopBackOff", exit_code=2, init=True))["workload.crash"]
    assert found.title == "Init container app of 1 pod keeps ending (CrashLoopBackOff, exit code 2)"


@pytest.mark.parametrize(
    ("pod", "warns"),
    [
        ({"last_restart_at": ago(5 * MINUTE), "restarts": 3}, True),
        ({"last_restart_at": ago(3 * HOUR), "restarts": 30}, False),
        ({"last_restart_at": None, "restarts": 30}, False),
        ({"last_restart_at": ago(5 * MINUTE), "restarts": 1, "message": "last restart: OOMKilled (exit code 137)", "exit_code": 137}, True),
        ({"last_restart_at": ago(3 * HOUR), "restarts": 1, "message": "last restart: OOMKilled (exit code 137)", "exit_code": 137}, False),
        ({"memory_share": 0.95}, True),
        ({"memory_share": 0.7}, False),
        ({"cpu_share": 0.99}, True),
        ({"memory_of_request": 7.0, "cpu_of_request": 9.0}, False),
        ({"phase": "Failed", "ready": False, "reason": "Evicted", "warnings": (evicted(5 * MINUTE),)}, True),
        ({"phase": "Failed", "ready": False, "reason": "Evicted", "warnings": (evicted(3 * HOUR),)}, False),
        ({"terminating": True, "ready": False, "terminating_since": ago(5 * MINUTE)}, True),
        ({"terminating": True, "ready": False, "terminating_since": ago(-20)}, False),
        ({"terminating": True, "ready": False, "terminating_since": ago(30)}, False),
        ({"terminating": True, "ready": False, "terminating_since": ago(30), "finalizers": ("x/y",)}, True),
        ({"phase": "Failed", "ready": False, "reason": "Evicted", "created_at": ago(3 * DAY)}, False),
        ({"phase": "Failed", "ready": False, "reason": "Evicted", "created_at": ago(10)}, False),
        ({"phase": "Succeeded", "ready": False, "reason": "Completed", "created_at": ago(10)}, False),
        ({"ready": False, "reason": "ContainerCreating", "created_at": ago(20)}, False),
        ({"ready": False, "reason": "ContainersNotReady", "created_at": ago(20)}, False),
        ({"ready": False, "reason": "ContainersNotReady", "created_at": ago(20), "started_at": ago(HOUR)}, True),
        ({"ready": False, "reason": "ContainersNotReady", "created_at": ago(5 * MINUTE), "startup_time": 600.0}, False),
        ({"ready": False, "reason": "CrashLoopBackOff", "created_at": ago(20)}, True),
    ],
)
def test_a_pod_beside_three_that_are_well(pod: dict[str, Any], warns: bool) -> None:
    more = Pod(**{"name": "x", "version": "v1", "ready": True, "phase": "Running", "created_at": ago(HOUR), **pod})
    assert bool(told(workload(*pods(3), more, desired=3))) is warns


def test_a_rollout_that_takes_away_what_it_may_is_no_trouble() -> None:
    assert told(workload(*pods(3), desired=4, rolling_out=True, max_unavailable=1)) == {}
    assert "workload.pods" in told(workload(*pods(3), desired=4, rolling_out=False, max_unavailable=1))
    assert "workload.pods" in told(workload(*pods(2), desired=4, rolling_out=True, max_unavailable=1))


@pytest.mark.parametrize(
    ("message", "finding", "title"),
    [
        ('pods "x" is forbidden: exceeded quota: space, requested: pods=1', "quota", "ResourceQuota space is used up"),
        ('error looking up service account a/pay: serviceaccount "pay" not found', "service_account", "ServiceAccount pay does not exist"),
        ('is forbidden: violates PodSecurity "baseline:latest": hostPath', "admission", "Pods violate PodSecurity baseline:latest"),
        ('admission webhook "v.k.io" denied the request: no', "admission", "Admission webhook v.k.io denies the pods"),
        ('Internal error occurred: failed calling webhook "v.k.io": EOF', "webhook", "Admission webhook v.k.io does not answer"),
        ("is forbidden: minimum cpu usage per Container is 1", "limits", "A LimitRange forbids the pods"),
        ("something nobody foresaw", "create", "Pods can't be created (FailedCreate)"),
    ],
)
def test_refusals_name_who_refuses(message: str, finding: str, title: str) -> None:
    state = workload(*pods(1), desired=3, status=(Condition("ReplicaFailure", "True", "FailedCreate", message),))
    found = told(state)[f"workload.{finding}"]
    assert found.title.startswith(title)
    assert found.detail == message
    event = ClusterEvent(ago(60), ago(30), "Warning", "FailedCreate", "StatefulSet", "app", message)
    assert told(workload(*pods(1), desired=3, events=[event]))[f"workload.{finding}"].title == found.title
    assert f"workload.{finding}" not in told(workload(*pods(3), events=[event])), "it was made in the end"


def scaler(*conditions: Condition, current: int = 3, **more: Any) -> Autoscaler:
    return Autoscaler("hpa", 2, 5, current, current, "Deployment app", conditions=conditions, **more)


@pytest.mark.parametrize(
    ("given", "title"),
    [
        (scaler(), None),
        (scaler(Condition("ScalingLimited", "True", "TooFewReplicas")), None),
        (scaler(Condition("ScalingActive", "False", "ScalingDisabled")), None),
        (scaler(current=5), "Autoscaler hpa is at its maximum of 5 pods"),
        (scaler(Condition("ScalingLimited", "True", "TooManyReplicas")), "Autoscaler hpa is at its maximum of 5 pods"),
        (
            scaler(Condition("ScalingActive", "False", "FailedGetResourceMetric", "no")),
            "Autoscaler hpa can't scale (FailedGetResourceMetric)",
        ),
        (scaler(Condition("AbleToScale", "False", "FailedGetScale", "no")), "Autoscaler hpa can't scale (FailedGetScale)"),
    ],
)
def test_autoscalers(given: Autoscaler, title: str | None) -> None:
    found = told(workload(*pods(3), autoscaler=given))
    assert [finding.title for finding in found.values()] == ([title] if title else [])


@pytest.mark.parametrize(
    ("what", "finding"),
    [
        ({"nodes": (Node("n", True, True, 2),)}, None),
        ({"nodes": (Node("n", True, False, 2),)}, "node"),
        ({"nodes": (Node("n", False, True, 2, (Condition("Ready", "Unknown", "NodeStatusUnknown"),)),)}, "node"),
        ({"nodes": (Node("n", True, True, 2, (Condition("DiskPressure", "True"),)),)}, "node"),
        ({"services": (ServiceEndpoints("s", "ClusterIP", "app=a", True, 3, 0),)}, None),
        ({"services": (ServiceEndpoints("s", "ClusterIP", "app=a", True, None, None),)}, None),
        ({"services": (ServiceEndpoints("s", "ClusterIP", "app=a", True, 0, 0),)}, "endpoints"),
        ({"services": (ServiceEndpoints("s", "ClusterIP", "app=b", False, 0, 0),)}, "endpoints"),
        ({"services": (ServiceEndpoints("s", "ClusterIP", "app=a", True, 3, 0, ("80 -> web",)),)}, "service_port"),
        ({"ingresses": (Ingress("i", ("a.example",)),)}, None),
        ({"ingresses": (Ingress("i", ("a.example",), ("Service x does not exist",)),)}, "ingress"),
        ({"claims": (VolumeClaim("c", "Bound"),)}, None),
        ({"claims": (VolumeClaim("c", "Pending", "late", True, waits_for_pod=True),)}, None),
        ({"claims": (VolumeClaim("c", "Pending", "fast", True),)}, "volume_claim"),
        ({"claims": (VolumeClaim("c", "Lost"),)}, "volume_claim"),
        ({"claims": (VolumeClaim("c", "Missing"),)}, "volume_claim"),
        ({"budgets": (DisruptionBudget("b", "minAvailable 2", 1, 3, 2, 3, True),)}, None),
        ({"budgets": (DisruptionBudget("b", "minAvailable 3", 0, 3, 3, 3, True),)}, "disruption_budget"),
        ({"budgets": (DisruptionBudget("b", "minAvailable 3", 0, 2, 3, 3, True),)}, None),
        ({"budgets": (DisruptionBudget("b", "minAvailable 3", None, 0, 0, None, True),)}, None),
        ({"budgets": (DisruptionBudget("b", "minAvailable 3", 0, 0, 0, 0, False),)}, "disruption_budget"),
        (
            {
                "budgets": (
                    DisruptionBudget("a", "minAvailable 2", 1, 3, 2, 3, selects=True),
                    DisruptionBudget("b", "minAvailable 1", 2, 3, 1, 3, selects=True),
                )
            },
            "disruption_budget",
        ),
        ({"quotas": (Quota("q", ("pods 3/3",)),)}, "quota"),
        ({"certificates": (Certificate("t", "Ingress i", NOW + timedelta(days=60)),)}, None),
        ({"certificates": (Certificate("t", "Ingress i", NOW + timedelta(days=10)),)}, "certificate"),
        ({"certificates": (Certificate("t", "Ingress i", NOW - timedelta(days=10)),)}, "certificate"),
        ({"certificates": (Certificate("t", "Ingress i", NOW + timedelta(days=99), NOW + timedelta(days=9)),)}, "certificate"),
        ({"certificates": (Certificate("t", "Ingress i", problem="there is no certificate in it"),)}, "certificate"),
        ({"missing": (MissingReference("ConfigMap", "c", "volume x"),)}, "configuration"),
        ({"isolation": (Isolation("incoming", ("deny",)),)}, None),
        ({"isolation": (Isolation("outgoing", ("deny",)),)}, "network_policy"),
        ({"misdirected": (Autoscaler("h", 1, 2, 0, 0, "Deployment ap", True),)}, "autoscaler"),
    ],
)
def test_each_trouble_around_the_workload_has_its_finding(what: dict[str, Any], finding: str | None) -> None:
    assert list(told(around(**what))) == ([f"workload.{finding}"] if finding else [])


def test_what_a_pod_says_already_is_not_said_again() -> None:
    missing = (MissingReference("ConfigMap", "payment-config", "container app"),)
    state = broken("CreateContainerConfigError", 'configmap "payment-config" not found')
    assert list(told(around(state, missing=missing))) == ["workload.pods", "workload.configuration"]


def test_the_name_of_a_variable_is_not_taken_for_a_password() -> None:
    missing = (MissingReference("Secret", "db", "container app, variable DB_PASSWORD", "password"),)
    found = told(around(missing=missing))["workload.configuration"]
    assert redact([found.title, found.detail]) == [found.title, found.detail]


def test_several_of_one_kind_are_numbered() -> None:
    nodes = tuple(Node(name, True, False, 1) for name in ("a", "b"))
    assert list(told(around(nodes=nodes))) == ["workload.node", "workload.node.2"]


def test_the_workloads_own_controller() -> None:
    assert "workload.progress" in told(workload(*pods(3), status=(Condition("Progressing", "False", "ProgressDeadlineExceeded"),)))
    assert "workload.unobserved" in told(workload(*pods(3), unobserved_for=120.0))
    assert told(workload(*pods(3), unobserved_for=2.0)) == {}
    assert "workload.deleted" in told(workload(*pods(3), deleted_at=ago(5)))
    assert "workload.misscheduled" in told(replace(workload(*pods(3), misscheduled=1), kind=WorkloadKind.DAEMON_SET))


def test_a_stateful_set() -> None:
    state = broken("CrashLoopBackOff")
    found = told(replace(state, kind=WorkloadKind.STATEFUL_SET, waits_at="bad", headless_missing="app", missing_classes=("fast",)))
    assert {"workload.ordinal", "workload.headless_service", "workload.storage_class"} <= set(found)
    assert found["workload.ordinal"].title == "StatefulSet app waits at bad (CrashLoopBackOff)"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("0/9 nodes are available: 9 Insufficient cpu. preemption: 0/9 nodes are available: 9 No victims.", ": Insufficient cpu"),
        ("0/9 nodes are available: 2 Too many pods, 7 node(s) had untolerated taint {a: b}.", ": Too many pods"),
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint {a}, 2 node(s) were unschedulable.",
            ": were unschedulable; untolerated taint {a}",
        ),
        ('0/3 nodes are available: persistentvolumeclaim "data" not found. preemption: …', ': persistentvolumeclaim "data" not found'),
        ("no nodes available to schedule pods", ""),
    ],
)
def test_what_the_nodes_lack_is_in_the_title(said: str, cause: str) -> None:
    pod = replace(pods(0, 1, "Unschedulable")[0], message=said, created_at=ago(HOUR))
    found = told(workload(*pods(2), pod))["workload.unschedulable"]
    assert (found.title, found.detail) == (f"1 pod can't be scheduled{cause}", said)


def test_pods_above_their_request_are_evicted_first_where_memory_is_short() -> None:
    pressure = Condition("MemoryPressure", "True", "KubeletHasInsufficientMemory")
    short = Surroundings(nodes=(Node("n1", True, True, 2, (pressure,)), Node("n2", True, True, 1)))
    first, second, third = (replace(pod, node=node) for pod, node in zip(pods(3), ("n1", "n1", "n2"), strict=True))
    state = workload(
        replace(first, memory_of_request=7.0),
        replace(second, memory_of_request=0.9),
        replace(third, memory_of_request=9.0),
        surroundings=short,
    )
    found = told(state)["workload.eviction"]
    assert found.level is Level.WARNING
    assert found.title == "1 pod above the memory request on a node that is short of memory: evicted first"
    assert (found.detail or "").endswith("uses 7.0 times what it requests")


def test_use_above_the_request_alone_is_information() -> None:
    (pod,) = pods(1)
    found = findings(diagnostics(workload=workload(replace(pod, cpu_of_request=4.0))))
    usage = next(one for one in found if one.id == "workload.usage")
    assert (usage.level, usage.title) == (Level.OK, "1 pod without a CPU limit above the CPU request")
    limited = findings(diagnostics(workload=workload(replace(pod, cpu_of_request=4.0, cpu_share=0.5))))
    assert not [one for one in limited if one.id == "workload.usage"]


def test_a_job_is_never_critical_for_the_service() -> None:
    jobs = (BatchJob("Job", "migrate", ago(5 * MINUTE), "BackoffLimitExceeded", "too often"), BatchJob("CronJob", "settle", suspended=True))
    found = [one for one in findings(diagnostics(workload=workload(*pods(2), surroundings=Surroundings(jobs=jobs)))) if "job" in one.id]
    assert [(one.level, one.title) for one in found] == [
        (Level.WARNING, "Job migrate failed 5m ago (BackoffLimitExceeded)"),
        (Level.OK, "CronJob settle is suspended"),
    ]


@pytest.mark.parametrize(
    ("more", "warns"),
    [
        ({}, False),
        ({"surroundings": Surroundings(services=(ServiceEndpoints("app", "ClusterIP", "app=app", True, 0, 0),))}, True),
        ({"message": "Scaled down replica set app-1 from 3 to 0"}, True),
        ({"message": "Scaled down replica set app-1 from 3 to 1"}, False),
    ],
)
def test_no_pods_on_purpose(more: dict[str, Any], warns: bool) -> None:
    message = more.pop("message", None)
    events = [ClusterEvent(ago(60), ago(60), "Normal", "ScalingReplicaSet", "Deployment", "app", message)] if message else []
    assert ("workload.pods" in told(workload(desired=0, events=events, **more))) is warns


def test_a_port_that_a_container_does_not_say_may_be_there() -> None:
    metrics = ServiceEndpoints("app-metrics", "ClusterIP", "app=app", True, 3, 0, ("9090 -> 9090",))
    main = ServiceEndpoints("app", "ClusterIP", "app=app", True, 3, 0)
    assert "workload.service_port" not in told(workload(*pods(3), surroundings=Surroundings(services=(main, metrics))))
    assert "workload.service_port" in told(workload(*pods(3), surroundings=Surroundings(services=(metrics,))))
    named = replace(metrics, missing_ports=("9090 -> metrics",))
    assert "workload.service_port" in told(workload(*pods(3), surroundings=Surroundings(services=(main, named))))


@pytest.mark.parametrize(("since", "warns"), [(30.0, False), (HOUR, True)])
def test_a_load_balancer_without_an_address(since: float, warns: bool) -> None:
    service = ServiceEndpoints("app", "LoadBalancer", "app=app", True, 3, 0, without_address_since=ago(since))
    assert ("workload.load_balancer" in told(workload(*pods(3), surroundings=Surroundings(services=(service,))))) is warns


def test_an_autoscaler_at_its_maximum_with_all_that_it_wants() -> None:
    within = Condition("ScalingLimited", "False", "DesiredWithinRange")
    scaler = Autoscaler("app", 1, 3, 3, 3, conditions=(within,), metrics=("cpu 60% of 80%",))
    assert told(workload(*pods(3), autoscaler=scaler)) == {}
    assert "workload.autoscaler" in told(workload(*pods(3), autoscaler=replace(scaler, conditions=())))
    asking = replace(scaler, not_requested=("cpu (container app)",))
    title = told(workload(*pods(3), autoscaler=asking))["workload.autoscaler"].title
    assert "scales by what the pods don't request: cpu (container app)" in title
