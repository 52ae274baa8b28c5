# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a planned rollback out: once, whatever else happens to the workload or the connection meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError, ClusterUnreachable, Conflict, Invalid, ServerError
from ..errors import IncidentResponseError
from ..model.service import Service
from .claim import Claim
from .patience import PATIENCE, TRANSIENT, pause
from .plan import Change, RollbackRefusedError, make_change, refuse
from .template import normalised

CONTESTS = 8
"""Times that somebody else may change the workload between our look and our change before we give up."""

CONTESTS_OF_THE_WHOLE = 2
"""Contests after which what must not have changed is the workload's spec. Its resourceVersion also moves with its status, and that can
be several times a second while pods come and go."""

FIELD_MANAGER = "devops.incident_response"


class RollbackFailedError(IncidentResponseError):
    """The cluster did not take the change. ``details['applied']`` is False, or None when that can't be told."""


@dataclass(frozen=True, slots=True)
class Applied:
    """``change`` is the one that was made (or found made); ``workload`` is what it led to, as the server has answered, and ``after`` its
    pod template."""

    change: Change
    changed: bool
    workload: Mapping[str, Any]
    after: dict[str, Any]
    attempts: int


@dataclass(slots=True)
class _Course:
    """What has happened so far."""

    first: Change | None = None
    unanswered: bool = False
    """A change was sent and not answered: it may have been made."""
    contests: int = 0
    refused: ClusterError | None = None
    refused_at: str | None = None
    """resourceVersion for which the server refused the change."""
    away_since: datetime | None = None


def apply(
    client: ClusterClient,
    service: Service,
    target: str,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    from_revision: int | None = None,
    uid: str | None = None,
    dry_run: bool = False,
    incident: str | None = None,
    workload: Mapping[str, Any] | None = None,
) -> Applied:
    """Rolls ``service`` back to ``target``; with ``dry_run`` the server only tries it (``dryRun=All``).

    A conflict, a busy server or a lost answer is met by looking again: the target stays the revision that it meant at first, and when
    the workload has come to ask for it (by this request or by another rollback of the same moment), that is the end of it. When it has
    come to ask for something else, somebody deployed in this very moment, and that is left alone. A server that is away or busy is
    waited for (PATIENCE). ``incident`` is named on the workload while the rollback goes on. ``workload`` is the workload where it was read
    just now. Of the change that was made, only what it takes to make it is known for sure (see ``completed``).

    Raises what ``make_change`` and ``refuse`` raise, RollbackFailedError when it can't be done, ClusterError when the server says no.
    """
    wanted, course, attempt = target, _Course(), 0
    while True:
        attempt += 1
        try:
            ours = Claim(incident, now()) if incident else None
            change = make_change(client, service, wanted, now(), ours, workload if attempt == 1 else None, hurried=True)
            refuse(change, from_revision, uid)
            course.first = course.first or change
            wanted = change.target.name
            if change.plan.uid != course.first.plan.uid or (change.needed and change.before != course.first.before):
                raise _overtaken(service)
            if not change.needed:
                return Applied(change, course.unanswered, change.workload, after=dict(change.before), attempts=attempt)
            if isinstance(course.refused, Invalid) and course.refused_at == _state(change, course):
                raise course.refused  # nothing changed meanwhile: it is the template that the server does not accept
            answered = _send(client, change, course, dry_run)
        except (Conflict, Invalid, *TRANSIENT) as error:
            if error is course.refused:
                raise
            _consider(error, course, service, target, now(), at_first=attempt == 1 and from_revision is None)
            sleep(pause(attempt, error))
        except ClusterError as error:
            if course.unanswered:
                raise _failed(service, target, error, course) from error
            raise
        else:
            after = normalised(answered["spec"]["template"])
            return Applied(change, after != change.before, answered, after, attempts=attempt)


def _send(client: ClusterClient, change: Change, course: _Course, dry_run: bool) -> dict[str, Any]:
    """The workload that the change led to."""
    course.refused_at = _state(change, course)
    content_type, patch = change.request(by_generation=course.contests >= CONTESTS_OF_THE_WHOLE)
    query: dict[str, str | int | bool] = {"fieldManager": FIELD_MANAGER, **({"dryRun": "All"} if dry_run else {})}
    try:
        return client.patch(change.path, patch, content_type, query)
    except (ServerError, ClusterUnreachable):
        course.unanswered = course.unanswered or not dry_run
        raise


def _state(change: Change, course: _Course) -> str:
    """What must not have changed between look and change."""
    if course.contests >= CONTESTS_OF_THE_WHOLE:
        return f"generation {change.workload['metadata'].get('generation')}"
    return change.plan.resource_version


def _consider(error: ClusterError, course: _Course, service: Service, target: str, now: datetime, at_first: bool) -> None:
    """Returns when it is worth another look; raises when it is not."""
    if error.status == 400 or (at_first and isinstance(error, ClusterUnreachable) and course.first is None):
        raise error  # a wrong request, or nothing there from the very beginning: a wrong kubeconfig, not a restart
    course.refused = error
    if isinstance(error, (Conflict, Invalid)):
        course.away_since = None
        course.contests += 1
        if course.contests >= CONTESTS:
            raise _failed(service, target, error, course)
    else:
        course.away_since = course.away_since or now
        if (now - course.away_since).total_seconds() >= PATIENCE:
            raise _failed(service, target, error, course)


def _overtaken(service: Service) -> RollbackRefusedError:
    return RollbackRefusedError(
        f"Somebody rolled out something else to {service.workload} in {service.namespace} in this very moment. It was left alone: look at "
        "it, and roll back again if that is still wanted."
    )


def _failed(service: Service, target: str, refused: ClusterError, course: _Course) -> RollbackFailedError:
    known = (
        "Whether the cluster took the change can't be told: look with "
        f"'kubectl -n {service.namespace} rollout history {service.workload_kind.value.lower()}/{service.workload}', then run this again."
        if course.unanswered
        else "Nothing was changed. Run it again, or look what keeps changing the workload."
    )
    return RollbackFailedError(
        f"Rolling {service.workload} back to '{target}' failed. The last answer was: {refused.message} {known}",
        applied=None if course.unanswered else False,
    )
