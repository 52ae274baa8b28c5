# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import math

import pytest

from lab.prometheus.go_numbers import parse_float
from lab.prometheus.number_format import general, general_digits, plain, sample_value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1e16, "10000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (1e-6, "0.000001"),
        (9.99e-7, "9.99e-07"),
        (-2.5e-10, "-2.5e-10"),
        (5e-324, "5e-324"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (3, "3"),
    ],
)
def test_sample_values_are_written_as_the_api_writes_them(value: float, text: str) -> None:
    assert sample_value(value) == text


def test_other_notations() -> None:
    assert plain(1e-7) == "0.0000001"
    assert plain(1e22) == "10000000000000000000000"
    assert general(1e-5) == "1e-05"
    assert general(0.0001) == "0.0001"
    assert general_digits(38.4, 2) == "38"
    assert general_digits(math.nan, 2) == "NaN"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), ("+1.5e3", 1500.0), (".5", 0.5), ("+Inf", math.inf), ("-infinity", -math.inf), ("0x1p4", 16.0)],
)
def test_numbers_are_read_as_go_reads_them(text: str, value: float) -> None:
    assert parse_float(text) == value


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1_000", "one", "1e400", "0x10", "--1", "٣", "0x1p99999"])
def test_what_go_does_not_read_is_not_a_number(text: str) -> None:
    assert parse_float(text) is None
