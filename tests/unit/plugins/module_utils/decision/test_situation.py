# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source
from ansible_collections.devops.incident_response.plugins.module_utils.model.logs import LogPattern
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Shape
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    MINUTE,
    NOW,
    cluster_event,
    dependencies,
    dependency,
    deployed,
    diagnostics,
    errors,
    latency,
    logs,
    memory,
    metrics,
    ok,
    pattern,
    pods,
    traffic,
    workload,
)


def recommended(given: Diagnostics) -> Recommendation:
    return recommend(given, AUTOMATIC, NOW)


def test_more_of_what_failed_before_is_looked_into_first() -> None:
    def failing(now: float, before: float) -> Recommendation:
        state = workload(*pods(4, created_at=NOW - timedelta(seconds=10 * MINUTE)))
        felt = metrics(errors(now, before, 9 * MINUTE), latency(0.15, 0.15), traffic(30, 30))
        return recommended(diagnostics(rollouts=deployed(10 * MINUTE), workload=state, metrics=felt))

    assert failing(0.22, 0.002).action is Action.ROLLBACK
    assert failing(0.22, 0.095).action is Action.INVESTIGATE
    assert failing(0.40, 0.095).action is Action.ROLLBACK


def standing(waited: float) -> Diagnostics:
    """A rollout of which one pod is never ready, while users feel nothing."""
    young = pods(0, 1, reason="NotReady", restarts=0, created_at=NOW - timedelta(seconds=waited))
    unready = cluster_event(waited - 10, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404", name="app-4-0")
    state = workload(*pods(3, number=3), *young, desired=4, updated=1, events=[unready])
    felt = metrics(errors(0.001, 0.001), latency(0.15, 0.15), traffic(30, 30))
    return diagnostics(workload=state, rollouts=deployed(waited, in_progress=True), metrics=felt)


def test_a_rollout_that_stands_still_is_rolled_back_by_a_person() -> None:
    assert recommended(standing(5 * MINUTE)).action is Action.MONITOR
    found = recommended(standing(11 * MINUTE))
    assert (found.action, found.automatic) == (Action.ROLLBACK, False)


def slight(*told: LogPattern, age: float = 20 * MINUTE) -> Recommendation:
    """A little slower, and a few more failures, since a minute after a release."""
    felt = metrics(errors(0.008, 0.002, age - 60), latency(0.3, 0.19, age - 60), traffic(30, 30))
    state = workload(*pods(4, created_at=NOW - timedelta(seconds=age)))
    return recommended(diagnostics(rollouts=deployed(age), workload=state, metrics=felt, logs=logs(*told), dependencies=None))


def test_a_degradation_whose_errors_tell_of_waiting_is_looked_into() -> None:
    assert slight().action is Action.MONITOR
    assert slight(pattern("ERROR", "KeyError: 'region'", 60, 18 * MINUTE, True)).action is Action.MONITOR
    for words in ("image <*> not loaded within 250 ms", "partner: connection reset by peer"):
        found = slight(pattern("ERROR", words, 60, 18 * MINUTE, True))
        assert (found.action, found.hypotheses[0].cause) == (Action.INVESTIGATE, "dependency"), words


def gradual(**sources: object) -> Recommendation:
    """Errors that grew for half an hour, which began forty minutes after a release."""
    grew = {"shape": Shape.GRADUAL}
    felt = metrics(
        errors(0.08, 0.003, 38 * MINUTE, **grew), latency(1.1, 0.1, 38 * MINUTE, **grew), traffic(30, 30), *sources.pop("usage", ())
    )
    state = workload(*pods(4, created_at=NOW - timedelta(seconds=78 * MINUTE)))
    blind = {"logs": None, "traces": None, "dependencies": None}
    return recommended(diagnostics(rollouts=deployed(78 * MINUTE), workload=state, metrics=felt, **{**blind, **sources}))


def test_what_grows_slowly_while_no_usage_does_is_not_blamed_for_the_time_alone() -> None:
    assert gradual().action is Action.INVESTIGATE
    grows = memory(0.8, 0.5, 70 * MINUTE, shape=Shape.GRADUAL)
    assert gradual(usage=(grows,)).action is Action.ROLLBACK


def test_what_grows_slowly_with_errors_of_anothers_failure_is_first_the_others() -> None:
    found = gradual(logs=logs(pattern("ERROR", "cache: read tcp 10.0.0.9:6379: i/o timeout", 300, 38 * MINUTE)))
    assert (found.action, found.hypotheses[0].cause) == (Action.INVESTIGATE, "dependency")


def test_pods_that_the_memory_limit_ends_are_seen_between_two_ends() -> None:
    """They run again, and are well for a minute."""
    felt = metrics(errors(0.12, 0.002, 15 * MINUTE), latency(0.2, 0.2), traffic(30, 30), memory(0.6, 0.5))
    told = {"exit_code": 137, "message": "last restart: OOMKilled (exit code 137)", "restarts": 4}
    for ended, cause in ((MINUTE, "crash"), (20 * MINUTE, "dependency")):
        again = pods(4, last_restart_at=NOW - timedelta(seconds=ended), **told)
        found = recommended(diagnostics(workload=workload(*again), metrics=felt, dependencies=None))
        assert found.hypotheses[0].cause == cause, ended


def test_a_dependency_that_answers_and_that_the_errors_name_is_the_first_to_look_at() -> None:
    told = logs(pattern("ERROR", "answer of http://tariffs:8080/v1/tariff lacks 'surcharge'", 300, 6 * MINUTE))
    felt = metrics(errors(0.4, 0.002, 6 * MINUTE), latency(0.2, 0.2), traffic(30, 30))
    state = workload(*pods(4, created_at=NOW - timedelta(seconds=40 * MINUTE)))
    well = dependencies(dependency("tariffs", title="Tariff service"))
    found = recommended(diagnostics(rollouts=deployed(40 * MINUTE), workload=state, metrics=felt, logs=told, dependencies=well))
    assert (found.action, found.hypotheses[0].title) == (Action.INVESTIGATE, "Tariff service, though it answers")


def changed(kind: str | None, **more: object) -> Diagnostics:
    row = replace(deployed(15 * MINUTE), change=kind, **more)
    state = workload(*pods(4, created_at=NOW - timedelta(seconds=15 * MINUTE)))
    felt = metrics(errors(0.4, 0.002, 14 * MINUTE), latency(0.2, 0.2), traffic(30, 30))
    return diagnostics(rollouts=row, workload=state, metrics=felt)


def test_a_rollout_that_changed_the_template_alone_is_called_a_configuration() -> None:
    found = recommended(changed("configuration"))
    assert (found.action, found.hypotheses[0].title) == (Action.ROLLBACK, "Changed configuration of v2.3.1")
    assert [(guard.name, guard.forbids) for guard in found.guards] == [("configuration_deployed", False)]
    assert found.remedies[0] == "Compare the pods' template with that of v2.3.0: it has the same images"
    image = recommended(changed("image"))
    assert (image.hypotheses[0].title, image.guards) == ("Deployment of v2.3.1", ())


def test_what_a_paused_rollout_waits_with_is_named() -> None:
    found = recommended(changed("image", paused=True, pending="v2.4.0"))
    assert found.headline == "RESUME OR UNDO the paused rollout of v2.4.0"
    assert "v2.4.0 is asked for and does not run yet" in next(guard.detail for guard in found.guards if guard.name == "paused")


def test_a_restart_reads_the_configuration_that_was_written_before_it() -> None:
    """With the same images the earlier revision would read it as well; with another image it may be what the version brought."""
    written = logs(pattern("INFO", "configuration reloaded from /etc/app.yaml", 4, 14 * MINUTE + 30, None))
    for kind, expected in (("configuration", True), ("image", False)):
        found = recommended(replace(changed(kind), logs=ok(Source.LOGS, written)))
        assert ("configuration_changed" in [guard.name for guard in found.guards]) is expected, kind


def slower(factor: float, since: float, before: float = 0.1) -> Action:
    """Nothing fails; requests are slower since a minute after the rollout."""
    state = workload(*pods(4, created_at=NOW - timedelta(seconds=since + MINUTE)))
    felt = metrics(errors(0.001, 0.001), latency(factor * before, before, since), traffic(30, 30))
    return recommended(diagnostics(rollouts=deployed(since + MINUTE), workload=state, metrics=felt)).action


def test_three_times_as_slow_for_a_quarter_of_an_hour_was_watched_long_enough() -> None:
    assert slower(3.5, since=20 * MINUTE) is Action.ROLLBACK
    assert slower(3.5, since=8 * MINUTE) is Action.MONITOR
    assert slower(2.2, since=20 * MINUTE) is Action.MONITOR
    assert slower(3.5, since=20 * MINUTE, before=0.03) is Action.MONITOR, "nobody notices"
