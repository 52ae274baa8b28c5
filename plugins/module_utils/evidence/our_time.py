# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of a server whose clock differs, as the clock has them that all others are held against."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any


def in_our_time(found: Any, ahead: timedelta) -> Any:
    """``found`` with every time in it, however deep, moved back by ``ahead``."""
    if isinstance(found, datetime):
        return found - ahead
    if isinstance(found, (tuple, list)):
        return type(found)(in_our_time(one, ahead) for one in found)
    if isinstance(found, dict):
        return {key: in_our_time(value, ahead) for key, value in found.items()}
    if is_dataclass(found) and not isinstance(found, type):
        return replace(found, **{one.name: in_our_time(getattr(found, one.name), ahead) for one in fields(found)})
    return found
