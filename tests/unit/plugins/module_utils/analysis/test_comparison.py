# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.comparison import UNKNOWN, WORSE, follow
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison import ComparedSignal
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison_raw import RawComparedSignal, RawComparison
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.analysis.test_samples import (
    ALTERNATING,
    HIGH_NOW,
    ONES,
    TWO_LEVELS,
    ZEROS,
)

DEPLOYED = 1_700_000_000.0


def compared(then: Sequence[float], now: Sequence[float], name: str = "queue", higher_is_better: bool = False) -> ComparedSignal:
    """A signal with a value a minute before and after the deployment; each window's value is that of its last five minutes."""
    length = 60.0 * (max(len(then), len(now)) + 1)
    points = [(DEPLOYED - 60.0 * (len(then) - number - 1), value) for number, value in enumerate(then)]
    points += [(DEPLOYED + length - 60.0 * (len(now) - number - 1), value) for number, value in enumerate(now)]
    raw = RawComparedSignal(name, name, "number", median(then[-5:]), median(now[-5:]), tuple(points), higher_is_better)
    windows = ((DEPLOYED - length, DEPLOYED), (DEPLOYED, DEPLOYED + length))
    (followed,) = follow(RawComparison(windows[0], windows[1], (raw,)), DEPLOYED)
    return followed.compared


@pytest.mark.parametrize(
    ("then", "now", "verdicts"),
    [
        (ONES, HIGH_NOW, {WORSE}),
        (ONES, sorted(HIGH_NOW, reverse=True), {WORSE}),
        (ONES, list(reversed(HIGH_NOW)), {WORSE}),
        (ZEROS, [0.0, 1.0, 2.0, 1.0, 0.0, 0.0], {WORSE, UNKNOWN}),
        (ALTERNATING, TWO_LEVELS, {"better", WORSE, UNKNOWN}),
    ],
)
def test_what_changed_is_not_the_same_wherever_in_the_window_it_did(then: list[float], now: list[float], verdicts: set[str]) -> None:
    found = compared(then, now)
    assert found.verdict in verdicts
    assert found.comparison is not None
    assert found.comparison.verdict != "same"


def test_a_steady_signal_is_the_same_and_says_how_sure() -> None:
    found = compared([5.0, 5.1, 4.9] * 10, [5.0, 4.9, 5.1] * 10)
    assert found.verdict == "same"
    assert found.comparison is not None
    assert (found.comparison.verdict, found.comparison.values_now, found.comparison.values_before) == ("same", 30, 30)


def test_equal_middles_of_a_signal_that_swings_are_unknown_with_a_reason() -> None:
    found = compared([5.0, 5.1, 4.9, 5.0, 5.0] * 6, [1.0, 9.0, 5.0, 0.5, 9.5] * 6)
    assert found.verdict == UNKNOWN
    assert "goes up and down in another way" in (found.reason or "")


def test_more_traffic_is_neither_better_nor_worse() -> None:
    assert compared([10.0] * 20, [40.0] * 20, "request_rate").verdict == "same"
    assert compared([10.0] * 20, [5.0] * 20, "request_rate").verdict == WORSE


def test_lower_may_be_worse() -> None:
    assert compared([0.9] * 20, [0.5] * 20, higher_is_better=True).verdict == WORSE


@pytest.mark.parametrize(
    ("then", "now", "verdict", "change"),
    [(1.0, 10.0, WORSE, 9.0), (10.0, 10.0, UNKNOWN, None), (20.0, 10.0, UNKNOWN, None), (10.0, 1.0, "better", -0.9)],
)
def test_beyond_the_highest_bucket_it_is_at_least_that(then: float, now: float, verdict: str, change: float | None) -> None:
    length = 1200.0
    points = tuple((DEPLOYED + 60.0 * number, then if number < 0 else now) for number in range(-20, 21))
    raw = RawComparedSignal("latency_p95", "Latency P95", "seconds", then, now, points, limits=(10.0, 20.0))
    (followed,) = follow(RawComparison((DEPLOYED - length, DEPLOYED), (DEPLOYED, DEPLOYED + length), (raw,)), DEPLOYED)
    assert (followed.compared.verdict, followed.compared.change) == (verdict, change)
    assert ("at least 10s" in (followed.compared.reason or "")) is (now == 10.0)
