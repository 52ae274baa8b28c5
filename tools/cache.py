# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything lives that is made from the checkout but does not belong in it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

# Where the cache goes when it cannot be in the usual place; kept over a restart, unlike most temporary directories.
FALLBACK = Path("/var/tmp") / f"devops.incident_response-{os.getuid()}"


def cache_directory() -> Path:
    """The cache that all checkouts of one user share, made on first use.

    Interpreter lines of scripts, and the command lines that Ansible builds for its modules, do not survive a space or a quote in the
    path. Where the usual place has one, or cannot be written, a directory of the user's own under /var/tmp takes its place.
    """
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "devops.incident_response"
    if usual.is_absolute() and re.fullmatch(r"[\w./+@-]+", str(usual), re.ASCII):
        with contextlib.suppress(OSError):
            usual.mkdir(parents=True, exist_ok=True)
            if os.access(usual, os.W_OK):
                return usual
    digest = hashlib.sha256(os.fsencode(usual)).hexdigest()[:8]
    FALLBACK.mkdir(mode=0o700, exist_ok=True)
    if FALLBACK.is_symlink() or FALLBACK.stat().st_uid != os.getuid():
        sys.exit(f"{FALLBACK} belongs to somebody else: set XDG_CACHE_HOME to a directory of your own, without spaces in its path.")
    fallback = FALLBACK / digest
    fallback.mkdir(exist_ok=True)
    return fallback


def checkout_directory() -> Path:
    """The part of the cache that belongs to this checkout alone."""
    digest = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:16]
    return cache_directory() / "checkouts" / digest


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the cache's lock of that name; another run that holds it is waited for, and the wait is announced."""
    path = cache_directory() / "locks" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another run that holds {path} ...", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
