# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Attempt, Options
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Neighbour
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.plugins.module_utils.model.surroundings import (
    Certificate,
    ConfigurationChange,
    Node,
    Surroundings,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.workload import Pod
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ago,
    bad_deployment,
    changes,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    metrics,
    pattern,
    pods,
    revision,
    rollouts,
    traces,
    traffic,
    workload,
)


def recommended(given: Diagnostics, **options: object) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW, Options(**options))  # type: ignore[arg-type]


def forbidding(given: Recommendation) -> dict[str, str]:
    return {guard.name: guard.title for guard in given.guards if guard.forbids}


def outage(age: float, onset: float, **sources: object) -> Diagnostics:
    """Half of the requests fail since ``onset``, after a deployment that is ``age`` old."""
    signals = metrics(errors(0.5, 0.001, onset), latency(3.0, 0.15, onset), traffic(100, 100))
    given = {"rollouts": deployed(age), "metrics": signals, "workload": running(age)}
    return diagnostics(**{**given, **sources})


def running(age: float, **around: object) -> object:
    """Three healthy pods of the current revision, made with its rollout."""
    made = [
        Pod(f"app-{number}", "v2.3.1", True, "Running", ago(age - 10.0 * number), revision_hash="hash4", node=f"node-{number}")
        for number in range(3)
    ]
    return replace(workload(*made), surroundings=Surroundings(**around))  # type: ignore[arg-type]


class TestSchemasThatTheCatalogueHas:
    """v2.3.1 fails; v2.3.0 is the way back."""

    def found(self, works_with: tuple[str, ...], *migrations: str) -> Recommendation:
        service = Service("app", schema_versions={"v2.3.1": ("42", "41"), "v2.3.0": works_with} if works_with else {})
        given = outage(10 * MINUTE, 9 * MINUTE, changes=changes("Currencies", migrations=migrations))
        errors_of_its_own = logs(pattern("ERROR", "KeyError: 'currency'", 400, 9 * MINUTE, new=True))
        return recommended(replace(given, service=service, logs=replace(given.logs, data=errors_of_its_own)))

    def test_bar_a_way_back_that_does_not_fit(self) -> None:
        found = self.found(("41",))
        assert (found.action, found.automatic) == (Action.HOTFIX, False)
        assert forbidding(found) == {"schema_incompatible": "The database schema does not fit v2.3.0"}

    def test_know_better_than_the_name_of_a_migration(self) -> None:
        drops = "db/0042_drop_column_name.sql"
        assert self.found(("41", "42"), drops).automatic
        assert "migration_undone" in forbidding(self.found((), drops))


class TestARollbackOfThisIncident:
    def test_the_same_one_is_not_made_again(self) -> None:
        assert recommended(bad_deployment()).automatic
        found = recommended(bad_deployment(), attempts=(Attempt("not_recovered", "v2.3.0", 3),))
        assert found.action is Action.INVESTIGATE
        assert forbidding(found) == {"rollback_tried": "The same rollback was tried and failed"}
        assert not found.automatic

    def test_neither_is_another_one(self) -> None:
        found = recommended(bad_deployment(), attempts=(Attempt("aborted", "v2.1.0", 1),))
        assert forbidding(found) == {"rollback_tried": "A rollback was tried and did not help"}

    @pytest.mark.parametrize("state", ["recovered", "applying", "verifying"])
    def test_one_that_helped_or_is_to_be_taken_up_is_no_obstacle(self, state: str) -> None:
        assert recommended(bad_deployment(), attempts=(Attempt(state, "v2.3.0", 3),)).automatic

    def test_what_is_released_once_more_is_no_rollback(self) -> None:
        again = revision(5, "v2.3.1", 10 * MINUTE, was_rollback=True, created_at=ago(95 * MINUTE))
        history = rollouts(again, revision(4, "v2.3.0", 70 * MINUTE, 10 * MINUTE, was_rollback=True, created_at=ago(9 * DAY)))
        found = recommended(outage(10 * MINUTE, 9 * MINUTE, rollouts=history))
        assert "current_is_rollback" not in forbidding(found)
        assert (found.action, found.target_version) == (Action.ROLLBACK, "v2.3.0")

    def test_one_that_is_on_its_way_is_waited_for(self) -> None:
        history = rollouts(
            revision(5, "v2.3.0", MINUTE, was_rollback=True), revision(4, "v2.3.1", 10 * MINUTE, MINUTE, pods=2), in_progress=True
        )
        half = [
            Pod("app-1", "v2.3.0", True, "Running", ago(60), revision_hash="hash5"),
            Pod("app-2", "v2.3.1", True, "Running", ago(600), revision_hash="hash4"),
        ]
        found = recommended(outage(10 * MINUTE, 9 * MINUTE, rollouts=history, workload=workload(*half)))
        assert "rollback_running" in forbidding(found)
        assert found.action is not Action.ROLLBACK


class TestAConfigurationThatChanged:
    def change(self, before_onset: float, onset: float) -> ConfigurationChange:
        return ConfigurationChange("ConfigMap", "app-settings", ago(onset) - timedelta(seconds=before_onset), "kubectl-edit")

    def test_last_and_not_the_code(self) -> None:
        around = running(HOUR, changes=(self.change(90, 20 * MINUTE),))
        found = recommended(outage(age=HOUR, onset=20 * MINUTE, workload=around))
        assert forbidding(found)["configuration_changed"] == "A configuration changed last, and not the code"
        assert found.hypotheses[0].cause == "configuration"
        assert "ConfigMap app-settings was written at" in found.hypotheses[0].evidence_for[0]

    def test_long_before_is_not_the_cause(self) -> None:
        around = running(5 * MINUTE, changes=(self.change(3 * HOUR, 4 * MINUTE),))
        found = recommended(outage(age=5 * MINUTE, onset=4 * MINUTE, workload=around))
        assert "configuration_changed" not in forbidding(found)
        assert found.action is Action.ROLLBACK

    def test_with_a_release_is_a_part_of_it(self) -> None:
        around = running(5 * MINUTE, changes=(self.change(60, 4 * MINUTE),))
        assert recommended(outage(age=5 * MINUTE, onset=4 * MINUTE, workload=around)).action is Action.ROLLBACK

    def test_with_a_restart_of_the_same_image_is_all_there_is(self) -> None:
        image = "registry.example/app:v2.3.0"
        restarted = rollouts(
            replace(revision(4, "v2.3.0", 5 * MINUTE), image=image), replace(revision(3, "v2.3.0", 3 * DAY, 5 * MINUTE), image=image)
        )
        around = running(5 * MINUTE, changes=(self.change(60, 4 * MINUTE),))
        found = recommended(outage(age=5 * MINUTE, onset=4 * MINUTE, rollouts=restarted, workload=around))
        assert "configuration_changed" in forbidding(found)
        assert found.action is not Action.ROLLBACK


def test_an_expired_certificate_is_named_though_no_log_does() -> None:
    certificate = Certificate("app-tls", "Ingress app", expires_at=ago(9 * MINUTE))
    found = recommended(outage(age=12 * MINUTE, onset=8 * MINUTE, workload=running(12 * MINUTE, certificates=(certificate,))))
    assert "outside_cause" in forbidding(found)
    assert found.hypotheses[0].cause == "certificate"
    old = Certificate("other-tls", "Ingress old", expires_at=ago(30 * DAY))
    assert "outside_cause" not in forbidding(
        recommended(outage(age=12 * MINUTE, onset=11 * MINUTE, workload=running(12 * MINUTE, certificates=(old,))))
    )


def test_pods_on_a_node_that_is_gone() -> None:
    pods = [
        Pod("app-1", "v2.3.1", False, "Running", ago(HOUR), revision_hash="hash4", node="node-1"),
        Pod("app-2", "v2.3.1", True, "Running", ago(HOUR), revision_hash="hash4", node="node-2"),
    ]
    lost = replace(workload(*pods), surroundings=Surroundings(nodes=(Node("node-1", ready=False, schedulable=True, pods=1),)))
    found = recommended(outage(age=HOUR, onset=10 * MINUTE, workload=lost))
    assert "node_trouble" in forbidding(found)
    assert found.hypotheses[0].cause == "node"


class TestFailuresThatTheServiceDoesNotSee:
    def given(self, latency_now: float) -> Diagnostics:
        signals = metrics(errors(0.12, 0.001, 7 * MINUTE), latency(latency_now, 0.15, 7 * MINUTE), traffic(100, 100))
        seen = replace(traces(), error_traces=0)
        return outage(8 * MINUTE, 7 * MINUTE, metrics=signals, traces=seen, logs=logs(pattern("INFO", "handled", 900)))

    def test_are_those_of_who_asks_it(self) -> None:
        assert "failures_unseen" in forbidding(recommended(self.given(0.15)))

    def test_are_its_own_where_it_answers_so_late_that_they_give_up(self) -> None:
        found = recommended(self.given(3.0))
        assert (found.action, forbidding(found)) == (Action.ROLLBACK, {})


class TestOtherServicesThatFail:
    def given(self, name: str, began: float, told: str = "order <*> failed", age: float = 5 * MINUTE, **sources: object) -> Recommendation:
        signals = metrics(errors(0.5, 0.001, 4 * MINUTE), latency(3.0, 0.15, 4 * MINUTE), traffic(100, 100))
        failing = replace(signals, neighbours=(Neighbour(name, 0.4, ago(began)),))
        lines = logs(pattern("ERROR", told, 900, 4 * MINUTE, new=True))
        return recommended(outage(age, 4 * MINUTE, metrics=failing, logs=lines, **sources))

    def test_at_the_same_time_leave_it_to_a_person_unless_the_errors_are_its_own(self) -> None:
        assert not self.given("returns", 4 * MINUTE, traces=None).automatic
        assert self.given("returns", 4 * MINUTE, "KeyError: 'bid'", traces=None).automatic

    def test_and_call_it_are_no_clue_whatever_their_namespace(self) -> None:
        graph = replace(traces(), callers=("web",), callees=("db",))
        assert "others_fail" not in forbidding(self.given("production/web", 6 * MINUTE, traces=graph))
        assert "others_fail" in forbidding(self.given("production/mail", 6 * MINUTE, traces=graph))

    def test_and_in_which_the_errors_begin_are_the_dependency(self) -> None:
        graph = replace(traces(error_services=[("stock", 80)]), callers=("web",), callees=("stock",))
        later = {"began": 6 * MINUTE, "age": 14 * MINUTE}
        assert self.given("production/stock", traces=graph, **later).hypotheses[0].cause == "dependency"
        assert self.given("production/mail", traces=replace(graph, error_services=()), **later).hypotheses[0].cause == "platform"


class TestWhatBeginsAfterTheRolloutIsComplete:
    """Nine minutes after the rollout, and more than eight after its last pod was made."""

    def begun_late(self, *lines: object) -> Recommendation:
        return recommended(outage(age=14 * MINUTE, onset=5 * MINUTE, logs=logs(*lines)))  # type: ignore[arg-type]

    def line(self, template: str) -> object:
        return pattern("ERROR", template, 900, 5 * MINUTE, new=True)

    def test_with_nothing_else_against_the_version_a_person_looks_first(self) -> None:
        found = self.begun_late()
        assert found.score.score >= 80, "by the score alone it would be rolled back at once"
        assert found.action is Action.INVESTIGATE

    def test_with_errors_such_as_anothers_failure_makes(self) -> None:
        found = self.begun_late(self.line("connect ECONNREFUSED <*>"))
        assert found.action is Action.INVESTIGATE
        assert found.hypotheses[0].cause == "dependency"

    def test_the_first_requests_show_whether_it_asks_the_right_host(self) -> None:
        """Two minutes after the rollout was complete."""

        def soon(template: str) -> Action:
            told = logs(pattern("ERROR", template, 900, 5 * MINUTE, new=True))
            return recommended(outage(age=7.5 * MINUTE, onset=5 * MINUTE, logs=told)).action

        assert soon("connect ECONNREFUSED <*>") is Action.INVESTIGATE
        assert soon("order <*> failed") is Action.ROLLBACK

    @pytest.mark.parametrize("made", [60.0, 8 * MINUTE], ids=["since it began", "long after the rollout, before it began"])
    def test_as_well_where_the_pods_of_the_rollout_were_replaced(self, made: float) -> None:
        state = workload(*(replace(pod, version="v2.3.1", created_at=ago(made)) for pod in pods(3)))
        told = logs(self.line("connect ECONNREFUSED <*>"))  # type: ignore[arg-type]
        assert recommended(outage(age=14 * MINUTE, onset=5 * MINUTE, logs=told, workload=state)).action is Action.INVESTIGATE

    def test_with_errors_of_its_own_it_is_rolled_back(self) -> None:
        assert self.begun_late(self.line("KeyError: 'bid'")).action is Action.ROLLBACK

    def test_while_the_rollout_goes_on_nothing_is_late(self) -> None:
        slow = replace(deployed(14 * MINUTE), in_progress=True)
        pods = [
            Pod("app-1", "v2.3.1", True, "Running", ago(14 * MINUTE), revision_hash="hash4"),
            Pod("app-2", "v2.3.0", True, "Running", ago(3 * DAY), revision_hash="hash3"),
        ]
        found = recommended(outage(age=14 * MINUTE, onset=5 * MINUTE, rollouts=slow, workload=workload(*pods)))
        assert found.action is Action.ROLLBACK


def test_what_a_container_said_as_it_ended_names_the_cause() -> None:
    crashed = workload(*pods(2, 3, message="licence expired for solver"))
    found = recommended(bad_deployment(workload=crashed, logs=None, traces=None))
    assert "outside_cause" in forbidding(found)
    assert found.action is not Action.ROLLBACK
    other = workload(*pods(2, 3, message="panic: nil map"))
    assert "outside_cause" not in forbidding(recommended(bad_deployment(workload=other, logs=None, traces=None)))


def test_a_statement_that_removes_a_column_bars_the_way_back() -> None:
    known = replace(changes("Rooms", migrations=["db/migrate/7_rooms.sql"]), taken_away=("db/migrate/7_rooms.sql: DROP COLUMN name",))
    found = recommended(bad_deployment(changes=known))
    assert (found.action, list(forbidding(found))) == (Action.HOTFIX, ["migration_undone"])
