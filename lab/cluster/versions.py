# SPDX-License-Identifier: GPL-3.0-or-later
"""Other versions of stored kinds: autoscaling/v1 HorizontalPodAutoscalers and events.k8s.io/v1 Events."""

from __future__ import annotations

from typing import Any

from .resources import STORED, Resource

Object = dict[str, Any]

_FROM_CORE_EVENT = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_TO_CORE_EVENT = {new: old for old, new in _FROM_CORE_EVENT.items()}


def _renamed(obj: Object, names: dict[str, str], api_version: str) -> Object:
    return {names.get(key, key): value for key, value in obj.items()} | {"apiVersion": api_version}


def _cpu_target(metrics: list[Object]) -> int | None:
    for metric in metrics:
        resource = metric.get("resource") or {}
        if resource.get("name") == "cpu":
            return (resource.get("target") or {}).get("averageUtilization")
    return None


def _autoscaler_to_v1(obj: Object) -> Object:
    spec = {key: value for key, value in obj["spec"].items() if key in ("scaleTargetRef", "minReplicas", "maxReplicas")}
    target = _cpu_target(obj["spec"].get("metrics") or [])
    if target is not None:
        spec["targetCPUUtilizationPercentage"] = target
    old = obj.get("status") or {}
    status = {key: old.get(key, 0) for key in ("currentReplicas", "desiredReplicas")}
    status |= {key: old[key] for key in ("lastScaleTime", "observedGeneration") if key in old}
    for metric in old.get("currentMetrics") or ():
        resource = metric.get("resource") or {}
        if resource.get("name") == "cpu" and "averageUtilization" in resource["current"]:
            status["currentCPUUtilizationPercentage"] = resource["current"]["averageUtilization"]
    return obj | {"apiVersion": "autoscaling/v1", "spec": spec, "status": status}


def _autoscaler_from_v1(obj: Object) -> Object:
    spec = dict(obj.get("spec") or {})
    target = spec.pop("targetCPUUtilizationPercentage", None)
    if target is not None:
        spec["metrics"] = [
            {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}}
        ]
    return {key: value for key, value in obj.items() if key != "status"} | {"apiVersion": "autoscaling/v2", "spec": spec}


def to_served(resource: Resource, obj: Object) -> Object:
    """A stored object as the resource shows it."""
    if resource.storage:
        return obj
    if resource.kind == "Event":
        return {"eventTime": None} | _renamed(obj, _FROM_CORE_EVENT, resource.api_version)
    return _autoscaler_to_v1(obj)


def to_stored(resource: Resource, obj: Object) -> Object:
    """An object that came in through the resource, as it is stored."""
    if resource.storage:
        return obj
    if resource.kind == "Event":
        return _renamed(obj, _TO_CORE_EVENT, STORED["Event"].api_version)
    return _autoscaler_from_v1(obj)
