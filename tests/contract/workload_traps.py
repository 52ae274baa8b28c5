# SPDX-License-Identifier: GPL-3.0-or-later
"""States in which the service is well, though something about them looks as if it were not."""

from __future__ import annotations

from plugins.module_utils.evidence.objects import is_ready
from plugins.module_utils.model.service import WorkloadKind
from tests.contract.workload_objects import LIMITS, WEB, Build, budget, failed_job, ingress, key, suspended_cron_job, volume_claim
from tests.contract.workload_states import LABELS, Namespace, Object, ago, ended, named, running

DEPLOYMENT = WorkloadKind.DEPLOYMENT


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


def lying_around(space: Namespace, name: str, status: Object) -> None:
    """A pod of nobody, with the service's labels, that is over."""
    spec = {"containers": [{"name": "app", "image": "shop/payment-api:v1-held"}], "nodeName": "node-0"}
    meta: Object = {"name": f"payment-api-{name}", "labels": dict(LABELS)}
    pod = space.cluster.client().post(f"/api/v1/{space.space}/pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    space.keep_status(pod, status)


def evicted(space: Namespace) -> None:
    """Two pods of the Deployment were evicted, and others took their place."""
    space.deploy()
    space.ready(3)
    for pod in space.pods(3)[:2]:
        space.set_status(pod, {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."})
    # By the pods themselves: the Deployment's own count is still that of before for a moment.
    space.cluster.until("others", lambda: sum(map(is_ready, space.cluster.pods())) == 3 and len(space.cluster.pods()) == 5)
    space.ready(3)


def finished_job(space: Namespace) -> None:
    space.deploy()
    space.ready(3)
    lying_around(space, "migrate", {"phase": "Succeeded"})
    lying_around(space, "report", {"phase": "Failed", "reason": "DeadlineExceeded"})


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


def jobs_beside(space: Namespace) -> None:
    """One failed yesterday, one is another service's, and the service's own CronJob is suspended."""
    space.deploy()
    space.ready(3)
    failed_job(space, "payment-api-migrate", LABELS, hours=30)
    failed_job(space, "payment-api-worker-migrate", {"app": "payment-api-worker"})
    suspended_cron_job(space, "payment-api-settle", LABELS)


def harmless_warnings(space: Namespace) -> None:
    space.service(LABELS)
    space.deploy()
    space.ready(3)
    space.warn("Service", "payment-api", "TopologyAwareHintsDisabled", "Insufficient number of endpoints")
    lost = 'Failed to update endpoint: Operation cannot be fulfilled on endpoints "payment-api": the object has been modified'
    space.warn("Service", "payment-api", "FailedToUpdateEndpoint", lost)
    pod = space.pods(3)[0]["metadata"]
    space.warn("Pod", pod["name"], "DNSConfigForming", "Nameserver limits were exceeded", 900, uid=pod["uid"])


def redirected(space: Namespace) -> None:
    """The first backend is no Service: the AWS load balancer answers by itself, as the annotation says."""
    space.service(LABELS)
    space.deploy()
    ports = {"ssl-redirect": {"name": "use-annotation"}, "payment-api": {"number": 80}}
    backends = [{"service": {"name": name, "port": port}} for name, port in ports.items()]
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend} for backend in backends]
    body = named("Ingress", "payment-api", {"rules": [{"host": "pay.example.com", "http": {"paths": paths}}]})
    redirect = "alb.ingress.kubernetes.io/actions.ssl-redirect"
    body["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "alb", redirect: '{"Type":"redirect"}'}
    space.post("apis/networking.k8s.io/v1", "ingresses", body)
    space.ready(3)


def outside(space: Namespace) -> None:
    """A Service that is a name for somewhere else need not say its ports."""
    space.service(LABELS)
    space.post("api/v1", "services", named("Service", "legacy", {"type": "ExternalName", "externalName": "legacy.example.com"}))
    space.deploy()
    backends = [{"service": {"name": name, "port": {"number": port}}} for name, port in (("payment-api", 80), ("legacy", 443))]
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend} for backend in backends]
    body = named("Ingress", "payment-api", {"rules": [{"host": "pay.example.com", "http": {"paths": paths}}]})
    body["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "nginx"}
    space.post("apis/networking.k8s.io/v1", "ingresses", body)
    space.ready(3)


def at_rest_by_keda(space: Namespace) -> None:
    """Its autoscaler may have another name than KEDA gives by itself."""
    space.service(LABELS)
    space.deploy(replicas=0)
    metric = {"type": "External", "external": {"metric": {"name": "s0-kafka-payments"}, "target": {"type": "Value", "value": "5"}}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payment-api"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 5, "metrics": [metric]}
    scaler = named("HorizontalPodAutoscaler", "payment-scaler", spec, {"scaledobject.keda.sh/name": "payment-api"})
    space.post("apis/autoscaling/v2", "horizontalpodautoscalers", scaler)


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
    "at rest, and called by nobody": lambda space: space.deploy(replicas=0),
    "Jobs that are over, and a CronJob that rests": jobs_beside,
    "a port that the containers do not say": lambda space: (
        space.service(LABELS, target="web"),
        space.service(LABELS, name="payment-api-metrics", target=9090),
        space.deploy(container=WEB),
        space.ready(3),
    ),
    "warnings that harm nobody": harmless_warnings,
    "a redirect that an annotation makes": redirected,
    "a path that leads out of the cluster": outside,
    "KEDA, and nothing to do": at_rest_by_keda,
    "a claim of nobody": lambda space: (
        space.post("api/v1", "persistentvolumeclaims", volume_claim("forgotten", "none")),
        space.deploy(),
        space.ready(3),
    ),
}
