# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which revision was active when, from what Kubernetes keeps of them.

A ReplicaSet or ControllerRevision is made when its template is first rolled out. When somebody goes back to it, the same object gets a new,
higher number: its creation time then says nothing about the time since when it is active. A Deployment's ReplicaSets remember the numbers
that they had before (``deployment.kubernetes.io/revision-history``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ..lean import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """What the cluster keeps of one revision. ``earlier`` are the numbers that it had before, lowest first."""

    name: str
    number: int
    created_at: datetime
    earlier: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Activation:
    """One rollout: ``number`` became active at ``at``; None when that is not known."""

    number: int
    name: str
    at: datetime | None
    again: bool
    """The same template had been active before."""


def activations(kept: Sequence[Kept], reactivated_at: Callable[[str, datetime], datetime | None]) -> tuple[Activation, ...]:
    """Every rollout that can still be told, in order.

    ``reactivated_at`` gives the time something was seen to go back to a name, after the time that it is given: nothing goes back to a
    revision before those that came in between were made.
    """
    found = []
    for revision in kept:
        first, *later = (*revision.earlier, revision.number)
        found.append(Activation(first, revision.name, revision.created_at, again=False))
        for number in later:
            between = [other.created_at for other in kept if min((*other.earlier, other.number)) < number]
            at = reactivated_at(revision.name, max(between)) if number == revision.number else None
            found.append(Activation(number, revision.name, at, again=True))
    return tuple(sorted(found, key=lambda activation: activation.number))


def reordered(kept: Sequence[Kept]) -> tuple[Kept, ...]:
    """ControllerRevisions keep no earlier numbers: one that is older than a lower-numbered one was gone back to.

    Its first number is unknown and taken as the place that its age gives it, below all that are younger.
    """
    result = []
    for revision in kept:
        younger_below = [other for other in kept if other.number < revision.number and other.created_at > revision.created_at]
        earlier = (min(other.number for other in younger_below) - 1,) if younger_below else ()
        result.append(Kept(revision.name, revision.number, revision.created_at, earlier))
    return tuple(result)


def active_span(number: int, rollouts: Sequence[Activation]) -> tuple[datetime | None, datetime | None]:
    """Since when and until when the rollout ``number`` was active; None where that is not known, or where it still is.

    Where the number that follows is missing (deleted or beyond the history's limit), the end is unknown.
    """
    this = next((activation for activation in rollouts if activation.number == number), None)
    following = next((activation for activation in rollouts if activation.number == number + 1), None)
    since = this.at if this else None
    until = following.at if following else None
    return since, until if until is None or since is None or until >= since else None
