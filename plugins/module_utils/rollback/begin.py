# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback from the wish to the first look at its progress."""

from __future__ import annotations

from dataclasses import dataclass

from ..clients.cluster import ClusterClient
from ..model.rollback import ProgressLine, Rollback, RollbackProgress, RollbackState
from ..model.service import Service
from .apply import Applied, apply
from .progress import Following, follow
from .target import describe
from .watch import Clock, one_look


@dataclass(frozen=True, slots=True)
class Begun:
    """``progress`` and ``following`` are None after a dry run, which leaves nothing to follow."""

    applied: Applied
    rollback: Rollback
    progress: RollbackProgress | None
    following: Following | None


def begin(
    client: ClusterClient,
    service: Service,
    target: str,
    clock: Clock,
    from_revision: int | None = None,
    uid: str | None = None,
    dry_run: bool = False,
) -> Begun:
    """Makes the change and looks once. Raises what ``apply`` raises."""
    applied = apply(client, service, target, clock.now, clock.sleep, from_revision, uid, dry_run)
    change, at = applied.change, clock.now()
    if dry_run:
        return Begun(applied, Rollback(RollbackState.PLANNED, change.plan, target), None, None)
    following, progress = one_look(client, service, follow(change, applied.after, at), clock)
    complete = progress.state == "complete"
    if applied.changed:
        lines: tuple[ProgressLine, ...] = (ProgressLine(at, "Rollback initiated"),)
    elif complete:
        lines = (ProgressLine(at, f"Already at {describe(change.target)}: nothing to change"),)
    else:
        lines = (ProgressLine(at, f"A rollout to {describe(change.target)} is under way: following it"),)
    rollback = Rollback(
        state=RollbackState.VERIFYING if complete else RollbackState.APPLYING,
        plan=change.plan,
        requested_target=target,
        started_at=at,
        finished_at=at if complete else None,
        progress=(*lines, *progress.lines),
    )
    return Begun(applied, rollback, progress, following)
