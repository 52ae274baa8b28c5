# SPDX-License-Identifier: GPL-3.0-or-later
"""A small tree in which the tests plant what the rules forbid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[str, str], Path]:
    """`plant(path, text)` writes a file into an otherwise empty tree and returns the tree's root."""

    def write(path: str, text: str) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return tmp_path

    return write
