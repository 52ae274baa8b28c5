# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What database migrations take away, by the statements that they add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..clients.answers import excerpt

_LONGEST = 120
_MOST_LINES = 5000
"""Lines of a patch that are looked at: more are data."""
_FILE = re.compile(r'^\+\+\+ "?b/(?P<path>.*?)"?\s*$')
_TAKES = re.compile(
    r"\bDROP\s+(?:COLUMN|TABLE|SCHEMA)\b|\bRENAME\s+(?:COLUMN\s+)?[\w\"`.]+\s+TO\b|\bALTER\s+TABLE\b.*\bRENAME\s+TO\b"
    # Rails, Alembic, Knex, Sequelize, Laravel, Liquibase, Entity Framework; Django
    r"|\b(?:drop|remove|rename)_?(?:column|table)s?\b|\b(?:Remove|Rename)(?:Field|Model)\b|\bDeleteModel\b",
    re.IGNORECASE,
)
_MADE_ANEW = re.compile(r"\bDROP\s+TABLE\s+IF\s+EXISTS\b|\bdrop_?table_?if_?exists\b|if_exists:\s*true", re.IGNORECASE)
"""How a script begins that makes a table which is not there."""
_NOT_TABLES = re.compile(r"\b(?:INDEX|CONSTRAINT|VIEW|TRIGGER|FUNCTION|TEMP|TEMPORARY)\b", re.IGNORECASE)
_COMMENT = re.compile(r"^\s*(?:--|#|//|\*|/\*)")
_DOWN = re.compile(
    r"^\s*--\s*(?:\+goose\s+down|migrate:down|\+migrate\s+down|rollback\b|//@undo|down\b)|^\s*<rollback\b"
    r"|\bdef\s+down(?:grade)?\b|\bfunction\s+down\b|\bexports\.down\b|\basync\s+down\b|\bvoid\s+Down\b|\bconst\s+down\b|^\s*down\s*[:(]",
    re.IGNORECASE,
)
_UP = re.compile(
    r"^\s*--\s*(?:\+goose\s+up|migrate:up|\+migrate\s+up|changeset\b|up\b)|</rollback>"
    r"|\bdef\s+(?:up(?:grade)?|change)\b|\bfunction\s+up\b|\bexports\.up\b|\basync\s+up\b|\bvoid\s+Up\b|\bconst\s+up\b|^\s*up\s*[:(]",
    re.IGNORECASE,
)
_WAY_BACK = re.compile(r"(?:^|[/._-])(?:down|undo|rollback)\.\w+$|(?:^|/)U\d[\d._]*__", re.IGNORECASE)


def taken_away(patch: str) -> tuple[str, ...]:
    """``path: statement`` of each file of a patch (``git diff``) that adds a statement which removes or renames a table or a column.

    Only the way forward counts: what undoes a migration removes what it added. What is made again in the same file is not gone.
    """
    found = []
    for path, lines in _added(patch):
        statement = None if _WAY_BACK.search(path) else next(_forward(lines), None)
        if statement is not None:
            found.append(f"{path}: {excerpt(statement.strip(), _LONGEST)}")
    return tuple(found)


def _added(patch: str) -> Iterator[tuple[str, list[str]]]:
    """Each file and the lines that are added to it."""
    path, lines = "", list[str]()
    for line in patch.splitlines()[:_MOST_LINES]:
        begins = _FILE.match(line)
        if begins is not None:
            if path:
                yield path, lines
            path, lines = begins["path"], []
        elif line.startswith("+") and not line.startswith("+++"):
            lines.append(line[1:])
    if path:
        yield path, lines


def _forward(lines: Iterable[str]) -> Iterator[str]:
    back = False
    for line in lines:
        if _DOWN.search(line):
            back = True
        elif _UP.search(line):
            back = False
        if back or _COMMENT.match(line) or _MADE_ANEW.search(line) or _NOT_TABLES.search(line):
            continue
        if _TAKES.search(line):
            yield line
