# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import (
    IncidentResponseError,
    InvalidOptionError,
    NotFoundError,
)
from ansible_collections.devops.incident_response.plugins.module_utils.faces.decision import (
    confidence_result,
    recommendation_result,
)
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import to_result
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import bad_deployment, without

EXAMPLE = {
    "deployment_age": "120",
    "error_rate": 0.45,
    "error_rate_baseline": 0.001,
    "latency_p95": "8.5",
    "latency_p95_baseline": "0.15",
    "stable_for": "72h",
}


def scored(**given: Any) -> dict[str, Any]:
    return confidence_result(given)["confidence"]


def test_the_worked_example_is_95_by_numbers_and_durations() -> None:
    assert scored(**EXAMPLE)["score"] == 95
    assert scored(**{**EXAMPLE, "deployment_age": "2m"})["score"] == 95


def test_the_worked_example_is_95_by_diagnostics() -> None:
    assert scored(diagnostics=to_result(bad_deployment()))["score"] == 95


def test_what_is_not_given_is_missing() -> None:
    found = scored(deployment_age="2m")
    assert (found["score"], found["possible"]) == (40, 100)
    assert found["missing"] == ["error_rate", "latency", "stable_target"]
    assert "error_rate is not given" in [factor["reason"] for factor in found["factors"]]


def test_zero_seconds_are_a_young_deployment() -> None:
    assert scored(deployment_age="0")["score"] == 40


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deployment_age", "yesterday"),
        ("deployment_age", "-5"),
        ("latency_p95", "nan"),
        ("stable_for", "inf"),
        ("error_rate", 45.0),
        ("error_rate_baseline", -0.1),
    ],
)
def test_a_wrong_observation_names_the_option(name: str, value: object) -> None:
    with pytest.raises(InvalidOptionError, match=f"Option '{name}'"):
        scored(**{name: value})


def test_the_table_can_be_replaced() -> None:
    assert scored(**EXAMPLE, scoring={"factors": {"deployment_age": {"bands": [{"below": "1m", "points": 40}]}}})["score"] == 55


def test_a_recommendation_without_a_policy_is_never_automatic() -> None:
    found = recommendation_result({"diagnostics": to_result(bad_deployment())})["recommendation"]
    assert (found["action"], found["automatic"]) == ("rollback", False)


def test_the_policy_makes_it_automatic_and_rollback_allowed_takes_it_back() -> None:
    given = {"diagnostics": to_result(bad_deployment()), "policy": {"rollback": "automatic"}, "severity": "critical"}
    assert recommendation_result(given)["recommendation"]["automatic"]
    found = recommendation_result({**given, "rollback_allowed": False})["recommendation"]
    assert (found["action"], found["automatic"]) == ("hotfix", False)


def test_a_target_is_looked_up_in_the_history() -> None:
    given = {"diagnostics": to_result(bad_deployment()), "target": "v2.2.9"}
    assert recommendation_result(given)["recommendation"]["target_version"] == "v2.2.9"
    with pytest.raises(NotFoundError, match=r"v9\.9.*There is: v2\.3\.1"):
        recommendation_result({**given, "target": "v9.9"})


def test_a_target_without_a_history_is_for_the_guards() -> None:
    given = {"diagnostics": to_result(without(bad_deployment(), "rollouts")), "target": "v2.2.9"}
    found = recommendation_result(given)["recommendation"]
    assert "no_target" in [guard["name"] for guard in found["guards"]]


@pytest.mark.parametrize("function", [confidence_result, recommendation_result])
def test_something_else_than_diagnostics_is_named(function: Any) -> None:
    with pytest.raises(IncidentResponseError, match="Option 'diagnostics'"):
        function({"diagnostics": {"service": {"name": "x"}}})


def test_a_wrong_policy_is_named() -> None:
    with pytest.raises(InvalidOptionError, match=r"policy\.rollback"):
        recommendation_result({"diagnostics": to_result(bad_deployment()), "policy": {"rollback": "always"}})


def test_a_wrong_severity_is_named() -> None:
    with pytest.raises(InvalidOptionError, match="severity"):
        recommendation_result({"diagnostics": to_result(bad_deployment()), "severity": "P9"})


def test_the_table_that_counted_is_returned() -> None:
    changed = {"levels": {"high": 90}}
    given = {"diagnostics": to_result(bad_deployment()), "scoring": changed}
    for found in (confidence_result(given), recommendation_result(given)):
        assert found["scoring"]["levels"][0]["at_least"] == 90
        assert [(factor["name"], factor["max"]) for factor in found["scoring"]["factors"]] == [
            ("deployment_age", 40),
            ("error_rate", 30),
            ("latency", 15),
            ("stable_target", 15),
        ]


def test_a_tree_and_attempts_reach_the_decision() -> None:
    given = {"diagnostics": to_result(bad_deployment())}
    tree = {"version": 1, "tree": [{"ask": "Crashes?", "check": "crashes"}]}
    assert [step["question"] for step in recommendation_result({**given, "decision_tree": tree})["recommendation"]["tree"]] == ["Crashes?"]
    tried = [{"state": "not_recovered", "to_version": "v2.3.0", "to_revision": 3, "started_at": "2025-10-21T14:20:00Z"}]
    assert recommendation_result({**given, "attempts": tried})["recommendation"]["action"] == "investigate"


def test_a_wrong_attempt_is_named() -> None:
    with pytest.raises(InvalidOptionError, match=r"attempts\[0\]"):
        recommendation_result({"diagnostics": to_result(bad_deployment()), "attempts": [{"to_version": "v1"}]})
