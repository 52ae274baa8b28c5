# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings_nodes import node_findings
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import Condition, Node, Surroundings
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import ClusterEvent, WorkloadState

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
STATE = WorkloadState(
    kind=WorkloadKind.DEPLOYMENT,
    name="app",
    namespace="production",
    desired=3,
    ready=3,
    updated=3,
    unavailable=0,
    version="v1",
    paused=False,
    pods=(),
    events=(),
    surroundings=Surroundings(nodes=(Node("n1", True, True, 3),)),
)


def said(reason: str, minutes: float, node: str = "n1", kind: str = "Node") -> ClusterEvent:
    at = NOW - timedelta(minutes=minutes)
    return ClusterEvent(at - timedelta(minutes=1), at, "Warning", reason, kind, node, "so it is said", 2)


def titles(state: WorkloadState) -> list[str]:
    return [f"{finding.level.value} {finding.title}" for finding in node_findings(state, NOW)]


@pytest.mark.parametrize(
    ("event", "title"),
    [
        (said("SystemOOM", 5), "ran out of memory 5m ago (SystemOOM)"),
        (said("OOMKilling", 20), "ran out of memory 20m ago (OOMKilling)"),
        (said("Rebooted", 5), "was rebooted 5m ago (Rebooted)"),
        (said("NodeNotReady", 5), "was not ready 5m ago (NodeNotReady)"),
        (said("FreeDiskSpaceFailed", 5), "was short of disk space 5m ago (FreeDiskSpaceFailed)"),
        (said("SpotInterruption", 2), "is about to be taken away 2m ago (SpotInterruption)"),
        (said("KernelOops", 2), "had trouble 2m ago (KernelOops)"),
    ],
)
def test_what_happened_to_a_node_lately(event: ClusterEvent, title: str) -> None:
    assert titles(replace(STATE, events=(event,))) == [f"warning Node n1, which runs 3 pods, {title}"]


@pytest.mark.parametrize(
    "event",
    [
        said("SystemOOM", 40),
        said("Rebooted", 20),
        said("SystemOOM", 5, node="n2"),
        said("SystemOOM", 5, kind="Pod"),
        said("InvalidDiskCapacity", 1),
        said("CgroupV1", 1),
    ],
)
def test_what_is_over_elsewhere_or_harmless_is_no_warning(event: ClusterEvent) -> None:
    assert titles(replace(STATE, events=(event,))) == []


@pytest.mark.parametrize(("condition", "reason"), [("Ready", "NodeNotReady"), ("DiskPressure", "EvictionThresholdMet")])
def test_what_lasts_is_told_once(condition: str, reason: str) -> None:
    node = Node("n1", condition != "Ready", True, 3, (Condition(condition, "False" if condition == "Ready" else "True"),))
    state = replace(STATE, surroundings=Surroundings(nodes=(node,)), events=(said(reason, 1),))
    assert len(titles(state)) == 1
    assert "ago" not in titles(state)[0]


def test_the_newest_of_one_kind_on_one_node_is_told() -> None:
    state = replace(STATE, events=(said("SystemOOM", 9), said("OOMKilling", 3), said("SystemOOM", 6)))
    assert titles(state) == ["warning Node n1, which runs 3 pods, ran out of memory 3m ago (OOMKilling)"]


def test_a_node_that_holds_most_pods_and_is_gone_is_critical() -> None:
    gone = replace(STATE, surroundings=Surroundings(nodes=(Node("n1", False, False, 2, deleted=True),)))
    assert titles(gone) == ["critical Node n1, which runs 2 pods, is not there any more"]
    assert [finding.level for finding in node_findings(replace(gone, desired=9), NOW)] == [Level.WARNING]


@pytest.mark.parametrize(
    ("message", "told"), [("kubelet has insufficient PID available", "kubelet has insufficient PID"), (None, "Its process ids")]
)
def test_what_follows_of_a_condition_that_says_nothing(message: str | None, told: str) -> None:
    short = Node("n1", True, True, 3, (Condition("PIDPressure", "True", "KubeletHasInsufficientPID", message),))
    (found,) = node_findings(replace(STATE, surroundings=Surroundings(nodes=(short,))), NOW)
    assert (found.detail or "").startswith(told)


def test_a_condition_that_should_be_true() -> None:
    broken = Node("n1", True, True, 3, (Condition("NetworkingReady", "False", "IPAMDNotReady", "IPAMD failed"),))
    there = replace(STATE, surroundings=Surroundings(nodes=(broken,)), events=(said("NodeNotReady", 5),))
    assert titles(there) == [
        "warning Node n1, which runs 3 pods, has NetworkingReady=False (IPAMDNotReady)",
        "warning Node n1, which runs 3 pods, was not ready 5m ago (NodeNotReady)",
    ]


@pytest.mark.parametrize(
    ("kind", "warns"), [(WorkloadKind.DEPLOYMENT, True), (WorkloadKind.STATEFUL_SET, True), (WorkloadKind.DAEMON_SET, False)]
)
def test_a_cordon_is_nothing_to_a_daemon_set(kind: WorkloadKind, warns: bool) -> None:
    cordoned = Surroundings(nodes=(Node("n1", True, False, 3),))
    assert bool(titles(replace(STATE, kind=kind, surroundings=cordoned))) is warns
