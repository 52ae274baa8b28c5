# SPDX-License-Identifier: GPL-3.0-or-later
"""PromQL text to the engine's syntax tree. The grammar is that of the ``promql-parser`` package."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

import promql_parser

from lab.prometheus import expressions as ast
from lab.prometheus.errors import ParseError
from lab.prometheus.number_format import quote
from lab.prometheus.parse_errors import EXPERIMENTAL_AGGREGATIONS, EXPERIMENTAL_FUNCTIONS, parse_error, translated
from lab.prometheus.positions import CallSite, call_sites, line_and_column, token_offset, with_quoted_strings
from lab.prometheus.regex import compile_anchored
from lab.prometheus.storage import METRIC_NAME, Matcher

_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_TYPES: dict[str, ast.ValueType] = {
    "ValueType.Scalar": "scalar",
    "ValueType.Vector": "vector",
    "ValueType.Matrix": "matrix",
    "ValueType.String": "string",
}
_MANY_SIDES: dict[str, Literal["left", "right"]] = {"VectorMatchCardinality.ManyToOne": "left", "VectorMatchCardinality.OneToMany": "right"}
_AT = re.compile(r"@ (-?\d+\.\d+|start\(\)|end\(\))(?: offset \S+)?$")
_MAX_MILLISECONDS = 2**63 // 10**6
_UNMATCHED = ast.Matching(on=False, labels=frozenset(), many=None, include=())


@lru_cache(maxsize=1024)
def parse(query: str) -> ast.Expression:
    """The tree of ``query``; raises ``ParseError`` with the real server's wording."""
    return _Reader(query).read(_parsed(query))


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a ``match[]`` parameter, which must be a plain vector selector."""
    expression = parse(text)
    if not isinstance(expression, ast.VectorSelector) or expression.offset or expression.at is not None:
        raise ParseError(parse_error(text, token_offset(text, "("), 'unexpected "("'))
    return expression.matchers


def formatted(query: str) -> str:
    """``query`` laid out over several lines where it is long, as ``/api/v1/format_query`` answers."""
    parse(query)
    return str(_parsed(query).prettify())


def _parsed(query: str) -> Any:
    try:
        return promql_parser.parse(with_quoted_strings(query))
    except ValueError as error:
        raise ParseError(translated(query, str(error))) from None
    except BaseException as error:
        # A panic of the Rust code, which is no Exception; its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise ParseError(parse_error(query, 0, str(error))) from None


class _Reader:
    """Walks the parser's tree in the order of the text, so that calls meet their positions one after the other."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._sites = iter(call_sites(query))

    def read(self, node: Any) -> ast.Expression:
        match node:
            case promql_parser.NumberLiteral():
                return ast.Number(node.val)
            case promql_parser.StringLiteral():
                return ast.Text(node.val)
            case promql_parser.VectorSelector():
                return self._vector_selector(node, str(node))
            case promql_parser.MatrixSelector():
                return ast.MatrixSelector(self._vector_selector(node.vector_selector, str(node.vector_selector)), _milliseconds(node.range))
            case promql_parser.SubqueryExpr():
                inner = self.read(node.expr)
                return ast.Subquery(inner, _milliseconds(node.range), _milliseconds(node.step), _milliseconds(node.offset), _at(str(node)))
            case promql_parser.Call():
                return self._call(node)
            case promql_parser.AggregateExpr():
                return self._aggregation(node)
            case promql_parser.BinaryExpr():
                return self._binary(node)
            case promql_parser.UnaryExpr():
                return ast.Negation(self.read(node.expr))
            case promql_parser.ParenExpr():
                return ast.Parentheses(self.read(node.expr))
        raise ParseError(parse_error(self._query, 0, f"unsupported expression {type(node).__name__}"))

    def _vector_selector(self, node: Any, text: str) -> ast.VectorSelector:
        if node.matchers.or_matchers:
            offset = token_offset(self._query, "or")
            raise ParseError(parse_error(self._query, offset, 'unexpected identifier "or" in label matching, expected "," or "}"'))
        matchers = [Matcher(matcher.name, _OPERATORS[str(matcher.op)], matcher.value) for matcher in node.matchers.matchers]
        for matcher in matchers:
            self._check_regex(matcher)
        if node.name is not None:
            matchers.append(Matcher(METRIC_NAME, "=", node.name))
        return ast.VectorSelector(tuple(matchers), _milliseconds(node.offset), _at(text))

    def _check_regex(self, matcher: Matcher) -> None:
        if matcher.op in {"=~", "!~"}:
            try:
                compile_anchored(matcher.value)
            except re.error as error:
                raise ParseError(parse_error(self._query, self._query.find("{") + 1, f"error parsing regexp: {error}")) from None

    def _site(self, name: str) -> CallSite:
        """The next place in the text where ``name`` is called; the start of the text if the two readings ever disagree."""
        for site in self._sites:
            if site.name.lower() == name.lower():
                return site
        return CallSite(name, 0, ())

    def _call(self, node: Any) -> ast.Call:
        name = node.func.name
        site = self._site(name)
        if name in EXPERIMENTAL_FUNCTIONS:
            raise ParseError(parse_error(self._query, site.offset, f"function {quote(name)} is not enabled"))
        arguments = tuple(self.read(argument) for argument in node.args)
        positions = tuple(line_and_column(self._query, offset) for offset in site.arguments)
        padding = (line_and_column(self._query, site.offset),) * (len(arguments) - len(positions))
        return ast.Call(name, _TYPES[str(node.func.return_type)], arguments, line_and_column(self._query, site.offset), positions + padding)

    def _aggregation(self, node: Any) -> ast.Aggregation:
        operator = str(node.op)
        site = self._site(operator)
        if operator in EXPERIMENTAL_AGGREGATIONS:
            message = f"{operator}() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
            raise ParseError(parse_error(self._query, site.offset, message))
        parameter = self.read(node.param) if node.param is not None else None
        labels = frozenset(node.modifier.labels) if node.modifier else frozenset()
        without = node.modifier is not None and node.modifier.type == promql_parser.AggModifierType.Without
        position = line_and_column(self._query, site.arguments[0] if site.arguments else site.offset)
        return ast.Aggregation(operator, self.read(node.expr), parameter, labels, without, position)

    def _binary(self, node: Any) -> ast.Binary:
        left, right = self.read(node.lhs), self.read(node.rhs)
        modifier = node.modifier
        if modifier is None:
            return ast.Binary(str(node.op), left, right, False, _UNMATCHED)
        if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
            raise ParseError(parse_error(self._query, 0, "binop fill modifiers are experimental and not enabled"))
        return ast.Binary(str(node.op), left, right, modifier.return_bool, self._matching(modifier))

    def _matching(self, modifier: Any) -> ast.Matching:
        matching = modifier.matching
        on = matching is not None and matching.type == promql_parser.LabelModifierType.Include
        labels = frozenset(matching.labels) if matching else frozenset()
        include = tuple(modifier.group_labels or ())
        for label in include:
            if on and label in labels:
                message = f"label {quote(label)} must not occur in ON and GROUP clause at once"
                raise ParseError(parse_error(self._query, 0, message))
        return ast.Matching(on, labels, _MANY_SIDES.get(str(modifier.card)), include)


def _milliseconds(duration: timedelta | None) -> int:
    milliseconds = 0 if duration is None else duration // timedelta(milliseconds=1)
    if abs(milliseconds) >= _MAX_MILLISECONDS:
        raise ParseError("1:1: parse error: duration out of range")
    return milliseconds


def _at(text: str) -> ast.At:
    """What follows ``@`` in a node's own text. The node's attribute panics for times before 1970, which the text shows as 0."""
    found = _AT.search(text)
    if not found:
        return None
    if found.group(1).endswith("()"):
        return "start" if found.group(1) == "start()" else "end"
    return round(float(found.group(1)) * 1000)
