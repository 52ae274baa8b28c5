# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rollout history of a workload: Deployments by their ReplicaSets, StatefulSets and DaemonSets by their ControllerRevisions."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ..clients.answers import excerpt
from ..clients.cluster import ClusterClient
from ..concurrency import Deadline
from ..errors import NotFoundError, SourceUnavailableError
from ..lean import dataclass
from ..model.rollout import Progress, Revision, Rollouts
from ..model.service import Service, WorkloadKind
from .controllers import held_back_by, in_progress, pod_counts
from .objects import (
    Object,
    annotations_of,
    count,
    digest_of,
    labels_of,
    mapping,
    metadata,
    moment,
    name_of,
    revision_hash_of,
    sequence,
    template_version,
)
from .owners import image_manager, ownership
from .reactivations import Reactivations
from .revision_history import Activation, Kept, activations, active_span, reordered
from .snapshot import FOR_ROLLOUTS, ClusterSnapshot
from .template_content import content_of, what_changed

_REVISION = "deployment.kubernetes.io/revision"
_REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
_CHANGE_CAUSE = "kubernetes.io/change-cause"
_AUTHOR_KEYS = frozenset({"deployed-by", "deployer", "author", "triggered-by", "changed-by"})
_BY = re.compile(r"\bby[\s:=]+@?([\w][\w.+\-]*(?:\[bot\])?)", re.IGNORECASE)
_VERSION = re.compile(r"\bv?\d+\.\d+\.\d+[\w.+-]*\b|\bv\d+(?:\.\d+)*\b")
_GAVE_UP = "ProgressDeadlineExceeded"
MOST_GAPS = 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """A revision's object with what only its kind knows."""

    found: Object
    kept: Kept
    template: Object
    template_hash: str | None
    pods: int
    ready_pods: int


def rollouts(
    client: ClusterClient, service: Service, now: datetime, snapshot: ClusterSnapshot | None = None, hurried: bool = False
) -> Rollouts:
    """The revisions of the service's workload. ``now`` stands for times that the cluster does not give.

    ``hurried`` leaves out what a Deployment's events and pods tell, and does not wait for them: since when a revision that was gone back
    to is active, and which digest an image had.

    Raises ClusterError (ObjectNotFound when there is no such workload), NotFoundError when it has no revisions yet.
    """
    shared = snapshot or ClusterSnapshot(client, service, Deadline(client.timeout), FOR_ROLLOUTS)
    found = shared.workload()
    listed = shared.revisions()
    deployment = service.workload_kind is WorkloadKind.DEPLOYMENT
    entries = (
        [_replica_set(entry, now) for entry in listed.found] if deployment else _controller_revisions(listed.found, shared, service, now)
    )
    if not entries:
        raise NotFoundError(f"{service.workload_kind.value} {service.workload} has no revisions yet: nothing was ever rolled out.")
    notes = [f"revisions: only the first {len(entries)} were read"] if listed.cut else []
    current = _current(entries, found, service.workload_kind)
    hurried = hurried and deployment
    seen = _nothing_seen if hurried else Reactivations(shared, found, (current.kept.name, current.template_hash))
    history = activations([entry.kept for entry in entries], seen)
    digests = {} if hurried else _digests(shared, service.container)
    revisions = sorted(
        (_revision(entry, history, entry is current, service.container, digests) for entry in entries),
        key=lambda revision: -revision.number,
    )
    revisions = [replace(one, manager=image_manager(found, service.container)) if one.current else one for one in revisions]
    chosen = next(revision for revision in revisions if revision.current)
    previous = next((revision for revision in revisions if revision.number < chosen.number), None)
    notes += _uncertainties(chosen, previous)
    templates = {entry.kept.number: entry.template for entry in entries}
    asked = mapping(mapping(found.get("spec")).get("template"))
    waits = deployment and bool(mapping(found.get("spec")).get("paused")) and what_changed(templates[chosen.number], asked) is not None
    owner = ownership(found, shared)
    goes_on, held_back = in_progress(found, service.workload_kind), held_back_by(found, service.workload_kind)
    if held_back:
        notes.append(f"the update is held back by {held_back}: pods of revision {chosen.number} and of older ones run side by side")
    return Rollouts(
        current=chosen,
        previous=previous,
        revisions=tuple(revisions),
        deployed_at=chosen.active_from,
        in_progress=goes_on,
        paused=bool(mapping(found.get("spec")).get("paused")),
        owner=owner.owner,
        owner_reverts=owner.reverts,
        notes=(*notes, *((owner.note,) if owner.note else ())),
        owner_effect=owner.effect,
        gaps=_gaps([revision.number for revision in revisions] + [number for entry in entries for number in entry.kept.earlier]),
        deadline_exceeded=any(mapping(one).get("reason") == _GAVE_UP for one in sequence(mapping(found.get("status")).get("conditions"))),
        progress=_progress(found, service.workload_kind) if goes_on or held_back else None,
        change=what_changed(templates[previous.number], templates[chosen.number]) if previous else None,
        pending=template_version(asked, service.container)[0] if waits else None,
    )


def _nothing_seen(_name: str, _after: datetime) -> None:
    """In place of Reactivations, for who is in a hurry."""


def _replica_set(found: Object, now: datetime) -> _Entry:
    annotations, status = annotations_of(found), mapping(found.get("status"))
    earlier = [int(number) for number in str(annotations.get(_REVISION_HISTORY) or "").split(",") if number.strip().isdigit()]
    number = str(annotations.get(_REVISION) or "0")
    kept = Kept(
        name=name_of(found),
        number=int(number) if number.isdigit() else 0,
        created_at=moment(metadata(found).get("creationTimestamp")) or now,
        earlier=tuple(sorted(earlier)),
    )
    template = mapping(mapping(found.get("spec")).get("template"))
    template_hash = labels_of(found).get("pod-template-hash")
    return _Entry(found, kept, template, template_hash, count(status.get("replicas")), count(status.get("readyReplicas")))


def _controller_revisions(found: Sequence[Object], shared: ClusterSnapshot, service: Service, now: datetime) -> list[_Entry]:
    kept = reordered(
        [Kept(name_of(entry), count(entry.get("revision")), moment(metadata(entry).get("creationTimestamp")) or now) for entry in found]
    )
    pods = _pods_by_revision(shared)
    entries = []
    for entry, known in zip(found, kept, strict=True):
        # A StatefulSet's pods carry the revision's whole name, a DaemonSet's only its hash.
        whole = service.workload_kind is WorkloadKind.STATEFUL_SET
        # What was restored from a backup may lack the label, which is the end of the name.
        template_hash = (
            known.name if whole else labels_of(entry).get("controller-revision-hash") or known.name.removeprefix(f"{service.workload}-")
        )
        total, ready = pods.get(template_hash or "", (0, 0))
        template = mapping(mapping(mapping(entry.get("data")).get("spec")).get("template"))
        entries.append(_Entry(entry, known, template, template_hash, total, ready))
    return entries


def _pods_by_revision(shared: ClusterSnapshot) -> Mapping[str, tuple[int, int]]:
    """Pods and ready pods by ``controller-revision-hash``."""
    counts: dict[str, tuple[int, int]] = {}
    for pod in shared.pods().found:
        key = labels_of(pod).get("controller-revision-hash", "")
        conditions = sequence(mapping(pod.get("status")).get("conditions"))
        ready = any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)
        total, so_far = counts.get(key, (0, 0))
        counts[key] = (total + 1, so_far + ready)
    return counts


def _current(entries: Sequence[_Entry], found: Object, kind: WorkloadKind) -> _Entry:
    """The revision that the workload's template is now."""
    newest = max(entries, key=lambda entry: entry.kept.number)
    if kind is WorkloadKind.STATEFUL_SET:
        wanted = mapping(found.get("status")).get("updateRevision")
        return next((entry for entry in entries if entry.kept.name == wanted), newest)
    return newest


def _revision(entry: _Entry, history: Sequence[Activation], current: bool, container: str | None, digests: Mapping[str, str]) -> Revision:
    kept = entry.kept
    version, image = template_version(entry.template, container)
    since, until = active_span(kept.number, history)
    annotations = annotations_of(entry.found)
    cause = _own_cause(annotations.get(_CHANGE_CAUSE), version)
    author = _author(annotations, mapping(mapping(entry.template.get("metadata")).get("annotations")), cause)
    return Revision(
        number=kept.number,
        version=version,
        image=image,
        name=kept.name,
        template_hash=entry.template_hash,
        created_at=kept.created_at,
        active_from=since,
        active_until=None if current else until,
        current=current,
        cause=excerpt(cause, 300) if cause else None,
        author=author,
        ready_pods=entry.ready_pods,
        pods=entry.pods,
        was_rollback=bool(kept.earlier),
        image_digest=_named_digest(image) or digests.get(entry.template_hash or ""),
        content=content_of(entry.template),
    )


def _own_cause(cause: str | None, version: str | None) -> str | None:
    """The change cause, unless it speaks of other versions only: a change without a cause of its own leaves the old one standing."""
    spoken_of = {found.removeprefix("v") for found in _VERSION.findall(cause)} if cause else set()
    return None if version and spoken_of and version.removeprefix("v") not in spoken_of else cause


def _author(annotations: Mapping[str, str], template_annotations: Mapping[str, str], cause: str | None) -> str | None:
    """Who rolled it out: an annotation that says so, else "… by somebody" in the change cause."""
    for key, value in (*annotations.items(), *template_annotations.items()):
        if key.rpartition("/")[2] in _AUTHOR_KEYS and value:
            return excerpt(str(value).lstrip("@"), 80)
    match = _BY.search(cause) if cause else None
    return match[1].rstrip(".") if match else None


def _named_digest(image: str | None) -> str | None:
    digest = (image or "").rpartition("@")[2]
    return digest if digest.startswith("sha256:") else None


def _digests(shared: ClusterSnapshot, container: str | None) -> Mapping[str, str]:
    """The digest that most pods of each revision run, by the hash of its template. Empty where the pods can't be read."""
    try:
        pods = shared.pods().found
    except SourceUnavailableError:
        return {}
    seen: dict[str, Counter[str]] = {}
    for pod in pods:
        digest = digest_of(pod, container)
        if digest:
            seen.setdefault(revision_hash_of(pod) or "", Counter())[digest] += 1
    return {template_hash: digests.most_common(1)[0][0] for template_hash, digests in seen.items()}


def _gaps(numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers that are missing in between, newest first."""
    known = set(numbers)
    missing = (number for number in range(max(known), min(known), -1) if number not in known)
    return tuple(itertools.islice(missing, MOST_GAPS))


def _progress(found: Object, kind: WorkloadKind) -> Progress:
    status = mapping(found.get("status"))
    wanted, _unused, updated, _unavailable = pod_counts(kind, found)
    there = count(status.get("currentNumberScheduled" if kind is WorkloadKind.DAEMON_SET else "replicas"))
    available = count(status.get("numberAvailable" if kind is WorkloadKind.DAEMON_SET else "availableReplicas"))
    return Progress(wanted, updated, available, max(there - updated, 0))


def _uncertainties(current: Revision, previous: Revision | None) -> list[str]:
    notes = []
    if current.active_from is None:
        notes.append(f"when revision {current.number} became active again is not known: the cluster keeps no event of it")
    if previous and previous.active_from is None:
        notes.append(f"since when revision {previous.number} was active is not known: it had been gone back to")
    if previous and previous.number != current.number - 1:
        notes.append(f"revisions between {previous.number} and {current.number} are no longer kept")
    if previous is None and current.number > 1:
        notes.append(f"no revision before {current.number} is kept (revisionHistoryLimit): there is none to go back to")
    return notes
