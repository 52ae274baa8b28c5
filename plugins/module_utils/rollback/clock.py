# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time as what waits for a cluster is given it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """``now`` is an aware time for people, ``monotonic`` counts seconds, ``sleep`` waits them."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
