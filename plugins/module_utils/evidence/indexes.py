# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether PostgreSQL has an index for what a statement searches by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..clients.postgresql import Postgresql
from ..model.index_verdict import Verdict
from .objects import mapping, sequence
from .postgresql_questions import TABLES
from .statements import Condition, Group, Kind, Search, normal, searches

SMALL = 500
"""Rows up to which PostgreSQL reads a table as a whole, and rightly."""
_PAGE, _ROWS_ON_A_PAGE = 8192, 60
FEW_VALUES = 3
"""Different values up to which an index on a column is of no use."""
_MAX_TABLES = 50
_TABLE_KINDS = frozenset("rpm")
_RANK = {Kind.EQUAL: 0, Kind.RANGE: 1, Kind.PREFIX: 1, Kind.PATTERN: 2, Kind.CONTAINS: 3, Kind.NULL: 4}
_WORD = re.compile(r"[a-z_]\w*\Z", re.IGNORECASE)
_TEXTS = frozenset({"text", "character varying", "varchar", "character", "char", "bpchar", "citext"})
_SAME_TYPES = {
    "integer": ("int", "int4"),
    "bigint": ("int8",),
    "smallint": ("int2",),
    "timestamp with time zone": ("timestamptz",),
    "timestamp without time zone": ("timestamp",),
    "boolean": ("bool",),
    "numeric": ("decimal",),
    "double precision": ("float8",),
    "real": ("float4",),
}
"""Other names of a type, by that which the catalogue says."""
_BYTEWISE = frozenset({"C", "POSIX", "ucs_basic"})


def verdicts(database: Postgresql, statements: Iterable[str]) -> dict[str, Verdict]:
    """What the catalogue of ``database`` says of each statement. Raises ProbeFailedError when it can't be read."""
    found = {statement: searches(statement) for statement in dict.fromkeys(statements)}
    names = sorted({search.table for one in found.values() for search in one})[:_MAX_TABLES]
    if not names:
        return dict.fromkeys(found, Verdict(known=False))
    tables = _described(database, names)
    heirs = sorted({str(heir) for table in tables for heir in sequence(table.get("heirs"))})[:_MAX_TABLES]
    inherited = _described(database, heirs) if heirs else []
    return {statement: _verdict(one, tables, inherited) for statement, one in found.items()}


def _described(database: Postgresql, names: list[str]) -> list[Mapping[str, Any]]:
    rows = database.rows(TABLES.format(names=f"ANY(ARRAY(SELECT json_array_elements_text({_quoted(json.dumps(names))}::json)))"))
    return [mapping(table) for table in sequence(rows[0][0])]


def _quoted(text: str) -> str:
    """ASCII text as an expression of SQL. In hexadecimal nothing in it can end it, whatever the server's settings are."""
    return f"convert_from(decode('{text.encode('ascii').hex()}', 'hex'), 'UTF8')"


def _verdict(found: list[Search], tables: list[Mapping[str, Any]], inherited: list[Mapping[str, Any]]) -> Verdict:
    looked_up = [
        (replace(search, table=str(one.get("name"))), one)
        for search in found
        if (table := _table(search, tables)) is not None
        for one in (table, *_heirs(table, inherited))
    ]
    filtered = [(search.query, number) for number, (search, table) in enumerate(looked_up) if any(map(_filters, _own(search, table)))]
    missing = []
    for number, (search, table) in enumerate(looked_up):
        elsewhere = any(query == search.query and other != number for query, other in filtered)
        lacking = _lacking(search, table, elsewhere)
        if lacking is not None:
            schema = f"{search.schema}." if search.schema and search.schema != "public" else ""
            suffix = " (trigram)" if lacking.kind is Kind.CONTAINS else ""
            made_into = f"::{lacking.cast}" if _changes(lacking, table) else ""
            missing.append((lacking.joined, -_rows(table), f"{schema}{search.table}.{lacking.target}{made_into}{suffix}"))
    if _cut_off(looked_up):
        return Verdict(known=False)
    return Verdict(bool(looked_up), min(missing)[2] if missing else None)


def _cut_off(looked_up: list[tuple[Search, Mapping[str, Any]]]) -> bool:
    """Whether a condition ends in a part of a column's name (``WHERE user``), as where a trace keeps only so many characters."""
    columns = {str(mapping(column).get("name")) for _unused, table in looked_up for column in sequence(table.get("columns"))}
    words = {part for search, _unused in looked_up for part in search.said if _WORD.match(part)}
    return any(word not in columns and word.lower() not in ("true", "false", "null") for word in words)


def _changes(condition: Condition, table: Mapping[str, Any]) -> bool:
    """Whether the condition makes the column into a type that its values have to be computed for: PostgreSQL keeps texts all alike."""
    types = {str(mapping(column).get("name")): mapping(column).get("type") for column in sequence(table.get("columns"))}
    own = types.get(condition.target)
    if condition.cast is None or own is None:
        return False
    cast = condition.cast.partition("(")[0].strip()
    return cast not in (own, *_SAME_TYPES.get(str(own), ())) and not (own in _TEXTS and cast in _TEXTS)


def _table(search: Search, tables: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    for table in tables:
        if table.get("name") == search.table and search.schema in (None, table.get("schema")):
            return table if table.get("kind") in _TABLE_KINDS else None
    return None


def _heirs(table: Mapping[str, Any], inherited: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The tables that inherit from ``table``, which a query of it reads as well; each has indexes of its own."""
    names = [str(heir) for heir in sequence(table.get("heirs"))]
    return [one for one in inherited if one.get("name") in names]


def _own(search: Search, table: Mapping[str, Any]) -> list[Condition | Group]:
    columns = {str(mapping(column).get("name")) for column in sequence(table.get("columns"))}
    return [one for one in (*search.conditions, *search.loose) if _columns(one) <= columns]


def _filters(one: Condition | Group) -> bool:
    return isinstance(one, Group) or not one.joined


def _lacking(search: Search, table: Mapping[str, Any], elsewhere: bool) -> Condition | None:
    """The condition that most wants an index, where none has one.

    A join looks rows up only when another table of the query is filtered, ``elsewhere``.
    """
    columns = {str(mapping(column).get("name")): mapping(column).get("distinct") for column in sequence(table.get("columns"))}
    rows = _rows(table)
    own = [one for one in _own(search, table) if elsewhere or _filters(one)]
    if rows <= SMALL or any(_served(one, search, table) for one in own):
        return None
    flat = [condition for one in own for condition in _flat(one) if not _served(condition, search, table)]
    worth = [(condition, _distinct(condition, columns, rows)) for condition in flat if condition.kind is not Kind.NULL]
    worth = [(condition, values) for condition, values in worth if values is None or values > FEW_VALUES]
    if not worth:
        return None
    return min(worth, key=lambda pair: (pair[0].joined, _RANK[pair[0].kind], -(pair[1] or 0.0)))[0]


def _served(one: Condition | Group, search: Search, table: Mapping[str, Any]) -> bool:
    if isinstance(one, Group):
        return all(any(_served(condition, search, table) for condition in branch) for branch in one.branches)
    return any(_serves(mapping(index), one, search, table) for index in sequence(table.get("indexes")))


def _serves(index: Mapping[str, Any], condition: Condition, search: Search, table: Mapping[str, Any]) -> bool:
    """Whether an index can be used for the condition: it is valid, leads with it, covers these rows, and knows this comparison."""
    if not index.get("usable") or not _covers(index, condition, search):
        return False
    method, operators = index.get("method"), str(index.get("operators") or "")
    # Only a B-tree needs its first column; the others know each of theirs.
    keys = [index.get("first")] if method == "btree" else sequence(index.get("keys"))
    if condition.target not in {normal(str(key))[0] for key in keys}:
        return False
    if _changes(condition, table) and not any("::" in str(key) or "cast(" in str(key).lower() for key in keys):
        return False
    if condition.kind is Kind.CONTAINS:
        return "trgm" in operators or "bigm" in operators
    if condition.kind is Kind.PREFIX and method == "btree":
        locale = index.get("collation")
        return operators.endswith("pattern_ops") or (table.get("locale") if locale == "default" else locale) in _BYTEWISE
    if method == "hash":
        return condition.kind is Kind.EQUAL
    return not ("trgm" in operators and condition.kind is Kind.RANGE)


def _covers(index: Mapping[str, Any], condition: Condition, search: Search) -> bool:
    """Whether a partial index holds the rows that are looked for.

    A parameter may have the value that the index wants; a comparison finds no NULL.
    """
    if not index.get("condition"):
        return True
    for part in normal(str(index["condition"])):
        not_null = part.endswith(" IS NOT NULL") and part.removesuffix(" IS NOT NULL") in condition.columns
        column, equals, _value = part.partition(" = ")
        if not (part in search.said or not_null or (equals and f"{column} = ?" in search.said)):
            return False
    return True


def _flat(one: Condition | Group) -> Iterator[Condition]:
    if isinstance(one, Group):
        for branch in one.branches:
            yield from branch
    else:
        yield one


def _columns(one: Condition | Group) -> set[str]:
    return {column for condition in _flat(one) for column in condition.columns}


def _distinct(condition: Condition, columns: Mapping[str, Any], rows: float) -> float | None:
    """How many different values the column has (pg_stats.n_distinct: below zero it is a share of the rows, negated)."""
    known = columns.get(condition.target)
    if not condition.is_column or not isinstance(known, (int, float)) or known == 0:
        return None
    return known if known > 0 else -known * rows


def _rows(table: Mapping[str, Any]) -> float:
    """As counted by the last ANALYZE or since; else estimated by the size, which is always known."""
    counted, size = table.get("rows"), table.get("bytes")
    if isinstance(counted, (int, float)) and counted > 0:
        return float(counted)
    return float(size) / _PAGE * _ROWS_ON_A_PAGE if isinstance(size, (int, float)) else 0.0
