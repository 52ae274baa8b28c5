# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax tree that the engine evaluates. Durations and times are milliseconds, as in Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.prometheus.storage import Matcher

ValueType = Literal["scalar", "vector", "matrix", "string"]
At = int | Literal["start", "end"] | None
"""What ``@`` pins the evaluation to: a Unix time in ms, the query's start or end, or nothing."""

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SET_OPERATORS = frozenset({"and", "or", "unless"})


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class VectorSelector:
    matchers: tuple[Matcher, ...]
    offset: int
    at: At


@dataclass(frozen=True, slots=True)
class MatrixSelector:
    vector: VectorSelector
    range: int


@dataclass(frozen=True, slots=True)
class Subquery:
    """``step`` is 0 where the query leaves it to the server's default."""

    expression: Expression
    range: int
    step: int
    offset: int
    at: At


@dataclass(frozen=True, slots=True)
class Call:
    """``argument_positions`` are "line:column" of each argument, for annotations."""

    function: str
    returns: ValueType
    arguments: tuple[Expression, ...]
    position: str
    argument_positions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """``grouping`` holds the labels of ``by``, or of ``without`` where ``without`` is true."""

    operator: str
    expression: Expression
    parameter: Expression | None
    grouping: frozenset[str]
    without: bool
    parameter_position: str


@dataclass(frozen=True, slots=True)
class Matching:
    """Which series belong together. ``on`` tells ``on(labels)`` from ``ignoring(labels)``; ``many`` is the side that may have many."""

    on: bool
    labels: frozenset[str]
    many: Literal["left", "right", None]
    include: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression
    return_bool: bool
    matching: Matching


@dataclass(frozen=True, slots=True)
class Negation:
    expression: Expression


@dataclass(frozen=True, slots=True)
class Parentheses:
    expression: Expression


Expression = Number | Text | VectorSelector | MatrixSelector | Subquery | Call | Aggregation | Binary | Negation | Parentheses


def value_type(expression: Expression) -> ValueType:
    """What evaluating the expression gives."""
    match expression:
        case Number():
            return "scalar"
        case Text():
            return "string"
        case VectorSelector() | Aggregation():
            return "vector"
        case MatrixSelector() | Subquery():
            return "matrix"
        case Call():
            return expression.returns
        case Binary():
            return "scalar" if value_type(expression.left) == value_type(expression.right) == "scalar" else "vector"
        case Negation() | Parentheses():
            return value_type(expression.expression)


def unwrapped(expression: Expression) -> Expression:
    """The expression without the parentheses around it."""
    while isinstance(expression, Parentheses):
        expression = expression.expression
    return expression
