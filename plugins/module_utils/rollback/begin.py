# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback from the wish to the first look at its progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..clients.cluster import ClusterClient
from ..errors import SourceUnavailableError
from ..lean import dataclass
from ..model.rollback import ProgressLine, Rollback, RollbackProgress, RollbackState
from ..model.service import Service, WorkloadKind
from .apply import Applied, apply
from .clock import Clock
from .plan import completed
from .target import describe

if TYPE_CHECKING:
    from .progress import Following


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
    incident: str | None = None,
    replace_broken: bool = False,
    workload: Mapping[str, Any] | None = None,
) -> Begun:
    """Makes the change and looks once. Raises what ``apply`` raises; nothing that goes wrong after the change hides that it was made.

    ``replace_broken`` lets a StatefulSet go on that waits for a broken pod of the version before (see ``free_stateful_set``).
    """
    applied = apply(client, service, target, clock.now, clock.sleep, from_revision, uid, dry_run, incident, workload)
    change, at = applied.change, clock.now()
    change.snapshot.ask_pods()
    if dry_run:
        applied = replace(applied, change=completed(change, client, service, at))
        return Begun(applied, Rollback(RollbackState.PLANNED, applied.change.plan, target), None, None)
    # What follows the change is loaded while the cluster is at work.
    from .progress import follow
    from .stateful import free_stateful_set

    lines = [ProgressLine(at, _first_line(applied))]
    if replace_broken:
        lines += [ProgressLine(clock.now(), text) for text in free_stateful_set(client, service, change.target, clock)]
    following, progress = _first_look(client, service, applied, follow(change, applied.after, at), clock)
    applied = replace(applied, change=completed(change, client, service, at))
    complete = progress.state == "complete"
    if complete and not applied.changed:
        lines = [ProgressLine(at, f"Already at {describe(change.target)}: nothing to change")]
    rollback = Rollback(
        state=RollbackState.VERIFYING if complete else RollbackState.APPLYING,
        plan=applied.change.plan,
        requested_target=target,
        started_at=at,
        finished_at=at if complete else None,
        progress=(*lines, *progress.lines),
        details={"target": change.target.name, **({"incident": incident} if incident else {})},
    )
    return Begun(applied, rollback, progress, following)


def _first_line(applied: Applied) -> str:
    if applied.changed:
        return "Rollback initiated"
    other = applied.change.claimed_by_another
    whose = f"to {describe(applied.change.target)}" + (f" by incident {other.incident}" if other else "")
    return f"A rollout {whose} is under way: following it"


def _first_look(
    client: ClusterClient, service: Service, applied: Applied, following: Following, clock: Clock
) -> tuple[Following, RollbackProgress]:
    """A cluster that does not answer right after the change is asked again by whoever follows.

    A Deployment is what the change was answered with, and its pods are asked for once, for this and for ``completed``. Of the other kinds
    the pods were asked for before the change, and broken ones may be deleted since.
    """
    from .watch import one_look

    try:
        if service.workload_kind is WorkloadKind.DEPLOYMENT and not service.selector:
            listed = applied.change.snapshot.alike()
            if not listed.cut:
                return one_look(client, service, following, clock, applied.workload, listed.found)
        return one_look(client, service, following, clock)
    except SourceUnavailableError:
        return following, RollbackProgress(state="progressing", done=0, desired=0, versions=(), lines=())
