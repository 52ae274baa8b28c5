# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries a mitigation out: one guarded request for one object, tried again where that does no harm."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..clients.cluster import ClusterClient, ClusterUnreachable, Conflict, Invalid, ServerError
from ..errors import IncidentResponseError
from ..lean import dataclass
from .patience import PATIENCE, TRANSIENT, pause

CONTESTS = 8
"""Times that somebody else may change the object between our look and our change before we give up."""
FIELD_MANAGER = "devops.incident_response"


class MitigationRefusedError(IncidentResponseError):
    """It would do harm, or nothing. The message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be changed of one object, worked out from what the object is now. No ``operations``: it is so already."""

    kind: str
    name: str
    path: str
    """of the object in the API"""
    found: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    title: str
    operations: Sequence[Mapping[str, Any]] = ()
    undo: str | None = None
    standing: bool = False
    """It was made by us before, perhaps by a run that was killed before it could say so, and can be undone."""


def carry_out(
    make: Callable[[], Intent], client: ClusterClient, sleep: Callable[[float], None], dry_run: bool, patience: float = PATIENCE
) -> tuple[Intent, bool]:
    """The intent, and whether something was changed; with ``dry_run`` the server only tries it.

    The change applies only to the object as it was looked at; after a conflict, or when the answer was lost, it is looked at again. A
    server that is away or busy is asked again until ``patience`` seconds were slept. Raises what ``make`` raises, and the server's own no.
    """
    unanswered: Intent | None = None  # sent, and perhaps carried out
    contests, waited = 0, 0.0
    tried: str | None = None  # resourceVersion of the object that a change was last sent for
    for attempt in itertools.count(1):
        before, sent = tried, False
        try:
            intent = make()
            if not intent.operations:
                done = unanswered is not None and unanswered.after == intent.after
                return (unanswered, True) if unanswered is not None and done else (intent, unanswered is not None)
            metadata = intent.found["metadata"]
            tried = metadata["resourceVersion"]
            guards = [
                {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
                {"op": "test", "path": "/metadata/resourceVersion", "value": tried},
            ]
            query: dict[str, str | int | bool] = {"fieldManager": FIELD_MANAGER, **({"dryRun": "All"} if dry_run else {})}
            sent = True
            client.patch(intent.path, [*guards, *intent.operations], query=query)
        except (Conflict, Invalid, *TRANSIENT) as error:
            same = isinstance(error, Invalid) and tried == before
            contests += isinstance(error, (Conflict, Invalid))
            tired = contests >= CONTESTS or waited >= patience
            if tired or error.status == 400 or same or (attempt == 1 and isinstance(error, ClusterUnreachable) and not sent):
                raise
            if isinstance(error, (ServerError, ClusterUnreachable)) and sent and not dry_run:
                unanswered = unanswered or intent
            waited += pause(attempt, error)
            sleep(pause(attempt, error))
        else:
            return intent, True
    raise AssertionError("each try returns, raises or is followed by another")


def now_text(at: datetime) -> str:
    """``2025-10-21T14:26:10Z``, as Kubernetes writes times."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def annotate(found: Mapping[str, Any], name: str, value: str | None) -> list[dict[str, Any]]:
    """Operations that set an annotation, or take it away."""
    present = found["metadata"].get("annotations") or {}
    place = f"/metadata/annotations/{name.replace('~', '~0').replace('/', '~1')}"
    if value is None:
        return [{"op": "remove", "path": place}] if name in present else []
    if not present:
        return [{"op": "add", "path": "/metadata/annotations", "value": {name: value}}]
    return [{"op": "add", "path": place, "value": value}]
