# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies around the workload and may be the cause: configuration that was written, certificates that ran out, nodes that are gone."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..analysis.log_signs import Sign
from ..model.workload import WorkloadState
from ..units import format_moment

_BEFORE, _AFTER = timedelta(minutes=10), timedelta(minutes=1)
"""How long before it began a configuration was changed for it to be the cause; kubelets bring a new one to the pods within two minutes."""
_EXPIRY_SHOWS = timedelta(hours=2)
"""Within which an expired certificate shows: connections that were made before go on for a while."""
_NOTICED = timedelta(minutes=3)


def configuration_written(state: WorkloadState | None, onset: datetime | None) -> Sign | None:
    """The last configuration of the pods that was written just before it began."""
    changes = state.surroundings.changes if state else ()
    near = [one for one in changes if onset is not None and onset - _BEFORE <= one.at <= onset + _AFTER]
    if not near:
        return None
    last = max(near, key=lambda one: one.at)
    line = f"{last.kind} {last.name} was written at {format_moment(last.at)}{f' by {last.by}' if last.by else ''}"
    return Sign("configuration", "A changed configuration", line, len(near))


def certificate_expired(state: WorkloadState | None, onset: datetime | None, now: datetime) -> Sign | None:
    """The certificate that had run out when it began, and not long before."""
    for one in state.surroundings.certificates if state else ():
        if one.expires_at is None or one.expires_at > now or onset is None:
            continue
        if onset - _EXPIRY_SHOWS <= one.expires_at <= onset + _AFTER:
            line = f"the certificate in Secret {one.secret} expired at {format_moment(one.expires_at)}"
            return Sign("certificate", "A certificate has expired", line, 1, by_time=True)
    return None


def nodes_went(state: WorkloadState | None, onset: datetime | None) -> tuple[str, ...]:
    """The names of nodes of its pods that stopped being ready as it began.

    The control plane notices it up to a minute after the node fell silent:
    https://kubernetes.io/docs/reference/node/node-status/#heartbeats
    """
    if state is None or onset is None:
        return ()
    went = (
        (node.name, one.since)
        for node in state.surroundings.nodes
        if node.pods and not node.ready
        for one in node.problems
        if one.type == "Ready"
    )
    return tuple(name for name, since in went if since is not None and onset - _AFTER <= since <= onset + _NOTICED)


def nodes_pressed(state: WorkloadState | None, onset: datetime | None) -> tuple[str, ...]:
    """The names of nodes of its pods that ran short of something as it began, and what of: ``node-3 (DiskPressure)``."""
    if state is None or onset is None:
        return ()
    return tuple(
        f"{node.name} ({one.type})"
        for node in state.surroundings.nodes
        if node.pods and node.ready
        for one in node.problems
        if one.type.endswith("Pressure") and one.since is not None and onset - _NOTICED <= one.since <= onset + _NOTICED
    )


def nodes_lost(state: WorkloadState | None) -> frozenset[str]:
    """The names of nodes that are gone, or not ready."""
    return frozenset(one.name for one in state.surroundings.nodes if one.deleted or not one.ready) if state else frozenset()
