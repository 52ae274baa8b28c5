# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.onset import Course, onset
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Shape

# As the series come: every 102 s for four hours, every 10 s for the last twenty minutes.
TIMES = [-14400.0 + 102 * step for step in range(130)] + [-1200.0 + 10 * step for step in range(121)]


def series(value: Callable[[float], float]) -> list[tuple[float, float]]:
    return [(at, value(at)) for at in TIMES]


def ramp(start: float, seconds: float, low: float, high: float) -> Callable[[float], float]:
    return lambda at: low + (high - low) * max(0.0, min(1.0, (at - start) / seconds))


def noise(level: float, width: float, seed: int = 7) -> Callable[[float], float]:
    chance = random.Random(seed)
    return lambda _unused: abs(chance.gauss(level, width))


def found(value: Callable[[float], float], day_before: float | None = None, **more: float) -> Course:
    return onset(series(value), day_before, **more)  # type: ignore[arg-type]


def test_a_step_is_sudden_and_found_within_a_step() -> None:
    course = found(ramp(-80, 60, 0.001, 0.45), 0.001)
    assert course.shape is Shape.SUDDEN
    assert course.onset == pytest.approx(-80, abs=10)
    assert course.level_before == pytest.approx(0.001)
    assert course.level_now == pytest.approx(0.45)


@pytest.mark.parametrize("points", [3, 4])
def test_a_step_at_the_very_end_is_found(points: int) -> None:
    began = -10.0 * (points - 1)
    course = found(lambda at: 8.5 if at >= began else 0.15, 0.15)
    assert course.shape is Shape.SUDDEN
    assert course.onset == pytest.approx(began, abs=10)


@pytest.mark.parametrize("at_spike", [0.0, -3000.0])
def test_a_single_spike_is_no_onset(at_spike: float) -> None:
    spike = min(TIMES, key=lambda at: abs(at - at_spike))
    assert found(lambda at: 8.5 if at == spike else 0.15, 0.15).shape is Shape.STEADY


def test_an_earlier_blip_does_not_date_the_onset_back() -> None:
    course = found(lambda at: 0.3 if -600 < at < -540 or at > -300 else 0.001, 0.001)
    assert course.onset == pytest.approx(-300, abs=10)


def test_a_single_spike_just_before_a_step_does_not_date_it_back() -> None:
    spike = min(TIMES, key=lambda at: abs(at + 370))
    assert found(lambda at: 8.5 if at == spike or at >= -300 else 0.15, 0.15).onset == pytest.approx(-300, abs=10)


def test_comings_and_goings_are_one_departure() -> None:
    assert found(lambda at: 0.5 if at > -1140 and int(at // 60) % 2 else 0.001, 0.001).onset == pytest.approx(-1140, abs=20)


@pytest.mark.parametrize(("seconds", "shape"), [(1800, Shape.GRADUAL), (7200, Shape.GRADUAL), (600, Shape.SUDDEN), (1200, Shape.SUDDEN)])
def test_what_takes_half_an_hour_is_gradual(seconds: float, shape: Shape) -> None:
    course = found(ramp(-9000, seconds, 0.08, 1.2), 0.08)
    assert course.shape is shape
    assert course.onset == pytest.approx(-9000, abs=150)


def test_a_ramp_that_still_goes_on_is_gradual_too() -> None:
    assert found(ramp(-1800, 1800, 0.08, 1.2), 0.08).shape is Shape.GRADUAL


def test_a_slow_leak_over_the_whole_time_is_gradual() -> None:
    course = found(ramp(-14400, 14400, 0.4533, 0.52), 0.45)
    assert course.shape is Shape.GRADUAL
    assert course.level_before == pytest.approx(0.456, abs=0.005)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_steady(seed: int) -> None:
    assert found(noise(0.001, 0.0005, seed), 0.001, smallest=0.001).shape is Shape.STEADY


@pytest.mark.parametrize("seed", range(5))
def test_rare_bursts_of_errors_are_noise(seed: int) -> None:
    chance = random.Random(seed)
    bursts = {at for at in TIMES if chance.random() < 0.1}
    assert found(lambda at: 0.02 if at in bursts else 0.0, 0.002).shape is Shape.STEADY


def test_a_step_out_of_noise_is_found() -> None:
    level = noise(0.002, 0.001)
    assert found(lambda at: level(at) + (0.3 if at >= -600 else 0.0), 0.002).onset == pytest.approx(-600, abs=10)


def test_what_was_bad_before_the_timeframe_has_an_onset_that_early() -> None:
    course = found(lambda _unused: 0.3, 0.001)
    assert course.onset == TIMES[0]
    assert course.shape is Shape.UNKNOWN
    assert "or earlier" in (course.reason or "")


@pytest.mark.parametrize("seed", range(5))
def test_what_rose_within_the_timeframe_was_not_bad_before_it(seed: int) -> None:
    """A handful of failures a minute, and twice as many since the middle: one level to the eye, which began well."""
    chance = random.Random(seed)

    def rare(at: float) -> float:
        mean = 3.0 if at < -9000 else 6.5
        return sum(chance.random() < mean / 100 for _unused in range(100)) / 1500

    course = found(rare, 0.0019, smallest=0.001)
    assert course.onset is None or course.onset > -12000


def test_what_is_as_it_was_a_day_ago_is_no_departure() -> None:
    """The same morning rise, every day."""
    assert found(ramp(-14400, 14400, 0.1, 0.15), 0.15).shape is Shape.STEADY
    assert found(ramp(-14400, 14400, 0.1, 0.15), 0.08).onset is not None


def test_a_small_shift_does_not_date_a_large_step_back() -> None:
    assert found(lambda at: 0.1 if at < -7000 else 0.118 if at < -300 else 3.0, 0.1).onset == pytest.approx(-300, abs=10)


def test_a_gap_before_the_onset_is_said() -> None:
    points = [(at, 0.15 if at < -600 else 8.5) for at in TIMES if not -5000 < at < -500]
    course = onset(points, 0.15)
    assert course.onset == min(at for at, _unused in points if at > -600)
    assert "no data" in (course.reason or "")


def test_gaps_and_infinities_are_no_values() -> None:
    points = [(at, float("nan") if index % 3 else value) for index, (at, value) in enumerate(series(ramp(-300, 60, 0.15, 8.5)))]
    assert onset([*points, (1.0, float("inf"))], 0.15).onset == pytest.approx(-300, abs=40)


@pytest.mark.parametrize("points", [[], [(0.0, 1.0)], [(0.0, 1.0), (1.0, 1.0), (2.0, 9.0)]])
def test_too_few_points_are_unknown(points: list[tuple[float, float]]) -> None:
    assert onset(points).shape is Shape.UNKNOWN


@pytest.mark.parametrize(("direction", "is_departure"), [(1, False), (-1, True), (0, True)])
def test_a_fall_counts_where_lower_is_worse(direction: int, is_departure: bool) -> None:
    course = found(lambda at: 1000.0 if at < -600 else 100.0, 1000.0, direction=direction)
    assert (course.onset is not None) is is_departure


def test_recovered_means_no_onset() -> None:
    assert found(lambda at: 0.4 if -3000 < at < -1300 else 0.001, 0.001).onset is None


def test_how_long_nothing_was_measured_around_it() -> None:
    points = [(at, 0.001 if at < -600 else 0.2) for at in TIMES if not -840 < at < -500]
    course = onset(points, 0.001)
    holes = [later - earlier for earlier, later in pairwise([at for at, _unused in points]) if earlier < -700 <= later]
    assert [course.gap] == holes
    assert onset([(at, 0.001) for at in TIMES], 0.001).gap is None
