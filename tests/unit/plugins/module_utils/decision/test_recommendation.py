# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.calibration import MEASURED
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Objectives, Service
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    APPROVAL,
    AUTOMATIC,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ago,
    bad_deployment,
    degraded_cache,
    dependencies,
    dependency,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    memory,
    metrics,
    pattern,
    pods,
    revision,
    rollouts,
    slow_leak,
    table_scan,
    traces,
    traffic,
    without,
    workload,
)


def recommended(given: Diagnostics, policy: Policy = AUTOMATIC, **options: object) -> Recommendation:
    return recommend(given, policy, NOW, Options(**options))  # type: ignore[arg-type]


def guard_names(given: Recommendation) -> list[str]:
    return [guard.name for guard in given.guards]


def forbidding(given: Recommendation) -> list[str]:
    return [guard.name for guard in given.guards if guard.forbids]


def of(given: Recommendation, cause: str) -> int:
    return next((one.confidence for one in given.hypotheses if one.cause == cause), 0)


def outage(age: float, onset: float, **sources: object) -> Diagnostics:
    """Half of the requests fail since ``onset``, after a deployment that is ``age`` old; nothing else stands out."""
    given = {"rollouts": deployed(age), "metrics": metrics(errors(0.5, 0.001, onset), latency(3.0, 0.15, onset), traffic(100, 100))}
    return diagnostics(**{**given, **sources})


class TestTheExamples:
    def test_a_bad_deployment_is_rolled_back(self) -> None:
        found = recommended(bad_deployment(), severity="P0")
        assert found.action is Action.ROLLBACK
        assert found.headline == "IMMEDIATE ROLLBACK to v2.3.0 (last stable)"
        assert (found.confidence, found.score.score) == (95, 95)
        assert (found.target_version, found.target_revision) == ("v2.3.0", 3)
        assert found.root_cause == "Missing index on transactions.user_id"
        assert found.reasoning == (
            "Deployment correlation: Strong (2 min before incident, errors began 55s after it)",
            "Blast radius: High (45% error rate)",
            "Known good state: v2.3.0 stable for 3 days",
            "Root cause: Missing index on transactions.user_id",
        )
        assert found.remedies[0] == "Add index on transactions.user_id"
        assert found.next_steps == (
            "Execute rollback (recommended)",
            "Notify stakeholders via #incidents channel",
            "Prepare hotfix with database index",
            "Schedule post-mortem for tomorrow",
            "Update runbook with lessons learned",
        )
        assert found.automatic
        assert not [guard for guard in found.guards if guard.forbids]

    def test_a_degraded_cache_is_investigated(self) -> None:
        found = recommended(degraded_cache(), APPROVAL, severity="P1")
        assert found.action is Action.INVESTIGATE
        assert found.headline == "INVESTIGATE Redis cache degradation (not deployment-related)"
        assert found.confidence == 75
        assert found.score.score >= 60, "the score alone would recommend a rollback: that is what the guard is for"
        assert guard_names(found) == ["no_recent_deployment"]
        assert found.reasoning == (
            "No recent deployments",
            "Redis cache miss rate spike correlates with latency",
            "Redis cache memory approaching limit (88%)",
            "Gradual degradation over 30 minutes",
        )
        assert found.remedies == (
            "Increase Redis memory limit (quick fix)",
            "Review cache eviction policy",
            "Analyze cache key distribution",
            "Consider cache warming strategy",
        )
        assert found.next_steps == (
            "Increase Redis memory allocation",
            "Analyze cache keys with redis-cli",
            "Review app caching logic",
            "Monitor error rate for improvement",
            "Escalate to P0 if no improvement in 15min",
        )

    def test_a_slow_leak_is_watched(self) -> None:
        found = recommended(slow_leak(), APPROVAL, severity="P2")
        assert found.action is Action.MONITOR
        assert found.headline == "MONITOR for additional 2 hours before rollback decision"
        assert found.hypotheses[0].confidence == 65
        assert found.confidence == MEASURED.percent(65), "to watch what may have contributed is right more often than that"
        assert "Possible memory leak pattern (gradual increase)" in found.reasoning
        assert found.next_steps == (
            "Set alert: Error rate > 2% → auto-rollback",
            "Set alert: Memory > 80% → investigate",
            "Review v2.3.1 code changes for memory leaks",
            "Prepare rollback plan to v2.3.0",
        )

    def test_nothing_depends_on_the_name(self) -> None:
        renamed = diagnostics(Service("payment-api"))
        assert recommended(renamed).action is Action.NONE

    def test_a_healthy_service_needs_nothing(self) -> None:
        found = recommended(diagnostics())
        assert (found.action, found.headline) == (Action.NONE, "NO ACTION (nothing is wrong)")
        assert not found.automatic


class TestFalseRollbacks:
    """An innocent deployment is at hand, and something else is wrong."""

    def test_errors_that_began_before_the_deployment(self) -> None:
        found = recommended(outage(age=5 * MINUTE, onset=12 * MINUTE))
        assert found.score.score >= 80
        assert found.action is not Action.ROLLBACK
        assert "onset_before_deployment" in guard_names(found)
        assert of(found, "deployment") <= 5
        assert not found.automatic

    def test_an_onset_within_the_tolerance_is_not_before(self) -> None:
        assert "onset_before_deployment" not in guard_names(recommended(outage(age=300, onset=325)))
        assert "onset_before_deployment" in guard_names(recommended(outage(age=300, onset=340)))

    def test_a_surge_of_traffic(self) -> None:
        surge = metrics(errors(0.3, 0.001, 120), latency(5, 0.15, 120), traffic(500, 100, 150), memory(0.5, 0.5))
        found = recommended(outage(age=300, onset=120, metrics=surge))
        assert (found.action, found.automatic) == (Action.SCALE, False)
        assert forbidding(found) == ["traffic_surge"]

    def test_a_surge_on_a_version_that_is_shown_to_be_at_fault(self) -> None:
        surge = metrics(errors(0.45, 0.001, 80), latency(8.5, 0.15, 80), traffic(500, 100, 100))
        found = recommended(bad_deployment(metrics=surge))
        assert "traffic_surge" in guard_names(found)
        assert forbidding(found) == []

    def test_retries_after_the_errors_are_no_surge(self) -> None:
        retries = metrics(errors(0.3, 0.001, 120), latency(5, 0.15, 120), traffic(300, 100, 60))
        found = recommended(outage(age=150, onset=120, metrics=retries))
        assert "traffic_surge" not in guard_names(found)
        assert found.action is Action.ROLLBACK

    def test_more_traffic_than_a_day_ago_is_no_surge(self) -> None:
        monday = metrics(errors(0.3, 0.001, 120), latency(5, 0.15, 120), traffic(300, 100))
        assert recommended(outage(age=150, onset=120, metrics=monday)).action is Action.ROLLBACK

    def test_a_dependency_goes_down_minutes_after_the_rollout(self) -> None:
        found = recommended(
            outage(
                age=8 * MINUTE,
                onset=2 * MINUTE,
                dependencies=dependencies(dependency("db", Level.CRITICAL, "connection refused", title="Database")),
                logs=logs(pattern("ERROR", "database refused the connection", 900, 120, True)),
            )
        )
        assert found.score.score >= 80
        assert found.headline == "INVESTIGATE Database outage (before any rollback)"
        assert forbidding(found) == ["dependency_failing"]
        assert not found.automatic
        assert of(found, "dependency") > of(found, "deployment")

    def test_errors_that_begin_in_another_service(self) -> None:
        given = traces(error_services=[("ledger", 80), ("app", 5)])
        found = recommended(outage(age=9 * MINUTE, onset=2 * MINUTE, traces=given))
        assert of(found, "deployment") < of(recommended(outage(age=9 * MINUTE, onset=2 * MINUTE)), "deployment")
        assert not found.automatic

    def test_pods_of_the_old_version_fail_as_well(self) -> None:
        mixed = workload(*pods(1, 2), *pods(0, 2, number=3))
        found = recommended(outage(age=130, onset=80, workload=mixed, rollouts=deployed(130, in_progress=True)))
        assert forbidding(found) == ["old_version_fails"]
        assert of(found, "deployment") < 60
        assert found.action is not Action.ROLLBACK

    def test_all_failing_pods_are_on_one_node(self) -> None:
        broken = workload(*pods(3), *pods(0, 2, number=4, node="node-x"))
        found = recommended(outage(age=20 * MINUTE, onset=2 * MINUTE, workload=broken))
        assert forbidding(found) == ["node_trouble"]
        assert not found.automatic

    @pytest.mark.parametrize(
        "elsewhere",
        [pods(1, number=3), pods(1, number=4, restarts=2, last_restart_at=ago(10))],
        ids=["only the old version elsewhere", "between two crashes"],
    )
    def test_two_pods_of_the_new_version_that_happen_to_be_on_one_node(self, elsewhere: tuple[Pod, ...]) -> None:
        mixed = workload(*elsewhere, *pods(0, 2, number=4, node="node-x"))
        found = recommended(outage(age=130, onset=80, workload=mixed, rollouts=deployed(130, in_progress=True)))
        assert forbidding(found) == []
        assert found.hypotheses[0].cause == "deployment"
        assert found.automatic

    def test_a_sudden_onset_long_after_the_rollout_asks_a_person(self) -> None:
        found = recommended(outage(age=50 * MINUTE, onset=2 * MINUTE))
        assert found.score.score >= 80
        assert of(found, "deployment") < 40
        assert not found.automatic
        assert recommended(outage(age=3.5 * HOUR, onset=MINUTE)).action is not Action.ROLLBACK

    def test_a_large_multiple_of_next_to_nothing_is_no_outage(self) -> None:
        tiny = metrics(errors(0.0006, 0.00002, 120), latency(0.06, 0.01, 120), traffic(100, 100))
        found = recommended(outage(age=180, onset=120, metrics=tiny))
        assert found.score.score >= 80
        assert (found.action, found.automatic) == (Action.MONITOR, False)

    def test_a_rate_that_is_always_high_is_no_outage(self) -> None:
        always = metrics(errors(0.07, 0.065), latency(0.9, 0.85), traffic(100, 100))
        assert recommended(outage(age=180, onset=120, metrics=always)).action is Action.NONE

    def test_a_dependency_that_only_nears_its_limit_is_no_excuse(self) -> None:
        near = dependency("cache", Level.WARNING, "High memory usage (88%)", used=88, capacity=100, unit="bytes")
        found = recommended(outage(age=6 * MINUTE, onset=2 * MINUTE, dependencies=dependencies(near)))
        assert found.action is Action.ROLLBACK
        assert [guard.forbids for guard in found.guards if guard.name == "dependency_failing"] == [False]


class TestDeploymentsInARow:
    ROW = rollouts(revision(5, "v3", 10 * MINUTE), revision(4, "v2", HOUR, 10 * MINUTE), revision(3, "v1", HOUR + 3 * DAY, HOUR))

    def test_the_errors_fit_the_one_before_the_last(self) -> None:
        found = recommended(outage(age=0, onset=58 * MINUTE, rollouts=self.ROW))
        assert (found.action, found.target_version) == (Action.ROLLBACK, "v1")
        assert found.root_cause == "Deployment of v2"
        assert "earlier_deployment" in guard_names(found)
        assert not found.automatic

    def test_the_errors_fit_the_last_one(self) -> None:
        found = recommended(outage(age=0, onset=9 * MINUTE, rollouts=self.ROW))
        assert found.root_cause == "Deployment of v3"
        assert found.target_version == "v1", "v2 ran for less than an hour: v1 is the last that has proven itself"

    def test_a_rollback_was_just_made(self) -> None:
        back = rollouts(
            revision(6, "v1", 3 * MINUTE, was_rollback=True), revision(5, "v2", HOUR, 3 * MINUTE), revision(4, "v0", 9 * DAY, 5 * DAY)
        )
        found = recommended(outage(age=0, onset=2 * MINUTE, rollouts=back))
        assert "current_is_rollback" in guard_names(found)
        assert found.action is Action.INVESTIGATE
        assert "did not help, or not yet" in found.headline


class TestTheWayBack:
    def test_nothing_to_go_back_to(self) -> None:
        found = recommended(outage(age=0, onset=100, rollouts=rollouts(revision(1, "v1", 120))))
        assert (found.action, found.target_version, found.automatic) == (Action.HOTFIX, None, False)
        assert "no_target" in guard_names(found)

    def test_a_target_that_was_itself_rolled_back_is_passed_over(self) -> None:
        history = rollouts(
            revision(5, "v4", 120),
            revision(4, "v2", 5 * DAY, 120, was_rollback=True),
            revision(3, "v3", 6 * DAY, 5 * DAY),
            revision(1, "v1", 20 * DAY, 15 * DAY),
        )
        assert recommended(outage(age=0, onset=100, rollouts=history)).target_version == "v2"
        asked = recommended(outage(age=0, onset=100, rollouts=history), target=history.revisions[2])
        assert "target_rolled_back" in guard_names(asked)
        assert asked.action is Action.HOTFIX

    def test_a_target_that_fails(self) -> None:
        history = rollouts(revision(4, "v2.3.1", 120), revision(3, "v2.3.0", DAY, 120, pods=2, ready_pods=0))
        found = recommended(outage(age=0, onset=100, rollouts=history))
        assert "target_failing" in guard_names(found)
        assert found.action is Action.HOTFIX

    def test_the_current_version_is_no_target(self) -> None:
        given = deployed(135)
        found = recommended(bad_deployment(rollouts=given), target=given.current)
        assert "target_is_current" in guard_names(found)
        assert not found.automatic

    def test_a_requested_target_is_said_to_be_requested(self) -> None:
        given = deployed(135)
        found = recommended(bad_deployment(rollouts=given), target=given.revisions[2])
        assert found.headline == "IMMEDIATE ROLLBACK to v2.2.9 (requested)"

    def test_a_paused_rollout(self) -> None:
        found = recommended(bad_deployment(rollouts=deployed(135, paused=True)))
        assert found.headline == "RESUME OR UNDO the paused rollout of v2.3.1"
        assert not found.automatic

    def test_another_controller_owns_the_version(self) -> None:
        owned = deployed(135, owner="Argo CD application payments", owner_reverts=True)
        found = recommended(bad_deployment(rollouts=owned))
        assert found.headline == "REVERT v2.3.1 in Argo CD application payments"
        assert (found.action, found.automatic) == (Action.HOTFIX, False)
        assert found.confidence == 95, "who owns the manifest says nothing about the cause"

    def test_rollbacks_can_be_switched_off(self) -> None:
        for found in (
            recommended(bad_deployment(), rollback_allowed=False),
            recommended(bad_deployment(), Policy((), "never", None, None)),
        ):
            assert found.headline == "HOTFIX v2.3.1 (rollback is not allowed)"
            assert not found.automatic


class TestPolicy:
    def test_approval_is_not_automatic(self) -> None:
        found = recommended(bad_deployment(), APPROVAL)
        assert found.action is Action.ROLLBACK
        assert not found.automatic
        assert "approval" in found.automatic_reason

    def test_the_score_that_the_policy_asks_for_has_to_be_reached(self) -> None:
        assert not recommended(bad_deployment(), Policy((), "automatic", None, None, 96)).automatic
        assert recommended(bad_deployment(), Policy((), "automatic", None, None, 95)).automatic


class TestMissingEvidence:
    def test_without_metrics_logs_and_pods_decide_but_not_by_themselves(self) -> None:
        found = recommended(without(bad_deployment(), "metrics"), use_logs_only=True)
        assert found.action is Action.ROLLBACK
        assert (found.score.score, found.score.possible) == (50, 95)
        assert not found.automatic
        assert any("inferred from the first repeated error in the logs" in line for line in found.reasoning)

    def test_errors_that_the_logs_have_had_all_along_are_no_onset(self) -> None:
        steady = logs(pattern("ERROR", "old mishap", 500, 899), pattern("ERROR", "Database connection timeout", 823, 80, True))
        found = recommended(without(bad_deployment(logs=steady), "metrics"))
        assert "onset_before_deployment" not in guard_names(found)
        assert "It began 55s after the rollout began (by the first repeated error in the logs)" in found.hypotheses[0].evidence_for

    def test_a_night_without_traffic_is_not_an_error_rate_of_zero(self) -> None:
        night = metrics(errors(None, 0.001, reason="no requests in the last 5 minutes"), latency(None, 0.1))
        found = recommended(diagnostics(metrics=night))
        assert (found.action, found.headline) == (Action.INVESTIGATE, "INVESTIGATE FURTHER (too little is known)")

    def test_nothing_is_known(self) -> None:
        every = ("workload", "rollouts", "logs", "metrics", "traces", "dependencies", "changes", "impact")
        found = recommended(without(diagnostics(), *every))
        assert found.action is Action.INVESTIGATE
        assert (found.score.score, found.score.possible) == (0, 100)
        assert found.confidence <= 50

    def test_an_image_that_can_not_be_pulled_shows_without_metrics(self) -> None:
        stuck = workload(*pods(4, number=3), *pods(0, 2, "ImagePullBackOff"))
        found = recommended(diagnostics(rollouts=deployed(300, in_progress=True), workload=stuck))
        assert found.action is Action.ROLLBACK
        assert "rollout_in_progress" in guard_names(found)


class TestOtherCauses:
    def test_memory_limits_are_raised(self) -> None:
        assert recommended(diagnostics(workload=workload(*pods(3, 2, "OOMKilled")))).action is Action.RAISE_LIMIT

    def test_an_objective_makes_a_small_rate_an_outage(self) -> None:
        strict = Service("app", objectives=Objectives(error_rate=0.001))
        small = metrics(errors(0.008, 0.0005, 80), latency(0.6, 0.1, 80), traffic(100, 100))
        given = {"rollouts": deployed(135), "metrics": small}
        assert recommended(diagnostics(strict, **given)).action is Action.ROLLBACK

    def test_an_old_slow_query_is_not_the_new_fault(self) -> None:
        old = table_scan()
        steady = traces(type(old)(**{**{f: getattr(old, f) for f in old.__slots__}, "baseline_self_time": old.self_time}))
        assert recommended(bad_deployment(traces=steady)).root_cause == "Deployment of v2.3.1"
