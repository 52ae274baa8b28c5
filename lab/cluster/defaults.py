# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that the API server fills in (`pkg/apis/*/v1/defaults.go`), so that applying a manifest twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_VOLUME_MODES = ("configMap", "secret", "downwardAPI", "projected")


def _fill(target: Object, **values: Any) -> None:
    for key, value in values.items():
        target.setdefault(key, value)


def _container(container: Object) -> None:
    image = container.get("image", "")
    latest = image.endswith(":latest") or (":" not in image.rsplit("/", 1)[-1] and "@" not in image)
    _fill(
        container,
        imagePullPolicy="Always" if latest else "IfNotPresent",
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    resources = container["resources"]
    if resources.get("limits"):
        requests = resources.setdefault("requests", {})
        for name, quantity in resources["limits"].items():
            requests.setdefault(name, quantity)
    for port in container.get("ports") or ():
        _fill(port, protocol="TCP")
    for name in _PROBES:
        probe = container.get(name)
        if probe is not None:
            _fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            if "httpGet" in probe:
                _fill(probe["httpGet"], path="/", scheme="HTTP")
    for variable in container.get("env") or ():
        field = (variable.get("valueFrom") or {}).get("fieldRef")
        if field is not None:
            _fill(field, apiVersion="v1")


def pod_spec(spec: Object) -> None:
    _fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if "serviceAccountName" in spec:
        _fill(spec, serviceAccount=spec["serviceAccountName"])
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        _container(container)
    for volume in spec.get("volumes") or ():
        for name in _VOLUME_MODES:
            if name in volume:
                _fill(volume[name], defaultMode=420)


def _qos(spec: Object) -> str:
    """https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"""
    requests, limits = [], []
    for container in spec.get("containers") or ():
        resources = container.get("resources") or {}
        requests.append({k: v for k, v in (resources.get("requests") or {}).items() if k in ("cpu", "memory")})
        limits.append({k: v for k, v in (resources.get("limits") or {}).items() if k in ("cpu", "memory")})
    if not any(requests) and not any(limits):
        return "BestEffort"
    guaranteed = all(len(limit) == 2 and request == limit for request, limit in zip(requests, limits, strict=True))
    return "Guaranteed" if guaranteed else "Burstable"


def _pod(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    pod_spec(spec)
    _fill(
        spec,
        enableServiceLinks=True,
        serviceAccountName="default",
        serviceAccount="default",
        priority=0,
        preemptionPolicy="PreemptLowerPriority",
    )
    status = obj.setdefault("status", {})
    _fill(status, phase="Pending", qosClass=_qos(spec))


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def _deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    strategy = spec["strategy"]
    _fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        _fill(rolling, maxUnavailable="25%", maxSurge="25%")
    _template(spec)
    obj.setdefault("status", {})


def _replicaset(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, replicas=1)
    _template(spec)
    obj.setdefault("status", {"replicas": 0})


def _statefulset(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10, updateStrategy={})
    _fill(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    strategy = spec["updateStrategy"]
    _fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), partition=0)
    _template(spec)
    obj.setdefault("status", {"replicas": 0, "availableReplicas": 0})


def _daemonset(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, revisionHistoryLimit=10, updateStrategy={})
    strategy = spec["updateStrategy"]
    _fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)
    _template(spec)
    obj.setdefault("status", {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0})


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        _fill(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    for port in spec.get("ports") or ():
        _fill(port, protocol="TCP", targetPort=port.get("port"))
    obj.setdefault("status", {"loadBalancer": {}})


def _job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, completions=1, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False, manualSelector=False)
    _template(spec)
    obj.setdefault("status", {})


def _cronjob(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    obj.setdefault("status", {})


def _autoscaler(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, minReplicas=1)
    obj.setdefault("status", {"currentMetrics": None, "desiredReplicas": 0})


def _namespace(obj: Object) -> None:
    obj["metadata"].setdefault("labels", {}).setdefault("kubernetes.io/metadata.name", obj["metadata"]["name"])
    _fill(obj, spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"})


def _volume(obj: Object) -> None:
    _fill(obj.setdefault("spec", {}), persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    _fill(obj, status={"phase": "Pending"})


def _volume_claim(obj: Object) -> None:
    _fill(obj.setdefault("spec", {}), volumeMode="Filesystem")
    _fill(obj, status={"phase": "Pending"})


_BY_KIND: dict[str, Callable[[Object], None]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replicaset,
    "StatefulSet": _statefulset,
    "DaemonSet": _daemonset,
    "Service": _service,
    "Job": _job,
    "CronJob": _cronjob,
    "HorizontalPodAutoscaler": _autoscaler,
    "Namespace": _namespace,
    "Secret": lambda obj: _fill(obj, type="Opaque"),
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _volume_claim,
    "Node": lambda obj: _fill(obj, spec={}, status={}),
    "PodDisruptionBudget": lambda obj: _fill(obj, status={}),
}


def count_templates(obj: Object, before: Object | None) -> None:
    """Keeps how often a DaemonSet's template changed, in place, in the annotation that is the server's own (registry/apps/daemonset)."""
    if obj["kind"] != "DaemonSet":
        return
    known = 1 if before is None else int(before["metadata"]["annotations"][TEMPLATE_GENERATION])
    changed = before is not None and before["spec"]["template"] != obj["spec"]["template"]
    annotations = obj["metadata"].get("annotations") or {}
    obj["metadata"]["annotations"] = {**annotations, TEMPLATE_GENERATION: str(known + changed)}


def fill(obj: Object) -> None:
    """Adds the defaults of the object's kind, in place."""
    fill_kind = _BY_KIND.get(obj["kind"])
    if fill_kind is not None:
        fill_kind(obj)
