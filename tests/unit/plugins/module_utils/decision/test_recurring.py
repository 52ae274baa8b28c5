# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes again: minutes before the deployment, or every week at this time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Signal, SignalBaseline
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    deployed,
    diagnostics,
    errors,
    latency,
    metrics,
    pods,
    revision,
    rollouts,
    workload,
)

EARLIER = tuple(NOW - timedelta(seconds=age) for age in (3 * HOUR, 2 * HOUR))


def recommended(*signals: Signal, age: float = 10 * DAY, **sources: object) -> Recommendation:
    state = workload(*pods(5, created_at=NOW - timedelta(seconds=age)))
    return recommend(diagnostics(metrics=metrics(*signals), **{"rollouts": deployed(age), "workload": state, **sources}), AUTOMATIC, NOW)


def guards(found: Recommendation) -> list[str]:
    return [guard.name for guard in found.guards if guard.forbids]


def weekly(signal: Signal, week: float = 1.1, usual: float = 0.15) -> Signal:
    return replace(signal, baselines=(SignalBaseline("same_hour", usual, days=7), SignalBaseline("week_before", week)))


def test_noise_of_the_error_rate_says_nothing_about_slow_requests() -> None:
    slow, few = latency(1.8, 0.2, 14 * MINUTE), errors(0.003, 0.001, 14 * MINUTE, earlier_onsets=EARLIER)
    assert recommended(slow, few, age=15 * MINUTE).action is Action.ROLLBACK
    again = replace(slow, earlier_onsets=EARLIER)
    assert guards(recommended(again, few, age=15 * MINUTE)) == ["recurring"]


def test_slow_requests_that_came_before_say_nothing_about_failures() -> None:
    many = errors(0.3, 0.001, 14 * MINUTE)
    slow = latency(0.9, 0.2, 14 * MINUTE, earlier_onsets=EARLIER)
    assert "recurring" not in guards(recommended(slow, many, age=15 * MINUTE))
    assert guards(recommended(slow, replace(many, earlier_onsets=EARLIER), age=15 * MINUTE)) == ["recurring"]


def test_a_weekly_batch_is_watched() -> None:
    found = recommended(weekly(latency(1.1, 0.15, HOUR)), errors(0.002, 0.002))
    assert (found.action, found.hypotheses[0].cause) == (Action.MONITOR, "recurring")
    assert any("was 1.1s a week ago at this time, but on no other day" in line for line in found.hypotheses[0].evidence_for)


@pytest.mark.parametrize(
    "signals",
    [
        (weekly(latency(1.8, 0.15, HOUR)), errors(0.002, 0.002)),
        (latency(1.1, 0.15, HOUR), errors(0.002, 0.002)),
        (weekly(latency(1.1, 0.15, HOUR)), errors(0.2, 0.002, HOUR)),
        (weekly(latency(1.1, 0.15, HOUR)), weekly(errors(0.2, 0.002, HOUR), 0.2, 0.002)),
        (weekly(latency(1.1, 0.15, HOUR)), errors(None, None)),
    ],
)
def test_what_is_more_than_a_week_ago_or_fails_is_looked_into(signals: tuple[Signal, ...]) -> None:
    assert recommended(*signals).action is Action.INVESTIGATE


def test_pods_that_fail_are_no_batch() -> None:
    found = recommended(weekly(latency(1.1, 0.15, HOUR)), errors(0.002, 0.002), workload=workload(*pods(3, 2)))
    assert found.hypotheses[0].cause != "recurring"


def test_a_release_just_before_the_weekly_batch_is_not_blamed() -> None:
    slow = latency(1.1, 0.15, 14 * MINUTE)
    assert recommended(slow, errors(0.002, 0.002), age=15 * MINUTE).action is Action.ROLLBACK
    found = recommended(weekly(slow), errors(0.002, 0.002), age=15 * MINUTE)
    assert (found.action, guards(found)) == (Action.MONITOR, ["recurring"])


def test_what_came_with_the_same_release_before_it_was_rolled_back_speaks_against_nothing() -> None:
    first = NOW - timedelta(seconds=95 * MINUTE)
    again = revision(5, "v2", 10 * MINUTE, was_rollback=True, created_at=first)
    history = rollouts(again, revision(4, "v1", 70 * MINUTE, 10 * MINUTE, was_rollback=True), revision(1, "v0", 90 * DAY, 80 * DAY))
    state = workload(*pods(5, created_at=NOW - timedelta(seconds=10 * MINUTE)))

    def found(*earlier: float) -> Recommendation:
        came = tuple(first + timedelta(seconds=after) for after in earlier)
        return recommended(errors(0.4, 0.001, 9 * MINUTE, earlier_onsets=came), rollouts=history, workload=state)

    assert guards(found(MINUTE, 4 * MINUTE)) == []
    assert guards(found(-HOUR, -2 * HOUR)) == ["recurring"]
