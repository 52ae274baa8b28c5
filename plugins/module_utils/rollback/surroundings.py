# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else has a say while pods are replaced: autoscaler, disruption budgets, quotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError
from ..concurrency import map_side_by_side
from ..evidence.objects import labels_of, mapping, name_of, selects, sequence
from ..lean import dataclass
from .plan import Change

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


def autoscalers_of(change: Change, surroundings: Surroundings) -> list[Mapping[str, Any]]:
    """The autoscalers that choose how many pods the workload has."""
    wanted = (change.plan.kind.value, change.plan.workload)
    targets = [
        (mapping(mapping(scaler.get("spec")).get("scaleTargetRef")), scaler)
        for scaler in surroundings.found.get("horizontalpodautoscalers", ())
    ]
    return [scaler for target, scaler in targets if (target.get("kind"), target.get("name")) == wanted]


def budgets_of(change: Change, surroundings: Surroundings) -> list[Mapping[str, Any]]:
    """The disruption budgets that cover the target's pods."""
    pods = labels_of(change.after)
    budgets = surroundings.found.get("poddisruptionbudgets", ())
    return [budget for budget in budgets if selects(mapping(mapping(budget.get("spec")).get("selector")), pods)]


def notes(change: Change, surroundings: Surroundings) -> tuple[str, ...]:
    """What the autoscaler and the disruption budgets will do during this rollback."""
    found = []
    for scaler in autoscalers_of(change, surroundings):
        spec = mapping(scaler.get("spec"))
        bounds = f"between {spec.get('minReplicas', 1)} and {spec.get('maxReplicas')}"
        found.append(
            f"HorizontalPodAutoscaler {name_of(scaler)} goes on to choose the number of pods {bounds}; the rollback leaves it alone."
        )
    found += [
        f"PodDisruptionBudget {name_of(budget)} covers evictions only: it neither slows the rollback nor protects pods from it."
        for budget in budgets_of(change, surroundings)
    ]
    return tuple(found)
