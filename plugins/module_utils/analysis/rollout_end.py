# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a rollout was over, told from the pods that it made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

_WAVE = 300.0
"""Seconds between two pods of one rollout at most: what comes later was scaled up, or replaced a pod that was lost."""
_EARLY = 60.0


def rollout_end(began: datetime, created: Iterable[datetime]) -> datetime | None:
    """When the last pod of the rollout that ``began`` then was made; ``created`` are times of its pods. None where none of them is left."""
    end: datetime | None = None
    for at in sorted(created):
        if (at - began).total_seconds() < -_EARLY:
            continue
        if (at - (end or began)).total_seconds() > _WAVE:
            break
        end = at
    return end
