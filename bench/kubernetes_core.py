# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection kubernetes.core, unpacked into the cache from the package that bundles it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_INSIDE = "ansible_collections/kubernetes/core/"


class NotAvailableError(Exception):
    """kubernetes.core could not be had; the message says why."""


def collections_directory(cache: Path) -> Path:
    """A directory for ANSIBLE_COLLECTIONS_PATH with kubernetes.core in it. Raises NotAvailableError."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    directory = cache / f"kubernetes.core-{version}-{hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:16]}"
    if not directory.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            unpacked = Path(scratch, "collections")
            with zipfile.ZipFile(_download(Path(scratch))) as bundle:
                bundle.extractall(unpacked, [name for name in bundle.namelist() if name.startswith(_INSIDE)])
            try:
                unpacked.replace(directory)
            except OSError:  # another run was first
                if not directory.exists():
                    raise
    return directory


def _download(directory: Path) -> Path:
    print("Fetching kubernetes.core for the comparison (once) ...", file=sys.stderr, flush=True)
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(directory), "--requirement", str(_REQUIREMENTS)]
    command = [sys.executable, "-m", "pip", "download", *options]
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode:
        raise NotAvailableError(f"kubernetes.core could not be fetched: {result.stderr.strip().splitlines()[-1]}")
    return next(directory.glob("ansible-*.whl"))
