# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.decision.ledger import Ledger, ranked
from ansible_collections.devops.incident_response.plugins.module_utils.model.recommendation import Hypothesis


def hypothesis(confidence: int, cause: str = "x") -> Hypothesis:
    return Hypothesis(cause, cause, confidence)


def confidences(*given: int) -> list[int]:
    return [one.confidence for one in ranked([hypothesis(confidence) for confidence in given])]


def test_points_become_sentences_for_and_against() -> None:
    ledger = Ledger(50)
    ledger.add(10, "for")
    ledger.add(-20, "against")
    ledger.check("look")
    made = ledger.hypothesis("load", "Load")
    assert (made.confidence, made.evidence_for, made.evidence_against, made.check_next) == (40, ("for",), ("against",), ("look",))


def test_nothing_is_certain_or_impossible() -> None:
    sure, hopeless, capped = Ledger(300), Ledger(-50), Ledger(90)
    capped.cap(75)
    made = [ledger.hypothesis("x", "X").confidence for ledger in (sure, hopeless, capped)]
    assert made == [95, 2, 75]


def test_a_weak_rival_takes_nothing_from_the_likeliest() -> None:
    assert confidences(75, 20)[0] == 75


def test_a_strong_rival_makes_the_likeliest_less_sure() -> None:
    assert confidences(70, 80) == [55, 45]


@pytest.mark.parametrize("given", [(95, 95, 95), (60, 58), (40, 40, 40, 40), (2,), (95, 5, 5), (50, 50)])
def test_together_they_are_a_hundred_at_most_and_in_order(given: tuple[int, ...]) -> None:
    made = confidences(*given)
    assert sum(made) <= 100
    assert made == sorted(made, reverse=True)


def test_no_hypothesis_is_none() -> None:
    assert ranked([]) == ()


def test_what_is_as_likely_as_an_unlikely_deployment_stands_before_it() -> None:
    def first(confidence: int) -> str:
        return ranked([hypothesis(confidence, "deployment"), hypothesis(confidence, "unknown")])[0].cause

    assert (first(30), first(60)) == ("unknown", "deployment")
