# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a database migration takes something away that the version before needs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from ..model.changes import Commit

_TAKES_AWAY = re.compile(r"(?<![a-z])(?:drop|remove|delete|rename|retype|change_type|split|not_null)(?:s|d|ed)?(?![a-z])", re.IGNORECASE)
_HARMLESS = re.compile(r"(?<![a-z])(?:index|indexes|indices|idx|constraint|trigger|view)(?![a-z])", re.IGNORECASE)
"""No program reads these."""
_INDEX = re.compile(r"(?<![a-z])(?:index|indexes|indices|idx)(?![a-z])", re.IGNORECASE)
_MADE_AGAIN = re.compile(r"(?<![a-z])(?:create|add|rebuild|recreate|replace)(?:s|d|ed)?(?![a-z])", re.IGNORECASE)

_SAID = re.compile(
    r"\b(?:drop|remov|delet|renam|retyp|split)\w*\b.{0,40}\b(?:column|table|field|attribute)s?\b|\bDROP (?:COLUMN|TABLE)\b", re.IGNORECASE
)


def index_taken(migrations: Sequence[str], commits: Sequence[Commit] = ()) -> str | None:
    """The first of the migrations that takes an index away, as its file's name or the message of its commit says; else None.

    The version before still runs without it, and is as slow: a rollback of the program does not make it again.
    """
    for path in migrations:
        stem = posixpath.splitext(posixpath.basename(path))[0]
        if _TAKES_AWAY.search(stem) and _INDEX.search(stem) and not _MADE_AGAIN.search(stem):
            return path
    there = frozenset(migrations)
    for commit in commits:
        file = next((path for path in commit.files if path in there), None)
        said = commit.subject
        if file is not None and _TAKES_AWAY.search(said) and _INDEX.search(said) and not _MADE_AGAIN.search(said):
            return f"{file} ({said})"
    return None


def destructive(migrations: Sequence[str], commits: Sequence[Commit] = ()) -> str | None:
    """The first of the migrations that renames or removes something, as its file's name or the message of its commit says; else None.

    An earlier version copes with what is added, and not with what is gone:
    https://martinfowler.com/bliki/ParallelChange.html
    """
    stems = ((path, posixpath.splitext(posixpath.basename(path))[0]) for path in migrations)
    named = next((path for path, stem in stems if _TAKES_AWAY.search(stem) and not _HARMLESS.search(stem)), None)
    if named is not None:
        return named
    there = frozenset(migrations)
    for commit in commits:
        file = next((path for path in commit.files if path in there), None)
        if file is not None and _SAID.search(commit.subject):
            return f"{file} ({commit.subject})"
    return None
