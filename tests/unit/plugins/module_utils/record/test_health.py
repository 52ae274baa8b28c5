# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Finding, Level
from ansible_collections.devops.incident_response.plugins.module_utils.record.health import workload_health
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import diagnostics, pods, workload


def finding(name: str, level: Level, title: str) -> Finding:
    return Finding(f"workload.{name}", Source.WORKLOAD, level, title, "details that are told further down")


def lines(*found: Finding) -> list[tuple[Level, str]]:
    seen = replace(diagnostics(workload=workload(*pods(3))), findings=found)
    return [(line.level, line.text.partition(": ")[2] or line.text) for line in workload_health(seen)]


PODS = finding("pods", Level.WARNING, "3/3 pods healthy (1 more pod CrashLoopBackOff)")
CRASH = finding("crash", Level.WARNING, "Container app of 1 pod keeps ending")


def test_a_new_pod_that_crashes_beside_three_that_are_well() -> None:
    assert lines(PODS, CRASH) == [(Level.WARNING, PODS.title), (Level.WARNING, CRASH.title)]


def test_the_worst_comes_first_and_the_screen_stays_calm() -> None:
    nodes = [finding(f"node.{number}", Level.WARNING, f"Node {number}") for number in range(5)]
    gone = finding("endpoints", Level.CRITICAL, "no ready endpoints")
    told = lines(PODS, CRASH, *nodes, gone)
    assert [text for _unused, text in told] == [PODS.title, gone.title, CRASH.title, "Node 0", "4 more under Investigation Findings"]
    assert [level for level, _unused in told][1] is Level.CRITICAL


@pytest.mark.parametrize("kind", ["job", "disruption_budget", "certificate", "certificate.2", "paused", "quota"])
def test_what_does_not_harm_now_waits_for_the_findings(kind: str) -> None:
    assert lines(PODS, finding(kind, Level.WARNING, "later")) == [(Level.WARNING, PODS.title)]
    assert len(lines(PODS, finding(kind, Level.CRITICAL, "now"))) == 2


def test_what_is_well_is_not_told() -> None:
    assert lines(finding("pods", Level.OK, "3/3 pods healthy"), finding("usage", Level.OK, "above the request")) == [
        (Level.OK, "3/3 pods healthy")
    ]


def test_the_line_about_the_pods_is_not_said_twice() -> None:
    assert lines(PODS, finding("not_ready", Level.CRITICAL, "1 pod running and not ready")) == [(Level.WARNING, PODS.title)]


def test_without_findings_the_counts_speak() -> None:
    assert lines() == [(Level.OK, "3/3 pods healthy")]
