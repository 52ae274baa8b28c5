# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the autoscaler and the disruption budgets of the workload leave room for a rollback?

Neither holds one up. A controller deletes the pods that it replaces, which no budget is asked about: budgets are for evictions
(https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets). An autoscaler chooses how many pods there are
and not which; while a Deployment is rolled out, both versions grow and shrink in proportion. So what fails here is only what the team's
own words forbid: taking every pod away where a budget promises that some stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clients.answers import excerpt
from ..evidence.objects import count, mapping, name_of, sequence
from ..model.check import Check, Verdict
from .autoscalers import is_paused
from .plan import Change
from .surroundings import Surroundings, autoscalers_of, budgets_of

AUTOSCALER = "autoscaler"
BUDGET = "disruption_budget"


def check_autoscaler(change: Change, surroundings: Surroundings) -> Check:
    """Passes, and says where the autoscaler stands; unknown where that can't be read."""
    if reason := surroundings.unread.get("horizontalpodautoscalers"):
        return Check(AUTOSCALER, Verdict.UNKNOWN, "What the autoscaler will do is unknown", reason)
    scalers = autoscalers_of(change, surroundings)
    if not scalers:
        return Check(AUTOSCALER, Verdict.PASS, "No autoscaler chooses the number of pods", "No HorizontalPodAutoscaler names the workload.")
    if len(scalers) > 1:
        names = " and ".join(name_of(scaler) for scaler in scalers)
        detail = f"HorizontalPodAutoscalers {names} all name it, so that none of them may scale it; the number of pods stays."
        return Check(AUTOSCALER, Verdict.PASS, "Autoscalers leave room for the rollback", detail)
    (scaler,) = scalers
    detail = " ".join(_standing(scaler, change))
    return Check(AUTOSCALER, Verdict.PASS, f"Autoscaler {name_of(scaler)} leaves room for the rollback", detail)


def check_budget(change: Change, surroundings: Surroundings) -> Check:
    """Fails when the strategy takes all pods away at once although a budget promises that some stay, and some are there to stay."""
    if reason := surroundings.unread.get("poddisruptionbudgets"):
        return Check(BUDGET, Verdict.UNKNOWN, "What the disruption budgets promise is unknown", reason)
    budgets = budgets_of(change, surroundings)
    if not budgets:
        return Check(BUDGET, Verdict.PASS, "No disruption budget covers the pods", "No PodDisruptionBudget selects them.")
    takes, replicas = change.strategy.unavailable, change.plan.replicas
    for budget in budgets:
        promised, healthy = (count(mapping(budget.get("status")).get(key)) for key in ("desiredHealthy", "currentHealthy"))
        if takes >= replicas > 0 and promised > 0 and healthy >= promised:
            detail = (
                f"PodDisruptionBudget {name_of(budget)} promises {promised} healthy pods, there are {healthy}, and the strategy "
                f"({change.strategy.title}) takes all {replicas} away at once. Change spec.strategy first, or override this check."
            )
            return Check(BUDGET, Verdict.FAIL, "The rollback would break a disruption budget", detail)
    return Check(BUDGET, Verdict.PASS, "Disruption budgets leave room for the rollback", " ".join(_promise(one, takes) for one in budgets))


def _standing(scaler: Mapping[str, Any], change: Change) -> list[str]:
    spec, status = mapping(scaler.get("spec")), mapping(scaler.get("status"))
    lowest, highest = count(spec.get("minReplicas") or 1), count(spec.get("maxReplicas"))
    now, wanted, replicas = count(status.get("currentReplicas")), status.get("desiredReplicas"), change.plan.replicas
    said = [f"It chooses between {lowest} and {highest} pods, now {replicas}; the rollback leaves that alone."]
    inactive = _condition(scaler, "ScalingActive", "False")
    if replicas == 0:
        said.append("At 0 replicas it is switched off, and no pod runs.")
    elif is_paused(scaler):
        said.append("It is held still.")
    elif inactive is not None:
        said.append(f"It does not scale at the moment ({inactive}).")
    elif replicas >= highest:
        fewer = f", and the rollback takes up to {change.strategy.unavailable} away at a time" if change.strategy.unavailable else ""
        said.append(f"It is at its maximum: more load would bring no more pods{fewer}. Raise maxReplicas if the load calls for it.")
    elif replicas < lowest:
        said.append(f"It is about to raise {replicas} to {lowest} pods.")
    elif wanted is not None and now and count(wanted) != now:
        said.append(f"It is scaling from {now} to {count(wanted)} pods; both versions change in proportion while they are replaced.")
    return said


def _condition(scaler: Mapping[str, Any], kind: str, status: str) -> str | None:
    for condition in map(mapping, sequence(mapping(scaler.get("status")).get("conditions"))):
        if condition.get("type") == kind and condition.get("status") == status:
            return excerpt(f"{condition.get('reason')}: {condition.get('message')}", 200)
    return None


def _promise(budget: Mapping[str, Any], takes: int) -> str:
    status = mapping(budget.get("status"))
    allowed, healthy, promised = (count(status.get(key)) for key in ("disruptionsAllowed", "currentHealthy", "desiredHealthy"))
    told = f"PodDisruptionBudget {name_of(budget)} allows {allowed} evictions now ({healthy} healthy, {promised} promised)"
    if healthy < promised:
        why = "too few pods are healthy, so that no node can be drained before the service has recovered"
    elif allowed == 0:
        why = "so that no node can be drained"
    else:
        why = f"and the rollback takes at most {takes} away at a time"
    return f"{told}: {why}. A rollout deletes pods and asks no budget, so it does not hold the rollback up."
