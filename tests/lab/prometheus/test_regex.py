# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest

from lab.prometheus.regex import compile_anchored, expand


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("a|b", "ab", False),
        ("a|b", "b", True),
        ("a.b", "a\nb", True),
        ("a$\n", "a\n", False),
        (r"a\z", "a", True),
        ("(?i)abc", "ABC", True),
        ("a(?i)b|c", "aB", True),
        ("a(?i)b|c", "C", True),
        ("a(?i)b|c", "AB", False),
        ("(a(?i)b)c", "aBc", True),
        ("(a(?i)b)c", "aBC", False),
        ("(?i:a)b", "Ab", True),
        ("(?-s)a.b", "a\nb", False),
        (r"\Qa.b\E.", "a.bc", True),
        (r"\Qa.b\E", "aXb", False),
        ("[[:digit:]x]+", "1x2", True),
        ("[^[:alpha:]]", "a", False),
        ("[]a]+", "]a", True),
        ("[[]", "[", True),
        ("a{2,3}", "aaa", True),
        ("{brace}", "{brace}", True),
        ("a{,2}", "aa", False),
        ("a{,2}", "a{,2}", True),
        (r"\d+", "٣", False),
        ("(?P<x>a)(?<y>b)", "ab", True),
        ("a+?", "aa", True),
    ],
)
def test_patterns_mean_what_they_mean_in_re2(pattern: str, text: str, matches: bool) -> None:
    assert (compile_anchored(pattern).fullmatch(text) is not None) is matches


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[", "a**", "a*+", "a{2}{3}", "a{1001}", "(?=a)", "(?<!a)b", r"(a)\1", "a\\", "[[:nope:]]", "(?U)a*", "*", "[b-a]"],
)
def test_what_re2_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(re.error):
        compile_anchored(pattern)


@pytest.mark.parametrize(
    ("template", "expanded"),
    [
        ("$1-$2", "ab-cd"),
        ("${1}x", "abx"),
        ("$1x", ""),
        ("$name", "cd"),
        ("$$1", "$1"),
        ("$9$0", "abcd"),
        ("a$", "a$"),
        ("${unclosed", "${unclosed"),
        ("\\1", "\\1"),
    ],
)
def test_templates_are_expanded_as_by_go(template: str, expanded: str) -> None:
    found = compile_anchored("(..)(?P<name>..)").fullmatch("abcd")
    assert found
    assert expand(template, found) == expanded
