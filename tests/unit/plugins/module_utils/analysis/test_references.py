# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ansible_collections.devops.incident_response.plugins.module_utils.analysis.references import Measured, references
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import SignalBaseline

NOW, DAY, HOUR = 1_700_000_000.0, 86400.0, 3600.0
Points = tuple[tuple[float, float], ...]


def lately(level: Callable[[float], float]) -> Points:
    """A point every ten seconds for two hours; ``level`` by age."""
    return tuple((NOW - age, level(age)) for age in range(7200, -1, -10))


def week(level: Callable[[int], float], days: int = 7) -> Points:
    """Nine points around this time on each of the days before, a little apart; ``level`` by day."""
    return tuple(sorted((NOW - day * DAY + at, level(day) * (1 + at / 1e6)) for day in range(1, days + 1) for at in range(-600, 601, 150)))


def measured(recent: Points, same_hour: Points = (), day_before: float | None = None, direction: int = 1) -> Measured:
    return Measured(recent, same_hour, recent[-1][1] if recent else None, day_before, 60.0, NOW, direction, 0.001, "share")


def named(baselines: tuple[SignalBaseline, ...], name: str) -> SignalBaseline:
    return next(one for one in baselines if one.name == name)


def test_each_past_has_its_value_and_its_verdict() -> None:
    known = measured(lately(lambda age: 0.2 if age < 1800 else 0.01), week(lambda day: 0.2), day_before=0.19)
    usual, baselines = references(known, NOW - 1800, NOW - 1900)
    assert [(one.name, round(one.value or 0.0, 3), one.days) for one in baselines] == [
        ("day_before", 0.19, 0),
        ("same_hour", 0.2, 7),
        ("week_before", 0.2, 1),
        ("before_deployment", 0.01, 0),
    ]
    assert named(baselines, "before_deployment").ratio == 20.0
    verdicts = [one.comparison.verdict if one.comparison else None for one in baselines]
    assert verdicts == [None, "same", "same", "worse"]
    assert usual == named(baselines, "same_hour").comparison


def test_one_odd_day_of_a_week_is_not_what_is_usual() -> None:
    odd = week(lambda day: 0.9 if day == 1 else 0.01)
    usual, baselines = references(measured(lately(lambda age: 0.3 if age < 600 else 0.01), odd, 0.9), NOW - 600, None)
    assert named(baselines, "same_hour").value is not None
    assert round(named(baselines, "same_hour").value or 0.0, 3) == 0.01
    assert usual.verdict == "unknown" or usual.verdict == "worse"
    assert usual.verdict != "same"


def test_with_too_few_days_the_hour_before_the_onset_counts() -> None:
    recent = lately(lambda age: 0.3 if age < 600 else 0.01)
    two_days = references(measured(recent, week(lambda day: 0.3, 2)), NOW - 600, None)
    assert (two_days[0].verdict, two_days[0].values_before) == ("worse", 110)
    without = references(measured(recent), NOW - 600, None)
    assert without[0].verdict == "worse"
    assert named(without[1], "same_hour").reason is not None


def test_a_young_outage_is_judged_by_what_has_not_seen_the_time_before() -> None:
    diluted = lately(lambda age: 0.4 if age <= 20 else 0.2 if age <= 80 else 0.001)
    usual, _unused = references(measured(diluted, week(lambda day: 0.001)), NOW - 80, None)
    assert (usual.verdict, usual.values_now) == ("worse", 1)


def test_overlapping_windows_say_a_thing_once() -> None:
    usual, _unused = references(measured(lately(lambda age: 0.01), week(lambda day: 0.01)), None, None)
    assert (usual.verdict, usual.values_now, usual.values_before) == ("same", 16, 63)


def test_without_any_past_nothing_is_known() -> None:
    usual, baselines = references(measured(lately(lambda age: 0.3)), None, NOW - DAY)
    assert usual.verdict == "unknown"
    assert all(one.value is None and one.ratio is None and one.reason for one in baselines)


def test_a_zero_before_has_no_ratio() -> None:
    usual, baselines = references(measured(lately(lambda age: 0.3), week(lambda day: 0.0), 0.0), None, None)
    assert usual.verdict == "worse"
    assert [one.ratio for one in baselines] == [None, None, None]
    assert [one.value for one in baselines] == [0.0, 0.0, 0.0]


def test_lower_may_be_worse() -> None:
    fell = measured(lately(lambda age: 0.1), week(lambda day: 0.9), direction=-1)
    assert references(fell, None, None)[0].verdict == "worse"
    assert references(replace(fell, direction=1), None, None)[0].verdict == "better"


def test_a_signal_with_a_value_alone_is_compared_by_it() -> None:
    known = replace(measured((), week(lambda day: 0.01)), value=0.5)
    usual, _unused = references(known, None, None)
    assert usual.values_now == 1
