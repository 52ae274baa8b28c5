# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.record.text import clean, code_markdown, escape_markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m alert", "red alert"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x9b31mred", "red"),
        ("\x1b]52;c;cm0gLXJm", ""),
        ("a\r\nb\tc\u2028d", "a b c d"),
        ("over\rwritten\x08\x00", "over written"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("3 → 5 · ⚠️ ünïcode", "3 → 5 · ⚠️ ünïcode"),
        (None, "unknown"),
        (7, "7"),
    ],
)
def test_a_terminal_gets_one_harmless_line(text: object, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a | b", "a \\| b"),
        ("`rm -rf`", "\\`rm -rf\\`"),
        ("[click](javascript:x)", "\\[click\\](javascript:x)"),
        ("**bold** and _this_", "\\*\\*bold\\*\\* and \\_this\\_"),
        ("transactions.user_id", "transactions.user_id"),
        ("# heading", "\\# heading"),
        ("- item", "\\- item"),
        ("> quote", "\\> quote"),
        ("1. first", "1\\. first"),
        ("---", "\\---"),
        ("see http://evil.example", "see http:&#47;/evil.example"),
        ("www.evil.example", "www&#46;evil.example"),
        ("&lt;b&gt; & more", "&amp;lt;b&amp;gt; & more"),
        ("~~gone~~", "\\~\\~gone\\~\\~"),
        ("~2,400 active (<10min)", "~2,400 active (<10min)"),
        ("line\n# heading", "line # heading"),
        ("v2.3.1", "v2.3.1"),
    ],
)
def test_markdown_shows_it_as_it_is(text: str, written: str) -> None:
    assert escape_markdown(text) == written


@pytest.mark.parametrize(("text", "written"), [("a`b", "``a`b``"), ("`a`", "`` `a` ``"), ("SELECT 1", "`SELECT 1`"), ("a|b", "`a¦b`")])
def test_code_can_not_be_left(text: str, written: str) -> None:
    assert code_markdown(text) == written
