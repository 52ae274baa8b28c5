# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which revision a target means."""

from __future__ import annotations

from ..analysis.stability import PROVEN_AFTER, longest_active, rolled_back_from, rolled_back_to, same_template
from ..errors import IncidentResponseError, InvalidOptionError, NotFoundError
from ..model.rollout import Revision, Rollouts
from ..names import check_reference

DIGEST = "sha256:"
PREVIOUS = "previous"
LATEST_STABLE = "latest-stable"


class TargetError(IncidentResponseError):
    """The target can't be acted on as it stands. The message says how to name what is meant."""


def check_target(target: object) -> str:
    """``target`` when it has the form of one, else InvalidOptionError. Says nothing about whether it exists."""
    try:
        return check_reference(target, "target")
    except InvalidOptionError:
        accepted = f"a version such as v2.3.0, a revision number, the name of a revision, an image, '{PREVIOUS}' or '{LATEST_STABLE}'"
        raise InvalidOptionError("target", target, accepted) from None


def resolve(target: str, rollouts: Rollouts) -> Revision:
    """The revision that ``target`` means.

    A version (with or without its leading ``v``) is the current revision where that has it, else the newest that has it; a number is a
    revision; a name is that of a ReplicaSet or ControllerRevision, which stays when Kubernetes renumbers a revision it returns to. An
    image is one by its whole reference or by its digest, and by its tag where the version comes from a label.
    ``previous`` and ``latest-stable`` choose by history, and never undo or deepen a rollback: while one is under way they mean the
    revision that it goes to, so that a second rollback joins the first; after it ``latest-stable`` is where it went.

    Raises InvalidOptionError for what is no target at all, NotFoundError (which lists the revisions that exist) and TargetError (a
    number that is the version of one revision and the number of another; ``previous`` when that is what was rolled back from).
    """
    wanted = check_target(target)
    if wanted == PREVIOUS:
        return _previous(rollouts)
    if wanted == LATEST_STABLE:
        return _latest_stable(rollouts)
    by_version = _with_version(wanted, rollouts)
    by_number = next((revision for revision in rollouts.revisions if str(revision.number) == wanted), None)
    if by_version is not None and by_number is not None and by_version.number != by_number.number:
        raise TargetError(
            f"Target '{wanted}' is the version of revision {by_version.number} and the number of another revision. "
            f"Name the one you mean: {by_version.name} or {by_number.name}."
        )
    by_name = next((revision for revision in rollouts.revisions if revision.name == wanted), None)
    found = by_version or by_number or by_name or _with_image(wanted, rollouts)
    if found is None:
        raise _not_found(f"Target '{wanted}' is not in the rollout history.", rollouts)
    return found


def describe(revision: Revision) -> str:
    """``v2.3.0 (revision 4)``; ``revision 4`` where no version is known."""
    return f"{revision.version} (revision {revision.number})" if revision.version else f"revision {revision.number}"


def _with_version(wanted: str, rollouts: Rollouts) -> Revision | None:
    for accepted in (wanted, f"v{wanted}", wanted.removeprefix("v")):
        having = [revision for revision in rollouts.revisions if revision.version == accepted]
        if having:
            return max(having, key=lambda revision: (revision.current, revision.number))
    return None


def _with_image(wanted: str, rollouts: Rollouts) -> Revision | None:
    """The newest revision of the image ``wanted``: a reference, a digest, or a tag."""
    digest = DIGEST + wanted.rpartition(DIGEST)[2] if DIGEST in wanted else None
    having = [
        revision
        for revision in rollouts.revisions
        if wanted in (revision.image, _tag(revision.image)) or (digest is not None and revision.image_digest == digest)
    ]
    return max(having, key=lambda revision: (revision.current, revision.number), default=None)


def _tag(image: str | None) -> str | None:
    return (image or "").partition("@")[0].rpartition("/")[2].partition(":")[2] or None


def _previous(rollouts: Rollouts) -> Revision:
    if rollouts.previous is None:
        raise _not_found("There is no revision before the current one to roll back to.", rollouts)
    if not rolled_back_to(rollouts.current, rollouts):
        return _before_restarts(rollouts) if same_template(rollouts.previous, rollouts.current) else rollouts.previous
    if rollouts.in_progress:
        return rollouts.current
    raise TargetError(
        f"The current {describe(rollouts.current)} is itself the result of a rollback, so 'previous' would bring back "
        f"{describe(rollouts.previous)}. Name the version or the revision that you want."
    )


def _before_restarts(rollouts: Rollouts) -> Revision:
    """The newest revision before the current one that runs something else: a restart makes revisions that change nothing."""
    older = [one for one in rollouts.revisions if one.number < rollouts.current.number]
    before = next((one for one in sorted(older, key=lambda one: -one.number) if not same_template(one, rollouts.current)), None)
    if before is None:
        raise _not_found("Every revision before the current one runs the same template: its pods were only restarted.", rollouts)
    return before


def _latest_stable(rollouts: Rollouts) -> Revision:
    """The newest revision that was proven in production (PROVEN_AFTER) and that nobody rolled back from.

    Where none was active that long, the newest that was active about as long as any. The current revision is its own cure only where
    somebody has just rolled back to it.
    """
    if rolled_back_to(rollouts.current, rollouts):
        return rollouts.current
    candidates = [
        revision
        for revision in rollouts.revisions
        if not revision.current
        and revision.stable_for is not None
        and not rolled_back_from(revision, rollouts)
        and not same_template(revision, rollouts.current)
    ]
    proven = [revision for revision in candidates if (revision.stable_for or 0.0) >= PROVEN_AFTER]
    found = max(proven, key=lambda revision: revision.number) if proven else longest_active(candidates)
    if found is None:
        raise _not_found("No earlier revision is known to have been stable.", rollouts)
    return found


def _not_found(problem: str, rollouts: Rollouts) -> NotFoundError:
    known = [describe(revision) + (" (current)" if revision.current else "") for revision in rollouts.revisions]
    way = "Set 'target' to one of them."
    if len(known) == 1 and rollouts.current.number > 1:
        way = "Kubernetes keeps none before it (spec.revisionHistoryLimit): deploy the version that is wanted anew, from its source."
    return NotFoundError(
        f"{problem} There is: {', '.join(known) or 'no revision at all'}. {way}",
        near=known,
        revisions=[revision.number for revision in rollouts.revisions],
    )
