# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    MINUTE,
    NOW,
    bad_deployment,
    errors,
    latency,
    metrics,
    traffic,
)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW)


def test_scrapes_that_are_missing_do_not_let_the_errors_begin_before_the_rollout() -> None:
    def with_hole(seconds: float) -> Recommendation:
        rate = errors(0.45, 0.001, 15 * MINUTE, onset_gap=seconds)
        return recommended(bad_deployment(age=14 * MINUTE, metrics=metrics(rate, latency(0.15, 0.15), traffic(30, 30))))

    assert "onset_before_deployment" in [one.name for one in with_hole(10.0).guards]
    assert "onset_before_deployment" not in [one.name for one in with_hole(180.0).guards]
