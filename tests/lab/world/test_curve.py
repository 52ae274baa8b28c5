# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves and their integrals are exact."""

from __future__ import annotations

import pytest

from lab.world.curve import Curve, Integral, total

RISE = Curve([(0, 1), (10, 1), (20, 3)])
JUMP = Curve([(0, 1), (5, 1), (5, 4)])


def test_a_curve_is_straight_between_its_knots_and_constant_outside() -> None:
    assert RISE.sampled([-5, 0, 10, 15, 20, 99]) == [1, 1, 1, 2, 3, 3]
    assert [RISE.at(t) for t in (-5, 15, 99)] == [1, 2, 3]


def test_at_a_jump_the_later_value_counts() -> None:
    assert (JUMP.before(5), JUMP.at(5)) == (1, 4)
    assert JUMP.sampled([4.9, 5]) == [1, 4]


def test_the_sum_keeps_jumps() -> None:
    both = total([RISE, JUMP])
    assert (both.before(5), both.at(5), both.at(15)) == (2, 5, 6)


def test_a_mapped_curve_has_knots_at_the_bends() -> None:
    squared = RISE.mapped(lambda value: value * value, [2])
    assert squared.at(15) == 4
    assert squared.at(17.5) == pytest.approx((4 + 9) / 2)


def test_the_integral_of_a_product_is_exact() -> None:
    integral = Integral([RISE, RISE], 0)
    squared = 10 + (27 - 1) / 3 * 5  # of (1 + x/5)² from 0 to 10
    assert integral.sampled([0, 10, 20, 21]) == pytest.approx([0, 10, squared, squared + 9])


def test_the_integral_goes_through_jumps_and_begins_where_it_should() -> None:
    assert Integral([JUMP], 3).sampled([0, 3, 5, 7]) == pytest.approx([0, 0, 2, 10])


def test_knots_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order of time"):
        Curve([(2, 1), (1, 1)])
