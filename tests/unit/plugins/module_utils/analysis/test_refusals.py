# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.refusals import beyond_usual, refusals, told_apart
from ansible_collections.devops.incident_response.plugins.module_utils.model.metrics import PodShare

BEGAN, END, WINDOW = 10_000.0, 10_600.0, 60.0
TIMES = [BEGAN - 1800 + 20 * step for step in range(121)]


def points(before: float, since: float) -> list[tuple[float, float]]:
    return [(at, before if at < BEGAN else since) for at in TIMES]


def test_refused_instead_of_answered() -> None:
    found = refusals(points(0.03, 0.41), points(80, 80), BEGAN, WINDOW)
    assert found is not None
    assert found.instead
    assert (found.share, found.before, found.missing) == (0.41, 0.03, pytest.approx(1.0))
    assert found.describe() == "41% of the requests are refused with 4xx, and 3% were; that many fewer are answered"


def test_what_came_on_top_is_no_change_of_the_answers() -> None:
    found = refusals(points(0.03, 0.4), points(60, 60 * 0.97 / 0.6), BEGAN, WINDOW)
    assert found is not None
    assert not found.instead
    assert found.missing == pytest.approx(0.0)
    assert "they came on top" in found.describe()


def test_clients_that_try_again_do_not_hide_it() -> None:
    """Each that is refused asks once more: there are more requests, and those that are answered are missing all the same."""
    found = refusals(points(0.0, 0.5), points(60, 80), BEGAN, WINDOW)
    assert found is not None
    assert found.instead


@pytest.mark.parametrize(("before", "since"), [(0.03, 0.07), (0.2, 0.3), (0.4, 0.1)], ids=["few", "not twice as many", "fewer"])
def test_what_is_not_notable(before: float, since: float) -> None:
    assert refusals(points(before, since), points(80, 80), BEGAN, WINDOW) is None


def test_without_the_number_of_requests_it_is_not_known_which() -> None:
    found = refusals(points(0.03, 0.41), [], BEGAN, WINDOW)
    assert found is not None
    assert (found.missing, found.instead) == (None, False)
    assert "not known" in found.describe()


def test_without_a_time_before_nothing_is_told() -> None:
    late = [point for point in points(0.03, 0.41) if point[0] >= BEGAN]
    assert refusals(late, points(80, 80), BEGAN, WINDOW) is None
    assert refusals([], [], BEGAN, WINDOW) is None


@pytest.mark.parametrize(
    ("shares", "apart"), [((0.6, 0.03, 0.02), True), ((0.6, 0.55), False), ((0.07, 0.03), False), ((0.6, 0.2), False), ((), False)]
)
def test_whether_the_pods_differ(shares: tuple[float, ...], apart: bool) -> None:
    assert told_apart([PodShare(f"pod-{number}", share) for number, share in enumerate(shares)], 0.03) is apart


def test_what_is_usual_does_not_count() -> None:
    assert beyond_usual((PodShare("a", 0.5), PodShare("b", 0.02)), 0.03) == (PodShare("a", 0.47), PodShare("b", 0.0))
