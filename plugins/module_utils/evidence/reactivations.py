# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When somebody went back to a revision: its object is as old as its first rollout, so that other things have to tell."""

from __future__ import annotations

import re
from datetime import datetime

from ..errors import SourceUnavailableError
from ..model.service import WorkloadKind
from .objects import Object, labels_of, mapping, metadata, moment, sequence
from .snapshot import ClusterSnapshot

_SCALED_UP = re.compile(r"^Scaled up replica set (\S+) (from 0 )?to (\d+)")


class Reactivations:
    """When the controller last began to bring a revision back, from the Deployment's events (kept for an hour by default).

    Of the current one, the age of its oldest pod says it where its event was lost (of many events that are alike few are kept) and where
    there is none, as of StatefulSets and DaemonSets. All its pods may have been replaced since: so of a Deployment that holds where its
    rollout was complete after that pod was made, of the others where the template was not written earlier; then that time counts.
    """

    def __init__(self, shared: ClusterSnapshot, workload: Object, current: tuple[str, str | None]) -> None:
        """``current`` is the name of the revision that the workload is at, and the hash that its pods carry."""
        self._shared = shared
        self._current, self._hash = current
        self._deployment = shared.service.workload_kind is WorkloadKind.DEPLOYMENT
        self._completed = _completed_at(workload)
        self._written = _template_written_at(workload)
        self._times: dict[str, datetime] | None = None

    def __call__(self, name: str, after: datetime) -> datetime | None:
        """The time something was seen to go back to ``name``, not before ``after``; None where nothing tells."""
        if self._times is None:
            self._times = self._read() if self._deployment else {}
        at = self._times.get(name)
        if at is not None and at >= after:
            return at
        if name != self._current:
            return None
        return self._of_deployment(after) if self._deployment else self._of_others(after)

    def _of_deployment(self, after: datetime) -> datetime | None:
        oldest = self._oldest_pod()
        if oldest is not None and oldest >= after and (self._completed is None or self._completed >= oldest):
            return oldest
        written = self._written
        known = written is not None and written >= after and self._completed is not None and self._completed >= written
        return written if known else None

    def _of_others(self, after: datetime) -> datetime | None:
        written, oldest = self._written, self._oldest_pod(after)
        if written is None or written < after:
            return None
        return min(written, oldest or written)

    def _oldest_pod(self, after: datetime | None = None) -> datetime | None:
        """The age of the oldest pod of the current revision; of those that are as young as ``after``, where that is given."""
        try:
            pods = self._shared.pods().found
        except SourceUnavailableError:
            return None
        label = "pod-template-hash" if self._deployment else "controller-revision-hash"
        mine = [pod for pod in pods if labels_of(pod).get(label) == self._hash]
        made = [at for pod in mine if (at := moment(metadata(pod).get("creationTimestamp"))) is not None]
        return min((at for at in made if after is None or at >= after), default=None)

    def _read(self) -> dict[str, datetime]:
        from .events import event_from  # with what it brings, seldom wanted where only a rollback is planned

        try:
            events = [event_from(found) for found in self._shared.workload_events().found]
        except SourceUnavailableError:
            return {}
        times: dict[str, datetime] = {}
        for event in events:
            match = _SCALED_UP.match(event.message) if event and event.reason == "ScalingReplicaSet" else None
            # "from 0" is said since Kubernetes 1.26; "to 1" is how a rolling update begins where the surge is one pod.
            if event and match and (match[2] or match[3] == "1"):
                times[match[1]] = max(event.last_seen, times.get(match[1], event.last_seen))
        return times


def _completed_at(deployment: Object) -> datetime | None:
    """When the last rollout was complete; None while one goes on. The controller leaves it alone when pods are merely replaced."""
    for one in sequence(mapping(deployment.get("status")).get("conditions")):
        if mapping(one).get("type") == "Progressing" and mapping(one).get("reason") == "NewReplicaSetAvailable":
            return moment(mapping(one).get("lastUpdateTime"))
    return None


def _template_written_at(workload: Object) -> datetime | None:
    """When those who own fields of the pods' template last wrote: not before its last change, and later where they wrote something else."""
    times = [
        moment(mapping(entry).get("time"))
        for entry in sequence(metadata(workload).get("managedFields"))
        if "f:template" in mapping(mapping(mapping(entry).get("fieldsV1")).get("f:spec"))
    ]
    return max((at for at in times if at is not None), default=None)
