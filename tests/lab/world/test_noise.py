# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from statistics import fmean

import pytest

from lab.world.curve import Curve
from lab.world.noise import counted

START = 1_700_000_000.0
DAY = 86400.0
SHARE, RATE = 0.004, 8.0


def failures(seed: int) -> Curve:
    return counted("a.error_rate", Curve.constant(SHARE), Curve.constant(RATE), START, seed)


@pytest.mark.parametrize("seed", range(6))
def test_what_a_minute_drew_does_not_hold_for_the_days_before_it(seed: int) -> None:
    found = failures(seed)
    for days in (2, 3, 7):
        assert found.at(START - days * DAY) == pytest.approx(SHARE)
    assert found.at(START - 12 * 3600) == pytest.approx(SHARE), "between a day ago and the last hours"


@pytest.mark.parametrize("seed", range(6))
def test_rare_failures_come_one_by_one_and_are_as_many_as_stated(seed: int) -> None:
    drawn = [failures(seed).at(START - DAY + 60 * minute) for minute in range(-60, 0)]
    assert 0 in drawn
    assert len(set(drawn)) > 3
    assert fmean(drawn) == pytest.approx(SHARE, rel=0.4)
