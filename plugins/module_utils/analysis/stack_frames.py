# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source files that stack traces name, and whether a change touched them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_FRAMES = (
    re.compile(r'File "([^"<>]{1,200})", line \d+'),  # Python
    re.compile(r"\(([\w$-]{1,100}\.(?:java|kt|scala|groovy)):\d+\)"),  # the JVM names no directory
    re.compile(r"(?:^|[\s(])((?:[\w@.-]*/)[\w@./-]{1,200}\.(?:go|js|mjs|cjs|ts|tsx|rb|php|rs|cs|cpp|cc|c|ex|exs)):\d+"),  # others
    re.compile(r"(?:^|\s)(/[^\s:()]{1,200}\.php)(?:\(\d+\)| on line \d+)"),  # PHP
    re.compile(r" in ((?:/|[A-Z]:\\)[^:]{1,200}\.cs):line \d+"),  # .NET
)
_FOREIGN = (
    "site-packages",
    "dist-packages",
    "node_modules",
    "/usr/lib",
    "/usr/local/lib",
    "/usr/local/go",
    "/pkg/mod/",
    "/rustc/",
    "/.cargo/",
    "node:internal",
)
"""Parts of a path by which it is a library's, and not the service's."""
_BUILT = re.compile(r"(?:^|/)(?:dist|build|out|target|\.next)/|bundle|chunk|\.min\.")


@lru_cache(maxsize=2048)
def files_in(line: str) -> tuple[str, ...]:
    """The service's own source files that a line of a stack trace names. The same frames come again and again."""
    if "." not in line and 'File "' not in line:
        return ()
    found = (match[1].replace("\\", "/") for pattern in _FRAMES for match in pattern.finditer(line))
    return tuple(path for path in found if not any(part in path for part in _FOREIGN))


def touched(named: Iterable[str], changed: Iterable[str]) -> str | None:
    """The first of the ``changed`` files (paths in a repository) that a stack trace names; None when none is.

    A path in a container ends as the one in the repository does: two parts have to agree where both have two, else the file's name.
    """
    tails = {_tail(path): path for path in changed}
    names = {posixpath.basename(path): path for path in changed}
    for path in named:
        tail = _tail(path)
        found = tails.get(tail) if len(tail) > 1 else names.get(tail[0])
        if found is not None:
            return found
    return None


def untouched(named: Sequence[str], changed: Sequence[str]) -> bool:
    """Whether sources of the language that a stack trace names were ``changed``, and those that it names were not.

    False where nobody can tell, since what was built has other names than its source.
    """
    if any(_BUILT.search(path) for path in named):
        return False
    languages = {posixpath.splitext(path)[1] for path in named}
    return any(posixpath.splitext(path)[1] in languages for path in changed) and touched(named, changed) is None


def _tail(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")[-2:])
