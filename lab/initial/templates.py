# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifests of a workload as its team would have applied them."""

from __future__ import annotations

from typing import Any

from lab.cluster.timestamps import to_seconds
from lab.scenario.model import Revision, Workload

Object = dict[str, Any]

CHANGE_CAUSE = "kubernetes.io/change-cause"
DEPLOYED_BY = "deployed-by"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def image(workload: Workload, version: str, registry: str) -> str:
    """``host:port/payments/payment-api:v2.3.1``"""
    return f"{registry}/{workload.image}:{version}"


def pod_template(name: str, workload: Workload, revision: Revision, registry: str, start: float) -> Object:
    """``start`` is the Unix time of the start of the lab."""
    version = revision.version
    probe = {"httpGet": {"path": "/health", "port": workload.port}}
    resources = revision.resources or workload.resources
    limits = {"cpu": cores(resources.cpu), "memory": mebibytes(resources.memory)}
    requests = {
        "cpu": cores(resources.cpu / 2 if resources.cpu_request is None else resources.cpu_request),
        "memory": mebibytes(resources.memory / 2 if resources.memory_request is None else resources.memory_request),
    }
    container = {
        "name": workload.container or name,
        "image": image(workload, version, registry),
        "ports": [{"name": "http", "containerPort": workload.port}],
        "env": [{"name": key, "value": value} for key, value in {**workload.environment, **revision.environment}.items()],
        "resources": {"limits": limits, "requests": requests},
        "livenessProbe": probe | {"periodSeconds": 5},
        "readinessProbe": probe | {"periodSeconds": 2},
        "startupProbe": probe | {"periodSeconds": 1, "failureThreshold": 30},
    }
    if not container["env"]:
        del container["env"]
    metadata: Object = {"labels": {"app": name, "app.kubernetes.io/version": version, **workload.labels}}
    if revision.restarted:
        metadata["annotations"] = {RESTARTED_AT: to_seconds(start + revision.deployed)}
    return {"metadata": metadata, "spec": {"containers": [container]}}


def cores(value: float) -> str:
    """``2`` or ``250m``"""
    return str(int(value)) if value == int(value) else f"{round(value * 1000)}m"


def mebibytes(value: float) -> str:
    return f"{round(value / 2**20)}Mi"


def release_notes(revision: Revision) -> dict[str, str]:
    """What a release pipeline notes on the workload."""
    found = dict(revision.annotations)
    if revision.cause is not None:
        found[CHANGE_CAUSE] = revision.cause
    if revision.author is not None:
        found[DEPLOYED_BY] = revision.author
    return found


def controller(name: str, workload: Workload, registry: str, start: float) -> Object:
    """The Deployment, StatefulSet or DaemonSet, with its last revision."""
    revision = workload.revisions[-1]
    spec: Object = {
        "selector": {"matchLabels": {"app": name}},
        "template": pod_template(name, workload, revision, registry, start),
    }
    if workload.kind != "DaemonSet":
        spec["replicas"] = workload.replicas
    if workload.kind == "Deployment":
        limits = {
            "maxSurge": number_or_share(workload.strategy.max_surge),
            "maxUnavailable": number_or_share(workload.strategy.max_unavailable),
        }
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": limits}
        if workload.paused:
            spec["paused"] = True
    if workload.kind == "StatefulSet":
        spec["serviceName"] = name
    return {
        "kind": workload.kind,
        "apiVersion": "apps/v1",
        "metadata": {
            "name": name,
            "namespace": workload.namespace,
            "labels": {"app": name, **workload.labels},
            "annotations": {**workload.annotations, **release_notes(revision)},
        },
        "spec": spec,
    }


def number_or_share(text: str) -> int | str:
    return text if text.endswith("%") else int(text)


def service(name: str, namespace: str, port: int, *, selects: bool) -> Object:
    """A Service in front of a workload's pods, or of something outside the cluster."""
    spec: Object = {"ports": [{"name": "main", "port": port, "targetPort": port}]}
    if selects:
        spec["selector"] = {"app": name}
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": spec,
    }


def autoscaler(name: str, workload: Workload, cpu: float) -> Object:
    """The HorizontalPodAutoscaler; its status says that it found the pods using ``cpu`` of their limit."""
    assert workload.autoscaler is not None
    resources = workload.resources
    request = resources.cpu / 2 if resources.cpu_request is None else resources.cpu_request
    target = {"type": "Utilization", "averageUtilization": workload.autoscaler.cpu}
    current = {"averageUtilization": round(100 * cpu * resources.cpu / request), "averageValue": cores(cpu * resources.cpu)}
    return {
        "kind": "HorizontalPodAutoscaler",
        "apiVersion": "autoscaling/v2",
        "metadata": {"name": name, "namespace": workload.namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": workload.kind, "name": name},
            "minReplicas": workload.autoscaler.min,
            "maxReplicas": workload.autoscaler.max,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        },
        "status": {
            "currentReplicas": workload.replicas,
            "desiredReplicas": workload.replicas,
            "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": current}}],
        },
    }


def disruption_budget(name: str, workload: Workload) -> Object:
    return {
        "kind": "PodDisruptionBudget",
        "apiVersion": "policy/v1",
        "metadata": {"name": name, "namespace": workload.namespace},
        "spec": {"maxUnavailable": workload.max_disrupted, "selector": {"matchLabels": {"app": name}}},
    }


def node(name: str, lost_at: str | None = None) -> Object:
    """A worker with 8 cores, of which nobody has heard since ``lost_at``, if that is given."""
    capacity = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    conditions = [
        {"type": kind, "status": "True" if kind == "Ready" else "False", "reason": reason, "message": message}
        for kind, reason, message in (
            ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            ("Ready", "KubeletReady", "kubelet is posting ready status"),
        )
    ]
    if lost_at is not None:
        unknown = {"status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
        conditions = [{**condition, **unknown, "lastTransitionTime": lost_at} for condition in conditions]
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}},
        "spec": {},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": conditions,
            "nodeInfo": {
                "kubeletVersion": "v1.36.3",
                "osImage": "Debian GNU/Linux 12 (bookworm)",
                "kernelVersion": "6.1.0",
                "containerRuntimeVersion": "containerd://2.1.4",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }
