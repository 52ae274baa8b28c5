# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.contribution import (
    Degradation,
    confidence_level,
    contribution,
    in_minutes,
)

EXAMPLE = Degradation(("Error rate", "Latency P95", "Memory usage"), -0.016, 1800.0, 60.0, gradual=True)


def confidence(**changes: object) -> int:
    return contribution(replace(EXAMPLE, **changes)).confidence  # type: ignore[arg-type]


def test_the_worked_example_is_65() -> None:
    found = contribution(EXAMPLE)
    assert found.confidence == 65
    assert "Error rate increased 30min after deployment" in found.speaks_against
    assert "Degradation is gradual, not immediate" in found.speaks_against


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"worse": ()}, 5),
        ({"worse": ("Error rate",)}, 45),
        ({"worse": ("a", "b", "c", "d", "e")}, 65),
        ({"traffic_change": None}, 55),
        ({"traffic_change": 0.8}, 35),
        ({"traffic_change": 0.3}, 55),
        ({"delay": 60.0}, 90),
        ({"delay": 60.0, "gradual": False}, 95),
        ({"delay": 7200.0}, 55),
        ({"delay": None}, 55),
        ({"delay": -61.0}, 10),
        ({"delay": -59.0}, 90),
    ],
)
def test_each_fact_moves_it(changes: dict[str, object], expected: int) -> None:
    assert confidence(**changes) == expected


@pytest.mark.parametrize(("score", "level"), [(80, "high"), (79, "medium"), (60, "medium"), (59, "low"), (40, "low"), (39, "none")])
def test_levels(score: int, level: str) -> None:
    assert confidence_level(score) == level


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1890, "30min"), (1700, "30min"), (900, "15min"), (130, "2min"), (45, "less than 1min"), (-3, "less than 1min"), (5400, "1h 30m")],
)
def test_delays_are_no_more_exact_than_they_are_known(seconds: float, text: str) -> None:
    assert in_minutes(seconds) == text
