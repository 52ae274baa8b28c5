# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a SQL statement searches by: the columns that an index could lead with, table by table."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from ..clients.libraries import load
from ..lean import dataclass

MAX_STATEMENT = 20_000
"""Characters from which a statement is not parsed: it is generated, and would take long."""

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<kept>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|::)|(?P<ticks>`[^`]*`)"
    r"|(?P<parameter>(?:\$\d+|%s|%\(\w+\)s|(?<![\w:]):[A-Za-z_]\w*|@[A-Za-z_]\w*|#\{[^}]*\}|\?(?=::))"
    # What a parameter is made into says nothing of the column.
    r"(?:::\w+(?:\s+precision|\s+varying)?(?:\s*\(\d+(?:,\s*\d+)?\))?(?:\s+with(?:out)?\s+time\s+zone)?(?:\[\])*)*)",
    re.DOTALL | re.IGNORECASE,
)
_PREFIX = re.compile(r"^\s*(?:explain(?:\s+\([^)]*\)|\s+analyze|\s+verbose)*\s+|prepare\s+\w+(?:\s*\([^)]*\))?\s+as\s+)", re.IGNORECASE)


class Kind(StrEnum):
    EQUAL = "equal"
    RANGE = "range"
    PREFIX = "prefix"
    PATTERN = "pattern"
    """LIKE with a pattern that is not known."""
    CONTAINS = "contains"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Condition:
    """``target`` is a column, or an expression on one in normal form (``lower(email)``)."""

    target: str
    columns: frozenset[str]
    kind: Kind
    is_column: bool
    joined: bool = False
    cast: str | None = None
    """The type that the column is made into before it is compared (``text`` for ``id::text``); an index on the column does not know it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives (OR): an index helps only when there is one for each."""

    branches: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True, slots=True)
class Search:
    """One table of a statement, what it is searched by (all of it together), and all that the statement says of it in normal form."""

    table: str
    schema: str | None
    conditions: tuple[Condition | Group, ...]
    loose: tuple[Condition | Group, ...]
    """Conditions on columns that may be this table's or another's."""
    said: frozenset[str]
    query: int
    """Which of the statement's queries it is in: subqueries are queries of their own."""


def searches(statement: str) -> list[Search]:
    """The tables that ``statement`` searches. Empty when it is no SQL that can be read (cut off, another language) or searches nothing."""
    if len(statement) > MAX_STATEMENT:
        return []
    sqlglot = _library()
    try:
        tree = sqlglot.parse_one(_PREFIX.sub("", _TOKEN.sub(_plain, statement)), read="postgres")
        return list(_searches(tree, sqlglot.exp)) if tree is not None else []
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError, AttributeError, TypeError):
        return []


@lru_cache(maxsize=1024)
def normal(text: str) -> tuple[str, ...]:
    """The parts of a condition of PostgreSQL's catalogue (``((a)::text = 'x'::text) AND b IS NULL``) in normal form."""
    sqlglot = _library()
    try:
        tree = sqlglot.parse_one(text, read="postgres")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return (text,)
    return tuple(_normal(part, sqlglot.exp) for part in _parts(tree, sqlglot.exp))


def _library() -> Any:
    sqlglot = load("sqlglot")
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it does not understand is no concern of whoever runs this
    return sqlglot


def _plain(match: re.Match[str]) -> str:
    if match["comment"] is not None:
        return " "
    if match["ticks"] is not None:
        return '"' + match["ticks"][1:-1].replace('"', '""') + '"'
    return "?" if match["parameter"] is not None else match[0]


def _searches(tree: Any, exp: Any) -> Iterator[Search]:
    named = {_name(cte.args["alias"].this) for cte in tree.find_all(exp.CTE) if cte.args.get("alias")}
    for number, scope in enumerate(tree.find_all(exp.Select, exp.Update, exp.Delete)):
        tables = _tables(scope, exp)
        physical = {alias: table for alias, table in tables.items() if not (not table.args.get("db") and _name(table.this) in named)}
        if not physical:
            continue
        parts = [part for condition in _conditions_of(scope, exp) for part in _parts(condition, exp)]
        said = frozenset(_normal(part, exp) for part in parts)
        found: dict[str | None, list[Condition | Group]] = {}
        for part in parts:
            for alias, condition in _read(part, tables, exp):
                found.setdefault(alias, []).append(condition)
        for alias, table in physical.items():
            loose = tuple(found.get(None, ()))
            yield Search(
                table=_name(table.this),
                schema=_name(table.args["db"]) if table.args.get("db") else None,
                conditions=(*found.get(alias, ()), *(loose if len(tables) == 1 else ())),
                loose=loose if len(tables) > 1 else (),
                said=said,
                query=number,
            )


def _tables(scope: Any, exp: Any) -> dict[str, Any]:
    """The tables of one query by the name that they have in it; subqueries have a query of their own."""
    sources = [scope.this] if isinstance(scope, (exp.Update, exp.Delete)) else []
    begin = scope.args.get("from_") or scope.args.get("from")
    sources += [begin.this] if begin else []
    sources += scope.args.get("using") or []
    joins = [*(scope.args.get("joins") or []), *(join for source in sources if source for join in source.args.get("joins") or [])]
    sources += [join.this for join in joins]
    return {(source.alias or _name(source.this)).lower(): source for source in sources if isinstance(source, exp.Table)}


def _conditions_of(scope: Any, exp: Any) -> Iterator[Any]:
    where = scope.args.get("where")
    if where:
        yield where.this
    begin = scope.args.get("from_") or scope.args.get("from")
    first = begin.this if begin else scope.this
    for join in [*(scope.args.get("joins") or []), *((first.args.get("joins") or []) if isinstance(first, exp.Table) else [])]:
        if join.args.get("on"):
            yield join.args["on"]
        for column in join.args.get("using") or []:
            for side in (first, join.this):
                if isinstance(side, exp.Table):
                    name = exp.Column(this=column.copy() if isinstance(column, exp.Identifier) else column.this.copy())
                    name.set("table", exp.to_identifier(side.alias or _name(side.this)))
                    yield exp.EQ(this=name, expression=exp.Column(this=exp.to_identifier("joined"), table=exp.to_identifier("another")))


def _parts(condition: Any, exp: Any) -> list[Any]:
    """What an AND is made of, without recursion: generated statements nest deeply."""
    parts, ahead = [], [condition]
    while ahead:
        one = ahead.pop()
        if isinstance(one, exp.Paren):
            ahead.append(one.this)
        elif isinstance(one, exp.And):
            ahead += [one.expression, one.this]
        else:
            parts.append(one)
    return parts


def _read(part: Any, tables: Mapping[str, Any], exp: Any) -> Iterator[tuple[str | None, Condition | Group]]:
    """What a part of the condition searches, with the name of the table in the statement; None where it says none."""
    if isinstance(part, exp.Or):
        yield from _alternatives(part, tables, exp)
        return
    kind, sides = _kind(part, exp)
    if kind is not None and any(isinstance(side, exp.Tuple) for side in sides):
        yield from _rows(part, tables, exp)
        return
    if kind is None:
        return
    for number, side in enumerate(sides):
        columns = [
            column
            for column in side.find_all(exp.Column)
            if not column.find_ancestor(exp.Select, exp.Subquery) or _same_scope(column, part, exp)
        ]
        owners = {column.table.lower() or None for column in columns}
        if len(owners) != 1 or isinstance(side, (exp.Subquery, exp.Select)):
            continue
        owner = owners.pop()
        if owner is not None and owner not in tables:
            continue
        others = [
            column.table.lower() for number_of, other in enumerate(sides) if number_of != number for column in other.find_all(exp.Column)
        ]
        if owner in others or (owner is None and "" in others):
            continue
        joined = any(other in tables or other in ("", "another") for other in others)
        bare = _without_casts(side, exp)
        yield (
            owner,
            Condition(
                target=_normal(side, exp),
                columns=frozenset(_name(column.this) for column in columns),
                kind=kind,
                is_column=isinstance(bare, exp.Column),
                joined=joined,
                cast=_cast(side, bare, exp),
            ),
        )


def _rows(part: Any, tables: Mapping[str, Any], exp: Any) -> Iterator[tuple[str | None, Condition | Group]]:
    """Rows that are compared, ``(a, b) = (1, 2)`` and ``(a, b) IN (…)``: each of their columns is."""
    left = part.this.expressions if isinstance(part.this, exp.Tuple) else []
    right = part.expression.expressions if isinstance(part, exp.EQ) and isinstance(part.expression, exp.Tuple) else []
    for number, side in enumerate(left):
        other = right[number].copy() if number < len(right) else exp.Placeholder()
        yield from _read(exp.EQ(this=side.copy(), expression=other), tables, exp)


def _same_scope(column: Any, part: Any, exp: Any) -> bool:
    """Whether the column belongs to the query of the condition and not to one inside of it."""
    return column.find_ancestor(exp.Select, exp.Update, exp.Delete) is part.find_ancestor(exp.Select, exp.Update, exp.Delete)


def _alternatives(part: Any, tables: Mapping[str, Any], exp: Any) -> Iterator[tuple[str | None, Group]]:
    branches, ahead = [], [part]
    while ahead:
        one = ahead.pop()
        if isinstance(one, exp.Or):
            ahead += [one.expression, one.this]
        elif isinstance(one, exp.Paren) and isinstance(one.this, exp.Or):
            ahead.append(one.this)
        else:
            branches.append(one)
    read = [[pair for inner in _parts(branch, exp) for pair in _read(inner, tables, exp)] for branch in branches]
    owners = [{owner for owner, _unused in pairs} for pairs in read]
    shared = set.intersection(*owners) if owners else set()
    for owner in shared:
        found = tuple(tuple(one for name, one in pairs if name == owner and isinstance(one, Condition)) for pairs in read)
        if all(found):
            yield owner, Group(found)


def _kind(part: Any, exp: Any) -> tuple[Kind | None, Sequence[Any]]:
    """How a comparison searches, and its sides."""
    if isinstance(part, (exp.EQ, exp.NullSafeEQ)):
        return Kind.EQUAL, (part.this, part.expression)
    if isinstance(part, (exp.GT, exp.GTE, exp.LT, exp.LTE)):
        return Kind.RANGE, (part.this, part.expression)
    if isinstance(part, exp.In):
        return Kind.EQUAL, (part.this,)
    if isinstance(part, exp.Between):
        return Kind.RANGE, (part.this,)
    if isinstance(part, exp.ILike):
        return Kind.CONTAINS, (part.this,)
    if isinstance(part, exp.Like):
        pattern = part.expression
        if isinstance(pattern, exp.Literal):
            return (Kind.CONTAINS if str(pattern.this)[:1] in ("%", "_") else Kind.PREFIX), (part.this,)
        return Kind.PATTERN, (part.this,)
    if isinstance(part, exp.Is) and isinstance(part.expression, exp.Null) and not part.args.get("negate"):
        return Kind.NULL, (part.this,)
    return None, ()


def _cast(side: Any, bare: Any, exp: Any) -> str | None:
    while isinstance(side, exp.Paren):
        side = side.this
    return str(side.args["to"].sql(dialect="postgres")).lower() if isinstance(side, exp.Cast) and isinstance(bare, exp.Column) else None


def _without_casts(tree: Any, exp: Any) -> Any:
    while isinstance(tree, (exp.Cast, exp.Paren)):
        tree = tree.this
    return tree


def _normal(tree: Any, exp: Any) -> str:
    """As text without casts, brackets and names of tables, so that a statement and the catalogue say the same in the same way."""

    def bare(node: Any) -> Any:
        if isinstance(node, (exp.Cast, exp.Paren)):
            return _without_casts(node, exp).transform(bare)
        if isinstance(node, exp.Column):
            return exp.Column(this=exp.to_identifier(_name(node.this), quoted=False))
        return node

    text: str = tree.copy().transform(bare).sql(dialect="postgres", normalize_functions="lower")
    return text


def _name(identifier: Any) -> str:
    """As PostgreSQL keeps it: in lower case unless it was quoted."""
    quoted = bool(getattr(identifier, "args", {}).get("quoted"))
    name = str(getattr(identifier, "name", identifier))
    return name if quoted else name.lower()
