# SPDX-License-Identifier: GPL-3.0-or-later
"""Single objects that states of a namespace are made of."""

from __future__ import annotations

from collections.abc import Callable

from plugins.module_utils.clients.cluster import Invalid
from tests.contract.workload_states import LABELS, MERGE, Namespace, Object, ago, ended, named, running

Build = Callable[[Namespace], object]
LIMITS = {"resources": {"limits": {"cpu": "100m", "memory": "64Mi"}}}
WEB = {"ports": [{"name": "web", "containerPort": 8080}]}


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


def ingress(
    space: Namespace, backend: str, port: int = 80, tls: str | None = None, of_a_class: bool = True, host: str = "pay.example.com"
) -> None:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": {"number": port}}}}
    spec = {"rules": [{"host": host, "http": {"paths": [path]}}]}
    if tls:
        spec["tls"] = [{"hosts": [host], "secretName": tls}]
    body = named("Ingress", "payment-api", spec)
    if of_a_class:
        body["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "nginx"}
    space.post("apis/networking.k8s.io/v1", "ingresses", body)


def key(secret: str, name: str) -> Object:
    return {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}


def claim(name: str) -> Object:
    return {"name": "data", "persistentVolumeClaim": {"claimName": name}}


def volume_claim(name: str, storage_class: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class, "resources": {"requests": {"storage": "1Gi"}}}
    return named("PersistentVolumeClaim", name, spec)


def classless_claim(name: str) -> Object:
    found = volume_claim(name, "")
    del found["spec"]["storageClassName"]
    return found


def failed_job(space: Namespace, name: str, labels: Object, **when: float) -> None:
    """A Job that makes no pods of its own (parallelism 0), and of which its controller says that it gave up."""
    at = ago(**(when or {"minutes": 2}))
    told = {"status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
    status = {"failed": 1, "conditions": [{"type": kind, "lastTransitionTime": at, **told} for kind in ("FailureTarget", "Failed")]}
    container = {"name": "migrate", "image": "shop/migrate:v1"}
    template = {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    space.post("apis/batch/v1", "jobs", named("Job", name, {"parallelism": 0, "backoffLimit": 0, "template": template}, labels))
    path = f"/apis/batch/v1/{space.space}/jobs/{name}/status"

    def written() -> bool:
        try:
            space.cluster.client().patch(path, {"status": status}, MERGE)
        except Invalid:
            return False  # its controller has not said yet when the Job began
        return True

    space.cluster.until("the Job's end", written)


def suspended_cron_job(space: Namespace, name: str, labels: Object) -> None:
    container = {"name": "settle", "image": "shop/settle:v1"}
    pod = {"template": {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}}}
    spec = {"schedule": "*/5 * * * *", "suspend": True, "jobTemplate": {"spec": pod}}
    space.post("apis/batch/v1", "cronjobs", named("CronJob", name, spec, labels))


def autoscaler(name: str, kind: str = "Deployment") -> Object:
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    target = {"apiVersion": "apps/v1", "kind": kind, "name": "payment-api"}
    spec = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 10, "metrics": [metric]}
    return named("HorizontalPodAutoscaler", name, spec)


def budget(least: int, **labels: str) -> Object:
    return named("PodDisruptionBudget", "payment-api", {"minAvailable": least, "selector": {"matchLabels": labels or LABELS}})
