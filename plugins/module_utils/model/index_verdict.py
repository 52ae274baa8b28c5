# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue of a database says about a statement."""

from __future__ import annotations

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """``missing`` is ``table.column``; None where an index serves, where none would help, or where nothing is ``known``."""

    known: bool
    missing: str | None = None
