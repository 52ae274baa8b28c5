# SPDX-License-Identifier: GPL-3.0-or-later
"""States in which something around the service is wrong, or only looks so: nodes, webhooks, certificates, policies, volumes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from plugins.module_utils.model.service import WorkloadKind
from tests.contract.workload_objects import WEB, Build, autoscaler, ingress, volume_claim
from tests.contract.workload_states import LABELS, Namespace, Object, ago, ended, named, running

NAME = "kubernetes.io/metadata.name"
OWN_LIMIT = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "


def webhook(space: Namespace, *, kind: str = "Validating", service: str = "policy", **more: Any) -> None:
    """Asked about the pods of the namespace only, since it is there for the whole cluster."""
    name = f"{kind.lower()}-{space.cluster.namespace}"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    one = {
        "name": f"{name}.example.com",
        "clientConfig": {"service": {"namespace": space.cluster.namespace, "name": service}},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {NAME: space.cluster.namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail",
        **more,
    }
    path = f"/apis/admissionregistration.k8s.io/v1/{kind.lower()}webhookconfigurations"
    body = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration", "metadata": {"name": name}}
    space.cluster.client().post(path, {**body, "webhooks": [one]})


def deployed(space: Namespace, **options: Any) -> None:
    space.deploy(**options)
    space.ready(3)


def latent(space: Namespace, **more: Any) -> None:
    """Its pods were made before the webhook was."""
    deployed(space)
    webhook(space, **more)


def without_endpoints(space: Namespace) -> None:
    space.service({"app": "policy"}, name="policy")
    latent(space)


def excused(space: Namespace) -> None:
    """Webhooks that need not answer, are not asked about these pods, or are answered for by pods that are ready."""
    deployed(space)
    space.service(LABELS, name="answers")
    space.cluster.until("its endpoints", lambda: len(_ready_of(space, "answers")) == 3)
    webhook(space, kind="Mutating", service="answers")
    webhook(space, failurePolicy="Ignore")


def elsewhere(space: Namespace) -> None:
    deployed(space)
    webhook(space, namespaceSelector={"matchExpressions": [{"key": NAME, "operator": "NotIn", "values": [space.cluster.namespace]}]})
    webhook(space, kind="Mutating", objectSelector={"matchLabels": {"inject": "yes"}})


def _ready_of(space: Namespace, service: str) -> list[Any]:
    slices = space.cluster.client().get(
        f"/apis/discovery.k8s.io/v1/{space.space}/endpointslices", {"labelSelector": f"kubernetes.io/service-name={service}"}
    )["items"]
    return [one for found in slices for one in found["endpoints"] or () if one["conditions"]["ready"]]


def about_a_node(space: Namespace, reason: str, message: str, kind: str = "Warning", node: str | None = None, **when: float) -> None:
    """Nodes are in no namespace: what is said about them is kept in `default`."""
    deployed(space)
    name = node or next(pod["spec"]["nodeName"] for pod in space.pods(3))
    space.about_node(name, reason, message, kind, **when)


def certified(space: Namespace, host: str) -> None:
    with TemporaryDirectory() as directory:
        space.certificate("pay-tls", Path(directory), timedelta(days=-2), timedelta(days=80))
    space.service(LABELS)
    ingress(space, "payment-api", tls="pay-tls", host=host)
    deployed(space)


def policy(space: Namespace, *rules: Object) -> None:
    spec = {"podSelector": {"matchLabels": LABELS}, "policyTypes": ["Egress"], "egress": list(rules)}
    space.post("apis/networking.k8s.io/v1", "networkpolicies", named("NetworkPolicy", "outgoing", spec))
    deployed(space)


def incoming(space: Namespace, *rules: Object) -> None:
    spec = {"podSelector": {"matchLabels": LABELS}, "policyTypes": ["Ingress"], "ingress": list(rules)}
    space.post("apis/networking.k8s.io/v1", "networkpolicies", named("NetworkPolicy", "incoming", spec))
    space.service(LABELS, target="web")
    deployed(space, container=WEB)


TO_DATABASE: Object = {"to": [{"podSelector": {"matchLabels": {"app": "database"}}}], "ports": [{"port": 5432}]}
TO_DNS: Object = {"to": [{"namespaceSelector": {"matchLabels": {NAME: "kube-system"}}}], "ports": [{"port": 53, "protocol": "UDP"}]}


def cron_job(space: Namespace, reason: str, message: str) -> None:
    container = {"name": "settle", "image": "shop/settle:v1"}
    pod = {"template": {"metadata": {"labels": LABELS}, "spec": {"restartPolicy": "Never", "containers": [container]}}}
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": pod}}
    space.post("apis/batch/v1", "cronjobs", named("CronJob", "payment-api-settle", spec, LABELS))
    space.warn("CronJob", "payment-api-settle", reason, message)
    deployed(space)


def stuck_job(space: Namespace) -> None:
    deployed(space)
    template = {
        "metadata": {"labels": LABELS},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "m", "image": "shop/m:v1-nopull"}]},
    }
    space.post("apis/batch/v1", "jobs", named("Job", "payment-api-migrate", {"template": template}, LABELS))


def own_limit(space: Namespace) -> None:
    """Each pod that takes the place of another fills its disk as well; the last one has not yet."""
    space.deploy("v1-held", replicas=1)
    for count in (1, 2, 3):
        pod = space.cluster.until("the next pod", lambda count=count: _newest(space, count))  # type: ignore[misc]
        space.keep_status(pod, running(pod) if count == 3 else {"phase": "Failed", "reason": "Evicted", "message": OWN_LIMIT})


def _newest(space: Namespace, count: int) -> Object | None:
    """The pod that is not over, once there are that many and its node has looked at it."""
    found = space.cluster.pods()
    live = [pod for pod in found if pod["status"].get("phase") != "Failed" and pod["status"].get("containerStatuses")]
    return live[0] if len(found) == count and len(live) == 1 else None


def gone_since(space: Namespace, group: str, plural: str, body: Object, field: str) -> None:
    """Pods were made with it, and the next one could not be."""
    path = f"/{group}/{plural}" if group.startswith("apis") else f"/{group}/{space.space}/{plural}"
    name = space.cluster.namespace
    space.cluster.client().post(path, {"apiVersion": group.removeprefix("apis/").removeprefix("api/"), "metadata": {"name": name}, **body})
    deployed(space, pod={field: name})
    space.delete(f"{path}/{name}")


def elsewhere_scheduled(space: Namespace) -> None:
    """Its pods ask for a scheduler that nobody runs, and have been there for a while."""
    space.deploy(replicas=2, pod={"schedulerName": "volcano"})
    for pod in space.cluster.until("pods", lambda: found if len(found := space.cluster.pods()) == 2 else None):
        space.set_status(pod, {"startTime": ago(minutes=20)})


def initializing(space: Namespace, **container: str) -> None:
    """Its init container has run for half an hour."""
    image = {"name": "proxy", "image": "shop/proxy:v1"}

    def status(pod: Object) -> Object:
        found = running(pod, {"waiting": {"reason": "PodInitializing"}}, ready=False, phase="Pending")
        state = {"state": {"running": {"startedAt": ago(minutes=30)}}, "lastState": {}, "restartCount": 0, "ready": False, "started": False}
        found["initContainerStatuses"] = [{**image, "imageID": "", **state}]
        return found

    space.hold(1, status, pod={"initContainers": [{**image, **container}]})


def waiting_for_a_job(space: Namespace) -> None:
    """The init container waits for what a Job has to do, which rests."""
    space.post("apis/batch/v1", "jobs", named("Job", "payment-api-migrate", {"suspend": True, **migration()}, LABELS))
    initializing(space)


def migration() -> Object:
    container = {"name": "migrate", "image": "shop/migrate:v1"}
    return {"template": {"metadata": {"labels": {"part": "migrate"}}, "spec": {"restartPolicy": "Never", "containers": [container]}}}


def by_hand(space: Namespace) -> None:
    """Volumes that somebody made name a StorageClass that nobody made: what names the same is bound to them."""
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"volume-{space.cluster.namespace}"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "manual",
            "hostPath": {"path": "/data"},
            "claimRef": {"namespace": space.cluster.namespace, "name": "data-payment-api-0"},
        },
    }
    space.cluster.client().post("/api/v1/persistentvolumes", volume)
    space.service(LABELS, clusterIP="None")
    template = {"metadata": {"name": "data"}, "spec": volume_claim("data", "manual")["spec"]}
    space.deploy(kind=WorkloadKind.STATEFUL_SET, replicas=1, volumeClaimTemplates=[template])
    space.ready(1, kind=WorkloadKind.STATEFUL_SET)


def debugged(space: Namespace) -> None:
    """Somebody looked into a pod with a container that they ended by a signal."""
    space.deploy("v1-held", replicas=2)
    for pod in space.pods(2):
        over = {"name": "debugger", "image": "shop/tools:v1", "imageID": "", "ready": False, "restartCount": 0, "state": ended(137)}
        space.keep_status(pod, {**running(pod), "ephemeralContainerStatuses": [over]})
    space.ready(2)


def early_troubles(space: Namespace) -> None:
    """What its pods met as they began, half an hour ago."""
    deployed(space)
    for pod in space.pods(3):
        about: Any = {"name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"], "seconds": 1800.0, "count": 2}
        space.warn("Pod", reason="FailedScheduling", message="0/3 nodes are available: 3 Insufficient cpu.", **about)
        space.warn("Pod", reason="FailedMount", message='MountVolume.SetUp failed for volume "x" : not registered', **about)
        space.warn("Pod", reason="Unhealthy", message="Readiness probe failed: connection refused", **about)


def early_probe(space: Namespace) -> None:
    """Its one probe so far came before the program listened."""
    began = ago(seconds=3)
    state = {"running": {"startedAt": began}}
    probe = {"readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 2, "failureThreshold": 1}}
    failed = ("Unhealthy", "Readiness probe failed: dial tcp 10.0.0.7:8080: connect: connection refused")
    space.deploy("v1-held", replicas=2, container=probe)
    for pod in space.pods(2):
        space.keep_status(pod, {**running(pod, state, ready=False), "startTime": began})
        space.warn("Pod", pod["metadata"]["name"], *failed, count=1, seconds=0.0, uid=pod["metadata"]["uid"])


WRONG: dict[str, tuple[Build, str]] = {
    "a webhook whose Service is gone": (
        latent,
        r"workload\.webhook: Admission webhook validating-\S+ can't answer: its Service \S+/policy does not exist: .*each new pod",
    ),
    "a webhook without endpoints": (
        without_endpoints,
        r"workload\.webhook: Admission webhook validating-\S+ can't answer: its Service \S+/policy has no ready endpoints",
    ),
    "a node out of memory": (
        lambda space: about_a_node(space, "SystemOOM", "System OOM encountered, victim process: java, pid: 4242", seconds=200.0),
        r"workload\.node: Node node-\d, which runs \d pods?, ran out of memory 3m 2\ds ago \(SystemOOM\): .*victim process: java",
    ),
    "a node that was away": (
        lambda space: about_a_node(space, "NodeNotReady", "Node status is now: NodeNotReady", "Normal", seconds=200.0),
        r"workload\.node: Node node-\d, which runs \d pods?, was not ready 3m 2\ds ago \(NodeNotReady\)",
    ),
    "a certificate for another host": (
        lambda space: certified(space, "api.example.org"),
        r"The certificate in Secret pay-tls \(Ingress payment-api\) is not for api\.example\.org: It was issued for pay\.example\.com",
    ),
    "no questions to DNS": (
        lambda space: policy(space, TO_DATABASE),
        r"workload\.network_policy: NetworkPolicy outgoing lets the pods ask no DNS server",
    ),
    "questions to DNS by TCP only": (
        lambda space: policy(space, TO_DATABASE, {**TO_DNS, "ports": [{"port": 53}]}),
        r"workload\.network_policy: NetworkPolicy outgoing lets the pods ask no DNS server",
    ),
    "a port that nobody may send to": (
        lambda space: incoming(space, {"ports": [{"port": 9090}]}),
        r"workload\.network_policy: NetworkPolicy incoming lets nothing in to the port of Service payment-api",
    ),
    "a Job whose image is not there": (
        stuck_job,
        r"workload\.job: Job payment-api-migrate can't start its pod \((ErrImagePull|ImagePullBackOff)\)",
    ),
    "another Deployment of the same selector": (
        lambda space: (deployed(space), space.deploy(name="payment-api-copy", replicas=1), space.ready(1, "payment-api-copy")),
        r"workload\.selector: Deployment payment-api-copy has the selector of Deployment payment-api",
    ),
    "a CronJob that can't start": (
        lambda space: cron_job(space, "FailedNeedsStart", "Cannot determine if job needs to be started: too many missed start time"),
        r"workload\.events: CronJob payment-api-settle: FailedNeedsStart: .*too many missed start time",
    ),
    "a ServiceAccount that is gone since": (
        lambda space: gone_since(space, "api/v1", "serviceaccounts", {"kind": "ServiceAccount"}, "serviceAccountName"),
        r"workload\.configuration: ServiceAccount \S+ does not exist, but the pods need it: serviceAccountName",
    ),
    "a PriorityClass that is gone since": (
        lambda space: gone_since(
            space, "apis/scheduling.k8s.io/v1", "priorityclasses", {"kind": "PriorityClass", "value": 9}, "priorityClassName"
        ),
        r"workload\.configuration: PriorityClass \S+ does not exist, but the pods need it: priorityClassName",
    ),
    "a RuntimeClass that nobody made": (
        lambda space: space.deploy(pod={"runtimeClassName": "gvisor"}),
        r"workload\.runtime_class: RuntimeClass gvisor does not exist: pods can't be created \(FailedCreate\)",
    ),
    "a scheduler that nobody runs": (
        elsewhere_scheduled,
        r"workload\.unscheduled: 2 pods not given a node by any scheduler \(Pending\): .*see whether volcano runs",
    ),
    "a sidecar that does not come up": (
        lambda space: initializing(space, restartPolicy="Always"),
        r"workload\.init: Init container proxy of 1 pod has not started: init container proxy runs since",
    ),
    "an autoscaler of a kind that nobody serves": (
        lambda space: (
            deployed(space),
            space.post("apis/autoscaling/v2", "horizontalpodautoscalers", autoscaler("payment-api", kind="Deployments")),
        ),
        r"workload\.autoscaler: Autoscaler payment-api scales Deployments payment-api, which does not exist",
    ),
    "a Job that rests, and pods that wait": (waiting_for_a_job, r"workload\.job: Job payment-api-migrate is suspended"),
    "pods that fill their disk": (
        own_limit,
        r"workload\.evicted: 2 pods evicted lately by the limit of their own local storage: Pod ephemeral local storage usage exceeds",
    ),
}
"""How each is made, and what a warning has to say."""

WELL: dict[str, Build] = {
    "webhooks that need not answer, or do": excused,
    "webhooks that are asked about others": elsewhere,
    "a CronJob that somebody had run by hand": lambda space: cron_job(
        space, "UnexpectedJob", "Saw a job that the controller did not create or forgot: by-hand"
    ),
    "a load balancer that was made after all": lambda space: (
        space.service(LABELS),
        space.warn("Service", "payment-api", "SyncLoadBalancerFailed", "Error syncing load balancer: quota", seconds=600.0),
        space.tell("Normal", "Service", "payment-api", "EnsuredLoadBalancer", "Ensured load balancer", 1, 500.0),
        deployed(space),
    ),
    "a Job that rests": lambda space: (
        deployed(space),
        space.post("apis/batch/v1", "jobs", named("Job", "payment-api-migrate", {"suspend": True, **migration()}, LABELS)),
    ),
    "trouble of another node": lambda space: about_a_node(space, "SystemOOM", "System OOM encountered", node="node-that-is-elsewhere"),
    "a node that was rebooted hours ago": lambda space: about_a_node(space, "Rebooted", "Node has been rebooted", seconds=7200.0),
    "a node whose kubelet began": lambda space: about_a_node(space, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem"),
    "a certificate for its host": lambda space: certified(space, "pay.example.com"),
    "outgoing traffic to what it needs": lambda space: policy(space, TO_DATABASE, TO_DNS),
    "ports that may be sent to": lambda space: incoming(space, {"ports": [{"port": 9090}]}, {"ports": [{"port": 8000, "endPort": 8100}]}),
    "another Deployment of a narrower selector": lambda space: (
        deployed(space),
        space.deploy(name="payment-api-canary", replicas=1, labels={**LABELS, "track": "canary"}),
        space.ready(1, "payment-api-canary"),
    ),
    "what pods met as they began": early_troubles,
    "a probe that came too early": early_probe,
    "a container to look into a pod": debugged,
}
"""No warning may come of these."""
