# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab.prometheus.positions import CallSite, call_sites, line_and_column, token_offset, with_quoted_strings


@pytest.mark.parametrize(
    ("query", "sites"),
    [
        ("rate(x[5m])", [CallSite("rate", 0, (5,))]),
        ("sum by (a, b) (x)", [CallSite("sum", 0, (15,))]),
        ("topk(2, abs(x))", [CallSite("topk", 0, (5, 8)), CallSite("abs", 8, (12,))]),
        ('f("a,(b", {x="("}, y)', [CallSite("f", 0, (2, 10, 19))]),
        ("f(g(a, b), c)", [CallSite("f", 0, (2, 11)), CallSite("g", 2, (4, 7))]),
        ("x @ start() + time()", [CallSite("time", 14, ())]),
        ("a and (b) or on(c) (d)", []),
        ("# sum(x)\nabs(x)", [CallSite("abs", 9, (13,))]),
        ("sum(", [CallSite("sum", 0, ())]),
        ("sum by (", []),
    ],
)
def test_calls_are_found_with_their_arguments(query: str, sites: list[CallSite]) -> None:
    assert call_sites(query) == sites


def test_a_position_counts_lines_and_bytes() -> None:
    assert line_and_column("ab\ncd", 4) == "2:2"
    assert line_and_column('"ü" + x', 6) == "1:8"


def test_tokens_are_not_looked_for_in_strings_and_comments() -> None:
    assert token_offset('{a="or"} or b # or', "or") == 9


def test_raw_strings_become_quoted_ones() -> None:
    assert with_quoted_strings(r'x{a=~`\d"`,b="`"}') == r'x{a=~"\\d\"",b="`"}'
