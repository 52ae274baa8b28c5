# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes tools/constraints.txt anew: the newest versions that fit the requirements files, for every supported Python at once."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import cache
import environment

_UV = "uv==0.13.9"
_OLDEST_PYTHON = "3.11"
_CONSTRAINTS = cache.CHECKOUT / "tools" / "constraints.txt"
_HEADER = """\
# Every package of the development environment with what it needs in turn, for all supported versions of Python.
# Written by `make lock`; do not edit.
"""


def main() -> None:
    requirements = [str(cache.CHECKOUT / path) for _, path in environment.ENVIRONMENTS["dev"]]
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["python", "-m", "venv", directory], check=True)
        binaries = Path(directory, "bin")
        subprocess.run([str(binaries / "pip"), "install", "--quiet", _UV], check=True)
        options = ["--universal", "--python-version", _OLDEST_PYTHON, "--no-annotate", "--no-header", "--quiet"]
        resolved = subprocess.run(
            [str(binaries / "uv"), "pip", "compile", *options, *requirements], check=True, capture_output=True, text=True
        )
    _CONSTRAINTS.write_text(_HEADER + resolved.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
