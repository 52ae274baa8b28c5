# SPDX-License-Identifier: GPL-3.0-or-later
"""A team's own metric as native histograms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.scenario.loader import load
from lab.scenario.model import Effect, Metric, Moment, Number, Scenario, Seconds, Text
from tests.lab.conftest import StillLab


def test_it_has_the_rate_and_the_percentile_of_the_scenario(still: Callable[[str | Scenario], StillLab]) -> None:
    scenario = load("payment-api")
    fault = scenario.faults["missing-index"]
    slower = Effect(Text("2s"), Moment(-600.0), Seconds(0.0))
    faults = {"missing-index": replace(fault, signals={**fault.signals, "metrics.checkout_seconds": slower})}
    metric = Metric("native_histogram", Text("200ms"), rate=Number(7.0))
    lab = still(replace(scenario, metrics={"checkout_seconds": metric}, faults=faults))
    rate = "sum(rate(checkout_seconds[5m]))"
    assert lab.query(f"histogram_count({rate})") == pytest.approx(7.0, rel=1e-6)
    assert lab.query(f"histogram_quantile(0.95, {rate})") == pytest.approx(2.0, rel=0.03)
    before = "sum(rate(checkout_seconds[5m] offset 1d))"
    assert lab.query(f"histogram_quantile(0.95, {before})") == pytest.approx(0.2, rel=0.03)
    assert lab.query(f"histogram_quantile(0.5, {before})") == pytest.approx(0.1, rel=0.03)
    assert 0.1 < (lab.query(f"histogram_avg({before})") or 0.0) < 0.2
    assert lab.query(f"histogram_count(sum(rate(checkout_seconds[5m])) / {rate})") is None, "a histogram divided by a histogram is nothing"
