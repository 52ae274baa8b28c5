# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.weekly import as_a_week_ago
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import SignalBaseline
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import latency


@pytest.mark.parametrize(
    ("now", "week", "usual", "days", "found"),
    [
        (1.1, 1.1, 0.2, 7, 1.1),
        (1.3, 1.1, 0.2, 7, 1.1),
        (1.6, 1.1, 0.2, 7, None),
        (1.1, 0.25, 0.2, 7, None),
        (0.3, 0.3, 0.2, 7, None),
        (1.1, None, 0.2, 6, None),
        (1.1, 1.1, 1.1, 1, None),
        (1.1, 1.1, None, 0, None),
        (None, 1.1, 0.2, 7, None),
    ],
)
def test_as_it_was_a_week_ago_and_on_no_other_day(
    now: float | None, week: float | None, usual: float | None, days: int, found: float | None
) -> None:
    pasts = (SignalBaseline("same_hour", usual, days=days), SignalBaseline("week_before", week))
    assert as_a_week_ago(replace(latency(now, 0.2), baselines=pasts)) == found


def test_where_low_is_bad_nothing_is_said() -> None:
    pasts = (SignalBaseline("same_hour", 0.2, days=7), SignalBaseline("week_before", 1.1))
    assert as_a_week_ago(replace(latency(1.1, 0.2), baselines=pasts, higher_is_better=True)) is None
