# SPDX-License-Identifier: GPL-3.0-or-later
"""Single objects that states of a namespace are made of."""

from __future__ import annotations

from collections.abc import Callable

from tests.contract.workload_states import LABELS, Namespace, Object, ended, named, running

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
