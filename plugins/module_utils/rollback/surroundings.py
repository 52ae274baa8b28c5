# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else has a say while pods are replaced: autoscaler, disruption budgets, quotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError
from ..concurrency import map_side_by_side
from ..evidence.objects import labels_of, mapping, name_of, quantity, selects, sequence
from ..model.check import Check, Verdict
from .plan import Change

NAME = "capacity"
_PARTS = {
    "horizontalpodautoscalers": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "poddisruptionbudgets": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "resourcequotas": "/api/v1/namespaces/{}/resourcequotas",
    "limitranges": "/api/v1/namespaces/{}/limitranges",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Lists by resource name; ``unread`` has the reason for each that could not be read."""

    found: Mapping[str, Sequence[Mapping[str, Any]]]
    unread: Mapping[str, str]


def read_surroundings(client: ClusterClient, namespace: str) -> Surroundings:
    """Everything at once. Never raises for what can't be read."""
    names = list(_PARTS)
    futures = map_side_by_side(lambda name: client.get(_PARTS[name].format(namespace)), names, len(names), "surroundings")
    found, unread = {}, {}
    for name, future in zip(names, futures, strict=True):
        try:
            found[name] = sequence(future.result().get("items"))
        except ClusterError as error:
            unread[name] = error.message
    return Surroundings(found, unread)


def notes(change: Change, surroundings: Surroundings) -> tuple[str, ...]:
    """What the autoscaler and the disruption budgets will do during this rollback."""
    found = []
    for scaler in surroundings.found.get("horizontalpodautoscalers", ()):
        spec = mapping(scaler.get("spec"))
        target = mapping(spec.get("scaleTargetRef"))
        if (target.get("kind"), target.get("name")) == (change.plan.kind.value, change.plan.workload):
            bounds = f"between {spec.get('minReplicas', 1)} and {spec.get('maxReplicas')}"
            found.append(
                f"HorizontalPodAutoscaler {name_of(scaler)} goes on to choose the number of pods {bounds}; the rollback leaves it alone."
            )
    pods = labels_of(change.after)
    covering = [
        budget
        for budget in surroundings.found.get("poddisruptionbudgets", ())
        if selects(mapping(mapping(budget.get("spec")).get("selector")), pods)
    ]
    found += [
        f"PodDisruptionBudget {name_of(budget)} covers evictions only: it neither slows the rollback nor protects pods from it."
        for budget in covering
    ]
    return tuple(found)


def check_capacity(change: Change, surroundings: Surroundings) -> Check:
    """Whether a quota leaves room for the first pod of the target, where none may go before it has come."""
    reason = surroundings.unread.get("resourcequotas") or surroundings.unread.get("limitranges")
    if reason is not None:
        return Check(NAME, Verdict.UNKNOWN, "Whether there is room for new pods is unknown", reason)
    if outside := _outside(change, surroundings.found.get("limitranges", ())):
        detail = f"{outside}, so that no pod of the target could be created. Change the limit range first."
        return Check(NAME, Verdict.FAIL, "A limit range forbids the target's pods", detail)
    full = _exceeded(change, surroundings.found.get("resourcequotas", ()))
    if not full:
        return Check(NAME, Verdict.PASS, "No quota stands in the way", "Quotas of the namespace leave room for another pod.")
    if change.strategy.unavailable > 0 or change.strategy.surge == 0:
        detail = f"{full}, but the strategy takes a pod away before it adds one."
        return Check(NAME, Verdict.PASS, "No quota stands in the way", detail)
    detail = f"{full}, and the strategy takes no pod away before a new one is ready. Raise the quota, or allow maxUnavailable of 1."
    return Check(NAME, Verdict.FAIL, "A quota leaves no room for new pods", detail)


def _outside(change: Change, ranges: Sequence[Mapping[str, Any]]) -> str | None:
    """The first container of the target that a limit range forbids. https://kubernetes.io/docs/concepts/policy/limit-range/

    Where a container asks for nothing, the limit range's own default counts, which is within it.
    """
    containers = [mapping(container) for container in sequence(mapping(change.after.get("spec")).get("containers"))]
    for limits in ranges:
        for rule in map(mapping, sequence(mapping(limits.get("spec")).get("limits"))):
            for container in containers if rule.get("type") == "Container" else ():
                for side, part, sign in (("min", "requests", -1), ("max", "limits", 1)):
                    asked = mapping(mapping(container.get("resources")).get(part))
                    for resource, bound in mapping(rule.get(side)).items():
                        value, edge = quantity(asked.get(resource)), quantity(bound)
                        if value is not None and edge is not None and (value - edge) * sign > 0:
                            named = f"{part} {asked[resource]} of {resource}, {side} {bound}"
                            return f"LimitRange {name_of(limits)} forbids container {container.get('name')} ({named})"
    return None


def _exceeded(change: Change, quotas: Sequence[Mapping[str, Any]]) -> str | None:
    needs = _needs(mapping(change.after.get("spec")))
    for quota in quotas:
        status = mapping(quota.get("status"))
        hard, used = mapping(status.get("hard")), mapping(status.get("used"))
        for resource, limit in hard.items():
            room = (quantity(limit) or 0.0) - (quantity(used.get(resource)) or 0.0)
            if needs.get(resource, 0.0) > room:
                return f"ResourceQuota {name_of(quota)} has {used.get(resource, 0)} of {limit} {resource} in use"
    return None


def _needs(spec: Mapping[str, Any]) -> dict[str, float]:
    """What one pod counts for in a quota. https://kubernetes.io/docs/concepts/policy/resource-quotas/"""
    needs = {"pods": 1.0, "count/pods": 1.0}
    for container in sequence(spec.get("containers")):
        resources = mapping(mapping(container).get("resources"))
        for key, prefixes in (("requests", ("requests.", "")), ("limits", ("limits.",))):
            for resource, amount in mapping(resources.get(key)).items():
                for prefix in prefixes:
                    needs[f"{prefix}{resource}"] = needs.get(f"{prefix}{resource}", 0.0) + (quantity(amount) or 0.0)
    return needs
