# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server cannot have counted, or seen, is neither a drop in traffic nor a number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.findings_metrics import movement
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.samples import compare_samples
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.signals import signals, worsening
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.uncounted import explained
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.wording import signal_baseline, signal_value
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import Signal
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics_raw import RawMetrics, RawSignal

NOW = datetime(2025, 10, 21, 14, 0, tzinfo=UTC)
END = NOW.timestamp()
DAY = 86400.0


def judged(name: str, unit: str, now: float, before: float, **more: Any) -> Signal:
    """A signal that stands at ``now`` for ten minutes, and stood at ``before`` on each of the last seven days."""
    recent = tuple((END - age, now if age <= 600 else before) for age in range(3600, -1, -10))
    days = tuple((END - day * DAY + off, before) for day in range(7, 0, -1) for off in range(-600, 601, 150))
    raw = RawSignal(name, name, unit, now, now, before, recent, None, False, 10.0, same_hour=days, **more)
    return signals(RawMetrics((raw,), 15.0, ()), None, NOW).signals[0]


def verdict(signal: Signal) -> str:
    assert signal.comparison is not None
    return signal.comparison.verdict


@pytest.mark.parametrize(
    ("now", "before", "limits", "expected", "ratio", "words"),
    [
        (10.0, 0.5, (10.0,), "worse", 20.0, "at least 20x increase"),
        (10.0, 10.0, (10.0,), "unknown", None, "no comparison"),
        (0.5, 10.0, (10.0,), "better", 0.05, "95% decrease"),
        (10.0, 20.0, (10.0, 30.0), "unknown", None, "no comparison"),  # a new version with lower buckets
        (10.0, 0.5, (), "worse", 20.0, "20x increase"),
    ],
)
def test_lower_limits(now: float, before: float, limits: tuple[float, ...], expected: str, ratio: float | None, words: str) -> None:
    found = judged("latency_p95", "seconds", now, before, limits=limits)
    assert (verdict(found), found.ratio, movement(found)) == (expected, pytest.approx(ratio) if ratio else None, words)
    assert (worsening(found) is None) is (ratio is None)
    assert signal_value(found).startswith("at least") is (now in limits)
    assert signal_baseline(found).startswith("at least") is (before in limits)


def test_more_values_beyond_the_highest_bucket_are_more() -> None:
    before, now = [0.5] * 20 + [10.0] * 22, [10.0] * 15
    assert compare_samples(now, before, limits=(10.0,)).verdict == "worse"
    assert compare_samples([0.5] * 40 + [10.0], [0.5] * 42, limits=(10.0,)).verdict != "worse"
    assert compare_samples([0.5] * 42, [0.5] * 42, limits=(10.0,)).verdict == "same"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "worse"),
        ({"uncounted": 0.25}, "unknown"),
        ({"uncounted": 0.05}, "worse"),  # which explains a part of it only
        ({"incomplete": True}, "unknown"),
    ],
)
def test_traffic_that_only_seems_to_fall(more: dict[str, Any], expected: str) -> None:
    found = judged("request_rate", "per_second", 80.0, 100.0, **more)
    assert verdict(found) == expected
    assert ("may not have been counted" in (found.reason or "")) is ("uncounted" in more)
    assert ("did not answer" in (found.reason or "")) is ("incomplete" in more)


@pytest.mark.parametrize(("more", "told"), [({"incomplete": True}, True), ({"uncounted": 0.25}, False), ({}, False)])
def test_a_share_may_be_that_of_a_part(more: dict[str, Any], told: bool) -> None:
    found = judged("error_rate", "share", 0.001, 0.001, **more)
    assert verdict(found) == "same"
    assert ("a part of the servers did not answer" in (found.reason or "")) is told


@pytest.mark.parametrize("more", [{"uncounted": 0.25}, {"incomplete": True}])
def test_what_rises_all_the_same_is_worse(more: dict[str, Any]) -> None:
    assert verdict(judged("request_rate", "per_second", 200.0, 100.0, **more)) == "worse"
    assert verdict(judged("error_rate", "share", 0.2, 0.001, **more)) == "worse"


def test_what_may_be_missing_explains_so_much_and_no_more() -> None:
    assert explained(80.0, 100.0, 0.2)
    assert not explained(50.0, 100.0, 0.2)
    assert not explained(120.0, 100.0, 0.2)
    assert not explained(80.0, None, 0.2)
