# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.decision.calibration import AS_STATED, MEASURED, MOST, Calibration


def test_as_stated_is_left_alone() -> None:
    assert [AS_STATED.percent(stated) for stated in (0, 2, 50, 95, 100)] == [0, 2, 50, 95, 100]


def test_log_odds_are_shifted_and_stretched() -> None:
    assert Calibration(0.0, 0.5).percent(80) == 67
    assert Calibration(1.0, 1.0).percent(50) == 73


def test_what_was_measured_keeps_the_order_and_is_never_certain() -> None:
    found = [MEASURED.percent(stated) for stated in range(101)]
    assert found == sorted(found)
    assert found[0] >= 0
    assert found[-1] <= MOST
