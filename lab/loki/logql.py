# SPDX-License-Identifier: GPL-3.0-or-later
"""The log queries of LogQL: a stream selector, line filters, and filters on labels and on the metadata of lines.

https://grafana.com/docs/loki/latest/query/log_queries/. Parsers (``| json``), formats and metric queries are not simulated, and refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.loki.errors import LokiError, ParseError

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<STRING>"(?:[^"\\]|\\.)*"|`[^`]*`)
      | (?P<IDENTIFIER>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<OPERATOR>\|=|\|~|!=|!~|=~|=|\||\{|\}|,|-)
      | (?P<OTHER>\S)
    )""",
    re.VERBOSE,
)
_END = "$end"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Matcher:
    """``operator`` is ``=``, ``!=``, ``=~`` or ``!~``; an expression has to fit the whole value. A label that is not there is empty."""

    name: str
    operator: str
    value: str

    def fits(self, labels: Labels) -> bool:
        value = labels.get(self.name, "")
        fits = value == self.value if "~" not in self.operator else _expression(self.value).fullmatch(value) is not None
        return fits is (self.operator[0] == "=")


@dataclass(frozen=True, slots=True)
class Query:
    """``passes`` is asked for a line and its labels with its metadata among them."""

    selector: tuple[Matcher, ...]
    filters: tuple[Callable[[str, Labels], bool], ...]

    def selects(self, stream: Labels) -> bool:
        return all(matcher.fits(stream) for matcher in self.selector)

    def passes(self, line: str, labels: Labels) -> bool:
        return all(passes(line, labels) for passes in self.filters)


def parse(text: str) -> Query:
    """LokiError in the words of Loki's parser."""
    if not text.strip():
        raise LokiError("parse error : syntax error: unexpected $end")
    parser = _Parser(text)
    selector = parser.selector()
    filters = parser.filters()
    return Query(selector, filters)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [
            (match.start(match.lastgroup or 0) + 1, str(match.lastgroup), str(match[str(match.lastgroup)]))
            for match in _TOKEN.finditer(text)
        ]
        self._tokens.append((len(text.rstrip()) + 1, "END", _END))
        self._at = 0

    def selector(self) -> tuple[Matcher, ...]:
        self._take("{", "")
        matchers = [self._matcher()]
        while self._word == ",":
            self._at += 1
            matchers.append(self._matcher())
        self._take("}", ", expecting } or ,")
        return tuple(matchers)

    def filters(self) -> tuple[Callable[[str, Labels], bool], ...]:
        found: list[Callable[[str, Labels], bool]] = []
        while self._word != _END:
            operator = self._word
            if operator in ("|=", "!=", "|~", "!~"):
                self._at += 1
                found.append(_line_filter(operator, self._string()))
            elif operator == "|":
                self._at += 1
                matcher = self._matcher()
                found.append(lambda _line, labels, matcher=matcher: matcher.fits(labels))  # type: ignore[misc]
            else:
                raise self._unexpected("")
        return tuple(found)

    @property
    def _word(self) -> str:
        return self._tokens[self._at][2]

    def _matcher(self) -> Matcher:
        if self._tokens[self._at][1] != "IDENTIFIER":
            raise self._unexpected(", expecting IDENTIFIER")
        name = self._word
        self._at += 1
        if self._word not in ("=", "!=", "=~", "!~"):
            raise self._unexpected(", expecting = or =~ or !~ or !=")
        operator = self._word
        self._at += 1
        value = self._string()
        if "~" in operator:
            _expression(value)
        return Matcher(name, operator, value)

    def _string(self) -> str:
        kind, text = self._tokens[self._at][1:]
        if kind != "STRING":
            raise self._unexpected(", expecting STRING")
        self._at += 1
        return text[1:-1] if text[0] == "`" else str(json.loads(text))

    def _take(self, word: str, otherwise: str) -> None:
        if self._word != word:
            raise self._unexpected(otherwise)
        self._at += 1

    def _unexpected(self, otherwise: str) -> ParseError:
        column, kind, text = self._tokens[self._at]
        return ParseError(column, f"unexpected {kind if kind in ('IDENTIFIER', 'STRING') else text}{otherwise}")


def _line_filter(operator: str, value: str) -> Callable[[str, Labels], bool]:
    wanted = operator[0] == "|"
    if "~" in operator:
        expression = _expression(value)
        return lambda line, _labels: (expression.search(line) is not None) is wanted
    return lambda line, _labels: (value in line) is wanted


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.DOTALL)
    except re.error as error:
        raise LokiError(f"parse error : error parsing regexp: {error.msg}: `^(?:{text})$`") from error
