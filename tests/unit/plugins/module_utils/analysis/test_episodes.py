# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from random import Random

from ansible_collections.devops.incident_response.plugins.module_utils.analysis.episodes import episodes

NOW, STEP = 1_700_000_000.0, 60.0


def lately(level: Callable[[float], float]) -> list[tuple[float, float]]:
    """A point every minute for four hours; ``level`` by age in minutes."""
    return [(NOW - age * STEP, level(age)) for age in range(240, -1, -1)]


def test_what_came_and_went_before_is_found() -> None:
    found = episodes(lately(lambda age: 0.2 if age < 10 or 100 < age < 110 or 190 < age < 200 else 0.001), 0.001)
    assert [round((NOW - at) / STEP) for at in found] == [199, 109, 9]


def test_an_error_rate_that_is_noisy_anyway_has_no_episodes_before() -> None:
    """One or two failures more in a minute are twice as many as usual, and nothing that anybody felt."""
    random = Random(7)
    for attempt in range(50):
        noisy = lately(lambda age: (0.0027 if age < 12 else 0.001) + abs(random.gauss(0, 0.0009)))
        assert len(episodes(noisy, 0.001)) <= 1, attempt


def test_what_was_half_as_bad_is_not_of_the_same_kind() -> None:
    assert len(episodes(lately(lambda age: 0.2 if age < 10 else 0.12 if 100 < age < 110 else 0.001), 0.001)) == 1
    assert len(episodes(lately(lambda age: 0.2 if age < 10 else 0.17 if 100 < age < 110 else 0.001), 0.001)) == 2


def test_a_series_that_is_well_now_has_none() -> None:
    assert episodes(lately(lambda age: 0.2 if 100 < age < 110 else 0.001), 0.001) == ()
