# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a database migration takes something away that the version before needs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

_TAKES_AWAY = re.compile(r"(?<![a-z])(?:drop|remove|delete|rename|retype|change_type|split|not_null)(?:s|d|ed)?(?![a-z])", re.IGNORECASE)
_HARMLESS = re.compile(r"(?<![a-z])(?:index|indexes|indices|idx|constraint|trigger|view)(?![a-z])", re.IGNORECASE)
"""No program reads these."""


def destructive(migrations: Iterable[str]) -> str | None:
    """The first of the migrations' files whose name says that it renames or removes something; None when none does.

    An earlier version copes with what is added, and not with what is gone:
    https://martinfowler.com/bliki/ParallelChange.html
    """
    stems = ((path, posixpath.splitext(posixpath.basename(path))[0]) for path in migrations)
    return next((path for path, stem in stems if _TAKES_AWAY.search(stem) and not _HARMLESS.search(stem)), None)
