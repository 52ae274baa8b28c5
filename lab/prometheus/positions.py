# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand in a query's text: the parser's tree has no positions, but errors and annotations name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lab.prometheus.number_format import quote

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
      |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
      |(?P<number>(?:0[xX][0-9a-fA-F]+|\d[\d.]*(?:[eE][+-]?\d+)?)[a-zA-Z0-9]*)
      |(?P<name>[A-Za-z_][A-Za-z0-9_:]*)
      |(?P<symbol>==|!=|>=|<=|=~|!~|.)""",
    re.VERBOSE | re.DOTALL,
)
_NOT_CALLED = frozenset("by without on ignoring group_left group_right and or unless bool offset atan2 fill fill_left fill_right".split())
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class CallSite:
    """A function or aggregation in the text: its name, offset, and the offset of each argument's first token."""

    name: str
    offset: int
    arguments: tuple[int, ...]


def line_and_column(query: str, offset: int) -> str:
    """``1:7`` for an offset in the query, as Prometheus counts (promql/parser/posrange)."""
    before = query[:offset]
    return f"{before.count(chr(10)) + 1}:{len(before.encode()) - len(before[: before.rfind(chr(10)) + 1].encode()) + 1}"


def call_sites(query: str) -> list[CallSite]:
    """Every call and aggregation of the query in the order of their names in the text."""
    tokens = list(_tokens(query))
    sites = []
    for index, (kind, text, offset) in enumerate(tokens):
        if kind != "name" or text.lower() in _NOT_CALLED or (index and tokens[index - 1][1] == "@"):
            continue
        opening = _opening_parenthesis(tokens, index)
        if opening is not None:
            sites.append(CallSite(text, offset, _arguments(tokens, opening)))
    return sites


def with_quoted_strings(query: str) -> str:
    """The query with its raw strings in double quotes, because ``promql_parser`` looks for escapes in raw strings too."""

    def quoted(token: re.Match[str]) -> str:
        return quote(token.group()[1:-1]) if token.group().startswith("`") else token.group()

    return _TOKEN.sub(quoted, query)


def token_offset(query: str, *texts: str) -> int:
    """Where the first token that is one of ``texts`` begins; 0 if there is none."""
    return next((offset for _, text, offset in _tokens(query) if text in texts), 0)


def _tokens(query: str) -> Iterator[tuple[str, str, int]]:
    for found in _TOKEN.finditer(query):
        if found.lastgroup != "skip":
            yield str(found.lastgroup), found.group(), found.start()


def _opening_parenthesis(tokens: list[tuple[str, str, int]], index: int) -> int | None:
    """The index of the parenthesis that opens the arguments, after an aggregation's leading ``by (…)`` if there is one."""
    following = index + 1
    if following < len(tokens) and tokens[following][1].lower() in {"by", "without"}:
        following = _closing(tokens, following + 1) + 1
    return following if following < len(tokens) and tokens[following][1] == "(" else None


def _closing(tokens: list[tuple[str, str, int]], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += (tokens[index][1] in _OPENING) - (tokens[index][1] in _CLOSING)
        if depth == 0:
            return index
    return len(tokens)


def _arguments(tokens: list[tuple[str, str, int]], opening: int) -> tuple[int, ...]:
    starts, depth, expecting = [], 0, True
    for _, text, offset in tokens[opening + 1 :]:
        if depth == 0 and text == ")":
            break
        if expecting:
            starts.append(offset)
            expecting = False
        depth += (text in _OPENING) - (text in _CLOSING)
        if depth == 0 and text == ",":
            expecting = True
    return tuple(starts)
