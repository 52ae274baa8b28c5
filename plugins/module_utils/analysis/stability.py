# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which revisions have proven themselves, and which to go back to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from ..model.rollout import Revision, Rollouts

if TYPE_CHECKING:  # a rollback, which loads this, looks at no workload
    from ..model.workload import WorkloadState

PROVEN_AFTER = 6 * 3600.0
"""Seconds in production from which a revision counts as proven: the shortest time that earns points in the rollback score."""
_TELLS_NOTHING = 300.0
"""Seconds by which one revision was active longer than another, without being any better for it."""


def rolled_back_to(revision: Revision, rollouts: Rollouts) -> bool:
    """Whether ``revision`` is there because somebody rolled back to it.

    What is younger than the revision that it replaced was released once more, after somebody had rolled back from it.
    """
    replaced = next((other for other in rollouts.revisions if other.number == revision.number - 1), None)
    return revision.was_rollback and (replaced is None or replaced.created_at >= revision.created_at)


def rolled_back_from(revision: Revision, rollouts: Rollouts) -> bool:
    """Whether the rollout that followed ``revision`` was a rollback: somebody has already found it wanting."""
    return any(other.number == revision.number + 1 and rolled_back_to(other, rollouts) for other in rollouts.revisions)


def same_template(one: Revision, other: Revision) -> bool:
    """Whether two revisions run the same: their templates differ in nothing but what a restart writes. False where that is not known."""
    if one.image_digest and other.image_digest and one.image_digest != other.image_digest:
        return False
    return one.content is not None and one.content == other.content


def first_rolled_out(revision: Revision, rollouts: Rollouts) -> datetime | None:
    """When what ``revision`` runs was rolled out: ``kubectl rollout restart`` makes a revision, and deploys nothing.

    None where it is not known.
    """
    since = rollouts.deployed_at if revision.current else revision.active_from
    for older in sorted(rollouts.revisions, key=lambda one: -one.number):
        if older.number >= revision.number:
            continue
        if not same_template(older, revision) or older.active_from is None:
            break
        since = older.active_from
    return since


def last_stable(rollouts: Rollouts, before: Revision) -> Revision | None:
    """The revision to return to from ``before``.

    The newest older one that was proven and that nobody rolled back from; where none is, the newest that was active about as long as any.
    None where there is no older revision that nobody rolled back from.
    """
    older = [
        revision
        for revision in rollouts.revisions
        if revision.number < before.number
        and not revision.current
        and not rolled_back_from(revision, rollouts)
        and not same_template(revision, before)
    ]
    proven = [revision for revision in older if (revision.stable_for or 0.0) >= PROVEN_AFTER]
    if proven:
        return max(proven, key=lambda revision: revision.number)
    return longest_active(older)


def longest_active(revisions: Iterable[Revision]) -> Revision | None:
    """The newest of those that were active longest, where none was proven: half as long, or a few minutes less, is as good.

    Unknown is as if it had not been active. None of none.
    """
    known = [(revision.stable_for or 0.0, revision) for revision in revisions]
    most = max((active for active, _unused in known), default=0.0)
    as_good = [revision for active, revision in known if 2 * active >= most or most - active < _TELLS_NOTHING]
    return max(as_good, key=lambda revision: revision.number, default=None)


def still_rolling_out(rollouts: Rollouts, workload: WorkloadState | None) -> bool:
    """Whether the current revision does not run everywhere yet.

    Kubernetes also calls a rollout incomplete when pods of a revision that has long been everywhere are not available.
    """
    if not rollouts.in_progress or workload is None:
        return rollouts.in_progress
    current = rollouts.current.template_hash
    others = current is not None and any(pod.revision_hash not in (None, current) and not pod.terminating for pod in workload.pods)
    return others or workload.updated < workload.desired


def failing_target(revision: Revision) -> bool:
    """Whether the revision has pods now and none of them is ready."""
    return revision.pods > 0 and revision.ready_pods == 0
