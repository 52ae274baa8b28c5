# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.strategy import replicas_of, strategy_of

DEPLOYMENT, STATEFUL_SET, DAEMON_SET = WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET


def deployment(replicas: int, **rolling: Any) -> dict[str, Any]:
    return {"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}


@pytest.mark.parametrize(
    ("replicas", "rolling", "surge", "unavailable"),
    [
        (5, {}, 2, 1),
        (10, {"maxSurge": "25%", "maxUnavailable": "25%"}, 3, 2),
        (1, {}, 1, 0),
        (4, {"maxSurge": 0, "maxUnavailable": 1}, 0, 1),
        (3, {"maxSurge": 0, "maxUnavailable": "10%"}, 0, 1),
    ],
)
def test_percentages_round_as_the_deployment_controller_rounds_them(
    replicas: int, rolling: dict[str, Any], surge: int, unavailable: int
) -> None:
    strategy = strategy_of(DEPLOYMENT, deployment(replicas, **rolling))
    assert (strategy.surge, strategy.unavailable) == (surge, unavailable)


@pytest.mark.parametrize(
    ("kind", "workload", "title"),
    [
        (DEPLOYMENT, deployment(5), "Rolling update (zero-downtime)"),
        (DEPLOYMENT, deployment(1), "Rolling update (zero-downtime)"),
        (DEPLOYMENT, deployment(1, maxSurge=0, maxUnavailable=1), "Rolling update (downtime)"),
        (DEPLOYMENT, deployment(3, maxUnavailable="100%"), "Rolling update (downtime: all 3 pods may be replaced at once)"),
        (DEPLOYMENT, {"spec": {"strategy": {"type": "Recreate"}}}, "Recreate (downtime)"),
        (STATEFUL_SET, {"spec": {"replicas": 3}}, "Rolling update (zero-downtime)"),
        (STATEFUL_SET, {"spec": {"replicas": 1}}, "Rolling update (downtime)"),
        (DAEMON_SET, {"spec": {}, "status": {"desiredNumberScheduled": 3}}, "Rolling update (zero-downtime)"),
    ],
)
def test_the_title_says_what_users_notice(kind: WorkloadKind, workload: dict[str, Any], title: str) -> None:
    assert strategy_of(kind, workload).title == title


def test_replicas_default_to_one_and_zero_is_zero() -> None:
    assert replicas_of(DEPLOYMENT, {"spec": {}}) == 1
    assert replicas_of(DEPLOYMENT, {"spec": {"replicas": 0}}) == 0
    assert replicas_of(DAEMON_SET, {"spec": {}}) == 0


def test_a_partition_and_on_delete_are_told() -> None:
    partitioned = {"spec": {"replicas": 5, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}}}
    assert strategy_of(STATEFUL_SET, partitioned).partition == 3
    assert strategy_of(DAEMON_SET, {"spec": {"updateStrategy": {"type": "OnDelete"}}}).name == "OnDelete"
