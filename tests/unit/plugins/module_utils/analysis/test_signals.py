# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.signals import signals, worsening
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Metrics, Shape, Signal
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics_raw import RawMetrics, RawSignal

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
