# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a process that the lab started."""

from __future__ import annotations

import os


def exists(process: int) -> bool:
    """Whether a process of that id is there still."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
