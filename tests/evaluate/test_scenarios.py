# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios are enough, and fair: most of them are incidents in which a rollback is wrong."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from evaluate.case import ROLLBACK, Case
from lab.scenario.loader import load, names
from lab.scenario.model import Scenario

CAUSES = frozenset(
    "deployment dependency resource_leak load crash node unknown certificate licence name_resolution credentials quota storage platform "
    "configuration caller".split()
)


@pytest.fixture(scope="module")
def scenarios() -> dict[str, Scenario]:
    return {name: load(name, 0) for name in names()}


def test_there_are_enough_and_in_most_of_them_a_rollback_is_wrong(scenarios: dict[str, Scenario]) -> None:
    wrong = [name for name, one in scenarios.items() if ROLLBACK not in (one.truth.action, *one.truth.acceptable)]
    assert len(scenarios) >= 40
    assert len(wrong) >= len(scenarios) / 2


def test_the_held_out_ones_are_of_both_kinds(scenarios: dict[str, Scenario]) -> None:
    held = [one for name, one in scenarios.items() if Case(name, 0).held_out]
    assert 5 <= sum(one.truth.action == ROLLBACK for one in held) <= len(held) - 5


def test_every_truth_names_causes_that_exist(scenarios: dict[str, Scenario]) -> None:
    assert {name: kinds for name, one in scenarios.items() if (kinds := set(one.truth.kinds) - CAUSES)} == {}


def test_a_truth_is_not_so_wide_that_nothing_is_wrong(scenarios: dict[str, Scenario]) -> None:
    assert [name for name, one in scenarios.items() if len({one.truth.action, *one.truth.acceptable}) > 4] == []


@pytest.mark.parametrize("kind", ["dependencies/*", "traffic/*", "resources/*", "configuration/*", "guards/*", "monitoring/*", "timing/*"])
def test_every_folder_has_some(scenarios: dict[str, Scenario], kind: str) -> None:
    assert [name for name in scenarios if fnmatch(name, kind)]
