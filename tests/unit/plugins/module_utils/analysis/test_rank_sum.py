# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from itertools import combinations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.rank_sum import one_sided, smallest_p


def by_hand(ours: list[float], theirs: list[float]) -> tuple[float, float]:
    """Every way to divide the values, and how often it ranks as high, and as low."""
    values = [*ours, *theirs]
    ranks = [sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2 for value in values]
    observed = sum(ranks[: len(ours)])
    sums = [sum(ranks[index] for index in chosen) for chosen in combinations(range(len(values)), len(ours))]
    return sum(one >= observed for one in sums) / len(sums), sum(one <= observed for one in sums) / len(sums)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 6), (6, 1), (4, 5), (5, 4), (6, 6)])
@pytest.mark.parametrize("different", [2, 5, 1000])
def test_small_samples_are_counted_out(sizes: tuple[int, int], different: int) -> None:
    chance = random.Random(different)
    ours, theirs = ([float(chance.randrange(different)) for _unused in range(size)] for size in sizes)
    assert one_sided(ours, theirs) == pytest.approx(by_hand(ours, theirs))


def test_large_samples_agree_with_the_count() -> None:
    chance = random.Random(3)
    ours, theirs = [chance.gauss(0.4, 1) for _unused in range(20)], [chance.gauss(0, 1) for _unused in range(20)]
    counted = one_sided(ours, theirs)
    approximate = one_sided([*ours, 0.0], theirs)  # one more, and the normal distribution is used
    assert approximate == pytest.approx(counted, abs=0.03)


def test_values_that_are_all_equal_show_nothing() -> None:
    assert one_sided([1.0] * 3, [1.0] * 4) == (1.0, 1.0)
    assert one_sided([1.0] * 40, [1.0] * 40) == (1.0, 1.0)


def test_the_least_probability_is_one_way_of_all() -> None:
    assert one_sided([9.0, 8.0, 7.0], [1.0, 2.0, 3.0])[0] == pytest.approx(smallest_p(3, 3)) == pytest.approx(1 / 20)
