# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkout as `ansible_collections/devops/incident_response`, whatever its own folder is called."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import subprocess
from pathlib import Path

import cache

_PLACE = Path("ansible_collections", "devops", "incident_response")


def linked_tree() -> Path:
    """A directory for ANSIBLE_COLLECTIONS_PATH in which the collection is a link to this checkout."""
    tree = cache.checkout_directory() / "linked"
    link = tree / _PLACE
    link.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        link.symlink_to(cache.CHECKOUT)
    return tree


def copied_collection(left_out: frozenset[str]) -> Path:
    """The collection's directory in a tree of real files, for tools that resolve links, brought up to date with the checkout.

    It holds the files that git tracks or would track, without those under a path in `left_out` (relative to the checkout). Files that
    did not change keep their time stamps, so that the tools' own caches stay good. Callers hold a lock.
    """
    target = cache.checkout_directory() / "copied" / _PLACE
    wanted = {path for path in tracked_files() if not any(parent in left_out for parent in _ancestry(path))}
    for path in sorted(wanted):
        source, copy = cache.CHECKOUT / path, target / path
        if not _same(source, copy):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    for directory, _, names in os.walk(target, topdown=False):
        here = Path(directory)
        for name in names:
            if str((here / name).relative_to(target)) not in wanted:
                (here / name).unlink()
        if here != target and not any(here.iterdir()):
            here.rmdir()
    return target


def tracked_files() -> list[str]:
    """Paths of the checkout's files that git tracks or would track, relative to the checkout."""
    listing = subprocess.run(
        ["git", "-C", str(cache.CHECKOUT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True
    ).stdout
    return [path for path in os.fsdecode(listing).split("\0") if path and (cache.CHECKOUT / path).is_file()]


def _same(source: Path, copy: Path) -> bool:
    return copy.is_file() and copy.stat().st_mode == source.stat().st_mode and filecmp.cmp(source, copy, shallow=False)


def _ancestry(path: str) -> list[str]:
    return [path, *map(str, Path(path).parents)]
