# SPDX-License-Identifier: GPL-3.0-or-later
"""Confidences are held against how often they were right."""

from __future__ import annotations

import pytest

from evaluate.calibration import bins, expected_error


def test_every_confidence_is_in_one_bin() -> None:
    assert sum(one.count for one in bins((confidence, True) for confidence in range(101))) == 101


def test_a_bin_says_how_far_off_it_is() -> None:
    highest = bins([(80, True), (90, True), (100, False), (80, True), (50, True)])[0]
    assert (highest.count, highest.right, highest.stated, highest.observed) == (4, 3, 87.5, 75.0)
    assert highest.gap == -12.5


def test_an_empty_bin_says_nothing() -> None:
    assert all(one.gap is None for one in bins([]))
    assert expected_error(bins([])) == 0


def test_the_gaps_are_weighed_by_the_answers_in_them() -> None:
    # Three given 90 of which all are right (+10), one given 50 that is wrong (-50).
    assert expected_error(bins([(90, True), (90, True), (90, True), (50, False)])) == pytest.approx((3 * 10 + 50) / 4)
