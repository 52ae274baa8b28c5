# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's figures become medians, ratios and a table, and what was not measured is said."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bench import report
from bench.subjects import Subject

DELAYS = (0, 50)
FIGURES = {
    ("a", 0): [2.0, 9.0, 1.0],
    ("a", 50): [3.0, 3.0, 3.0],
    ("b", 0): [4.0, 4.0, 4.0],
    ("b", 50): [12.0, 12.0, 12.0],
    ("c", 0): [0.5, 0.5, 0.5],
    ("c", 50): [1.0, 1.0, 1.0],
    ("d", 0): [20.0, 20.0, 20.0],
    ("d", 50): [30.0, 30.0, 30.0],
}


def never(_variables: Mapping[str, str]) -> float:
    raise AssertionError("a report measures nothing")


def everything(missing: str | None = None) -> list[Subject]:
    return [Subject(key, f"title of {key}", never, missing if key == "d" else None) for key in "abcd"]


def test_the_middle_of_all_rounds_counts() -> None:
    assert report.medians(FIGURES)["a", 0] == 2.0


def test_ratios_compare_with_ours() -> None:
    assert report.ratios(report.medians(FIGURES), DELAYS) == {
        "a / b": {"0": 0.5, "50": 0.25},
        "a / d": {"0": 0.1, "50": 0.1},
        "a - c": {"0": 1.5, "50": 2.0},
    }


def test_a_row_that_was_not_measured_says_why_and_has_no_ratio() -> None:
    medians = {key: value for key, value in report.medians(FIGURES).items() if key[0] != "d"}
    lines = report.table(everything("kubernetes.core could not be fetched"), medians, DELAYS).splitlines()
    assert any(line.startswith("(d)") and line.endswith("not measured: kubernetes.core could not be fetched") for line in lines)
    assert not any(line.startswith("a / d") for line in lines)


@pytest.mark.parametrize(
    ("start", "values"),
    [("(a)", ["2.00 s", "3.00 s"]), ("a / b", ["0.50", "0.25", "at most 0.45 at 50 ms"]), ("a - c", ["1.50 s", "at most 1.5 s at 0 ms"])],
)
def test_the_table_has_a_column_for_each_delay(start: str, values: list[str]) -> None:
    (line,) = [line for line in report.table(everything(), report.medians(FIGURES), DELAYS).splitlines() if line.startswith(start)]
    positions = [line.index(value) for value in values]
    assert positions == sorted(positions)
