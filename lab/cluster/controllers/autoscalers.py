# SPDX-License-Identifier: GPL-3.0-or-later
"""HorizontalPodAutoscalers that somebody makes: replicas by the use of CPU and memory (`pkg/controller/podautoscaler`).

Those that come with a status are a scenario's, which says itself what they did: they are left alone. Metrics other than the pods' resources
are not known here, and neither is `behavior`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..quantities import parse_quantity
from ..resources import STORED
from ..selectors import matches_labels
from ..store import copied
from ..timestamps import to_seconds
from .context import Context, Object, condition, is_active

_COMPONENT = "horizontal-pod-autoscaler"
_PERIOD = 2.0
"""Seconds between two looks; 15 in a real cluster, where metrics are no younger."""
_TOLERANCE = 0.1
_STABILIZATION = 300.0
"""Seconds for which what was wanted before keeps pods from being taken away."""


class _Trouble(Exception):
    def __init__(self, reason: str, message: str, resource: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.resource = resource


@dataclass(frozen=True, slots=True)
class _Measured:
    """A metric of resources: what it says now, and how many pods it wants."""

    current: Object
    wanted: int


def waiting(context: Context) -> bool:
    """Whether there is one to look at from time to time."""
    return bool(context.looks)


def reconcile(context: Context, scaler: Object) -> None:
    uid, now = scaler["metadata"]["uid"], context.clock()
    looks = context.looks.get(uid)
    if looks is None:
        if (scaler.get("status") or {}).get("currentMetrics"):
            return
        looks = context.looks.setdefault(uid, [])
    if looks and now - looks[-1][0] < _PERIOD:
        return
    reference = scaler["spec"]["scaleTargetRef"]
    served = STORED.get(reference["kind"])
    target = context.store.get(reference["kind"], scaler["metadata"]["namespace"], reference["name"]) if served else None
    if target is None:
        looks.append((now, 0))
        group = reference.get("apiVersion", "").rpartition("/")[0]
        unserved = f'no matches for kind "{reference["kind"]}" in group "{group}"'
        message = f'{served.qualified} "{reference["name"]}" not found' if served else unserved
        context.record(scaler, "FailedGetScale", message, _COMPONENT, "Warning")
        said = f"the HPA controller was unable to get the target's current scale: {message}"
        _write(context, scaler, [("AbleToScale", "False", "FailedGetScale", said)], {})
        return
    replicas = int(target["spec"].get("replicas", 1))
    try:
        measured = [_measure(context, target, metric, replicas) for metric in scaler["spec"].get("metrics") or ()]
    except _Trouble as error:
        looks.append((now, replicas))
        context.record(scaler, error.reason, str(error), _COMPONENT, "Warning")
        metrics = len(scaler["spec"].get("metrics") or ())
        first = f"failed to get {error.resource} resource metric value: {error}" if error.resource else str(error)
        message = f"invalid metrics (1 invalid out of {metrics}), first error is: {first}"
        context.record(scaler, "FailedComputeMetricsReplicas", message, _COMPONENT, "Warning")
        problem = f"the HPA was unable to compute the replica count: {error}"
        conditions = [_ABLE, ("ScalingActive", "False", error.reason, problem)]
        _write(context, scaler, conditions, {"currentReplicas": replicas, "desiredReplicas": replicas})
        return
    wanted = max((one.wanted for one in measured), default=replicas)
    looks.append((now, wanted))
    looks[:] = [look for look in looks if now - look[0] <= _STABILIZATION]
    _scale(context, scaler, target, max(wanted for _, wanted in looks), measured)


_ABLE = ("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale")


def _scale(context: Context, scaler: Object, target: Object, wanted: int, measured: list[_Measured]) -> None:
    spec, replicas = scaler["spec"], int(target["spec"].get("replicas", 1))
    least, most = int(spec.get("minReplicas", 1)), int(spec["maxReplicas"])
    desired = min(max(wanted, least), most)
    if wanted > most:
        limited = ("True", "TooManyReplicas", "the desired replica count is more than the maximum replica count")
    elif wanted < least:
        limited = ("True", "TooFewReplicas", "the desired replica count is less than the minimum replica count")
    else:
        limited = ("False", "DesiredWithinRange", "the desired count is within the acceptable range")
    able = ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size")
    if desired != replicas:
        able = ("AbleToScale", "True", "SucceededRescale", f"the HPA controller was able to update the target scale to {desired}")
        updated = copied(target)
        updated["spec"]["replicas"] = desired
        context.store.update(updated)
        size = "above target" if desired > replicas else "below target"
        context.record(scaler, "SuccessfulRescale", f"New size: {desired}; reason: All metrics {size}", _COMPONENT)
    active = ("ScalingActive", "True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count")
    status = {"currentReplicas": replicas, "desiredReplicas": desired, "currentMetrics": [one.current for one in measured]}
    _write(context, scaler, [able, active, ("ScalingLimited", *limited)], status)


def _measure(context: Context, target: Object, metric: Object, replicas: int) -> _Measured:
    if metric.get("type") != "Resource":
        raise _Trouble("InvalidMetricSourceType", f"metrics of the type {metric.get('type')} are not simulated")
    resource, goal = metric["resource"]["name"], metric["resource"]["target"]
    selector = target["spec"].get("selector") or {}
    pods = [
        pod
        for pod in context.store.list("Pod", target["metadata"]["namespace"])
        if is_active(pod) and pod["status"].get("phase") == "Running" and matches_labels(selector, pod["metadata"].get("labels") or {})
    ]
    if not pods:
        problem = f"unable to get metrics for resource {resource}: no metrics returned from resource metrics API"
        raise _Trouble("FailedGetResourceMetric", f"failed to get {resource} utilization: {problem}", resource)
    used = sum(context.usage(pod)[0 if resource == "cpu" else 1] for pod in pods)
    value: Object = {"averageValue": f"{round(used / len(pods) * 1000)}m" if resource == "cpu" else str(round(used / len(pods)))}
    if goal.get("averageUtilization"):
        requested = sum(_requested(pod, resource) for pod in pods)
        ratio = used / requested
        value |= {"averageUtilization": int(ratio * 100)}
        ratio = ratio * 100 / goal["averageUtilization"]
    else:
        ratio = used / len(pods) / parse_quantity(goal["averageValue"])
    wanted = replicas if abs(ratio - 1) <= _TOLERANCE else math.ceil(ratio * len(pods) - 1e-9)
    return _Measured({"type": "Resource", "resource": {"name": resource, "current": value}}, wanted)


def _requested(pod: Object, resource: str) -> float:
    total = 0.0
    for container in pod["spec"]["containers"]:
        request = ((container.get("resources") or {}).get("requests") or {}).get(resource)
        if request is None:
            where = f"in container {container['name']} of Pod {pod['metadata']['name']}"
            raise _Trouble(
                "FailedGetResourceMetric", f"failed to get {resource} utilization: missing request for {resource} {where}", resource
            )
        total += parse_quantity(request)
    return total


def _write(context: Context, scaler: Object, said: list[tuple[str, str, str, str]], status: Object) -> None:
    """The status, with conditions that keep the moment from which on they are as they are."""
    now, conditions = to_seconds(context.clock()), []
    for kind, state, reason, message in said:
        known = condition(scaler, kind)
        since = known["lastTransitionTime"] if known is not None and known["status"] == state else now
        conditions.append({"type": kind, "status": state, "lastTransitionTime": since, "reason": reason, "message": message})
    before = scaler.get("status") or {}
    kept = {name: before.get(name, 0) for name in ("currentReplicas", "desiredReplicas")}
    context.write_status(scaler, {**kept, **status, "conditions": conditions})
