# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces that show where the time of slow requests goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.policy import automatic
from ansible_collections.devops.incident_response.plugins.module_utils.decision.recommendation import recommend
from ansible_collections.devops.incident_response.plugins.module_utils.decision.situation import Options, situation
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.incident import Policy
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Action, Recommendation
from ansible_collections.devops.incident_response.plugins.module_utils.model.traces import Traces
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import (
    AUTOMATIC,
    DAY,
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
    pods,
    traces,
    waiting_for,
    workload,
)

SLOW, FAST = waiting_for("tax", 4.0, 0.1), waiting_for("tax", 0.1, 0.1, own=4.0)
MANY = waiting_for("tax", 0.1, 0.1, calls=40.0)


def recommended(seen: Traces, age: float, onset: float, **sources: object) -> Recommendation:
    """Requests that take long since ``onset`` seconds, after a release ``age`` seconds ago; everything that was probed is well."""
    given = {
        "workload": workload(*pods(5, created_at=NOW - timedelta(seconds=age))),
        "rollouts": deployed(age),
        "metrics": metrics(errors(0.001, 0.001), latency(4.2, 0.15, onset)),
        "logs": logs(),
        "dependencies": dependencies(dependency("db")),
        "traces": seen,
        **sources,
    }
    return recommend(bad_deployment(**given), AUTOMATIC, NOW, Options(severity="P0"))


def of(found: Recommendation, cause: str) -> int:
    return next(one.confidence for one in found.hypotheses if one.cause == cause)


def test_somebody_who_answers_slowly_minutes_after_a_release() -> None:
    found = recommended(SLOW, 30 * MINUTE, 22 * MINUTE)
    assert (found.action, found.hypotheses[0].title) == (Action.INVESTIGATE, "tax degradation")
    assert [guard.name for guard in found.guards if guard.forbids] == ["waits_for_another"]
    assert any("tax takes 4s for a call (a day before: 100ms)" in line for line in found.reasoning)


def test_at_once_with_a_release_it_may_be_what_is_asked() -> None:
    found = recommended(SLOW, 20 * MINUTE, 19 * MINUTE)
    assert found.action is Action.ROLLBACK
    assert "waits_for_another" not in [guard.name for guard in found.guards]


def test_a_slow_answer_does_not_tell_the_version_from_who_is_called() -> None:
    blind = {"logs": None, "dependencies": None}
    for seen, expected in ((SLOW, False), (FAST, True)):
        given = bad_deployment(
            traces=seen, metrics=metrics(errors(0.001, 0.001), latency(4.2, 0.15, 60)), workload=workload(*pods(5)), **blind
        )
        facts = situation(given, NOW, Options())
        found = recommended(seen, 135.0, 60.0, **blind)
        assert automatic(Action.ROLLBACK, 95, found.score, (), Policy((), "automatic", None, None, 0), facts)[0] is expected


def test_time_that_is_spent_in_the_service_itself_speaks_against_a_dependency() -> None:
    plain, itself = recommended(traces(), 20 * MINUTE, 14 * MINUTE), recommended(FAST, 20 * MINUTE, 14 * MINUTE)
    assert of(itself, "deployment") > of(plain, "deployment")
    apart, alone = (recommended(seen, DAY, 14 * MINUTE) for seen in (traces(), FAST))
    assert of(alone, "dependency") < of(apart, "dependency")
    assert any("spends the additional time in itself" in line for line in itself.hypotheses[0].evidence_for)


def test_calls_that_were_not_made_before_are_the_versions() -> None:
    plain, many = (recommended(seen, 20 * MINUTE, 10 * MINUTE) for seen in (traces(), MANY))
    assert (plain.action, many.action) == (Action.INVESTIGATE, Action.ROLLBACK)
    told = next(one for one in many.hypotheses if one.cause == "deployment").evidence_for
    assert "Its requests take longer since it calls tax 40.0 times for one request (a day before: 1.0)" in told


@pytest.mark.parametrize(("name", "level"), [("cache", Level.WARNING), ("tax", Level.WARNING)])
def test_who_is_shown_to_be_slow_is_named_before_what_only_nears_its_limit(name: str, level: Level) -> None:
    near = dependency(name, level, "answers slowly (900ms)", title=f"The {name}")
    found = recommended(SLOW, 30 * MINUTE, 22 * MINUTE, dependencies=dependencies(near))
    assert found.hypotheses[0].title == ("The tax degradation" if name == "tax" else "tax degradation")


def test_requests_that_take_as_long_as_ever_are_no_trouble_of_anybody() -> None:
    given = metrics(errors(0.4, 0.001, 22 * MINUTE), latency(0.15, 0.15))
    assert "waits_for_another" not in [guard.name for guard in recommended(SLOW, 30 * MINUTE, 22 * MINUTE, metrics=given).guards]


@pytest.mark.parametrize(
    ("peer", "usual", "excused"),
    [("db", 0.1, True), ("db.production:5432", 0.1, True), ("db", 0.02, False), ("other-db", 0.1, False)],
)
def test_a_probe_that_fails_elsewhere_is_outdone_by_traces_of_good_answers(peer: str, usual: float, excused: bool) -> None:
    down = dependency("db", Level.CRITICAL, "did not answer within 3 s", title="Database")
    seen = waiting_for(peer, 0.1, usual, own=4.0)
    found = recommended(seen, 30 * MINUTE, 22 * MINUTE, dependencies=dependencies(down))
    told = "Database: did not answer within 3 s, as a probe found; traces show that it answers the service as ever"
    assert (told in found.known) is excused
    assert ("dependency_failing" in [guard.name for guard in found.guards]) is not excused
