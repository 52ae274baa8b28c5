# SPDX-License-Identifier: GPL-3.0-or-later
"""The fit finds the curve that answers follow, and says how it does on scenarios that it was not fitted to."""

from __future__ import annotations

import pytest

from evaluate.case import Outcome
from evaluate.fit import fitted, report
from tests.evaluate.outcomes import outcome


def answers(confidence: int, right: int, wrong: int) -> list[Outcome]:
    """So many answers of one confidence, of which so many are right, each about a scenario of its own."""
    said = ["rollback"] * right + ["none"] * wrong
    return [outcome("rollback", action, confidence, scenario=f"x/{confidence}-{number}") for number, action in enumerate(said)]


def test_what_is_right_as_often_as_stated_keeps_its_slope() -> None:
    assert fitted([*answers(95, 380, 20), *answers(80, 320, 80), *answers(60, 240, 160)]).slope == pytest.approx(1.0, abs=0.05)


def test_what_is_right_more_often_than_stated_comes_nearer_to_the_surest() -> None:
    curve = fitted([*answers(95, 380, 20), *answers(60, 360, 40), *answers(40, 340, 60)])
    assert curve.percent(60) == pytest.approx(90, abs=3)
    assert curve.percent(40) == pytest.approx(85, abs=3)


def test_few_answers_do_not_say_always() -> None:
    assert fitted(answers(60, 3, 0)).percent(60) < 90


def test_the_report_compares_on_scenarios_held_out() -> None:
    told = report([*answers(95, 95, 5), *answers(60, 90, 10)]).splitlines()
    assert told[0].startswith("MEASURED = Calibration(")
    assert told[1].startswith("as stated: off by 15.0 points, Brier 0.")
    assert float(told[2].split("off by ")[1].split(" ")[0]) < 5
