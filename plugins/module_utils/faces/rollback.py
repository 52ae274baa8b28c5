# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules rollback and rollback_progress_info do; their actions do the same where a module would find the same."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Optional

from ..clients.cluster import ClusterClient
from ..errors import IncidentResponseError, InvalidOptionError
from ..model.codec import DocumentError, from_result, to_result
from ..model.service import Service
from ..rollback.begin import begin
from ..rollback.claim import release
from ..rollback.clock import Clock
from ..rollback.kind import with_kind
from ..rollback.patience import TRANSIENT
from ..rollback.target import describe
from ..units import parse_duration
from .arguments import CLUSTER, SERVICE
from .connections import cluster_from, kind_given, service_from

if TYPE_CHECKING:
    from ..rollback.progress import Following
    from ..rollback.stir import Stir

ROLLBACK: dict[str, Any] = {
    **CLUSTER,
    **SERVICE,
    "target": {"type": "str", "required": True},
    "from_revision": {"type": "int"},
    "uid": {"type": "str"},
    "incident": {"type": "str"},
    "conclude": {"type": "bool", "default": False},
    "replace_broken_pods": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "str", "default": "5m"},
}

PROGRESS: dict[str, Any] = {
    **CLUSTER,
    **SERVICE,
    "following": {"type": "dict", "required": True},
    "at_most": {"type": "float", "default": 5.0},
}

SOON = 1.0
"""Seconds after which a rollout that was begun a moment ago is looked at, where it is not finished before."""

CLOCK = Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep)


Found = tuple[ClusterClient, Service, Optional[dict[str, Any]]]  # noqa: UP045 (ansible-test's pylint takes `|` for an operation)
"""The cluster, the service, and its workload where it was read just now."""


def rollback_result(params: Mapping[str, Any], check_mode: bool, follower: Follower | None = None) -> dict[str, Any]:
    """What the module rollback returns. ``follower`` is who is going to follow it."""
    parse_duration(params["wait_timeout"], "wait_timeout")
    client, service, workload = follower.find(params) if follower else _found(params)
    if params["conclude"]:
        if not params["incident"]:
            raise InvalidOptionError("incident", params["incident"], "the incident whose rollback is concluded")
        return {"changed": release(client, service, params["incident"], dry_run=check_mode)}
    begun = begin(
        client,
        service,
        params["target"],
        CLOCK,
        params["from_revision"],
        params["uid"],
        dry_run=check_mode,
        incident=params["incident"],
        replace_broken=params["replace_broken_pods"],
        workload=workload,
    )
    if follower is not None:
        follower.begun(begun.applied.workload)
    from ..record.redaction import redact
    from .diff import template_diff

    change = begun.applied.change
    result = {
        "changed": begun.applied.changed,
        "attempts": begun.applied.attempts,
        "state": begun.rollback.state,
        "plan": change.plan,
        "target": change.target,
        "rollback": begun.rollback,
        "progress": begun.progress,
        "following": begun.following,
    }
    before, after = describe(change.rollouts.current), describe(change.target)
    return {**redact(to_result(result)), "diff": template_diff(change.before, begun.applied.after, before, after)}


def workload_from(params: Mapping[str, Any], reached: bool = False) -> tuple[ClusterClient, Service]:
    """The cluster, and the service with the kind of the workload that has its name, where the catalogue does not say it.

    ``reached`` says that the cluster has answered before, so that no answer is not a wrong address, and is waited for.
    Raises InvalidOptionError naming an option, NotFoundError naming what is there instead, ClusterError.
    """
    client, service, _unused = _found(params, reached)
    return client, service


def _found(params: Mapping[str, Any], reached: bool = False) -> Found:
    service, client = service_from(params), cluster_from(params)
    return client, *with_kind(client, service, kind_given(params), CLOCK.sleep, reached)


def progress_result(params: Mapping[str, Any]) -> dict[str, Any]:
    """What the module rollback_progress_info returns. An error that may pass by itself says so in its details (``transient``)."""
    return Follower(params["at_most"])(params)


class Follower:
    """Makes one result of rollback_progress_info after another, over one connection and with one pair of watches.

    ``seconds`` is for how long it is going to be used.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._known: tuple[ClusterClient, Service] | None = None
        self._stir: Stir | None = None
        self._workload: Mapping[str, Any] | None = None
        self._fresh = False

    def find(self, params: Mapping[str, Any]) -> Found:
        """What ``params`` mean; it is kept, so that what follows need not ask again. Raises what ``workload_from`` raises."""
        client, service, workload = _found(params)
        self._known = client, service
        return client, service, workload

    def begun(self, workload: Mapping[str, Any]) -> None:
        """``workload`` is what the rollback was answered with; its first look was made."""
        self._workload, self._fresh = workload, True

    def __call__(self, params: Mapping[str, Any]) -> dict[str, Any]:
        from ..record.redaction import redact
        from ..rollback.progress import share_done
        from ..rollback.stir import Stir
        from ..rollback.watch import watch

        following = _following(params)
        client, service = self._known or self.find(params)[:2]
        self._stir = self._stir or Stir(client, service, self.seconds, self._workload)
        # Where the rollback has just been begun here, its first look was made then.
        seen = self._stir.wait(min(SOON, params["at_most"])) if self._fresh else None
        self._fresh = False
        try:
            following, progress = watch(client, service, following, params["at_most"], CLOCK, self._stir.wait, seen)
        except TRANSIENT as error:
            raise IncidentResponseError(error.message, transient=True) from error
        result = {"progress": progress, "following": following, "share": share_done(following, progress)}
        return {"changed": False, **redact(to_result(result))}


def _following(params: Mapping[str, Any]) -> Following:
    from ..rollback.progress import Following

    try:
        return from_result(Following, params["following"])
    except DocumentError as error:
        raise InvalidOptionError("following", error.message, "what the rollback module returned as 'following'") from error
