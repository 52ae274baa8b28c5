# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.confidence import score
from ansible_collections.devops.incident_response.plugins.module_utils.decision.observations import observe
from ansible_collections.devops.incident_response.plugins.module_utils.decision.policy import CAUTIOUS_POLICY, automatic
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options, Situation, situation
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Guard
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    HOUR,
    MINUTE,
    NOW,
    bad_deployment,
    dependencies,
    dependency,
    deployed,
    errors,
    latency,
    logs,
    metrics,
    pattern,
    pods,
    revision,
    rollouts,
    table_scan,
    traces,
    without,
    workload,
)

FORBIDS = Guard("paused", "The rollout is paused", "", forbids=True)
LOWERS = replace(FORBIDS, forbids=False)


def facts(options: Options | None = None, **sources: object) -> Situation:
    return situation(bad_deployment(**sources), NOW, options or Options())


def allowed(
    known: Situation, action: Action = Action.ROLLBACK, guards: tuple[Guard, ...] = (), policy: Policy = AUTOMATIC, probability: int = 95
) -> tuple[bool, str]:
    return automatic(action, probability, score(observe(known)), guards, policy, known)


def test_all_is_well() -> None:
    assert allowed(facts()) == (True, "The score of 95 reaches 80, no guard forbids it, and the policy allows it.")
    assert allowed(facts(), guards=(LOWERS,))[0]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"guards": (LOWERS, FORBIDS)}, "The rollout is paused"),
        ({"action": Action.MONITOR}, "No rollback is recommended"),
        ({"policy": CAUTIOUS_POLICY}, "approval"),
        ({"policy": replace(AUTOMATIC, rollback="never")}, "offers no rollback"),
        ({"policy": replace(AUTOMATIC, automatic_rollback_score=96)}, "95 is below the 96"),
        ({"probability": 69}, "69% likely only"),
    ],
)
def test_each_obstacle_is_enough_and_named(options: dict[str, object], why: str) -> None:
    does_it, sentence = allowed(facts(), **options)  # type: ignore[arg-type]
    assert not does_it
    assert why in sentence


def test_switched_off_is_an_obstacle() -> None:
    assert "rollback=false" in allowed(facts(Options(rollback_allowed=False)))[1]


@pytest.mark.parametrize("lost", ["metrics", "rollouts"])
def test_missing_evidence_is_an_obstacle_even_where_the_score_suffices(lost: str) -> None:
    known = situation(without(bad_deployment(), lost), NOW, Options())
    does_it, sentence = allowed(known, policy=replace(AUTOMATIC, automatic_rollback_score=0))
    assert not does_it
    assert "Evidence is missing" in sentence


def test_an_earlier_suspect_is_an_obstacle() -> None:
    row = rollouts(revision(5, "v3", 10 * MINUTE), revision(4, "v2", HOUR, 10 * MINUTE), revision(3, "v1", 90 * HOUR, HOUR))
    since = metrics(errors(0.5, 0.001, 58 * MINUTE), latency(3, 0.1, 58 * MINUTE))
    does_it, sentence = allowed(facts(rollouts=row, metrics=since), policy=replace(AUTOMATIC, automatic_rollback_score=0))
    assert not does_it
    assert "earlier deployment" in sentence


def test_time_and_metrics_alone_are_not_enough() -> None:
    """A dependency may fail in the minute of a release: without a pod, a log, a trace or a probe nobody could tell."""
    alone = {"workload": workload(*pods(5)), "logs": None, "traces": None, "dependencies": None}
    does_it, sentence = allowed(facts(**alone))
    assert not does_it
    assert "Only the time and the metrics speak for it" in sentence
    for name, seen in (("workload", workload(*pods(2, 3))), ("dependencies", dependencies(dependency("database")))):
        assert allowed(facts(**{**alone, name: seen}))[0], name


def later(began: float, **sources: object) -> Situation:
    """Errors, and nothing else, that began ``began`` seconds ago; the rollout was complete half an hour ago."""
    made = workload(*pods(5, created_at=NOW - timedelta(seconds=30 * MINUTE)))
    given = {"workload": made, "rollouts": deployed(30 * MINUTE), "traces": traces(), "dependencies": dependencies(dependency("db"))}
    told = logs(pattern("ERROR", "KeyError: 'region'", 400, began, True))
    return facts(**{**given, "metrics": metrics(errors(0.45, 0.001, began), latency(0.15, 0.15)), "logs": told, **sources})


def test_what_began_after_the_rollout_was_over_is_left_to_a_person_unless_the_version_shows_it() -> None:
    low = replace(AUTOMATIC, automatic_rollback_score=1)
    assert allowed(later(30 * MINUTE - 60), policy=low)[0]
    done, why = allowed(later(20 * MINUTE), policy=low)
    assert not done
    assert "began after the rollout was over" in why
    assert allowed(later(20 * MINUTE, traces=traces(table_scan())), policy=low)[0]


def test_migrations_of_which_nobody_knows_what_they_do_are_left_to_a_person() -> None:
    came = Guard("migrations", "1 database migration came with it", "", forbids=False)
    done, why = allowed(facts(), guards=(came,))
    assert not done
    assert "migrations" in why
