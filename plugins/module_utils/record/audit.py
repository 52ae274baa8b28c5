# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who did it: every action of an incident carries the name of whoever ran it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..model.event import Event, EventKind

SOURCE = "devops.incident_response"

# AWX and its successors pass the name of the user who launched the job, or approved its workflow node, as extra variables.
_USER_VARIABLES = ("awx_user_name", "tower_user_name")


def operator(variables: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    """Who runs this: AWX's user, else the login name of whoever called ``sudo``, else the login name; None when nothing tells."""
    candidates = (*(variables.get(name) for name in _USER_VARIABLES), *(environment.get(name) for name in ("SUDO_USER", "USER", "LOGNAME")))
    return next((str(name) for name in candidates if name), None)


def entry(at: datetime, kind: EventKind, title: str, actor: str | None, detail: str | None = None) -> Event:
    """One line of the audit trail: what this collection did, when, for whom."""
    return Event(at=at, kind=kind, source=SOURCE, title=title, detail=detail, actor=actor)
