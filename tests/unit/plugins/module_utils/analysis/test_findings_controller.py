# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings_controller import limit_findings
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import WorkloadKind
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import Autoscaler, Condition
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod, WorkloadState

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
NONE_YET = "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API"


def titles(message: str, minutes: float, usage: float | None) -> list[str]:
    said = Condition("ScalingActive", "False", "FailedGetResourceMetric", message, NOW - timedelta(minutes=minutes))
    state = WorkloadState(
        kind=WorkloadKind.DEPLOYMENT,
        name="app",
        namespace="production",
        desired=1,
        ready=1,
        updated=1,
        unavailable=0,
        version="v1",
        paused=False,
        pods=(Pod("app-1", "v1", True, "Running", NOW, cpu_usage=usage),),
        events=(),
        autoscaler=Autoscaler("app", 1, 3, 1, 1, conditions=(said,)),
    )
    return [finding.title for finding in limit_findings(state, NOW)]


@pytest.mark.parametrize(
    ("message", "minutes", "usage", "warns"),
    [
        (NONE_YET, 1, 0.1, False),
        (NONE_YET, 1, None, True),
        (NONE_YET, 10, 0.1, True),
        ("missing request for cpu in container app of Pod app-1", 1, 0.1, True),
    ],
)
def test_an_autoscaler_that_missed_the_first_metrics(message: str, minutes: float, usage: float | None, warns: bool) -> None:
    assert titles(message, minutes, usage) == (["Autoscaler app can't scale (FailedGetResourceMetric)"] if warns else [])
