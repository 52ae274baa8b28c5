# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    HOUR,
    MINUTE,
    NOW,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    metrics,
    pattern,
    pods,
    traffic,
    without,
    workload,
)

AUTOMATIC = Policy(page=("on_call",), rollback="automatic", update_interval=600.0, mttr_target=600.0)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW)


def test_a_few_failures_at_night_are_no_outage() -> None:
    def at_night(rate: float) -> Recommendation:
        return recommended(
            diagnostics(rollouts=deployed(2 * HOUR), metrics=metrics(errors(0.1, 0.005), latency(0.15, 0.15), traffic(rate, 10)))
        )

    assert at_night(0.03).action is Action.NONE
    assert at_night(5).action is not Action.NONE


def test_without_an_error_rate_logs_full_of_errors_of_the_version_are_an_outage() -> None:
    def told(lines: int) -> Recommendation:
        found = logs(
            pattern("ERROR", "NullPointerException: end is null", lines, 9 * MINUTE), pattern("INFO", "redeemed", 1000, 10 * MINUTE)
        )
        given = diagnostics(rollouts=deployed(10 * MINUTE), workload=workload(*pods(4)), logs=replace(found, lines=1000 + lines))
        return recommended(without(given, "metrics", "traces"))

    assert (told(400).action, told(400).automatic) == (Action.ROLLBACK, False)
    assert told(15).action is not Action.ROLLBACK
