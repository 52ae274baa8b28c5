# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.confidence import Observations, score
from ansible_collections.devops.incident_response.plugins.module_utils.decision.scoring import DEFAULT_SCORING, scoring_from
from ansible_collections.devops.incident_response.plugins.module_utils.errors import InvalidOptionError


def test_nothing_given_is_the_default() -> None:
    assert scoring_from(None) is DEFAULT_SCORING
    assert scoring_from({}) is DEFAULT_SCORING


def test_a_factor_can_be_replaced_and_the_others_stay() -> None:
    scoring = scoring_from({"factors": {"deployment_age": {"bands": [{"below": "10m", "points": 40}, {"below": 7200, "points": 5}]}}})
    assert score(Observations(deployment_age=601), scoring).score == 5
    assert score(Observations(deployment_age=599), scoring).score == 40
    assert score(Observations(error_rate=0.2, error_rate_baseline=0.01), scoring).score == 30


def test_points_can_move_from_one_factor_to_another() -> None:
    scoring = scoring_from(
        {
            "factors": {
                "stable_target": {"max": 0, "bands": []},
                "latency": {"max": 30, "bands": [{"above": 2, "points": 30}]},
            }
        }
    )
    assert score(Observations(0, 0.5, 0.001, 0.3, 0.1, 1e9), scoring).score == 100


def test_another_total_and_other_levels_can_be_declared() -> None:
    scoring = scoring_from({"factors": {"stable_target": {"max": 0, "bands": []}}, "total": 85, "levels": {"high": 70}})
    assert score(Observations(60, 0.5, 0.001, 0.1, 0.1, None), scoring).level == "high"


@pytest.mark.parametrize(
    ("given", "entry"),
    [
        ({"weights": {}}, "scoring.weights"),
        ({"factors": []}, "scoring.factors"),
        ({"factors": {"errors": {}}}, "scoring.factors.errors"),
        ({"factors": {"latency": {"band": []}}}, "scoring.factors.latency.band"),
        ({"factors": {"latency": {"bands": {}}}}, "scoring.factors.latency.bands"),
        ({"factors": {"latency": {"bands": [5]}}}, "scoring.factors.latency.bands[0]"),
        ({"factors": {"latency": {"bands": [{"above": 5}]}}}, "scoring.factors.latency.bands[0]"),
        ({"factors": {"latency": {"bands": [{"below": 5, "points": 1}]}}}, "scoring.factors.latency.bands[0].below"),
        ({"factors": {"latency": {"bands": [{"above": "x", "points": 1}]}}}, "scoring.factors.latency.bands[0].above"),
        ({"factors": {"latency": {"bands": [{"above": 0, "points": 1}]}}}, "scoring.factors.latency.bands[0].above"),
        ({"factors": {"latency": {"bands": [{"above": 5, "points": -1}]}}}, "scoring.factors.latency.bands[0].points"),
        ({"factors": {"latency": {"bands": [{"above": 5, "points": 16}]}}}, "scoring.factors.latency.bands[0].points"),
        ({"factors": {"latency": {"bands": [{"above": 3, "points": 5}, {"above": 5, "points": 5}]}}}, "scoring.factors.latency.bands[1]"),
        (
            {"factors": {"latency": {"bands": [{"above": 5, "points": 5}, {"above": 3, "points": 9}]}}},
            "scoring.factors.latency.bands[1].points",
        ),
        (
            {"factors": {"deployment_age": {"bands": [{"below": "1h", "points": 9}, {"below": "5m", "points": 5}]}}},
            "deployment_age.bands[1]",
        ),
        ({"factors": {"latency": {"max": 40}}}, "scoring"),
        ({"factors": {"latency": {"max": True}}}, "scoring.factors.latency.max"),
        ({"levels": {"none": 5}}, "scoring.levels.none"),
        ({"levels": {"medium": 85}}, "scoring.levels.medium"),
    ],
)
def test_a_wrong_table_names_the_entry(given: dict[str, Any], entry: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"is not accepted") as error:
        scoring_from(given)
    assert entry in error.value.message
