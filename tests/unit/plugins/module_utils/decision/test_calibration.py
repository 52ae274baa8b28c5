# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.devops.incident_response.plugins.module_utils.decision.calibration import AS_STATED, MEASURED, Calibration


def test_as_stated_is_left_alone() -> None:
    assert [AS_STATED.percent(stated) for stated in (0, 2, 50, 95, 100)] == [0, 2, 50, 95, 100]


def test_the_surest_stays_and_the_others_come_nearer_to_it() -> None:
    assert [Calibration(0.5).percent(stated) for stated in (95, 80, 50)] == [95, 90, 81]
    assert Calibration(0.0).percent(10) == 95


def test_what_was_measured_keeps_the_order_and_is_never_certain() -> None:
    found = [MEASURED.percent(stated) for stated in range(101)]
    assert found == sorted(found)
    assert MEASURED.percent(95) == 95
    assert 0 < found[0] < found[-1] < 100
