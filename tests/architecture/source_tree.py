# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's files, and what its Python files import."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
_COLLECTION = "ansible_collections.devops.incident_response."


@dataclass(frozen=True, slots=True)
class Import:
    """`module` is absolute: `plugins.…` for the collection's own code, else the name as it is imported.

    `from a import b` counts as `a.b`, since b may be a module.
    """

    path: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def tracked_files() -> list[Path]:
    """Files that git tracks or would track, relative to the checkout."""
    command = ["git", "-C", str(CHECKOUT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listing.split("\0") if name and (CHECKOUT / name).is_file()]


def python_files(root: Path, below: str) -> list[Path]:
    """Python files under `root`/`below`, relative to `root`."""
    return sorted(path.relative_to(root) for path in (root / below).rglob("*.py"))


def imports(root: Path, path: Path) -> Iterator[Import]:
    """Every import in the file `root`/`path`, those inside functions and type-checking blocks included."""
    for node in ast.walk(ast.parse((root / path).read_bytes())):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Import(path, node.lineno, alias.name.removeprefix(_COLLECTION))
            case ast.ImportFrom():
                parents = path.parts[: len(path.parts) - node.level] if node.level else ()
                module = ".".join([*parents, *([node.module] if node.module else [])])
                for alias in node.names:
                    yield Import(path, node.lineno, f"{module}.{alias.name}".removeprefix(_COLLECTION))
