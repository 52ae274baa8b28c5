# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Metrics, Shape
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import MetricsSettings, Service, SignalQuery
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ago,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    memory,
    metrics,
    pattern,
    pods,
    signal,
    traces,
    traffic,
    without,
    workload,
)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW)


def test_a_few_failures_at_night_are_no_outage() -> None:
    def at_night(rate: float) -> Recommendation:
        return recommended(
            diagnostics(rollouts=deployed(2 * HOUR), metrics=metrics(errors(0.1, 0.005), latency(0.15, 0.15), traffic(rate, 10)))
        )

    assert at_night(0.03).action is Action.NONE
    assert at_night(5).action is not Action.NONE


def test_what_always_fails_explains_a_few_more_failures_of_few_requests() -> None:
    def failing(share: float) -> Recommendation:
        signals = metrics(errors(share, 0.002, 4 * MINUTE), latency(0.15, 0.15), traffic(2, 2))
        return recommended(diagnostics(rollouts=deployed(15 * MINUTE), metrics=signals))

    assert failing(0.005).action is Action.NONE, "three of six hundred, where one is usual"
    assert failing(0.03).action is not Action.NONE


def test_requests_that_stay_away_are_a_symptom() -> None:
    def arriving(now: float, usual: float, shape: Shape = Shape.SUDDEN) -> Recommendation:
        signals = metrics(errors(0.001, 0.001), latency(0.15, 0.15), traffic(now, usual, 7 * MINUTE, shape=shape))
        return recommended(diagnostics(metrics=signals))

    assert arriving(2, 55).action is Action.INVESTIGATE
    assert arriving(30, 55).action is Action.NONE
    assert arriving(0.02, 0.5).action is Action.NONE, "there are so few that it may be a whim"
    assert arriving(2, 55, Shape.GRADUAL).action is Action.NONE, "as when people go to bed"


def test_a_signal_of_the_teams_own_that_is_critical_is_a_symptom() -> None:
    def measured(lag: float, onset: float | None) -> Recommendation:
        service = Service("app", metrics=MetricsSettings(queries=(SignalQuery("lag", "sum(lag)"),)))
        signals = metrics(errors(0.001, 0.001), latency(0.15, 0.15), traffic(230, 100, 30 * MINUTE), signal("lag", lag, 60, onset))
        return recommended(diagnostics(service, metrics=signals))

    assert measured(90_000, 30 * MINUTE).action is Action.SCALE, "work comes faster than it is done"
    assert measured(130, 30 * MINUTE).action is Action.NONE
    assert measured(90_000, None).action is Action.NONE, "it is as ever"


def test_without_an_error_rate_logs_full_of_errors_of_the_version_are_an_outage() -> None:
    def told(lines: int) -> Recommendation:
        found = logs(
            pattern("ERROR", "NullPointerException: end is null", lines, 9 * MINUTE), pattern("INFO", "redeemed", 1000, 10 * MINUTE)
        )
        given = diagnostics(rollouts=deployed(10 * MINUTE), workload=workload(*pods(4)), logs=replace(found, lines=1000 + lines))
        return recommended(without(given, "metrics", "traces"))

    assert (told(400).action, told(400).automatic) == (Action.ROLLBACK, False)
    assert told(15).action is not Action.ROLLBACK


def test_without_metrics_traces_that_fail_in_another_service_name_it() -> None:
    def traced(*origins: tuple[str, int]) -> Recommendation:
        found = replace(traces(error_services=origins), traces=50, error_traces=sum(count for _unused, count in origins))
        return recommended(without(diagnostics(rollouts=deployed(HOUR / 3), traces=found), "metrics", "dependencies"))

    said = traced(("gateway", 30), ("app", 4))
    assert (said.action, said.hypotheses[0].cause, said.hypotheses[0].title) == (Action.INVESTIGATE, "dependency", "gateway fails")
    assert traced(("gateway", 4)).hypotheses[0].cause == "deployment"
    assert traced(("gateway", 12), ("app", 20)).action is Action.INVESTIGATE


class TestPodsThatAreUpBetweenTwoEndsByTheMemoryLimit:
    def given(self, age: float, **sources: object) -> Diagnostics:
        killed = [
            replace(
                pod,
                exit_code=137,
                message="container app exceeded its memory limit (OOMKilled)",
                restarts=4,
                last_restart_at=ago(5 * MINUTE),
                created_at=ago(age),
            )
            for pod in pods(3)
        ]
        return diagnostics(rollouts=deployed(age), workload=workload(*killed), **sources)

    def test_crash_all_the_same(self) -> None:
        found = recommended(self.given(6 * DAY, metrics=metrics(errors(0.3, 0.001, 12 * MINUTE), latency(0.2, 0.2), memory(0.85, 0.4))))
        assert (found.action, found.hypotheses[0].cause) == (Action.RAISE_LIMIT, "crash")

    def test_are_the_deployments_where_memory_is_more_since_then(self) -> None:
        def measured(onset: float) -> Metrics:
            return metrics(errors(0.002, 0.002), latency(0.2, 0.2), traffic(100, 100), memory(0.5, 0.38, onset))

        found = recommended(self.given(2 * HOUR, metrics=measured(2 * HOUR - 4 * MINUTE)))
        assert (found.action, found.hypotheses[0].cause, found.automatic) == (Action.ROLLBACK, "deployment", False)
        assert recommended(self.given(2 * HOUR, metrics=measured(HOUR))).action is not Action.ROLLBACK
