# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m evaluate` runs what was asked for, and ends with 1 when an aim is missed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from evaluate import __main__ as command
from evaluate.case import Case, Outcome
from lab.scenario.errors import ScenarioError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """The cases that were asked about; each is answered with what is right for a rollback."""
    cases: list[Case] = []

    def answered(wanted: Sequence[Case]) -> Iterator[Outcome]:
        for case in reversed(wanted):
            cases.append(case)
            yield Outcome(case, ("rollback",), ("deployment",), "a cause", action="rollback", named="deployment", confidence=95)

    monkeypatch.setattr(command, "outcomes", answered)
    return cases


def test_scenarios_and_variants_are_chosen(asked: list[Case], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "traffic/sur*", "--seeds", "2", "--first-seed", "3"]) == 0
    assert {case.scenario for case in asked} == {"traffic/surge", "traffic/surge-after-release"}
    assert {case.seed for case in asked} == {3, 4}
    printed = capsys.readouterr().out
    assert "All aims are met." in printed
    assert printed.index("traffic/surge-after-release:3") < printed.index("traffic/surge-after-release:4"), "in order, however they come"


def test_every_outcome_can_be_kept(asked: list[Case], tmp_path: Path) -> None:
    command.main(["--only", "traffic/surge", "--json", str(tmp_path / "found.json")])
    document = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert document["totals"]["All"]["cases"] == len(document["outcomes"]) == len(asked)
    assert document["outcomes"][0]["right"] is True


def test_a_missed_aim_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "outcomes", lambda cases: [Outcome(case, ("scale",), (), "", action="rollback") for case in cases])
    assert command.main(["--only", "traffic/surge"]) == 1
    assert "MISSED: 2 rollbacks were recommended where they are wrong" in capsys.readouterr().out


def test_a_name_that_fits_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--only", "no/such"])
    assert ended.value.code == 2
    assert "no scenario is called no/such" in capsys.readouterr().err


def test_a_scenario_that_is_wrong_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def answered(_wanted: Sequence[Case]) -> Iterator[Outcome]:
        raise ScenarioError("surge.yml", 3, "truth.action", "is missing")
        yield

    monkeypatch.setattr(command, "outcomes", answered)
    assert command.main(["--only", "traffic/surge"]) == 2
    assert capsys.readouterr().err.endswith("surge.yml:3: truth.action: is missing\n")


def test_the_calibration_is_fitted_to_what_the_rules_state(asked: list[Case], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "traffic/surge", "--fit"]) == 0
    assert all(case.as_stated for case in asked)
    assert capsys.readouterr().out.startswith("MEASURED = Calibration(")
