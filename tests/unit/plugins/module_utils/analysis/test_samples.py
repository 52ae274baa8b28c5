# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.samples import (
    BETTER,
    SAME,
    UNKNOWN,
    WORSE,
    compare_samples,
)

HIGH_NOW = [100.0] * 7 + [1.0] * 3
ONES = [1.0] * 10
ZEROS = [0.0] * 6
TWO_LEVELS = [10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 17.0, 17.1, 17.2, 17.3, 17.4, 17.5, 17.6, 17.7]
ALTERNATING = [1.0, 100.0, 4.0, 101.0, 5.0, 102.0, 6.0, 103.0, 7.0, 104.0, 8.0, 105.0, 9.0, 106.0, 17.0]


@pytest.mark.parametrize(
    ("now", "before", "verdicts"),
    [
        (HIGH_NOW, ONES, {WORSE}),
        ([0.0, 1.0, 2.0, 1.0, 0.0, 0.0], ZEROS, {WORSE, UNKNOWN}),
        (TWO_LEVELS, ALTERNATING, {WORSE, BETTER, UNKNOWN}),
        (ALTERNATING, TWO_LEVELS, {WORSE, BETTER, UNKNOWN}),
        (TWO_LEVELS, [1.0, 106.0] * 8, {WORSE, BETTER, UNKNOWN}),
        ([100.0] * 3 + [1.0] * 7, ONES, {WORSE, UNKNOWN}),
        ([100.0] + [1.0] * 9, ONES, {WORSE, UNKNOWN}),
    ],
)
def test_what_rank_tests_with_a_tolerance_are_known_to_miss(now: Sequence[float], before: Sequence[float], verdicts: set[str]) -> None:
    """Reported of Kayenta's judge, which passes them: its issues 426 and 780, and issue 6278 of Spinnaker."""
    for direction in (1, -1, 0):
        assert compare_samples(now, before, direction).verdict != SAME
    assert compare_samples(now, before).verdict in verdicts
    shuffled = random.Random(1).sample(now, len(now))
    assert compare_samples(shuffled, before) == compare_samples(now, before)


def test_the_direction_says_what_higher_means() -> None:
    assert [compare_samples(HIGH_NOW, ONES, direction).verdict for direction in (1, -1, 0)] == [WORSE, BETTER, WORSE]
    assert [compare_samples(ONES, HIGH_NOW, direction).verdict for direction in (1, -1, 0)] == [BETTER, WORSE, WORSE]


def test_what_is_steady_is_the_same_and_sure() -> None:
    steady = [0.10, 0.101, 0.099, 0.1005, 0.0995] * 3
    found = compare_samples(steady, steady * 3, unit="seconds")
    assert found.verdict == SAME
    assert found.sureness is not None
    assert found.sureness > 0.99
    assert found.sentence.startswith("same, more than 99.9% sure: median 100ms (15 values) against 100ms (45 values)")


def test_never_an_error_and_never_one_is_the_same() -> None:
    assert compare_samples(ZEROS, ZEROS).verdict == SAME
    assert compare_samples([0.0], [0.0]).verdict == UNKNOWN


def test_a_sure_difference_that_does_not_matter_is_the_same() -> None:
    before = [100.0 + number / 10 for number in range(30)]
    slower = [value + 3.0 for value in before]
    assert compare_samples(slower, before).verdict == SAME
    assert compare_samples(slower, before, noticeable=0.01).verdict == WORSE
    assert compare_samples([0.0004] * 20, [0.0] * 20, smallest=0.001).verdict == SAME


@pytest.mark.parametrize("size", [1, 2, 3])
def test_too_few_values_say_so(size: int) -> None:
    found = compare_samples([9.0] * size, [1.0] * 3)
    assert (found.verdict, found.sureness) == (UNKNOWN, None)
    assert "too few values" in found.sentence


def test_one_value_far_out_of_fifty_is_enough() -> None:
    assert compare_samples([0.45], [0.001 + number / 1e5 for number in range(50)]).verdict == WORSE


def test_gaps_are_no_values() -> None:
    assert compare_samples([float("nan"), float("inf")], ONES).verdict == UNKNOWN
    assert compare_samples(ONES, []).sentence == "there are no values from before"
    assert compare_samples([*HIGH_NOW, float("nan")], ONES) == compare_samples(HIGH_NOW, ONES)


@pytest.mark.parametrize("deviation", [0.02, 0.1, 0.3])
def test_noise_alone_is_rarely_called_a_difference(deviation: float) -> None:
    chance = random.Random(7)

    def sample(size: int) -> list[float]:
        return [chance.lognormvariate(0, deviation) for _unused in range(size)]

    verdicts = [compare_samples(sample(15), sample(49)).verdict for _unused in range(100)]
    assert sum(verdict in (WORSE, BETTER) for verdict in verdicts) <= 12
    if deviation < 0.05:
        assert verdicts.count(SAME) >= 95


@pytest.mark.parametrize("deviation", [0.02, 0.1, 0.3])
def test_twice_as_much_is_never_the_same(deviation: float) -> None:
    chance = random.Random(8)
    before = [chance.lognormvariate(0, deviation) for _unused in range(49)]
    verdicts = {compare_samples([2 * chance.lognormvariate(0, deviation) for _each in range(8)], before).verdict for _unused in range(50)}
    assert verdicts == {WORSE}


def test_very_many_values_are_thinned() -> None:
    found = compare_samples([1.0] * 5000, [1.0] * 5000)
    assert (found.values_now, found.values_before) == (200, 200)
