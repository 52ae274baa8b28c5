# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for amounts, versions and people that findings and the timeline share."""

from __future__ import annotations

from ..model.rollout import Revision


def plural(count: int, noun: str) -> str:
    """``1 pod``, ``3 pods``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def handle(name: str) -> str:
    """A person or a bot as people write them: ``@devops-bot``."""
    return name if name.startswith("@") or " " in name else f"@{name}"


def version_of(revision: Revision) -> str:
    """What people call the revision: its version, else its number."""
    return revision.version or f"revision {revision.number}"
