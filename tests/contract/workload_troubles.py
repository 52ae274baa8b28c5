# SPDX-License-Identifier: GPL-3.0-or-later
"""States in which something is wrong with the service, and what a warning has to say about each."""

from __future__ import annotations

from plugins.module_utils.model.service import WorkloadKind
from tests.contract.workload_objects import (
    LIMITS,
    WEB,
    Build,
    autoscaler,
    budget,
    claim,
    classless_claim,
    failed_job,
    failing_init,
    gated,
    ingress,
    key,
    volume_claim,
)
from tests.contract.workload_states import LABELS, Namespace, Object, ended, named, running, waiting

DEPLOYMENT = WorkloadKind.DEPLOYMENT


def told(code: int, reason: str, message: str) -> Object:
    end = ended(code, reason)
    end["terminated"]["message"] = message
    return end


def evicted_just_now(space: Namespace) -> None:
    """Others took the pods' places already."""
    space.deploy()
    space.ready(3)
    low = "The node was low on resource: memory."
    for pod in space.pods(3)[:2]:
        space.set_status(pod, {"phase": "Failed", "reason": "Evicted", "message": low})
        space.warn("Pod", pod["metadata"]["name"], "Evicted", low, 1, uid=pod["metadata"]["uid"])
    space.ready(3)


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
        r"1 pod held back by a readiness gate: .*example.com/lb-registered",
    ),
    "no room": (
        lambda space: space.deploy(container={"resources": {"requests": {"cpu": "900"}}}),
        r"3 pods can't be scheduled: .*Insufficient cpu",
    ),
    "no such node": (
        lambda space: space.deploy(replicas=1, pod={"nodeSelector": {"disk": "ssd"}}),
        r"1 pod can't be scheduled: .*node affinity/selector",
    ),
    "scaled to zero, though a Service leads to it": (
        lambda space: (space.deploy(replicas=0), space.service(LABELS)),
        r"workload\.pods: Scaled to zero: .*Deployment payment-api has replicas 0; whoever calls Service payment-api gets no answer",
    ),
    "scaled to zero a moment ago": (
        lambda space: (space.deploy(), space.ready(3), space.cluster.patch(DEPLOYMENT, {"spec": {"replicas": 0}})),
        r"workload\.pods: Scaled to zero",
    ),
    "a program that may not be started": (
        lambda space: space.hold(
            1,
            waiting("CrashLoopBackOff", "back-off", told(128, "StartError", 'exec: "/app/serve": permission denied'), 4),
        ),
        r"keeps ending \(CrashLoopBackOff, exit code 128\): .*StartError: exec: \"/app/serve\": permission denied",
    ),
    "last words of a program": (
        lambda space: space.hold(1, waiting("CrashLoopBackOff", "back-off", told(1, "Error", "cannot open /etc/pay.yml"), 4)),
        r"keeps ending \(CrashLoopBackOff, exit code 1\): .*cannot open /etc/pay.yml",
    ),
    "a node that takes pods away": (evicted_just_now, r"workload\.evicted: 2 pods evicted lately, .*: The node was low on resource"),
    "a Job that failed": (
        lambda space: (failed_job(space, "payment-api-migrate", LABELS), space.deploy(), space.ready(3)),
        r"workload\.job: Job payment-api-migrate failed 2m .*ago \(BackoffLimitExceeded\)",
    ),
    "autoscalers that fight": (
        lambda space: (
            [space.post("apis/autoscaling/v2", "horizontalpodautoscalers", autoscaler(name)) for name in ("one", "two")],
            space.deploy(),
            space.ready(3),
        ),
        r"workload\.autoscaler.*: 2 autoscalers scale Deployment payment-api \(one, two\)",
    ),
    "ingress of no class": (
        lambda space: (space.deploy(), space.service(LABELS), ingress(space, "payment-api", of_a_class=False), space.ready(3)),
        r"workload\.ingress: Ingress payment-api: it names no IngressClass and none is the default",
    ),
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
    "ingress whose Secret holds no certificate": (
        lambda space: (
            space.secret("pay-tls", **{"cert.pem": "x"}),
            space.deploy(),
            space.service(LABELS),
            ingress(space, "payment-api", tls="pay-tls"),
            space.ready(3),
        ),
        r"Ingress payment-api: TLS Secret pay-tls lacks tls\.crt and tls\.key",
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
    "claim of no class": (
        lambda space: (
            space.post("api/v1", "persistentvolumeclaims", classless_claim("data")),
            space.hold(1, lambda pod: running(pod), pod={"volumes": [claim("data")], "nodeName": "node-0"}),
        ),
        r"PersistentVolumeClaim data is Pending: .*no storage class",
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
    "policy of nobody": (
        lambda space: (
            space.deploy(),
            space.post(
                "apis/networking.k8s.io/v1",
                "networkpolicies",
                named(
                    "NetworkPolicy", "payment-api", {"podSelector": {"matchLabels": {"app": "payment-apii"}}, "policyTypes": ["Ingress"]}
                ),
            ),
            space.ready(3),
        ),
        r"workload\.network_policy: NetworkPolicy payment-api selects no pods",
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
