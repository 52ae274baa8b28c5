# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a workload stands on and what limits it: nodes, volume claims, autoscalers, disruption budgets and quotas."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..clients.answers import excerpt
from ..model.surroundings import Autoscaler, Condition, DisruptionBudget, Node, Quota, VolumeClaim
from .objects import Object, annotations_of, count, labels_of, mapping, metadata, moment, name_of, quantity, selects, sequence

_PRESSURES = frozenset({"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"})
_TROUBLE = re.compile(r"Deadlock|Read-?only|Corrupt|Problem|Frequent|OutOf|Unhealthy|Unregister|Hung|Shutdown|Degraded|Fail|Error|Broken")
"""Conditions that node-problem-detector and the clouds write, which are True when something is wrong.

https://github.com/kubernetes/node-problem-detector/tree/master/config
"""
_WELL_WHEN_TRUE = re.compile(r".+(?:Ready|Healthy)$")
"""Conditions of the same kind that are False when something is wrong: NetworkingReady, StorageReady, KernelReady.

https://docs.aws.amazon.com/eks/latest/userguide/node-health.html
"""
_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_FOR_PODS = frozenset({"pods", "count/pods", *_RESOURCES, *(f"{kind}.{one}" for kind in ("requests", "limits") for one in _RESOURCES)})
"""Of what a quota may count, what every pod needs. https://kubernetes.io/docs/concepts/policy/resource-quotas/"""
_RESIZE_ERRORS = frozenset({"ControllerResizeError", "NodeResizeError"})
_RESIZE_WAITS = "FileSystemResizePending"
_CHOSEN_NODE = "volume.kubernetes.io/selected-node"
_WAITS = "WaitForFirstConsumer"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def condition_from(found: Object) -> Condition:
    return Condition(
        type=str(found.get("type") or ""),
        status=str(found.get("status") or "Unknown"),
        reason=excerpt(str(found["reason"]), 100) if found.get("reason") else None,
        message=excerpt(str(found["message"]), 400) if found.get("message") else None,
        since=moment(found.get("lastTransitionTime")),
    )


def conditions_of(found: Object) -> tuple[Condition, ...]:
    return tuple(condition_from(mapping(one)) for one in sequence(mapping(found.get("status")).get("conditions")))


def nodes(listed: Sequence[Object], used: Sequence[str], cut: bool = False) -> tuple[Node, ...]:
    """The nodes that the pods run on, ``used`` once for each pod."""
    by_name = {name_of(node): node for node in listed}
    found = []
    for name, pods in Counter(used).items():
        node = by_name.get(name)
        if node is None:
            if by_name and not cut:
                found.append(Node(name, False, False, pods, deleted=True))
            continue
        conditions = conditions_of(node)
        ready = not any(one.type == "Ready" and one.status != "True" for one in conditions)
        # A node that is not heard of any more has conditions of status Unknown; its Ready says that already.
        problems = [one for one in conditions if (one.type == "Ready" and not ready) or _is_trouble(one)]
        found.append(Node(name, ready, not mapping(node.get("spec")).get("unschedulable"), pods, tuple(problems)))
    return tuple(found)


def _is_trouble(condition: Condition) -> bool:
    if condition.status == "False":
        return _WELL_WHEN_TRUE.match(condition.type) is not None
    return condition.status == "True" and (condition.type in _PRESSURES or _TROUBLE.search(condition.type) is not None)


def volume_claims(
    named: Sequence[str], listed: Sequence[Object], classes: Sequence[Object] | None, told: Mapping[str, str]
) -> tuple[VolumeClaim, ...]:
    """The claims of these names. ``told`` is what the newest warning about a claim says, by its name."""
    by_name = {name_of(claim): claim for claim in listed}
    binding = {name_of(one): one.get("volumeBindingMode") for one in classes or ()}
    found = []
    for name in dict.fromkeys(named):
        claim = by_name.get(name)
        if claim is None:
            found.append(VolumeClaim(name, "Missing"))
            continue
        class_name = mapping(claim.get("spec")).get("storageClassName")
        class_name = str(class_name) if class_name else None
        by_hand = bool(mapping(claim.get("spec")).get("volumeName"))  # it names its volume: no class has to make one
        deleted = bool(metadata(claim).get("deletionTimestamp"))
        found.append(
            VolumeClaim(
                name=name,
                phase="Terminating" if deleted else str(mapping(claim.get("status")).get("phase") or "Pending"),
                storage_class=class_name,
                class_exists=None if classes is None or class_name is None or by_hand else class_name in binding,
                waits_for_pod=class_name is not None and binding.get(class_name) == _WAITS and _CHOSEN_NODE not in annotations_of(claim),
                message=told.get(name) or _without_class(claim, classes),
                resizing=_resizing(mapping(claim.get("status"))),
                resizing_since=_file_system_waits_since(mapping(claim.get("status"))),
            )
        )
    return tuple(found)


def _without_class(claim: Object, classes: Sequence[Object] | None) -> str | None:
    """Why nothing makes a volume for a claim that names no StorageClass; None where it names one or is bound, or one is the default."""
    spec = mapping(claim.get("spec"))
    if classes is None or spec.get("storageClassName") or spec.get("volumeName") or mapping(claim.get("status")).get("phase") == "Bound":
        return None
    if spec.get("storageClassName") == "":
        return "it asks for no storage class (storageClassName is empty), and no volume that somebody made fits"
    if any(annotations_of(one).get(_DEFAULT_CLASS) == "true" for one in classes):
        return None
    return "it names no storage class, and none is the default, so that nothing makes a volume for it"


def _resizing(status: Object) -> str | None:
    """Why a claim does not get the size that was asked for; None where nothing is in the way.

    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#recovering-from-failure-when-expanding-volumes
    """
    for one in map(condition_from, map(mapping, sequence(status.get("conditions")))):
        if one.status == "True" and (one.type in _RESIZE_ERRORS or one.type == _RESIZE_WAITS):
            return f"{one.type}: {one.message or 'it is finished once a pod that uses it is started anew'}"
    stopped = [str(state) for state in mapping(status.get("allocatedResourceStatuses")).values() if str(state).endswith("Infeasible")]
    return stopped[0] if stopped else None


def _file_system_waits_since(status: Object) -> datetime | None:
    told = [one for one in map(condition_from, map(mapping, sequence(status.get("conditions")))) if one.status == "True"]
    if any(one.type in _RESIZE_ERRORS for one in told):
        return None
    return next((one.since for one in told if one.type == _RESIZE_WAITS), None)


def autoscaler_from(found: Object, target_missing: bool = False, template: Object | None = None) -> Autoscaler:
    """``template`` are the pods that it scales, where they are known."""
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    target = mapping(spec.get("scaleTargetRef"))
    return Autoscaler(
        name=name_of(found),
        min_replicas=count(spec.get("minReplicas")) or 1,
        max_replicas=count(spec.get("maxReplicas")),
        current_replicas=count(status.get("currentReplicas")),
        desired_replicas=count(status.get("desiredReplicas")),
        target=f"{target.get('kind')} {target.get('name')}",
        target_missing=target_missing,
        conditions=conditions_of(found),
        metrics=tuple(_utilization(spec, status)),
        not_requested=tuple(_not_requested(spec, template)) if template else (),
        may_not_grow=mapping(mapping(spec.get("behavior")).get("scaleUp")).get("selectPolicy") == "Disabled",
        scales_to_zero=spec.get("minReplicas") == 0 or _is_kedas(found),
    )


def _is_kedas(scaler: Object) -> bool:
    """Whether KEDA made it, which takes the last pod away by itself: by its maker, its label or its usual name.

    https://keda.sh/docs/latest/concepts/scaling-deployments/
    """
    owners = [mapping(one).get("kind") for one in sequence(metadata(scaler).get("ownerReferences"))]
    return "ScaledObject" in owners or "scaledobject.keda.sh/name" in labels_of(scaler) or name_of(scaler).startswith("keda-hpa-")


def target_is_missing(found: Object) -> bool:
    """Whether the autoscaler's controller says that there is nothing of the name that it should scale."""
    failed = [one for one in conditions_of(found) if one.type == "AbleToScale" and one.status == "False"]
    return any(words in (one.message or "") for one in failed for words in ("not found", "no matches for kind"))


def _utilization(spec: Object, status: Object) -> Iterator[str]:
    """Metrics by their share of what is requested, as ``cpu 95% of 80%``."""
    wanted = {
        str(mapping(one.get("resource")).get("name")): mapping(one.get("resource")) for one in map(mapping, sequence(spec.get("metrics")))
    }
    for one in map(mapping, sequence(status.get("currentMetrics"))):
        resource = mapping(one.get("resource"))
        name, now = str(resource.get("name")), mapping(resource.get("current")).get("averageUtilization")
        target = mapping(mapping(wanted.get(name)).get("target")).get("averageUtilization")
        if now is not None and target is not None:
            yield f"{excerpt(name, 40)} {now}% of {target}%"


def _not_requested(spec: Object, template: Object) -> Iterator[str]:
    """Resources whose use the autoscaler wants as a share of the request, and containers without one; a limit alone is a request too.

    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#how-does-a-horizontalpodautoscaler-work
    """
    containers = [mapping(one) for one in sequence(mapping(template.get("spec")).get("containers"))]
    for metric in map(mapping, sequence(spec.get("metrics"))):
        resource = mapping(metric.get("resource"))
        if metric.get("type") != "Resource" or mapping(resource.get("target")).get("type") != "Utilization":
            continue
        name = str(resource.get("name"))
        without = [str(one.get("name")) for one in containers if not _requests(one, name)]
        if without:
            yield f"{excerpt(name, 40)} ({'container' if len(without) == 1 else 'containers'} {excerpt(', '.join(without[:4]), 120)})"


def _requests(container: Object, resource: str) -> bool:
    resources = mapping(container.get("resources"))
    return any(mapping(resources.get(key)).get(resource) is not None for key in ("requests", "limits"))


def budgets(listed: Sequence[Object], labels: Mapping[str, str], names: frozenset[str]) -> tuple[DisruptionBudget, ...]:
    """The budgets that count the workload's pods, and those of its name that count none."""
    found = []
    for budget in listed:
        spec, status = mapping(budget.get("spec")), mapping(budget.get("status"))
        selector = spec.get("selector")
        chooses = selector is not None and selects(mapping(selector), labels)
        if not (chooses or name_of(budget) in names):
            continue
        seen = count(status.get("observedGeneration")) > 0
        rule = next((f"{key} {spec[key]}" for key in ("minAvailable", "maxUnavailable") if spec.get(key) is not None), "minAvailable 1")
        found.append(
            DisruptionBudget(
                name=name_of(budget),
                rule=excerpt(rule, 60),
                allowed=count(status.get("disruptionsAllowed")) if seen else None,
                healthy=count(status.get("currentHealthy")),
                wanted=count(status.get("desiredHealthy")),
                matched=count(status.get("expectedPods")) if seen else None,
                selects=chooses,
            )
        )
    return tuple(found)


def quotas(listed: Sequence[Object]) -> tuple[Quota, ...]:
    """The quotas that have nothing left of something that pods need. Those that hold for some pods only are left out."""
    found = []
    for quota in listed:
        spec, status = mapping(quota.get("spec")), mapping(quota.get("status"))
        hard, used = mapping(status.get("hard")), mapping(status.get("used"))
        for_some = bool(spec.get("scopes") or spec.get("scopeSelector"))
        gone = [
            f"{name} {used.get(name)}/{hard[name]}" for name in sorted(hard) if _needed(name) and _is_used_up(used.get(name), hard[name])
        ]
        if gone and not for_some:
            found.append(Quota(name_of(quota), tuple(excerpt(one, 100) for one in gone)))
    return tuple(found)


def _needed(name: str) -> bool:
    return name in _FOR_PODS


def _is_used_up(used: object, hard: object) -> bool:
    have, may = quantity(used), quantity(hard)
    return have is not None and may is not None and may > 0 and have >= may
