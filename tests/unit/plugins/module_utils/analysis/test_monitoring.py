# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.monitoring import (
    error_rate_limit,
    memory_limit,
    monitoring_plan,
    monitoring_time,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Objectives, Service

HOUR = 3600.0


@pytest.mark.parametrize(("age", "hours"), [(4.2 * HOUR, 2), (600, 1), (None, 1), (3 * HOUR, 2), (90 * HOUR, 4)])
def test_half_as_long_again(age: float | None, hours: int) -> None:
    assert monitoring_time(age) == hours * HOUR


@pytest.mark.parametrize(
    ("base", "objective", "limit"), [(0.002, None, 0.02), (0.0, None, 0.01), (0.02, None, 0.05), (None, None, 0.05), (0.002, 0.03, 0.03)]
)
def test_ten_times_the_usual_error_rate_within_bounds(base: float | None, objective: float | None, limit: float) -> None:
    assert error_rate_limit(base, Service("app", objectives=Objectives(error_rate=objective))) == limit


@pytest.mark.parametrize(("used", "limit"), [(0.52, 0.8), (None, 0.8), (0.79, 0.9), (0.97, 0.95)])
def test_the_next_step_above_what_is_used(used: float | None, limit: float) -> None:
    assert memory_limit(used) == limit


def test_what_is_not_known_is_not_planned() -> None:
    assert monitoring_plan(0.002, None, Service("app"), "v2", None, leak=False) == (
        "Set alert: Error rate > 2% → auto-rollback",
        "Review v2 code changes",
    )
