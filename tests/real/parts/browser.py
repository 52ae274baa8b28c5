# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium, without a screen, as a reader of pages."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.real.parts.binaries import PartUnavailable, program

# It runs as whoever runs the tests, root included, and looks nothing up by itself.
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--v=0",
)
_PATIENCE_S = 90

Dom = Callable[[Path], tuple[str, str]]
"""A page's document after everything in it has run, and what the browser logged."""


@contextlib.contextmanager
def browser(directory: Path) -> Iterator[Dom]:
    """What shows pages, once it is known to run here. `directory` takes its profiles."""
    chromium = program("chromium")
    try:
        subprocess.run([str(chromium), "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise PartUnavailable(f"chromium does not run here: {error}") from error

    def dom(page: Path) -> tuple[str, str]:
        with tempfile.TemporaryDirectory(dir=directory) as profile:
            command = [str(chromium), *_QUIET, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE_S, check=True)
        return done.stdout, done.stderr

    yield dom
