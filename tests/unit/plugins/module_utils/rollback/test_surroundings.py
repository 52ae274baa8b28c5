# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.cluster import Forbidden
from ansible_collections.devops.incident_response.plugins.module_utils.model.check import Verdict
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.check_capacity import check_capacity
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.strategy import Strategy
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.surroundings import (
    Surroundings,
    notes,
    read_surroundings,
)


def change(surge: int = 1, unavailable: int = 0) -> Any:
    """As much of a Change as the surroundings look at: pods of app=payment-api that ask for half a core."""
    container = {"name": "app", "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}}}
    return SimpleNamespace(
        plan=SimpleNamespace(kind=WorkloadKind.DEPLOYMENT, workload="payment-api", replicas=5),
        rollouts=SimpleNamespace(in_progress=False),
        before={"metadata": {"labels": {"app": "payment-api"}}, "spec": {"containers": [container]}},
        strategy=Strategy("RollingUpdate", "", surge, unavailable),
        after={"metadata": {"labels": {"app": "payment-api"}}, "spec": {"containers": [container]}},
    )


def quota(resource: str, hard: str, used: str) -> Surroundings:
    status = {"hard": {resource: hard}, "used": {resource: used}}
    return Surroundings({"resourcequotas": [{"metadata": {"name": "team"}, "status": status}]}, {})


@pytest.mark.parametrize(
    ("resource", "hard", "used", "verdict"),
    [
        ("pods", "10", "10", Verdict.FAIL),
        ("pods", "10", "9", Verdict.PASS),
        ("requests.cpu", "4", "3600m", Verdict.FAIL),
        ("cpu", "4", "3500m", Verdict.PASS),
        ("limits.memory", "8Gi", "7.5Gi", Verdict.FAIL),
        ("requests.storage", "1Gi", "1Gi", Verdict.PASS),
    ],
)
def test_a_quota_needs_room_for_the_first_pod(resource: str, hard: str, used: str, verdict: Verdict) -> None:
    assert check_capacity(change(), quota(resource, hard, used)).verdict is verdict


def test_a_full_quota_does_no_harm_where_a_pod_goes_first() -> None:
    check = check_capacity(change(unavailable=1), quota("pods", "10", "10"))
    assert check.verdict is Verdict.PASS
    assert "takes a pod away before it adds one" in check.detail


def test_what_may_not_be_read_is_unknown() -> None:
    class Client:
        def get(self, path: str) -> dict[str, Any]:
            if path.endswith("resourcequotas"):
                raise Forbidden("Not allowed (403).", 403)
            return {"items": []}

    check = check_capacity(change(), read_surroundings(Client(), "production"))
    assert (check.verdict, check.detail) == (Verdict.UNKNOWN, "Not allowed (403).")


def test_autoscaler_and_budget_are_told_only_where_they_are_this_workloads() -> None:
    def scaler(name: str) -> dict[str, Any]:
        target = {"kind": "Deployment", "name": name}
        return {"metadata": {"name": f"{name}-hpa"}, "spec": {"scaleTargetRef": target, "minReplicas": 5, "maxReplicas": 10}}

    def budget(app: str) -> dict[str, Any]:
        return {"metadata": {"name": f"{app}-pdb"}, "spec": {"selector": {"matchLabels": {"app": app}}}}

    found = Surroundings(
        {
            "horizontalpodautoscalers": [scaler("payment-api"), scaler("other")],
            "poddisruptionbudgets": [budget("payment-api"), budget("other")],
        },
        {},
    )
    assert notes(change(), found) == (
        "HorizontalPodAutoscaler payment-api-hpa goes on to choose the number of pods between 5 and 10; the rollback leaves it alone.",
        "PodDisruptionBudget payment-api-pdb covers evictions only: it neither slows the rollback nor protects pods from it.",
    )
