# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what Python compiles of this collection, as it does for every other library.

Ansible's own loader compiles a collection anew in every run, which for this one takes longer than asking the cluster. What is compiled is
kept under Ansible's home directory and not beside the sources, where ``ansible-galaxy collection verify`` would find directories too many
(and ``PYTHONDONTWRITEBYTECODE`` forbids it). Importing this module in an Ansible command is enough.
"""

from __future__ import annotations

import marshal
import os
import stat
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType, ModuleType

from ansible import constants

_OURS = tuple(f"{__name__.rpartition('.plugin_utils.')[0]}.{room}." for room in ("module_utils", "plugin_utils"))
_DIRECTORY = Path(constants.config.get_config_value("ANSIBLE_HOME"), "devops.incident_response", "bytecode")
_MARK = struct.Struct("<QQ")


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        """The code of a module: as it was kept, where its file is still the same."""
        path = self.get_filename(fullname)
        status = os.stat(path)
        # The path too: there may be several checkouts.
        head = MAGIC_NUMBER + _MARK.pack(status.st_mtime_ns, status.st_size) + os.fsencode(path) + b"\0"
        kept = _DIRECTORY / f"{fullname}.{sys.implementation.cache_tag}"
        with suppress(OSError, ValueError, EOFError, TypeError):
            content = kept.read_bytes()
            code = marshal.loads(content[len(head) :]) if content.startswith(head) else None
            if isinstance(code, CodeType):
                return code
        compiled = self.source_to_code(self.get_data(path), path)
        with suppress(OSError):
            draft = kept.with_suffix(f".{os.getpid()}")
            draft.write_bytes(head + marshal.dumps(compiled))
            draft.replace(kept)
        return compiled


class _Finder:
    """Finds the modules of this collection before Ansible's own finder does."""

    def __init__(self) -> None:
        self._finders: dict[str, FileFinder] = {}

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not fullname.startswith(_OURS):
            return None
        for directory in path or ():
            if directory not in self._finders:
                self._finders[directory] = FileFinder(directory, (_Loader, SOURCE_SUFFIXES))
            found = self._finders[directory].find_spec(fullname, target)
            # A directory without __init__.py is no package of this collection.
            if found is not None and found.loader is not None:
                return found
        return None


def _keep() -> None:
    if "ansible.cli" not in sys.modules or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    try:
        _DIRECTORY.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = _DIRECTORY.stat()
    except OSError:
        return
    # What others may write there is not to run here.
    if status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        sys.meta_path.insert(0, _Finder())


_keep()
