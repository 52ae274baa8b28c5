# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log message as words and variable parts."""

from __future__ import annotations

import re

WILDCARD = "<*>"

Tokens = tuple[str, ...]

# Every word that holds a digit was made one digit before: only where they stand matters.
_VARIABLE = re.compile(
    r"""
      (?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?          # Fri Jun 17 07:07:00 EST 2005
      \b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\s+\d(?:\s+\d:\d:\d)?(?:\s+[A-Z]{3,4})?(?:\s+\d)?\b
    | \b[a-z][a-z\d+.-]{1,15}://[^\s"'<>,;)\]}]+                   # https://example.com/path?a=b
    | \b[\w.+-]+@[\w-]+(?:\.[\w-]+)+                               # someone@example.com
    | \b[A-Za-z]:\\(?:[^\s\\:"<>|]+\\)*[^\s\\:"<>|,;)\]]*          # C:\Windows\System32
    | \b\d(?:\.\d){3}:\d\b                                         # 10.0.0.1:5432
    | \b[A-Za-z\d][\w-]*(?:\.[\w-]+)+:\d\b                         # db.example.com:5432
    | \b(?:[\w-]+\.)+(?:com|net|org|edu|gov|io|local|internal|svc)\b(?![.\w-])
    | (?<![\w/])~?/(?:[\w.@:+%-]+/)+(?:[\w@+%-]|[.:](?=\w))*       # /var/lib/data/file: a path of two names or more
    | (?<![\w.-])\d(?::\d){1,3}(?:[.,]\d)?\b                       # 07:07:00
    | (?:[<>]=?\s?)?[-+]?\b\d(?:\.\d)?\s?                          # 5.2 KB, 30s, 45%, <1 sec
      (?:[KMGTP]i?B|B|[Bb]ytes|ms|us|µs|ns|s|m|h|min|secs?|seconds?|minutes?|hours?|%)(?!\w)
    | \b[A-Za-z_]\w*\(\d\)                                         # LOCAL(0)
    | (?<==)(?:"[^"]*"|'[^']*')                                    # name="View Lock"
    | (?<=[=:])\s{0,2}(?:true|false|True|False|yes|no|Yes|No|null|None|nil)\b
    """,
    re.VERBOSE,
)
_WITH_DIGITS = re.compile(r"\b(?:[^\W\d]*\d\w*|[a-fA-F]{8,})\b")
_DELIMITERS = re.compile(r"([\s,;:=()\[\]{}\"'|<>]+|\.{2,})")
_DIGIT = re.compile(r"\d")
_EMPTY_PARENTHESES = re.compile(r"(?<=\s)\(\)")


def generalise(message: str) -> str:
    """``message`` with every word that holds a digit made the same: equal for most repeats of one message, at little cost."""
    return _WITH_DIGITS.sub("0", message)


def tokenise(message: str) -> Tokens:
    """Words, delimiters and wildcards of a generalised message.

    A token that holds a digit is variable, and so are empty parentheses after a space. Lists of variable parts become one wildcard,
    whatever their length; runs of spaces become one space.
    """
    tokens: list[str] = []
    for number, literal in enumerate(_VARIABLE.sub("\0", _EMPTY_PARENTHESES.sub("(0)", message)).split("\0")):
        if number:
            _append(tokens, WILDCARD)
        for part in _DELIMITERS.split(literal):
            if part:
                _append(tokens, WILDCARD if _DIGIT.search(part) else " " if part.isspace() else part)
    while tokens and tokens[-1] == " ":
        tokens.pop()
    return tuple(tokens)


def _append(tokens: list[str], token: str) -> None:
    if token == WILDCARD:
        if tokens and tokens[-1] == WILDCARD:
            return
        if len(tokens) > 1 and tokens[-2] == WILDCARD and not tokens[-1].strip(" ,"):
            tokens.pop()
            return
    tokens.append(token)
