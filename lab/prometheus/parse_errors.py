# SPDX-License-Identifier: GPL-3.0-or-later
"""The parser's complaints in the words of the real server, with the position that it would name where that can be told."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.prometheus.number_format import quote
from lab.prometheus.positions import call_sites, line_and_column, token_offset
from lab.prometheus.regex import compile_anchored

EXPERIMENTAL_FUNCTIONS = frozenset(
    "double_exponential_smoothing end histogram_quantiles info integral mad_over_time max_of min_of range sort_by_label "
    "sort_by_label_desc start start_timestamp step ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time "
    "ts_of_min_over_time".split()
)
"""Functions behind ``--enable-feature=promql-experimental-functions``, which is off (promql/parser/functions.go)."""

EXPERIMENTAL_AGGREGATIONS = frozenset({"limitk", "limit_ratio"})

_TYPES = {"vector": "instant vector", "matrix": "range vector", "scalar": "scalar", "string": "string"}


def parse_error(query: str, offset: int, message: str) -> str:
    """The text of a parse error, with its position."""
    return f"{line_and_column(query, offset)}: parse error: {message}"


def translated(query: str, complaint: str) -> str:
    """The real server's text for what ``promql_parser`` says about ``query``."""
    for pattern, write in _WORDINGS:
        found = pattern.fullmatch(complaint)
        if found:
            return write(query, found)
    return parse_error(query, 0, complaint)


def _in_call(query: str, found: re.Match[str]) -> str:
    wanted, function, actual = found.groups()
    message = f"expected type {_TYPES[wanted]} in call to function {quote(function)}, got {_TYPES[actual]}"
    site = next((site for site in call_sites(query) if site.name == function), None)
    return parse_error(query, site.arguments[0] if site and site.arguments else 0, message)


def _in_aggregation(query: str, found: re.Match[str]) -> str:
    site = next(iter(call_sites(query)), None)
    place = "expression" if found.group(1) == "vector" else "parameter"
    message = f"expected type {_TYPES[found.group(1)]} in aggregation {place}, got {_TYPES[found.group(2)]}"
    return parse_error(query, site.arguments[0] if site and site.arguments else 0, message)


def _argument_count(query: str, found: re.Match[str]) -> str:
    return parse_error(query, _call_offset(query, found.group(2)), f"{found.group(1)} {quote(found.group(2))}, got {found.group(3)}")


def _unknown_function(query: str, found: re.Match[str]) -> str:
    name = found.group(1)
    message = f"function {quote(name)} is not enabled" if name in EXPERIMENTAL_FUNCTIONS else f"unknown function with name {quote(name)}"
    return parse_error(query, _call_offset(query, name), message)


def _call_offset(query: str, name: str) -> int:
    return next((site.offset for site in call_sites(query) if site.name == name), 0)


def _empty(query: str, found: re.Match[str]) -> str:
    return parse_error(query, 0, found.group()) if query else f"unknown position: parse error: {found.group()}"


def _incomplete(query: str, _: re.Match[str]) -> str:
    """The parser only says "invalid"; the real one names the token, which is the end of the text in the common case."""
    if re.search(r"[-+*/%^(,=<>]\s*$|\b(?:and|or|unless|by|on|bool)\s*$", query):
        return parse_error(query, len(query), "unexpected end of input")
    return parse_error(query, 0, "unexpected input")


def _unary(query: str, found: re.Match[str]) -> str:
    kind = quote(_TYPES[found.group(1)])
    return parse_error(query, 0, f"unary expression only allowed on expressions of type scalar or instant vector, got {kind}")


def _illegal_regex(query: str, found: re.Match[str]) -> str:
    """With the complaint of the translation to Python, whose words are those of RE2."""
    try:
        compile_anchored(found.group(1))
        reason = f"invalid or unsupported syntax: `{found.group(1)}`"
    except re.error as error:
        reason = str(error)
    return parse_error(query, query.find("{") + 1, f"error parsing regexp: {reason}")


def _unexpected_character(query: str, found: re.Match[str]) -> str:
    return parse_error(query, token_offset(query, found.group(2)), f"unexpected character: {found.group(1)}")


def _unterminated(query: str, _: re.Match[str]) -> str:
    quotes = [offset for mark in "\"'`" if (offset := token_offset(query, mark))]
    return parse_error(query, min(quotes, default=0), "unterminated quoted string")


def _said(message: str = r"\g<0>", at: Callable[[str], int] = lambda query: 0) -> Callable[[str, re.Match[str]], str]:
    """The parser's own words, or ``message`` with its groups filled in, at the offset that ``at`` finds."""
    return lambda query, found: parse_error(query, at(query), found.expand(message))


def _token(*texts: str) -> Callable[[str], int]:
    return lambda query: token_offset(query, *texts)


_WORDINGS: tuple[tuple[re.Pattern[str], Callable[[str, re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), write)
    for pattern, write in (
        (r"no expression found in input", _empty),
        (r"expected type (\w+) in call to function '(\w+)', got (\w+)", _in_call),
        (r"expected type (\w+) in aggregation expression, got (\w+)", _in_aggregation),
        (r"(expected (?:at (?:least|most) )?\d+ argument\(s\) in call to) '(\w+)', got (\d+)", _argument_count),
        (r"unknown function with name '(\w+)'", _unknown_function),
        (r"no arguments for aggregate expression '\w+' provided", _said("no arguments for aggregate expression provided")),
        (r"unexpected end of input inside brackets", _said("unclosed left bracket", at=len)),
        (
            r"unexpected end of input in offset, .*",
            _said("unexpected end of input in offset, expected number, duration, step(), or range()", len),
        ),
        (r"(?:unexpected end of input.*|unclosed left (?:parenthesis|bracket))", _said(at=len)),
        (r"unexpected right parenthesis .*", _said(at=len)),
        (r"unexpected right bracket .*", _said(at=lambda query: len(query) - 1)),
        (r"unexpected character inside brackets: '\)'", _said("unexpected right parenthesis ')'", at=len)),
        (r"unexpected right brace ('(\})')", _unexpected_character),
        (r"unterminated quoted string.*", _unterminated),
        (r"invalid promql query", _incomplete),
        (r"no grouping allowed for '(\w+)' operation", _said(r'no grouping allowed for "\1" operation')),
        (
            r"set operator '(\w+)' not allowed in binary scalar expression",
            _said(r'set operator "\1" not allowed in binary scalar expression'),
        ),
        (r"comparisons between scalars must use BOOL modifier", _said(at=_token("==", "!=", ">", "<", ">=", "<="))),
        (r"bool modifier can only be used on comparison operators", _said(at=_token(*"+-*/%^", "and", "or", "unless", "atan2"))),
        (r"ranges only allowed for vector selectors", _said(at=_token("["))),
        (r"duration must be greater than 0", _said(at=lambda query: token_offset(query, "[") + 1)),
        (r"unary expression only allowed on expressions of type scalar or vector, got:? (\w+)", _unary),
        (r"subquery is only allowed on vector, got (\w+) instead", _said(r"subquery is only allowed on instant vector, got \1 instead")),
        (
            r"(offset|@) modifier must be preceded by .*",
            _said(r"\1 modifier must be preceded by an instant vector selector or range vector selector or a subquery"),
        ),
        (r"metric name must not be set twice: '(.*)' or '(.*)'", _said(r'metric name must not be set twice: "\1" or "\2"')),
        (
            r"label '(.*)' must not occur in ON and GROUP clause at once",
            _said(r'label "\1" must not occur in ON and GROUP clause at once', _token(*"+-*/%^", "atan2")),
        ),
        (r"illegal regex for (.*)", _illegal_regex),
    )
)
