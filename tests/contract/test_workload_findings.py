# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a namespace: in each of the troubled ones the findings name the trouble, and a service that is well gets no warning."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from plugins.module_utils.model.service import WorkloadKind
from tests.contract.clusters import READER, Cluster
from tests.contract.workload_states import LABELS, MERGE, Namespace, Object, ago, ended, findings, named, running, waiting, warnings

DEPLOYMENT, STATEFUL_SET, DAEMON_SET = WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET
Build = Callable[[Namespace], object]
LIMITS = {"resources": {"limits": {"cpu": "100m", "memory": "64Mi"}}}
WEB = {"ports": [{"name": "web", "containerPort": 8080}]}

ON_EITHER: dict[str, tuple[Build, str]] = {
    "crash loop": (
        lambda space: space.hold(2, waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container", ended(3), 4)),
        r"workload\.crash: Container app of 2 pods keeps ending \(CrashLoopBackOff, exit code 3\)",
    ),
    "out of memory": (
        lambda space: space.hold(2, waiting("CrashLoopBackOff", "", ended(137, "OOMKilled"), 4), container=LIMITS),
        r"2 pods ended by the memory limit \(OOMKilled\).*64 MiB",
    ),
    "no image": (
        lambda space: space.hold(
            1,
            waiting("ImagePullBackOff", 'Back-off pulling image "shop/payment-api:v1-held"'),
            [("Failed", 'Failed to pull image "shop/payment-api:v1-held": not found')],
        ),
        r"Image shop/payment-api:v1-held can't be pulled by 1 pod \(ImagePullBackOff\).*not found",
    ),
    "a name that is no image": (
        lambda space: space.hold(1, waiting("InvalidImageName", "couldn't parse image name")),
        r"workload\.image: Image .* is no valid name \(InvalidImageName\)",
    ),
    "no such ConfigMap": (
        lambda space: space.hold(1, waiting("CreateContainerConfigError", 'configmap "payment-config" not found')),
        r'lacks configuration: configmap "payment-config" not found \(CreateContainerConfigError\)',
    ),
    "no such command": (
        lambda space: space.hold(1, waiting("RunContainerError", 'exec: "paymnt": executable file not found in $PATH', ended(127), 3)),
        r"can't be started \(RunContainerError, exit code 127\).*executable file not found",
    ),
    "volume not mounted": (
        lambda space: space.hold(
            1,
            waiting("ContainerCreating"),
            [("FailedMount", 'MountVolume.SetUp failed for volume "data" : mount failed: exit status 32')],
        ),
        r"A volume can't be mounted for 1 pod \(FailedMount\).*exit status 32",
    ),
    "volume not attached": (
        lambda space: space.hold(
            1, waiting("ContainerCreating"), [("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1": already used by pod(s) x')]
        ),
        r"A volume can't be attached for 1 pod \(FailedAttachVolume\).*Multi-Attach",
    ),
    "no sandbox": (
        lambda space: space.hold(
            1, waiting("ContainerCreating"), [("FailedCreatePodSandBox", "failed to assign an IP address to container")]
        ),
        r"sandbox can't be created for 1 pod \(FailedCreatePodSandBox\).*assign an IP",
    ),
    "stuck without a word": (lambda space: space.hold(1, waiting("ContainerCreating")), r"1 pod can't get beyond ContainerCreating"),
    "readiness probe": (
        lambda space: space.hold(
            2,
            lambda pod: running(pod, ready=False),
            [("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")],
        ),
        r"Readiness probe fails on 2 pods .*statuscode: 503 \(10 times\)",
    ),
    "liveness probe": (
        lambda space: space.hold(
            1,
            waiting("CrashLoopBackOff", "back-off", ended(137), 5),
            [("Unhealthy", "Liveness probe failed: context deadline exceeded")],
        ),
        r"Liveness probe fails on 1 pod .*deadline exceeded",
    ),
    "readiness gate": (
        lambda space: space.hold(
            1,
            lambda pod: gated(running(pod, ready=True)),
            pod={"readinessGates": [{"conditionType": "example.com/lb-registered"}]},
        ),
        r"1 pod wait for a readiness gate: .*example.com/lb-registered",
    ),
    "no room": (
        lambda space: space.deploy(container={"resources": {"requests": {"cpu": "900"}}}),
        r"3 pods can't be scheduled: .*Insufficient cpu",
    ),
    "no such node": (
        lambda space: space.deploy(replicas=1, pod={"nodeSelector": {"disk": "ssd"}}),
        r"1 pod can't be scheduled: .*node affinity/selector",
    ),
    "scaled to zero": (lambda space: space.deploy(replicas=0), r"workload\.pods: Scaled to zero"),
    "paused": (
        lambda space: (space.deploy(), space.ready(3), space.cluster.patch(DEPLOYMENT, {"spec": {"paused": True}})),
        r"workload\.paused: The rollout of payment-api is paused",
    ),
    "restarting now": (
        lambda space: space.hold(2, lambda pod: running(pod, last=ended(1, minutes=4), restarts=6)),
        r"2 pods restarted lately.*6 restarts.*4m (\d+s )?ago",
    ),
    "init container": (
        lambda space: space.hold(1, failing_init, pod={"initContainers": [{"name": "migrate", "image": "shop/migrate:v1"}]}),
        r"Init container migrate of 1 pod keeps ending \(CrashLoopBackOff, exit code 2\)",
    ),
    "some pods evicted and not replaced": (
        lambda space: space.hold(
            1, lambda pod: {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
        ),
        r"workload\.evicted: 1 pod taken away by the node \(Evicted\): The node was low on resource",
    ),
    "selector that matches nothing": (
        lambda space: (space.deploy(), space.service({"app": "payment-apii"}), space.ready(3)),
        r"workload\.endpoints: Service payment-api selects app=payment-apii, which no pod of payment-api has",
    ),
    "selector that matches no more": (
        lambda space: (space.deploy(), space.service({**LABELS, "version": "v0"}, name="pay"), space.ready(3)),
        r"Service pay selects app=payment-api,version=v0, which no pod",
    ),
    "no ready endpoints": (
        lambda space: (space.service(LABELS), space.hold(2, lambda pod: running(pod, ready=False))),
        r"Service payment-api has no ready endpoints",
    ),
    "port that no container has": (
        lambda space: (space.deploy(container=WEB), space.service(LABELS, target="http"), space.ready(3)),
        r"Service payment-api sends to a port that no container has \(80 -> http\)",
    ),
    "ingress to no service": (
        lambda space: (space.deploy(), ingress(space, "payment-apii"), space.ready(3)),
        r"workload\.ingress: Ingress payment-api: Service payment-apii does not exist: Requests for pay.example.com fail",
    ),
    "ingress to no port": (
        lambda space: (space.deploy(), space.service(LABELS), ingress(space, "payment-api", 8443), space.ready(3)),
        r"Ingress payment-api: Service payment-api has no port 8443",
    ),
    "ingress without its certificate": (
        lambda space: (space.deploy(), space.service(LABELS), ingress(space, "payment-api", tls="pay-tls"), space.ready(3)),
        r"Ingress payment-api: TLS Secret pay-tls does not exist",
    ),
    "ConfigMap gone": (
        lambda space: (space.deploy(container={"envFrom": [{"configMapRef": {"name": "payment-config"}}]}), space.ready(3)),
        r"workload\.configuration: ConfigMap payment-config does not exist, but the pods need it: container app",
    ),
    "key gone": (
        lambda space: (
            space.secret("database", user="pay"),
            space.deploy(container={"env": [key("database", "password")]}),
            space.ready(3),
        ),
        r"Secret database lacks the key password, but the pods need it: container app, variable KEY",
    ),
    "claim that is not there": (
        lambda space: space.hold(1, lambda pod: running(pod), pod={"volumes": [claim("data")], "nodeName": "node-0"}),
        r"PersistentVolumeClaim data does not exist, but the pods use it",
    ),
    "claim that is pending": (
        lambda space: (
            space.post("api/v1", "persistentvolumeclaims", volume_claim("data", "fast")),
            space.hold(1, lambda pod: running(pod), pod={"volumes": [claim("data")], "nodeName": "node-0"}),
        ),
        r"PersistentVolumeClaim data is Pending: StorageClass fast does not exist",
    ),
    "budget that allows nothing": (
        lambda space: (space.post("apis/policy/v1", "poddisruptionbudgets", budget(3)), space.deploy(), space.ready(3)),
        r"PodDisruptionBudget payment-api allows no disruption \(minAvailable 3, 3 healthy pods\)",
    ),
    "budget of nobody": (
        lambda space: (space.post("apis/policy/v1", "poddisruptionbudgets", budget(1, app="payments")), space.deploy(), space.ready(3)),
        r"PodDisruptionBudget payment-api selects no pods",
    ),
    "quota used up": (
        lambda space: (
            space.post("api/v1", "resourcequotas", named("ResourceQuota", "space", {"hard": {"pods": "3"}})),
            space.deploy(),
            space.ready(3),
        ),
        r"ResourceQuota space is used up \(pods 3/3\)",
    ),
    "shut off": (
        lambda space: (
            space.deploy(),
            space.service(LABELS),
            space.post(
                "apis/networking.k8s.io/v1",
                "networkpolicies",
                named("NetworkPolicy", "deny", {"podSelector": {}, "policyTypes": ["Ingress"]}),
            ),
            space.ready(3),
        ),
        r"NetworkPolicy deny denies all incoming traffic of the pods",
    ),
    "load balancer not made": (
        lambda space: (
            space.deploy(),
            space.service(LABELS, type="LoadBalancer"),
            space.warn("Service", "payment-api", "SyncLoadBalancerFailed", "Error syncing load balancer: quota"),
            space.ready(3),
        ),
        r"workload\.events: Service payment-api: SyncLoadBalancerFailed: .*Error syncing",
    ),
    "rollout that crashes beside pods that are well": (
        lambda space: (
            space.deploy(),
            space.ready(3),
            space.cluster.roll_out(DEPLOYMENT, "v2-crash"),
        ),
        r"workload\.pods: 3/3 pods healthy \(1 more pod CrashLoopBackOff\)",
    ),
}


def gated(status: Object) -> Object:
    for one in status["conditions"]:
        if one["type"] == "Ready":
            one |= {"status": "False", "reason": "ReadinessGatesNotReady", "message": "corresponding condition does not exist"}
    return status


def failing_init(pod: Object) -> Object:
    status = running(pod, {"waiting": {"reason": "PodInitializing"}}, ready=False, phase="Pending")
    state = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended(2), "restartCount": 4, "ready": False}
    status["initContainerStatuses"] = [{"name": "migrate", "image": "shop/migrate:v1", "imageID": "", **state}]
    return status


def ingress(space: Namespace, backend: str, port: int = 80, tls: str | None = None) -> None:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": {"number": port}}}}
    spec = {"rules": [{"host": "pay.example.com", "http": {"paths": [path]}}]}
    if tls:
        spec["tls"] = [{"hosts": ["pay.example.com"], "secretName": tls}]
    space.post("apis/networking.k8s.io/v1", "ingresses", named("Ingress", "payment-api", spec))


def key(secret: str, name: str) -> Object:
    return {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}


def claim(name: str) -> Object:
    return {"name": "data", "persistentVolumeClaim": {"claimName": name}}


def volume_claim(name: str, storage_class: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class, "resources": {"requests": {"storage": "1Gi"}}}
    return named("PersistentVolumeClaim", name, spec)


def budget(least: int, **labels: str) -> Object:
    return named("PodDisruptionBudget", "payment-api", {"minAvailable": least, "selector": {"matchLabels": labels or LABELS}})


def clean(space: Namespace) -> None:
    """What a careful team has around a service."""
    space.service(LABELS, target="web")
    ingress(space, "payment-api")
    space.config("payment-config", level="info")
    space.secret("database", password="x")
    space.post("apis/policy/v1", "poddisruptionbudgets", budget(2))
    space.post("api/v1", "resourcequotas", named("ResourceQuota", "space", {"hard": {"pods": "20"}}))
    policy = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]}
    space.post("apis/networking.k8s.io/v1", "networkpolicies", named("NetworkPolicy", "from-here", policy))
    env = {"envFrom": [{"configMapRef": {"name": "payment-config"}}], "env": [key("database", "password")]}
    space.deploy(container={**WEB, **LIMITS, **env})
    space.ready(3)


def lying_around(space: Namespace, status: Object, owner: bool = True, name: str = "old") -> None:
    """A pod with the service's labels that is over, beside those that are well."""
    spec = {"containers": [{"name": "app", "image": "shop/payment-api:v1-held"}], "nodeName": "node-0"}
    meta: Object = {"name": f"payment-api-{name}", "labels": dict(LABELS)}
    if owner:
        sets = space.cluster.listed("apis/apps/v1/{}/replicasets")
        made_by = next(entry for entry in sets if entry["metadata"]["name"].startswith("payment-api-"))["metadata"]
        meta["labels"] |= made_by["labels"]
        meta["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": made_by["name"], "uid": made_by["uid"], "controller": True}
        ]
    space.cluster.client().post(f"/api/v1/{space.space}/pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    pod = next(one for one in space.cluster.pods() if one["metadata"]["name"] == meta["name"])
    space.cluster.until(
        "its first status", lambda: space.cluster.client().get(f"/api/v1/{space.space}/pods/{meta['name']}")["status"].get("podIP") or True
    )
    space.set_status(pod, status)


def evicted(space: Namespace) -> None:
    space.deploy()
    space.ready(3)
    lying_around(space, {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."})
    space.ready(3)


def finished_job(space: Namespace) -> None:
    space.deploy()
    space.ready(3)
    lying_around(space, {"phase": "Succeeded"}, owner=False, name="migrate")
    lying_around(space, {"phase": "Failed", "reason": "DeadlineExceeded"}, owner=False, name="report")


def neighbour(space: Namespace) -> None:
    """Another service, of a name that begins alike, that fails in every way."""
    clean(space)
    theirs = {"app": "payment-api-worker"}
    space.deploy("v1-crash", name="payment-api-worker", labels=theirs)
    space.service({"app": "payment-api-workers"}, name="payment-api-worker")
    space.deploy("v1-nopull", name="ledger", labels={"app": "ledger"}, replicas=1)
    space.service({"app": "ledger"}, name="ledger")
    space.pods(3, theirs)
    ledger = space.pods(1, {"app": "ledger"})[0]["metadata"]["name"]
    space.warn("Pod", ledger, "FailedMount", "MountVolume.SetUp failed")
    space.post("api/v1", "persistentvolumeclaims", volume_claim("ledger", "none"))


def sibling(space: Namespace) -> None:
    """Another workload of the same app, told apart by a second label, that fails."""
    space.deploy(labels={**LABELS, "part": "web"})
    space.service({**LABELS, "part": "web"})
    space.deploy("v1-crash", name="payment-api-worker", labels={**LABELS, "part": "worker"})
    space.service({**LABELS, "part": "worker"}, name="payment-api-worker")
    space.pods(3, {"part": "worker"})
    space.ready(3)


def rolling(space: Namespace) -> None:
    space.deploy("v1", replicas=4)
    space.ready(4)
    space.cluster.roll_out(DEPLOYMENT, "v2-held")
    space.cluster.until("new pods", lambda: any("v2" in pod["spec"]["containers"][0]["image"] for pod in space.cluster.pods()))


def rolled_out(space: Namespace) -> None:
    space.cluster.history("v1", "v2", replicas=3)


def old_warnings(space: Namespace) -> None:
    space.deploy()
    space.ready(3)
    pod = space.pods(3)[0]["metadata"]
    hours = 2 * 3600.0
    space.warn("Pod", pod["name"], "Unhealthy", "Readiness probe failed: connection refused", seconds=hours, uid=pod["uid"])
    space.warn("Pod", pod["name"], "FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu", seconds=hours, uid=pod["uid"])
    space.warn("Deployment", "payment-api", "ReplicaSetCreateError", "timed out", seconds=hours)
    space.warn("Pod", "payment-api-6d5f-gone0", "FailedMount", "MountVolume.SetUp failed", seconds=60)


def sidecar(space: Namespace) -> None:
    """Native sidecars run on beside the others; other init containers are done."""
    inits = [{"name": "migrate", "image": "shop/migrate:v1"}, {"name": "proxy", "image": "shop/proxy:v1", "restartPolicy": "Always"}]

    def status(pod: Object) -> Object:
        found = running(pod)
        common = {"imageID": "", "lastState": {}, "restartCount": 0}
        found["initContainerStatuses"] = [
            {"name": "migrate", "image": "shop/migrate:v1", "ready": True, "state": ended(0, "Completed", hours=1), **common},
            {"name": "proxy", "image": "shop/proxy:v1", "ready": True, "state": {"running": {"startedAt": ago(hours=1)}}, **common},
        ]
        return found

    space.hold(2, status, pod={"initContainers": inits})
    space.ready(2)


def optional(space: Namespace) -> None:
    sources = [{"configMapRef": {"name": "extra", "optional": True}}, {"secretRef": {"name": "extra", "optional": True}}]
    volumes = [{"name": "more", "configMap": {"name": "more", "optional": True}}]
    space.deploy(container={"envFrom": sources}, pod={"volumes": volumes})
    space.ready(3)


def restarted_long_ago(space: Namespace) -> None:
    space.hold(2, lambda pod: running(pod, last=ended(137, "OOMKilled", days=3), restarts=17))
    space.ready(2)


def starting_slowly(space: Namespace) -> None:
    """Its startup probe gives it ten minutes."""
    probe = {"startupProbe": {"httpGet": {"path": "/", "port": 80}, "failureThreshold": 60, "periodSeconds": 10}}
    space.deploy("v1-held", replicas=1, container=probe)
    pod = space.pods(1)[0]
    status = running(pod, {"running": {"startedAt": ago(minutes=3)}}, ready=False)
    space.set_status(pod, {**status, "startTime": ago(minutes=3)})
    space.warn("Pod", pod["metadata"]["name"], "Unhealthy", "Startup probe failed: connection refused", 17, uid=pod["metadata"]["uid"])


WELL: dict[str, Build] = {
    "with all that belongs to it": clean,
    "evicted pods that lie around": evicted,
    "finished Jobs": finished_job,
    "neighbours that fail": neighbour,
    "a sibling that fails": sibling,
    "a rollout that goes on": rolling,
    "an old version scaled to zero": rolled_out,
    "warnings of hours ago": old_warnings,
    "restarts of days ago": restarted_long_ago,
    "sidecars and init containers that are done": sidecar,
    "what is optional is not there": optional,
    "a slow start": starting_slowly,
    "a Service without a selector, and one of another kind": lambda space: (
        space.service({}, name="payment-api"),
        space.post("api/v1", "services", named("Service", "bank", {"type": "ExternalName", "externalName": "bank.example"})),
        space.deploy(),
        space.ready(3),
    ),
    "a quota for other things": lambda space: (
        space.post("api/v1", "resourcequotas", named("ResourceQuota", "space", {"hard": {"services": "1", "pods": "30"}})),
        space.service(LABELS),
        space.deploy(),
        space.ready(3),
    ),
    "a claim of nobody": lambda space: (
        space.post("api/v1", "persistentvolumeclaims", volume_claim("forgotten", "none")),
        space.deploy(),
        space.ready(3),
    ),
}


@pytest.mark.parametrize("state", WELL)
def test_a_service_that_is_well_gets_no_warning(cluster: Cluster, state: str) -> None:
    WELL[state](Namespace(cluster))
    cluster.until("no warning", lambda: not warnings(findings(cluster)), 10)
    time.sleep(0.5)
    assert warnings(findings(cluster)) == []


def test_what_may_not_be_read_is_no_trouble(cluster: Cluster) -> None:
    clean(Namespace(cluster))
    assert warnings(findings(cluster, user=READER)) == []


@pytest.mark.parametrize(
    ("begin", "end", "wanted"),
    [
        (timedelta(days=-90), timedelta(days=-1), r"certificate in Secret pay-tls \(.*\) expired (23h|1d)"),
        (timedelta(days=-80), timedelta(days=5), r"certificate in Secret pay-tls \(.*\) expires in (4d|5d)"),
        (timedelta(days=-1), timedelta(days=60), None),
    ],
)
@pytest.mark.parametrize("by", ["pods", "ingress"])
def test_certificates(cluster: Cluster, tmp_path: Path, by: str, begin: timedelta, end: timedelta, wanted: str | None) -> None:
    space = Namespace(cluster)
    space.certificate("pay-tls", tmp_path, begin, end)
    space.service(LABELS)
    if by == "ingress":
        ingress(space, "payment-api", tls="pay-tls")
    space.deploy(pod={"volumes": [{"name": "tls", "secret": {"secretName": "pay-tls"}}]} if by == "pods" else {})
    space.ready(3)
    cluster.until("endpoints", lambda: len(warnings(findings(cluster))) == (wanted is not None))
    told = warnings(findings(cluster))
    assert [bool(re.search(wanted or "", line)) for line in told] == [True] * (wanted is not None)
    assert "PRIVATE KEY" not in str(findings(cluster))


def test_a_change_of_configuration_is_told_without_its_value(cluster: Cluster) -> None:
    space = Namespace(cluster)
    space.config("payment-config", level="info")
    space.deploy(container={"envFrom": [{"configMapRef": {"name": "payment-config"}}]})
    space.ready(3)
    time.sleep(2.1)
    cluster.client().patch(f"/api/v1/{space.space}/configmaps/payment-config", {"data": {"level": "s3cret"}}, MERGE)
    told = [finding for finding in findings(cluster) if finding.id == "workload.configuration_change"]
    assert [finding.title.partition(" was ")[0] for finding in told] == ["ConfigMap payment-config"]
    assert "changed" in told[0].title
    assert "s3cret" not in str(findings(cluster))


def test_a_stateful_set_that_waits_for_its_second_pod(cluster: Cluster) -> None:
    space = Namespace(cluster)
    space.deploy("v1-held", replicas=3, kind=STATEFUL_SET)
    space.set_status(space.pods(1)[0], running(space.pods(1)[0]))
    second = next(pod for pod in space.pods(2) if pod["metadata"]["name"] == "payment-api-1")
    space.set_status(second, waiting("CrashLoopBackOff", "back-off", ended(1), 3)(second))
    told = "\n".join(
        cluster.until("the second pod", lambda: [one for one in [warnings(findings(cluster, STATEFUL_SET))] if "ordinal" in str(one)])[0]
    )
    assert "StatefulSet payment-api waits at payment-api-1 (CrashLoopBackOff)" in told
    assert "StatefulSet payment-api uses the Service payment-api, which does not exist" in told


def test_a_stateful_set_without_its_storage_class(cluster: Cluster) -> None:
    space = Namespace(cluster)
    space.service(LABELS, clusterIP="None")
    template = {"metadata": {"name": "data"}, "spec": volume_claim("data", "fast")["spec"]}
    space.deploy(kind=STATEFUL_SET, replicas=1, volumeClaimTemplates=[template])
    told = cluster.until("a warning", lambda: warnings(findings(cluster, STATEFUL_SET)))
    assert any("StatefulSet payment-api uses the StorageClass fast, which does not exist" in line for line in told)


@pytest.mark.parametrize("kind", [STATEFUL_SET, DAEMON_SET])
def test_the_other_kinds_are_well_too(cluster: Cluster, kind: WorkloadKind) -> None:
    space = Namespace(cluster)
    space.service(LABELS, clusterIP="None")
    space.deploy(kind=kind, updateStrategy={"type": "RollingUpdate"})
    space.ready(3, kind=kind)
    cluster.until("no warning", lambda: not warnings(findings(cluster, kind)))
    assert warnings(findings(cluster, kind)) == []


@pytest.mark.parametrize("state", ON_EITHER)
def test_trouble_has_its_name(cluster: Cluster, state: str) -> None:
    build, wanted = ON_EITHER[state]
    build(Namespace(cluster))
    told: list[str] = []

    def named_in_a_warning() -> bool:
        told[:] = warnings(findings(cluster))
        return any(re.search(wanted, line) for line in told)

    try:
        cluster.until(wanted, named_in_a_warning, 15)
    except AssertionError:
        pytest.fail("\n".join(["no such warning; there are:", *told]))
