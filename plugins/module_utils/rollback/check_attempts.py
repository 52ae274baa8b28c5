# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has this incident been rolled back already? A second rollback is somebody's decision, never an automatic one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..clients.answers import excerpt
from ..evidence.objects import moment
from ..model.check import Check, Verdict
from .plan import Change

NAME = "first_attempt"


def check_attempts(change: Change, attempts: Sequence[Mapping[str, Any]]) -> Check:
    """``attempts`` are those of the incident's record (record/attempts.py).

    One that was begun for the very revision that is current still has not reached the cluster: the run that began it died before, and
    this one takes its place.
    """
    made = [attempt for attempt in attempts if not _never_reached(attempt, change)]
    if not made:
        begun = "A run that died before it changed anything is taken up." if attempts else "The record of the incident has none."
        return Check(NAME, Verdict.PASS, "The first rollback of this incident", begun)
    last = made[-1]
    at = moment(last.get("started_at"))
    when = f"At {at:%Y-%m-%d %H:%M} UTC" if at else "Before"
    where = excerpt(str(last.get("to_version") or f"revision {last.get('to_revision')}"), 80)
    detail = (
        f"{when} it was rolled back to {where} (state: {excerpt(str(last.get('state')), 40)}), and something else is asked for now. "
        "Look at the next hypothesis; a second rollback is never made automatically."
    )
    return Check(NAME, Verdict.FAIL, "This incident was rolled back once already", detail)


def _never_reached(attempt: Mapping[str, Any], change: Change) -> bool:
    return attempt.get("uid") == change.plan.uid and attempt.get("from_revision") == change.plan.from_revision
