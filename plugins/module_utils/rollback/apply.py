# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a planned rollback out: once, whatever else happens to the workload or the connection meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..clients.cluster import ClusterClient, ClusterError, ClusterUnreachable, Conflict, Invalid, ServerError, TooManyRequests
from ..errors import IncidentResponseError
from ..model.service import Service
from .plan import Change, RollbackRefusedError, make_change, refuse
from .template import normalised

ATTEMPTS = 6
FIELD_MANAGER = "devops.incident_response"


class RollbackFailedError(IncidentResponseError):
    """The cluster did not take the change. ``details['applied']`` is False, or None when that can't be told."""


@dataclass(frozen=True, slots=True)
class Applied:
    """``change`` is the one that was made (or found made); ``after`` the pod template as the server has it now."""

    change: Change
    changed: bool
    after: dict[str, Any]
    attempts: int


def apply(
    client: ClusterClient,
    service: Service,
    target: str,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    from_revision: int | None = None,
    uid: str | None = None,
    dry_run: bool = False,
) -> Applied:
    """Rolls ``service`` back to ``target``; with ``dry_run`` the server only tries it (``dryRun=All``).

    A conflict, a busy server or a lost answer is met by looking again: the target stays the revision that it meant at first, and when
    the workload has come to ask for it (by this request or by another rollback of the same moment), that is the end of it. When it has
    come to ask for something else, somebody deployed in this very moment, and that is left alone.

    Raises what ``make_change`` and ``refuse`` raise, RollbackFailedError after ATTEMPTS tries, ClusterError when the server says no.
    """
    wanted = target
    first: Change | None = None
    unanswered = False
    refused: ClusterError | None = None
    refused_at: str | None = None
    for attempt in range(1, ATTEMPTS + 1):
        if attempt > 1:
            sleep(_pause(attempt))
        try:
            change = make_change(client, service, wanted, now())
        except (ClusterUnreachable, ServerError, TooManyRequests) as error:
            if refused is None:
                raise
            refused = error
            continue
        refuse(change, from_revision, uid)
        first = first or change
        wanted = change.target.name
        if change.needed and change.before != first.before:
            raise _overtaken(service)
        if not change.needed:
            return Applied(change, changed=unanswered, after=dict(change.before), attempts=attempt)
        if isinstance(refused, Invalid) and refused_at == change.plan.resource_version:
            raise refused  # the workload did not change meanwhile: it is the template that the server does not accept
        try:
            result = client.patch(change.path, change.patch, change.content_type, _query(dry_run))
        except (Conflict, Invalid, TooManyRequests, ServerError, ClusterUnreachable) as error:
            if error.status == 400:
                raise
            unanswered = unanswered or (isinstance(error, (ServerError, ClusterUnreachable)) and not dry_run)
            refused, refused_at = error, change.plan.resource_version
            continue
        after = normalised(result["spec"]["template"])
        return Applied(change, changed=after != change.before, after=after, attempts=attempt)
    raise _failed(service, target, refused, unanswered)


def _query(dry_run: bool) -> dict[str, str | int | bool]:
    query: dict[str, str | int | bool] = {"fieldManager": FIELD_MANAGER}
    return {**query, "dryRun": "All"} if dry_run else query


def _pause(attempt: int) -> float:
    """Seconds before the second try and those after it: 0.25, 0.5, 1, 2, 4. A conflict is settled at once, a busy server needs longer."""
    return float(0.25 * 2 ** (attempt - 2))


def _overtaken(service: Service) -> RollbackRefusedError:
    return RollbackRefusedError(
        f"Somebody rolled out something else to {service.workload} in {service.namespace} in this very moment. It was left alone: look at "
        "it, and roll back again if that is still wanted."
    )


def _failed(service: Service, target: str, refused: ClusterError | None, unanswered: bool) -> RollbackFailedError:
    said = refused.message if refused else "no answer"
    known = (
        "Whether the cluster took the change can't be told: look with "
        f"'kubectl -n {service.namespace} rollout history {service.workload_kind.value.lower()}/{service.workload}', then run this again."
        if unanswered
        else "Nothing was changed. Run it again, or look what keeps changing the workload."
    )
    return RollbackFailedError(
        f"Rolling {service.workload} back to '{target}' failed after {ATTEMPTS} tries. The last answer was: {said} {known}",
        applied=None if unanswered else False,
    )
