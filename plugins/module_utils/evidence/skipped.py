# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that was not asked, for a reason that is nobody's fault."""

from __future__ import annotations

from ..errors import IncidentResponseError


class SourceSkippedError(IncidentResponseError):
    """There is nothing to ask: it was not wanted, or nothing says where to ask. The message is the reason that the report shows."""
