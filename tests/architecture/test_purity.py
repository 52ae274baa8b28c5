# SPDX-License-Identifier: GPL-3.0-or-later
"""analysis/ and decision/ compute from what they are given: no clock, no chance, no network, no files, no processes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.source_tree import CHECKOUT, imports, python_files

PURE = ("plugins/module_utils/analysis", "plugins/module_utils/decision")
IMPURE_MODULES = frozenset(
    "asyncio concurrent ctypes ftplib glob http importlib io logging multiprocessing os pathlib queue random sched secrets select shutil "
    "signal smtplib socket socketserver sqlite3 ssl subprocess sys tempfile threading time urllib.request uuid".split()
)
IMPURE_METHODS = frozenset({"now", "today", "utcnow"})
IMPURE_FUNCTIONS = frozenset({"__import__", "eval", "exec", "input", "open", "print"})


def violations(root: Path) -> list[str]:
    """What reaches outside in the pure rooms of `root`, one line each."""
    found = []
    for room in PURE:
        for path in python_files(root, room):
            found += [str(it) for it in imports(root, path) if _impure(it.module)]
            found += _calls(root, path)
    return found


def _impure(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in IMPURE_MODULES)


def _calls(root: Path, path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse((root / path).read_bytes())):
        match node:
            # The method of these classes, called or handed on; of anything else only its call, for a given time may be called `now`.
            case (
                ast.Attribute(value=ast.Name(id="date" | "datetime") | ast.Attribute(attr="date" | "datetime"), attr=name)
                | ast.Call(func=ast.Attribute(attr=name))
            ) if name in IMPURE_METHODS:
                found.append(f"{path}:{node.lineno} reads the clock with .{name}")
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_FUNCTIONS:
                found.append(f"{path}:{node.lineno} calls {name}()")
    return sorted(set(found))


def test_the_pure_rooms_reach_nothing_outside() -> None:
    assert violations(CHECKOUT) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from time import sleep",
        "import random",
        "import urllib.request",
        "from urllib import request",
        "from datetime import datetime\nvalue = datetime.now()",
        "import datetime as clock\nvalue = clock.datetime.utcnow",
        "import datetime\nvalue = datetime.date.today()",
        "from datetime import datetime as moment\nvalue = moment.now()",
        "value = open('file')",
        "def f():\n    import subprocess",
    ],
)
@pytest.mark.parametrize("room", PURE)
def test_a_planted_effect_is_found(plant: Callable[[str, str], Path], room: str, text: str) -> None:
    assert len(violations(plant(f"{room}/planted.py", text))) == 1


def test_computing_with_given_times_passes(plant: Callable[[str, str], Path]) -> None:
    text = "from datetime import datetime\nfrom urllib.parse import quote\ndef age(now: datetime) -> object:\n    return now - given.now\n"
    assert violations(plant("plugins/module_utils/analysis/age.py", text)) == []
