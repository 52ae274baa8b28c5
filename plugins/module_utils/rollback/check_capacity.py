# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the namespace's quotas and limit ranges leave room for the pods of the target?

https://kubernetes.io/docs/concepts/policy/resource-quotas/, https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..evidence.objects import mapping, name_of, quantity, sequence
from ..model.check import Check, Verdict
from .plan import Change
from .surroundings import Surroundings

NAME = "capacity"
_FULL = "A quota leaves no room for new pods"
_ROOM = "No quota stands in the way"
_COMPUTE = ("cpu", "memory")


def check_capacity(change: Change, surroundings: Surroundings) -> Check:
    """Fails when no pod of the target could be created, when none may go before one has come, or when not all of them would fit.

    The names of quotas and what they have in use are in the detail.
    """
    reason = surroundings.unread.get("resourcequotas") or surroundings.unread.get("limitranges")
    if reason is not None:
        return Check(NAME, Verdict.UNKNOWN, "Whether there is room for new pods is unknown", reason)
    ranges = surroundings.found.get("limitranges", ())
    if outside := _outside(change, ranges):
        detail = f"{outside}, so that no pod of the target could be created. Change the limit range first."
        return Check(NAME, Verdict.FAIL, "A limit range forbids the target's pods", detail)
    before, after = (mapping(template.get("spec")) for template in (change.before, change.after))
    quotas = [quota for quota in surroundings.found.get("resourcequotas", ()) if _counts_for(quota, after)]
    surge, strategy = max(change.strategy.surge, 1), change.strategy
    tight = _exceeded(quotas, _needs(after), surge)
    if tight and strategy.unavailable == 0 and strategy.surge > 0 and _exceeded(quotas, _needs(after), 1):
        detail = f"{tight}, and the strategy takes no pod away before a new one is ready. Raise the quota, or allow maxUnavailable of 1."
        return Check(NAME, Verdict.FAIL, _FULL, detail)
    if unsaid := _unsaid(quotas, after, ranges):
        return Check(NAME, Verdict.FAIL, _FULL, f"{unsaid}, so that no pod of the target could be created. Add a LimitRange with defaults.")
    more = _subtracted(_needs(after), _needs(before)) if not change.rollouts.in_progress else {}
    if short := _exceeded(quotas, more, change.plan.replicas):
        return Check(NAME, Verdict.FAIL, _FULL, f"A pod of the target asks for more than one of the current version: {short}.")
    if tight and (strategy.surge == 0 or strategy.unavailable > 0):
        return Check(NAME, Verdict.PASS, _ROOM, f"{tight}, but the strategy takes a pod away before it adds one.")
    if tight:
        return Check(NAME, Verdict.PASS, _ROOM, f"{tight}, but fewer pods than maxSurge can come at a time: it takes longer.")
    if not quotas:
        return Check(NAME, Verdict.PASS, _ROOM, "The namespace has no quota for such pods.")
    return Check(NAME, Verdict.PASS, _ROOM, f"Quotas of the namespace leave room for {surge} more {'pod' if surge == 1 else 'pods'}.")


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


def _exceeded(quotas: Sequence[Mapping[str, Any]], needs: Mapping[str, float], pods: int) -> str | None:
    """The first quota in which ``pods`` pods that need so much each don't fit, with its numbers."""
    for quota in quotas:
        status = mapping(quota.get("status"))
        hard, used = mapping(status.get("hard")), mapping(status.get("used"))
        for resource, limit in hard.items():
            room = (quantity(limit) or 0.0) - (quantity(used.get(resource)) or 0.0)
            if needs.get(resource, 0.0) * pods > room + 1e-9:
                wanted = f"{pods} more {'pod needs' if pods == 1 else 'pods need'} {needs[resource] * pods:g}"
                return f"ResourceQuota {name_of(quota)} has {used.get(resource, 0)} of {limit} {resource} in use ({wanted})"
    return None


def _counts_for(quota: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    """Whether ``quota`` counts a pod with this spec at all, by its scopes."""
    spec = mapping(quota.get("spec"))
    scopes = [{"scopeName": scope, "operator": "Exists"} for scope in sequence(spec.get("scopes"))]
    rules = [*scopes, *map(mapping, sequence(mapping(spec.get("scopeSelector")).get("matchExpressions")))]
    return all(_in_scope(rule, pod) for rule in rules)


def _in_scope(rule: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    scope, operator, values = rule.get("scopeName"), rule.get("operator"), sequence(rule.get("values"))
    if scope in ("Terminating", "NotTerminating"):
        return (pod.get("activeDeadlineSeconds") is not None) is (scope == "Terminating")
    if scope in ("BestEffort", "NotBestEffort"):
        asks = any(mapping(container.get("resources")).get(part) for container in _containers(pod) for part in ("requests", "limits"))
        return asks is (scope == "NotBestEffort")
    if scope == "PriorityClass":
        name = pod.get("priorityClassName")
        return {"In": name in values, "NotIn": name not in values, "Exists": bool(name), "DoesNotExist": not name}.get(str(operator), True)
    return True


def _unsaid(quotas: Sequence[Mapping[str, Any]], pod: Mapping[str, Any], ranges: Sequence[Mapping[str, Any]]) -> str | None:
    """The first container that doesn't say what a quota wants every container to say, where no limit range says it for it."""
    for quota in quotas:
        for resource in mapping(mapping(quota.get("status")).get("hard")):
            part, _dot, name = str(resource).rpartition(".")
            if name not in _COMPUTE or part not in ("", "requests", "limits"):
                continue
            section = part or "requests"
            for container in _containers(pod):
                resources = mapping(container.get("resources"))
                # A limit without a request is the request too.
                said = mapping(resources.get(section)).get(name) or mapping(resources.get("limits")).get(name)
                if not said and not _defaulted(ranges, section, name):
                    return (
                        f"ResourceQuota {name_of(quota)} wants {section} of {name} from every container, "
                        f"and container {container.get('name')} of the target has none"
                    )
    return None


def _defaulted(ranges: Sequence[Mapping[str, Any]], section: str, resource: str) -> bool:
    names = ("default", "defaultRequest") if section == "requests" else ("default",)
    rules = [mapping(rule) for found in ranges for rule in sequence(mapping(found.get("spec")).get("limits"))]
    return any(mapping(rule.get(name)).get(resource) for rule in rules if rule.get("type") == "Container" for name in names)


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [mapping(container) for container in sequence(pod.get("containers"))]


def _needs(spec: Mapping[str, Any]) -> dict[str, float]:
    """What one pod counts for in a quota."""
    needs = {"pods": 1.0, "count/pods": 1.0}
    for container in _containers(spec):
        resources = mapping(container.get("resources"))
        for key, prefixes in (("requests", ("requests.", "")), ("limits", ("limits.",))):
            for resource, amount in mapping(resources.get(key)).items():
                for prefix in prefixes:
                    needs[f"{prefix}{resource}"] = needs.get(f"{prefix}{resource}", 0.0) + (quantity(amount) or 0.0)
    return needs


def _subtracted(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: amount - other.get(name, 0.0) for name, amount in one.items() if amount > other.get(name, 0.0)}
