# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.confidence import Observations, score
from ansible_collections.devops.incident_response.plugins.module_utils.model.confidence import Confidence

MINUTE, HOUR = 60.0, 3600.0


def points(confidence: Confidence) -> dict[str, int | None]:
    return {factor.name: factor.points for factor in confidence.factors}


def test_the_worked_example_is_95() -> None:
    confidence = score(Observations(120, 0.45, 0.001, 8.5, 0.15, 72 * HOUR))
    assert confidence.score == confidence.possible == 95
    assert [factor.points for factor in confidence.factors] == [40, 30, 15, 10]
    assert [factor.max for factor in confidence.factors] == [40, 30, 15, 15]
    assert (confidence.level, confidence.verdict) == ("high", "IMMEDIATE ROLLBACK (High Confidence)")
    assert confidence.missing == ()


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, 40), (15 * MINUTE - 1, 40), (15 * MINUTE, 30), (HOUR - 1, 30), (HOUR, 15), (4 * HOUR - 1, 15), (4 * HOUR, 0), (-5, 40)],
)
def test_ages_count_strictly_below_their_limit(age: float, expected: int) -> None:
    assert points(score(Observations(deployment_age=age)))["deployment_age"] == expected


@pytest.mark.parametrize(("multiple", "expected"), [(10.01, 30), (10, 20), (5.01, 20), (5, 10), (2.01, 10), (2, 0), (1, 0), (0, 0)])
def test_error_multiples_count_strictly_above_their_limit(multiple: float, expected: int) -> None:
    for base in (0.001, 0.007, 0.03):
        given = Observations(error_rate=multiple * base, error_rate_baseline=base)
        assert points(score(given))["error_rate"] == expected


@pytest.mark.parametrize(("multiple", "expected"), [(5.01, 15), (5, 10), (3.01, 10), (3, 5), (2.01, 5), (2, 0), (0.5, 0)])
def test_latency_multiples_count_strictly_above_their_limit(multiple: float, expected: int) -> None:
    assert points(score(Observations(latency=multiple * 0.15, latency_baseline=0.15)))["latency"] == expected


@pytest.mark.parametrize(("hours", "expected"), [(72.01, 15), (72, 10), (24.01, 10), (24, 5), (6.01, 5), (6, 0), (0, 0)])
def test_stability_counts_strictly_above_its_limit(hours: float, expected: int) -> None:
    assert points(score(Observations(stable_for=hours * HOUR)))["stable_target"] == expected


@pytest.mark.parametrize(
    ("given", "level", "verdict"),
    [
        (Observations(60, 0.5, 0.001, 0.1, 0.1, 7 * HOUR + 24 * HOUR), "high", "IMMEDIATE ROLLBACK (High Confidence)"),
        (Observations(60, 0.006, 0.001, 0.1, 0.1, 0), "medium", "ROLLBACK RECOMMENDED (Medium Confidence)"),
        (Observations(60, 0.001, 0.001, 0.1, 0.1, 0), "low", "MONITOR AND PREPARE ROLLBACK (Low Confidence)"),
        (Observations(HOUR / 2, 0.001, 0.001, 0.21, 0.1, 0), "none", "INVESTIGATE FURTHER (Deployment likely not the cause)"),
    ],
)
def test_the_verdict_follows_the_score(given: Observations, level: str, verdict: str) -> None:
    confidence = score(given)
    assert (confidence.level, confidence.verdict) == (level, verdict), confidence.score


def test_exactly_eighty_sixty_and_forty_belong_to_the_higher_level() -> None:
    assert score(Observations(60, 0.5, 0.001, 0.1, 0.1, 25 * HOUR)).score == 80
    assert score(Observations(60, 0.006, 0.001, 0.1, 0.1, 0)).score == 60
    assert score(Observations(60, 0.001, 0.001, 0.1, 0.1, 0)).score == 40


def test_missing_evidence_has_no_points_and_is_named() -> None:
    confidence = score(Observations(deployment_age=120, stable_for=80 * HOUR, reasons={"error_rate": "Prometheus is down"}))
    assert (confidence.score, confidence.possible) == (55, 100)
    assert confidence.missing == ("error_rate", "latency")
    assert points(confidence)["error_rate"] is None
    assert next(factor for factor in confidence.factors if factor.name == "error_rate").reason == "Prometheus is down"


def test_errors_where_there_were_none_are_above_every_band() -> None:
    factor = score(Observations(error_rate=0.02, error_rate_baseline=0.0)).factors[1]
    assert (factor.points, factor.observed) == (30, None)
    assert "no errors before" in factor.reason


def test_no_errors_then_and_now_are_no_increase() -> None:
    assert points(score(Observations(error_rate=0.0, error_rate_baseline=0.0)))["error_rate"] == 0


@pytest.mark.parametrize(
    "given", [Observations(error_rate=0.4), Observations(latency=1.0), Observations(latency=1.0, latency_baseline=0.0)]
)
def test_without_a_baseline_an_increase_is_missing(given: Observations) -> None:
    assert score(given).score == 0
    assert len(score(given).missing) == 4


def test_numbers_that_are_none_are_missing() -> None:
    assert "error_rate" in score(Observations(error_rate=float("nan"), error_rate_baseline=0.1)).missing


def test_worse_evidence_never_scores_less() -> None:
    ages, multiples, stables = (0, 900, 3600, 14400, 99999), (0.5, 2, 2.5, 5, 7, 10, 400), (0, 6, 7, 24, 25, 72, 100)
    totals = {
        case: score(Observations(case[0], case[1] * 0.01, 0.01, case[2] * 0.1, 0.1, case[3] * HOUR)).score
        for case in itertools.product(ages, multiples, multiples, stables)
    }
    for case, total in totals.items():
        for index, better in enumerate((ages[::-1], multiples, multiples, stables)):
            position = better.index(case[index])
            if position + 1 < len(better):
                stronger = (*case[:index], better[position + 1], *case[index + 1 :])
                assert totals[stronger] >= total
