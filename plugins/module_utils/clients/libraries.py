# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries that clients are made of, loaded when they are needed, by one thread at a time.

Two threads that import packages which import each other's parts (``kubernetes`` and ``requests``) at the same moment may each see half a
package: the interpreter prefers that to a deadlock.
"""

from __future__ import annotations

import importlib
import threading
from typing import Any

_lock = threading.Lock()
_loaded: dict[str, Any] = {}


def load(name: str) -> Any:
    """The module called ``name``. ImportError where it is not installed."""
    module = _loaded.get(name)
    if module is None:
        with _lock:
            module = _loaded[name] = importlib.import_module(name)
    return module
