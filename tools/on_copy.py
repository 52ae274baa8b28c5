# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible's own checkers on a copy of the collection, with a home of their own.

    on_copy.py ansible-test sanity
    on_copy.py ansible-test units [PATH ...]
    on_copy.py ansible-lint

The copy holds what the artifact ships and the unit tests. It is a tree of real files, which ansible-test insists on, and its path has
nothing in it that Ansible would expand or split. Two runs of one user take turns, since they share the checkers' caches.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import cache
import collection_tree
from ansible_test._internal.python_requirements import get_venv_packages

# Neither shipped nor imported by the unit tests; ruff, mypy and pytest look after them.
_NOT_ON_THE_COPY = frozenset({".ci", "Makefile", "bench", "evaluate", "lab", "tools"})
_TESTS_ON_THE_COPY = frozenset({"config.yml", "fixtures", "sanity", "unit"})
_DOWNLOAD_TIMEOUT_S = 10


def place_get_pip(home: Path, python_version: str) -> None:
    """Put get-pip where ansible-test looks for it, or the stand-in where it cannot be downloaded."""
    pip_version = get_venv_packages(SimpleNamespace(version=python_version))["pip"]
    place = home / ".ansible" / "test" / "cache" / f"get_pip_{pip_version.replace('.', '_')}.py"
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(".partial")
    try:
        address = f"https://ci-files.testing.ansible.com/ansible-test/get-pip-{pip_version}.py"
        with urllib.request.urlopen(address, timeout=_DOWNLOAD_TIMEOUT_S) as answer:
            partial.write_bytes(answer.read())
    except OSError:
        shutil.copyfile(Path(__file__).with_name("get_pip.py"), partial)
    partial.replace(place)


def main(command: list[str]) -> int:
    home = cache.cache_directory() / "checkers"
    other_tests = {f"tests/{path.name}" for path in (cache.CHECKOUT / "tests").iterdir() if path.name not in _TESTS_ON_THE_COPY}
    with cache.lock("checkers"):
        collection = collection_tree.copied_collection(_NOT_ON_THE_COPY | other_tests)
        # Nothing may lead the checkers to another copy of the collection, such as the checkout itself.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))}
        environment["HOME"] = str(home)
        if command[0] == "ansible-test":
            python_version = f"{sys.version_info[0]}.{sys.version_info[1]}"
            place_get_pip(home, python_version)
            command = [*command, "--python", python_version, "--color", "yes" if sys.stdout.isatty() else "no"]
        else:
            # ansible-test sets this by itself, and refuses anything else.
            environment["ANSIBLE_COLLECTIONS_PATH"] = str(collection.parents[2])
        return subprocess.run(command, cwd=collection, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
