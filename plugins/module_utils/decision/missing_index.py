# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An index that statements lack."""

from __future__ import annotations

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class MissingIndex:
    """``column`` is ``table.column``; ``shown_by`` says who shows it, with a verb."""

    column: str
    statement: str
    shown_by: str
