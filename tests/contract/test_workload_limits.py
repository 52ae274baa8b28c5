# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps pods from being made or from running well: admission, quotas, nodes, autoscalers, usage."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from plugins.module_utils.model.service import WorkloadKind
from tests.contract.clusters import Cluster
from tests.contract.workload_objects import LIMITS, Build, claim, volume_claim
from tests.contract.workload_states import LABELS, MERGE, Namespace, Object, findings, named, running, warnings

REQUESTS = {"resources": {"requests": {"cpu": "100m"}}}


def quota(space: Namespace, **hard: str) -> None:
    space.post("api/v1", "resourcequotas", named("ResourceQuota", "space", {"hard": hard}))
    path = f"/api/v1/{space.space}/resourcequotas/space"
    space.cluster.until("the quota's status", lambda: space.cluster.client().get(path).get("status", {}).get("used"))


def restricted(space: Namespace) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    space.cluster.client().patch(f"/api/v1/{space.space}", {"metadata": {"labels": labels}}, MERGE)
    space.deploy()


def webhook(space: Namespace) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    hook = {
        "name": "check.example.com",
        "clientConfig": {"url": "https://127.0.0.1:9/check"},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.cluster.namespace}},
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    body = {**kind, "metadata": {"name": space.cluster.namespace}, "webhooks": [hook]}
    space.cluster.client().post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", body)
    time.sleep(1.0)  # the API server's own watch of them takes that long
    space.deploy()


def autoscaler(space: Namespace, target: str = "payment-api", most: int = 10) -> None:
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    spec = {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": most, "metrics": [metric]}
    space.post("apis/autoscaling/v2", "horizontalpodautoscalers", named("HorizontalPodAutoscaler", "payment-api", spec))


def using(space: Namespace, container: Object, **usage: str) -> None:
    """A Deployment whose pods use that much, as metrics-server tells it."""
    annotations = {f"kwok.x-k8s.io/usage-{resource}": amount for resource, amount in usage.items()}
    template = {"metadata": {"labels": LABELS, "annotations": annotations}}
    template["spec"] = {"containers": [{"name": "app", "image": "shop/payment-api:v1", **container}]}  # type: ignore[assignment]
    space.deploy(template=template)
    space.ready(3)


REFUSALS: dict[str, tuple[Build, str]] = {
    "quota in the way": (
        lambda space: (quota(space, pods="1"), space.deploy()),
        r"workload\.quota: ResourceQuota space is used up: pods can't be created \(FailedCreate\): .*exceeded quota: space",
    ),
    "quota that wants requests": (
        lambda space: (quota(space, **{"requests.cpu": "1"}), space.deploy()),
        r"ResourceQuota space asks for requests or limits that the pods don't state.*must specify requests.cpu",
    ),
    "no service account": (
        lambda space: space.deploy(pod={"serviceAccountName": "pay"}),
        r"workload\.service_account: ServiceAccount pay does not exist",
    ),
    "Pod Security": (restricted, r"workload\.admission: Pods violate PodSecurity restricted:latest and can't be created"),
    "limit range": (
        lambda space: (
            space.post("api/v1", "limitranges", named("LimitRange", "m", {"limits": [{"type": "Container", "max": {"memory": "32Mi"}}]})),
            space.deploy(container=LIMITS),
        ),
        r"workload\.limits: A LimitRange forbids the pods \(maximum memory usage per Container\)",
    ),
    "no priority class": (
        lambda space: space.deploy(pod={"priorityClassName": "gold"}),
        r"workload\.priority_class: PriorityClass gold does not exist",
    ),
    "webhook down": (webhook, r"workload\.webhook: Admission webhook check.example.com does not answer"),
    "claim that can't be provisioned": (
        lambda space: (
            space.post("api/v1", "persistentvolumeclaims", volume_claim("data", "fast")),
            space.deploy(pod={"volumes": [claim("data")]}),
        ),
        r"PersistentVolumeClaim data is Pending: StorageClass fast does not exist: ProvisioningFailed",
    ),
    "pods that repel each other": (
        lambda space: space.deploy(replicas=5, pod={"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"labelSelector": {"matchLabels": LABELS}, "topologyKey": "kubernetes.io/hostname"}
        ]}}}),
        r"2 pods can't be scheduled: .*anti-affinity",
    ),
    "deadline of the rollout": (
        lambda space: space.deploy("v1-held", progressDeadlineSeconds=2),
        r"workload\.progress: The rollout of v1-held does not progress \(ProgressDeadlineExceeded\)",
    ),
    "autoscaler without requests": (
        lambda space: (space.deploy(), space.ready(3), autoscaler(space)),
        r"workload\.autoscaler: Autoscaler payment-api can't scale \(FailedGetResourceMetric\)",
    ),
    "autoscaler of nothing": (
        lambda space: (space.deploy(), space.ready(3), autoscaler(space, "payment-apii")),
        r"Autoscaler payment-api scales Deployment payment-apii, which does not exist",
    ),
    "autoscaler at its end": (
        lambda space: (using(space, REQUESTS, cpu="198m"), autoscaler(space, most=3)),
        r"Autoscaler payment-api is at its maximum of 3 pods: cpu 198% of 80%",
    ),
    "memory nearly gone": (
        lambda space: using(space, LIMITS, memory="62Mi"),
        r"workload\.memory: 3 pods near the memory limit: .* uses 97% of it",
    ),
    "throttled": (lambda space: using(space, LIMITS, cpu="99m"), r"workload\.cpu: 3 pods near the CPU limit"),
}  # fmt: skip


@pytest.mark.parametrize("state", REFUSALS)
def test_refusals_and_limits_have_their_names(cluster: Cluster, state: str) -> None:
    build, wanted = REFUSALS[state]
    build(Namespace(cluster))
    cluster.until(wanted, lambda: any(re.search(wanted, line) for line in warnings(findings(cluster))), 90)


def test_an_autoscaler_that_has_room_is_no_trouble(cluster: Cluster) -> None:
    space = Namespace(cluster)
    using(space, REQUESTS, cpu="60m")
    autoscaler(space)
    path = f"/apis/autoscaling/v2/{space.space}/horizontalpodautoscalers/payment-api"

    def has_metrics() -> bool:
        found = cluster.client().get(path)["status"].get("currentMetrics")
        assert [line for line in warnings(findings(cluster)) if "autoscaler" in line] == []  # nor before it has any
        return bool(found)

    cluster.until("metrics", has_metrics, 90)
    cluster.until("no warning", lambda: not warnings(findings(cluster)))
    assert warnings(findings(cluster)) == []


@pytest.fixture
def own_node(cluster: Cluster) -> Iterator[str]:
    """A node that only pods which name it go to, and that nobody keeps the status of."""
    name = f"own-{cluster.namespace}"
    taint = {"key": "test", "value": "own", "effect": "NoSchedule"}
    cluster.client().post("/api/v1/nodes", {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name}, "spec": {"taints": [taint]}})
    yield name
    cluster.client().delete(f"/api/v1/nodes/{name}")


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (
            ("MemoryPressure", "True", "KubeletHasInsufficientMemory"),
            r"which runs 1 pod, has MemoryPressure \(KubeletHasInsufficientMemory\)",
        ),
        (("DiskPressure", "True", "KubeletHasDiskPressure"), r"which runs 1 pod, has DiskPressure"),
        (("Ready", "False", "KubeletNotReady"), r"which runs 1 pod, is not ready \(NotReady, KubeletNotReady\)"),
        (("NetworkUnavailable", "True", "NoRouteCreated"), r"which runs 1 pod, has NetworkUnavailable"),
        (None, r"which runs 1 pod, is cordoned \(SchedulingDisabled\)"),
    ],
)
def test_nodes_of_the_pods(cluster: Cluster, own_node: str, condition: tuple[str, str, str] | None, wanted: str) -> None:
    space = Namespace(cluster)
    node = f"/api/v1/nodes/{own_node}"
    ready = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
    if condition is not None:
        kind, status, reason = condition
        found = [{"type": kind, "status": status, "reason": reason, "message": "told by the kubelet"}]
        cluster.client().patch(f"{node}/status", {"status": {"conditions": found if kind == "Ready" else ready + found}}, MERGE)
    else:
        cluster.client().patch(f"{node}/status", {"status": {"conditions": ready}}, MERGE)
        cluster.client().patch(node, {"spec": {"unschedulable": True}}, MERGE)
    space.deploy("v1-held", replicas=1, pod={"nodeName": own_node, "tolerations": [{"operator": "Exists"}]})
    pod = cluster.until("the pod", lambda: cluster.pods())[0]
    space.keep_status(pod, running(pod))
    cluster.until(
        wanted, lambda: any(re.search(rf"workload\.node: Node {own_node}, {wanted}", line) for line in warnings(findings(cluster)))
    )


def test_nodes_of_others_are_no_trouble(cluster: Cluster, own_node: str) -> None:
    space = Namespace(cluster)
    bad = [{"type": "Ready", "status": "False", "reason": "KubeletNotReady"}, {"type": "DiskPressure", "status": "True"}]
    cluster.client().patch(f"/api/v1/nodes/{own_node}/status", {"status": {"conditions": bad}}, MERGE)
    space.deploy()
    space.ready(3)
    assert warnings(findings(cluster)) == []


def test_a_pod_that_a_finalizer_holds(cluster: Cluster, side: str) -> None:
    space = Namespace(cluster)
    space.deploy()
    space.ready(3)
    path = f"/api/v1/{space.space}/pods/{space.pods(3)[0]['metadata']['name']}"
    cluster.client().patch(path, {"metadata": {"finalizers": ["example.com/drain"]}}, MERGE)
    cluster.client().delete(path, {"gracePeriodSeconds": 1})
    wanted = r"workload\.terminating: 1 pod stuck in Terminating: .*held by the finalizer example.com/drain"
    cluster.until(wanted, lambda: any(re.search(wanted, line) for line in warnings(findings(cluster))), 30)
    cluster.client().patch(path, {"metadata": {"finalizers": None}}, MERGE)


def test_a_daemon_set_that_no_node_wants(cluster: Cluster) -> None:
    kind = WorkloadKind.DAEMON_SET
    Namespace(cluster).deploy(kind=kind, pod={"nodeSelector": {"gpu": "yes"}})
    cluster.until(
        "a warning", lambda: [line for line in warnings(findings(cluster, kind)) if "Scaled to zero: no node wants a pod" in line]
    )
