# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import InvalidOptionError
from ansible_collections.devops.incident_response.plugins.module_utils.faces.recovery import limits_from, patience_from, verification_from
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import to_result
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.recovery import Limits, Patience, Verification

NOW = datetime(2025, 10, 21, 14, 27, 30, tzinfo=UTC)


def params(**given: Any) -> dict[str, Any]:
    defaults = {"passes": 3, "interval": "5s", "timeout": "5m", "factor": 1.5, "error_rate_tolerance": 0.005, "latency_tolerance": 0.05}
    return {"following": None, "since": None, "began": None, "baseline": None, "diagnostics": None, **defaults, **given}


def test_the_defaults_are_those_of_the_core() -> None:
    assert patience_from(params()) == Patience()
    assert limits_from(params()) == Limits()
    assert verification_from(params(), NOW) == Verification(NOW, NOW, {})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("passes", 0),
        ("interval", "soon"),
        ("timeout", "0s"),
        ("factor", 0.9),
        ("error_rate_tolerance", -1),
        ("since", "yesterday"),
        ("baseline", {"errors": 1}),
        ("baseline", {"error_rate": "many"}),
        ("baseline", {"latency_p95": -1}),
        ("baseline", {"latency_p95": "nan"}),
        ("following", {"looks": "x"}),
    ],
)
def test_a_wrong_value_names_its_option(option: str, value: Any) -> None:
    given = params(**{option: value})
    with pytest.raises(InvalidOptionError, match=f"Option '{option}"):
        patience_from(given), limits_from(given), verification_from(given, NOW)


def test_a_given_baseline_wins_over_the_diagnosed_one() -> None:
    signals = [{"name": "error_rate", "baseline": 0.001}, {"name": "latency_p95", "baseline": 0.15}, {"name": "cpu", "baseline": 0.2}]
    given = params(diagnostics={"metrics": {"data": {"signals": signals}}}, baseline={"error_rate": "0.002", "latency_p95": None})
    assert verification_from(given, NOW).baseline == {"error_rate": 0.002, "latency_p95": 0.15}


def test_what_was_refused_is_known_where_the_diagnosis_told_of_it() -> None:
    signals = [{"name": "client_error_rate", "value": 0.41, "baseline": 0.035}]
    found = verification_from(params(diagnostics={"metrics": {"data": {"signals": signals}}}), NOW)
    assert (found.during, found.baseline) == ({"client_error_rate": 0.41}, {"client_error_rate": 0.035})


@pytest.mark.parametrize("diagnostics", [{}, {"metrics": None}, {"metrics": {"data": None}}, {"metrics": {"data": {"signals": None}}}])
def test_a_diagnosis_without_metrics_has_no_baseline(diagnostics: dict[str, Any]) -> None:
    assert verification_from(params(diagnostics=diagnostics), NOW).baseline == {}


def test_an_earlier_run_is_gone_on_from() -> None:
    known = Verification(NOW, NOW, {"error_rate": 0.001}, passes=2, looks=4)
    assert verification_from(params(following=to_result(known), since="ignored"), NOW) == known
