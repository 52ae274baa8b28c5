# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollout history of a workload."""

from __future__ import annotations

from datetime import datetime

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision. It was *active* from its rollout to the next rollout; ``active_until`` is None for the current one.

    ``stable_for`` is seconds from ``active_from`` to ``active_until``; None when it is not known.
    """

    number: int
    version: str | None
    image: str | None
    name: str
    """Of the ReplicaSet or ControllerRevision."""
    template_hash: str | None
    created_at: datetime
    active_from: datetime | None
    active_until: datetime | None
    current: bool
    cause: str | None = None
    author: str | None = None
    ready_pods: int = 0
    pods: int = 0
    was_rollback: bool = False
    """It is active (again) because somebody rolled back to it."""
    manager: str | None = None
    """The client that last wrote the image (``kubectl-edit``, ``argocd-controller``), of the current revision, as the server knows it."""
    image_digest: str | None = None
    """``sha256:…`` that its pods run, as the nodes report it; that of the reference itself where it names one; None when no pod is left."""
    content: str | None = None
    """A fingerprint of its template without what a restart writes: two revisions that share it run the same. None when it is not known."""

    @property
    def stable_for(self) -> float | None:
        if self.active_from is None or self.active_until is None:
            return None
        return (self.active_until - self.active_from).total_seconds()


@dataclass(frozen=True, slots=True)
class Progress:
    """Pods of the current revision that are there (``updated``) and available, of those ``wanted``; ``old`` ones still to go."""

    wanted: int
    updated: int
    available: int
    old: int


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Revisions are newest first. ``deployed_at`` is when the current revision's rollout began."""

    current: Revision
    previous: Revision | None
    """The revision that was active before the current one."""
    revisions: tuple[Revision, ...]
    deployed_at: datetime | None
    in_progress: bool
    paused: bool = False
    owner: str | None = None
    """The controller that owns the manifest and would undo a change: "Argo CD application payments", "Flux …", "Helm release …"."""
    owner_reverts: bool = False
    """That owner puts its own version back by itself (Argo CD automated sync, Flux)."""
    notes: tuple[str, ...] = ()
    owner_effect: str | None = None
    """What the owner does about a rollback that is made behind its back, in a sentence."""
    gaps: tuple[int, ...] = ()
    """Revision numbers between the oldest and the newest that are no longer kept; at most MOST_GAPS of them, the newest first."""
    deadline_exceeded: bool = False
    """Its controller has given up waiting for the rollout (ProgressDeadlineExceeded)."""
    progress: Progress | None = None
    """How far a rollout that is under way has come."""
    change: str | None = None
    """What the current revision changed: ``image``, ``configuration`` (the pods' template, with the same images) or ``restart``."""
    pending: str | None = None
    """The version that the workload asks for, and that waits for somebody to resume a paused rollout."""
