# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.growth import growing_since
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.levels import signal_level
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.signals import signals, worsening
from ansible_collections.devops.incident_response.plugins.module_utils.model.finding import Level
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Metrics, PodShare, Shape, Signal
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics_raw import RawMetrics, RawSignal
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Objectives

NOW = datetime(2025, 10, 21, 14, 0, tzinfo=UTC)
END = NOW.timestamp()


def points(*levels: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """One value every 10 s for an hour; ``levels`` are (age from which on, value), oldest first."""
    found = []
    for age in range(3600, -1, -10):
        value = [level for since, level in levels if age <= since][-1]
        found.append((END - age, value))
    return tuple(found)


def raw(name: str = "error_rate", **given: Any) -> RawSignal:
    fields: dict[str, Any] = {
        "title": "Error rate",
        "unit": "share",
        "last_5m": None,
        "last_1m": None,
        "day_before": None,
        "recent": (),
        "reason": None,
        "higher_is_better": False,
        "critical_ratio": 10.0,
    }
    return RawSignal(name=name, **{**fields, **given})


def judge(*given: RawSignal, deployed: float | None = None) -> Metrics:
    since = NOW - timedelta(seconds=deployed) if deployed is not None else None
    return signals(RawMetrics(given, 15.0, ("a note",)), since, NOW)


def one(given: RawSignal, deployed: float | None = None) -> Signal:
    return judge(given, deployed=deployed).signals[0]


def test_a_young_outage_is_not_diluted_by_five_minutes() -> None:
    signal = one(raw(last_5m=0.12, last_1m=0.45, day_before=0.001, recent=points((3600, 0.001), (80, 0.45))))
    assert signal.value == 0.45
    assert signal.window == pytest.approx(85, abs=10)
    assert signal.ratio == pytest.approx(450)


def test_the_window_since_a_young_onset_is_at_least_a_minute() -> None:
    signal = one(raw(last_5m=0.05, last_1m=0.3, day_before=0.001, recent=points((3600, 0.001), (30, 0.3))))
    assert (signal.value, signal.window) == (0.3, 60.0)


def test_an_older_outage_is_taken_over_five_minutes() -> None:
    signal = one(raw(last_5m=0.44, last_1m=0.5, day_before=0.001, recent=points((3600, 0.001), (900, 0.45))))
    assert (signal.value, signal.window) == (0.44, 300.0)


def test_without_history_the_hour_before_the_onset_is_the_baseline() -> None:
    signal = one(raw(last_5m=0.44, last_1m=0.44, recent=points((3600, 0.002), (900, 0.45))))
    assert signal.baseline == 0.002
    assert "no history from a day ago" in (signal.reason or "")


def test_without_history_and_onset_the_hour_before_the_deployment_is_the_baseline() -> None:
    assert one(raw(last_5m=0.002, recent=points((3600, 0.002))), deployed=1200).baseline == 0.002


def test_without_anything_to_compare_with_the_baseline_is_unknown() -> None:
    signal = one(raw(last_5m=0.002, recent=points((3600, 0.002))))
    assert (signal.baseline, signal.ratio) == (None, None)
    assert "no history" in (signal.reason or "")


def test_an_incident_a_day_ago_is_no_baseline() -> None:
    signal = one(raw(last_5m=0.45, last_1m=0.45, day_before=0.4, recent=points((3600, 0.001), (900, 0.45))))
    assert signal.baseline == 0.001
    assert "unusual" in (signal.reason or "")


def test_a_higher_hour_before_does_not_replace_the_day_before() -> None:
    assert one(raw(last_5m=0.45, day_before=0.001, recent=points((3600, 0.004), (900, 0.45)))).baseline == 0.001


def test_a_zero_baseline_has_no_ratio() -> None:
    signal = one(raw(last_5m=0.45, day_before=0.0, recent=points((3600, 0.0), (900, 0.45))))
    assert (signal.baseline, signal.ratio) == (0.0, None)
    assert worsening(signal) == float("inf")


def test_nothing_known_stays_unknown_with_its_reason() -> None:
    signal = one(raw(reason="no requests in the last 5 minutes"))
    assert (signal.value, signal.baseline, signal.onset, signal.shape) == (None, None, None, Shape.UNKNOWN)
    assert signal.reason == "no requests in the last 5 minutes"
    assert one(raw(last_5m=float("nan"))).value is None
    assert one(raw(last_5m=float("nan"))).reason


def test_the_incident_began_with_the_first_signal_that_users_feel() -> None:
    found = judge(
        raw("memory", last_5m=0.9, day_before=0.5, recent=points((3600, 0.5), (2000, 0.9))),
        raw("error_rate", last_5m=0.4, day_before=0.001, recent=points((3600, 0.001), (900, 0.4))),
        raw("latency_p95", unit="seconds", last_5m=5.0, day_before=0.1, recent=points((3600, 0.1), (600, 5.0))),
    )
    assert found.onset is not None
    assert (NOW - found.onset).total_seconds() == pytest.approx(900, abs=10)
    assert (found.scrape_interval, found.notes) == (15.0, ("a note",))


def test_a_small_shift_of_one_signal_does_not_date_the_incident_back() -> None:
    found = judge(
        raw("error_rate", last_5m=0.4, day_before=0.001, recent=points((3600, 0.001), (900, 0.4))),
        raw("latency_p95", unit="seconds", last_5m=0.13, day_before=0.1, recent=points((3600, 0.1), (2500, 0.13))),
    )
    assert found.onset is not None
    assert (NOW - found.onset).total_seconds() == pytest.approx(900, abs=10)


def test_the_trend_is_in_units_an_hour() -> None:
    rising = tuple((END - age, 0.5 - 0.1 * age / 3600) for age in range(3600, -1, -30))
    assert one(raw("memory", last_5m=0.5, day_before=0.4, recent=rising)).trend_per_hour == pytest.approx(0.1)
    assert one(raw("memory", last_5m=0.5, recent=rising[-20:])).trend_per_hour is None


@pytest.mark.parametrize(
    ("value", "base", "better", "expected"),
    [(4, 2, False, 2), (2, 4, False, 0.5), (2, 4, True, 2), (0, 4, True, float("inf")), (0, 0, False, 1)],
)
def test_worsening_looks_the_right_way(value: float, base: float, better: bool, expected: float) -> None:
    assert worsening(Signal("x", "X", "number", value, base, higher_is_better=better)) == expected


def week(level: float) -> tuple[tuple[float, float], ...]:
    return tuple(sorted((END - day * 86400 + minute * 60, level * (1 + day / 1e3)) for day in range(1, 8) for minute in range(-10, 11, 5)))


def test_a_signal_says_how_sure_it_differs() -> None:
    signal = one(raw(last_5m=0.44, last_1m=0.44, day_before=0.001, recent=points((3600, 0.001), (900, 0.45)), same_hour=week(0.001)))
    assert signal.comparison is not None
    assert (signal.comparison.verdict, signal.comparison.sureness) == ("worse", pytest.approx(0.9999, abs=1e-3))
    assert "0.1%" in signal.comparison.sentence
    assert [baseline.name for baseline in signal.baselines] == ["day_before", "same_hour", "week_before"]


def test_first_errors_ever_are_worse_without_a_multiple() -> None:
    signal = one(raw(last_5m=0.2, last_1m=0.2, day_before=0.0, recent=points((3600, 0.0), (900, 0.2)), same_hour=week(0.0)))
    assert (signal.baseline, signal.ratio) == (0.0, None)
    assert "no errors before, so there is no multiple" in (signal.reason or "")
    assert signal.comparison is not None
    assert signal.comparison.verdict == "worse"


def test_never_an_error_needs_no_reason() -> None:
    signal = one(raw(last_5m=0.0, last_1m=0.0, day_before=0.0, recent=points((3600, 0.0)), same_hour=week(0.0)))
    assert signal.reason is None
    assert signal.comparison is not None
    assert signal.comparison.verdict == "same"


def test_with_nothing_but_other_days_these_are_the_baseline() -> None:
    signal = one(raw(last_5m=0.2, recent=points((3600, 0.2)), same_hour=week(0.2)[5:30]))
    assert signal.baseline == pytest.approx(0.2, rel=0.01)
    assert "the same hour of other days" in (signal.reason or "")


def test_nothing_known_is_compared_with_nothing() -> None:
    signal = one(raw(reason="no requests in the last 5 minutes", same_hour=week(0.2)))
    assert (signal.comparison, signal.baselines) == (None, ())


def test_the_clock_of_the_values_counts() -> None:
    """Ours is a quarter of an hour ahead: the onset is a minute and a half old all the same."""
    given = raw(last_5m=0.12, last_1m=0.45, day_before=0.001, recent=points((3600, 0.001), (80, 0.45)))
    found = signals(RawMetrics((given,), 15.0, (), server_time=END), None, NOW + timedelta(minutes=15)).signals[0]
    assert (found.value, found.window) == (0.45, pytest.approx(85, abs=10))


@pytest.mark.parametrize(("value", "level"), [(0.02, Level.OK), (0.3, Level.WARNING), (0.8, Level.CRITICAL)])
def test_throttling_is_judged_by_how_much_there_is(value: float, level: Level) -> None:
    throttling = one(raw("cpu_throttling", last_5m=value, day_before=0.0, recent=points((3600, 0.0), (900, value))))
    assert signal_level(throttling, Objectives()) is level
    assert growing_since((throttling,), NOW - timedelta(seconds=930), NOW - timedelta(seconds=300)) is None


def test_a_full_pool_is_critical_however_usual() -> None:
    assert signal_level(one(raw("pool", last_5m=0.99, day_before=0.98)), Objectives()) is Level.CRITICAL


def test_what_is_usual_at_this_hour_is_no_incident() -> None:
    """Every day at this hour something fails for a while: not the hour before is usual, but the same hour."""
    recent = points((3600, 0.002), (600, 0.1))
    week = tuple((END - day * 86400 + offset, 0.1) for day in range(1, 8) for offset in (-120, 0, 120))
    signal = one(raw(last_5m=0.1, last_1m=0.1, day_before=0.03, recent=recent, same_hour=week))
    assert (signal.onset, signal.shape, signal.baseline) == (None, Shape.STEADY, pytest.approx(0.1))
    assert "as usual at this time of the day" in (signal.reason or "")
    assert one(raw(last_5m=0.1, last_1m=0.1, day_before=0.03, recent=recent)).onset is not None


@pytest.mark.parametrize(("last", "expected"), [(0.0011, False), (0.4, True)])
def test_noise_before_a_silence_is_no_onset(last: float, expected: bool) -> None:
    signal = one(raw(last_5m=None, day_before=0.001, recent=points((3600, 0.001), (300, last))))
    assert (signal.value, signal.onset is not None) == (None, expected)


@pytest.mark.parametrize(
    ("yesterday", "others", "baseline", "began"),
    [(0.8, 0.001, 0.001, True), (0.001, 0.001, 0.001, True), (0.8, 0.8, 0.8, False)],
)
def test_an_incident_of_yesterday_is_no_baseline(yesterday: float, others: float, baseline: float, began: bool) -> None:
    days = tuple((END - day * 86400 + off, yesterday if day == 1 else others) for day in range(7, 0, -1) for off in range(-600, 601, 150))
    found = one(raw(last_5m=0.2, last_1m=0.2, day_before=yesterday, recent=points((3600, 0.001), (900, 0.2)), same_hour=days))
    assert found.baseline == pytest.approx(baseline)
    assert (found.onset is not None) is began
    assert ("a day ago was unusual" in (found.reason or "")) is (yesterday != others)


def test_failures_so_rare_that_most_minutes_have_none_make_no_incident_of_yesterday() -> None:
    """Every day has the same few, and yesterday's hour had them as well: the middle of all minutes is zero all the same."""
    rare = {0: 0.02, 300: 0.01}
    days = tuple((END - day * 86400 + off, rare.get(off, 0.0)) for day in range(7, 0, -1) for off in range(-600, 601, 150))
    found = one(raw(last_5m=0.003, last_1m=0.003, day_before=0.0033, recent=points((3600, 0.003), (900, 0.003)), same_hour=days))
    assert (found.baseline, found.onset) == (pytest.approx(0.0033), None)


def test_a_day_as_bad_as_yesterday_makes_it_usual() -> None:
    days = tuple((END - day * 86400 + off, 0.8 if day in (1, 5) else 0.001) for day in range(7, 0, -1) for off in range(-600, 601, 150))
    found = one(raw(last_5m=0.2, last_1m=0.2, day_before=0.8, recent=points((3600, 0.001), (900, 0.2)), same_hour=days))
    assert "a day ago was unusual" not in (found.reason or "")


def refusing(share: float, rate: float, *more: RawSignal, old: float = 0.03) -> Metrics:
    refused = raw("client_error_rate", last_5m=share, last_1m=share, day_before=0.03, recent=points((3600, 0.03), (900, share)))
    requests = raw("request_rate", last_5m=rate, last_1m=rate, day_before=50.0, recent=points((3600, 50.0), (900, rate)))
    shares = (PodShare("new", 0.9), PodShare("old", old))
    return signals(RawMetrics((refused, requests, *more), 15.0, (), refusing=shares), None, NOW)


def test_requests_that_are_refused_and_were_answered_are_felt() -> None:
    found = refusing(0.4, 50.0)
    refused = found.signal("client_error_rate")
    assert refused is not None
    assert found.onset == refused.onset
    assert refused.onset is not None
    assert refused.onset.timestamp() == pytest.approx(END - 900, abs=60)
    assert found.pods == (PodShare("new", pytest.approx(0.87)), PodShare("old", 0.0))
    assert any("fewer are answered" in note for note in found.notes)


def test_refused_requests_that_came_on_top_are_told_and_no_more() -> None:
    found = refusing(0.4, 50.0 * 0.97 / 0.6, old=0.5)
    assert (found.signal("client_error_rate"), found.onset, found.pods) == (None, None, ())
    assert any("on top" in note for note in found.notes)


def test_where_only_some_pods_refuse_it_is_their_doing_however_many_requests_there_are() -> None:
    found = refusing(0.4, 50.0 * 0.97 / 0.6, old=0.03)
    assert found.signal("client_error_rate") is not None
    assert found.pods == (PodShare("new", pytest.approx(0.87)), PodShare("old", 0.0))


def test_where_more_fail_than_are_refused_it_is_about_failures() -> None:
    failing = raw(last_5m=0.6, last_1m=0.6, day_before=0.001, recent=points((3600, 0.001), (900, 0.6)))
    assert refusing(0.4, 50.0, failing).signal("client_error_rate") is None
