# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.growth import growing_since, memory_since
from ansible_collections.devops.incident_response.tests.unit.plugins.module_utils.factories import HOUR, MINUTE, ago, latency, memory


@pytest.mark.parametrize(
    ("rose", "felt", "is_growth"),
    [
        (59 * MINUTE, 59 * MINUTE, True),
        (50 * MINUTE, 40 * MINUTE, True),
        (47 * MINUTE, 47 * MINUTE - 10, False),
        (30 * MINUTE, 10 * MINUTE, False),
        (2 * HOUR, HOUR, False),
    ],
    ids=["at once", "well before it was felt", "with what was felt", "long after the deployment", "before it"],
)
def test_memory_that_is_more_since_a_deployment(rose: float, felt: float, is_growth: bool) -> None:
    """Pods are ended by its limit; the deployment is an hour old."""
    found = memory_since((memory(0.96, 0.5, rose),), ago(HOUR), ago(felt))
    assert (found is not None) is is_growth


def test_memory_that_is_not_more() -> None:
    assert memory_since((memory(0.5, 0.5, 50 * MINUTE),), ago(HOUR), ago(10 * MINUTE)) is None
    assert memory_since((memory(0.96, 0.5),), ago(HOUR), ago(10 * MINUTE)) is None
    assert memory_since((memory(0.96, 0.5, 59 * MINUTE),), None, ago(10 * MINUTE)) is None


def test_what_people_feel_is_no_growth() -> None:
    slow = latency(2.0, 0.1, 59 * MINUTE)
    assert growing_since((slow,), ago(HOUR), ago(10 * MINUTE)) is None
    assert growing_since((slow, memory(0.96, 0.5, 59 * MINUTE)), ago(HOUR), ago(10 * MINUTE)) is not None
