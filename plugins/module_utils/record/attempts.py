# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollbacks that an incident has seen: the record holds the last one whole, and of those before it what the next one must know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..model.codec import to_result
from ..model.rollback import Rollback

_KEY = "attempts"


def attempts(rollback: Rollback | None) -> list[dict[str, Any]]:
    """Rollbacks before this one, oldest first, each as ``_summary`` makes it."""
    return list(rollback.details.get(_KEY) or ()) if rollback else []


def so_far(rollback: Rollback | None) -> list[dict[str, Any]]:
    """All rollbacks of the incident that were begun, the one that the record holds included."""
    if rollback is None:
        return []
    known = attempts(rollback)
    return [*known, _summary(rollback)] if rollback.started_at is not None else known


def remembering(before: Rollback | None, after: Rollback) -> Rollback:
    """``after`` with the rollbacks before it, ``before`` among them when ``after`` is the beginning of another one.

    A rollback counts from the moment at which its pods were about to be replaced (``started_at``): whether a run that was killed then
    has reached the cluster is told by the cluster, not by the record.
    """
    known = attempts(before)
    if before is not None and before.started_at is not None and after.started_at is None:
        summary = _summary(before)
        known = [*(other for other in known if other.get("started_at") != summary["started_at"]), summary]
    return replace(after, details={**after.details, _KEY: known}) if known else after


def _summary(rollback: Rollback) -> dict[str, Any]:
    plan = rollback.plan
    summary: dict[str, Any] = to_result(
        {
            "started_at": rollback.started_at,
            "state": rollback.state,
            "uid": plan.uid if plan else None,
            "from_revision": plan.from_revision if plan else None,
            "to_version": plan.to_version if plan else None,
            "to_revision": plan.to_revision if plan else None,
        }
    )
    return summary
