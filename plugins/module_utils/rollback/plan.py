# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollback will change, worked out from what the cluster says now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..analysis.stability import rolled_back_to, same_template
from ..clients.cluster import ClusterClient, ObjectNotFound, workload_path
from ..concurrency import Deadline
from ..errors import IncidentResponseError, NotFoundError, SourceUnavailableError
from ..evidence.objects import annotations_of, name_of
from ..evidence.rollouts import rollouts as read_rollouts
from ..evidence.snapshot import FOR_A_CHANGE, FOR_ROLLOUTS, ClusterSnapshot
from ..lean import dataclass
from ..model.rollback import RollbackPlan
from ..model.rollout import Revision, Rollouts
from ..model.service import Service, WorkloadKind
from .claim import ANNOTATION, Claim, claim_of
from .kind import missing
from .strategy import Strategy, replicas_of, strategy_of
from .target import DIGEST, LATEST_STABLE, PREVIOUS, check_target, describe, resolve
from .template import CHANGE_CAUSE, kept_template, normalised, patch_for

_REVISION_HISTORY = "deployment.kubernetes.io/revision-history"


class RollbackRefusedError(IncidentResponseError):
    """A rollback is possible but would do harm, or nothing. The message says what to do first."""


@dataclass(frozen=True, slots=True)
class Change:
    """A plan with what it takes to carry it out. ``before`` and ``after`` are normalised pod templates."""

    plan: RollbackPlan
    target: Revision
    rollouts: Rollouts
    workload: Mapping[str, Any]
    strategy: Strategy
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    kept: Mapping[str, Any]
    """The ReplicaSet or ControllerRevision that holds the target's template."""
    claim: Claim | None
    """Whose rollback is going on by what the workload says."""
    ours: Claim | None
    snapshot: ClusterSnapshot
    """What the cluster said, and what of it is still to come."""

    def request(self, by_generation: bool = False) -> tuple[str, Any]:
        """Content type and body of the patch, as ``patch_for`` makes it."""
        marks = {ANNOTATION: self.ours.text} if self.ours is not None else None
        return patch_for(self.plan.kind, self.workload, self.kept, marks, by_generation)

    @property
    def claimed_by_another(self) -> Claim | None:
        mine = self.ours.incident if self.ours is not None else None
        return self.claim if self.claim is not None and self.claim.incident != mine else None

    @property
    def needed(self) -> bool:
        """False when the workload already asks for the target's template."""
        return self.before != self.after

    @property
    def path(self) -> str:
        return workload_path(self.plan.kind, self.plan.namespace, self.plan.workload)


def make_change(
    client: ClusterClient,
    service: Service,
    target: str,
    now: datetime,
    ours: Claim | None = None,
    workload: Mapping[str, Any] | None = None,
    hurried: bool = False,
) -> Change:
    """The change that takes ``service`` to ``target``, for the incident in ``ours``. Reads only.

    The workload is read first, or was read just now and is given: whatever changes after that makes the server refuse the patch, so
    nothing is built on a mixed view. ``hurried`` does not wait for what the change does without (see ``completed``).
    Raises InvalidOptionError, NotFoundError and TargetError for the target, ClusterError for the cluster.
    """
    check_target(target)
    kind = service.workload_kind
    workload = workload or _workload(client, service)
    # Which revisions are the same, and which had a digest, is told by the pods; and by those of the other kinds, what runs.
    waits = not hurried or kind is not WorkloadKind.DEPLOYMENT or target in (PREVIOUS, LATEST_STABLE) or DIGEST in target
    snapshot = ClusterSnapshot(client, service, Deadline(client.timeout), FOR_ROLLOUTS if waits else FOR_A_CHANGE, dict(workload))
    history = read_rollouts(client, service, now, snapshot, not waits)
    if not waits and any(revision.was_rollback for revision in history.revisions):
        snapshot.ask_events()  # before the change, which makes events of its own
    keepers = {name_of(entry): entry for entry in snapshot.revisions().found}
    revision = _resolve(kind, keepers, target, history)
    kept = keepers[revision.name]
    before, after = normalised(workload["spec"]["template"]), kept_template(kind, kept)
    strategy = strategy_of(kind, workload)
    notes = _notes(kind, workload, kept, target, revision, history, strategy) if before != after else (_already(revision, history),)
    claim = claim_of(workload, now)
    plan = RollbackPlan(
        kind=kind,
        workload=service.workload,
        namespace=service.namespace,
        from_revision=history.current.number,
        from_version=history.current.version,
        to_revision=revision.number,
        to_version=revision.version,
        replicas=replicas_of(kind, workload),
        strategy=strategy.title,
        resource_version=workload["metadata"]["resourceVersion"],
        uid=workload["metadata"]["uid"],
        stable_for=revision.stable_for,
        notes=notes,
    )
    return Change(plan, revision, history, workload, strategy, before, after, kept, claim, ours, snapshot)


def completed(change: Change, client: ClusterClient, service: Service, now: datetime) -> Change:
    """``change`` with all that was asked for before it was made, also where it was made in a hurry. What does not come is left out."""
    try:
        history = read_rollouts(client, service, now, change.snapshot)
    except SourceUnavailableError:
        return change
    target = next(revision for revision in history.revisions if revision.name == change.target.name)
    return replace(change, plan=replace(change.plan, stable_for=target.stable_for), target=target, rollouts=history)


def _workload(client: ClusterClient, service: Service) -> Mapping[str, Any]:
    try:
        return client.get(workload_path(service.workload_kind, service.namespace, service.workload))
    except ObjectNotFound:
        raise missing(client, service) from None


def refuse(change: Change, from_revision: int | None = None, uid: str | None = None) -> None:
    """RollbackRefusedError when ``change`` must not be made: paused, made for another state, or without any effect.

    ``from_revision`` and ``uid`` are what somebody checked and approved; a newer deployment or a recreated workload is another decision.
    """
    plan = change.plan
    what = f"{plan.kind.value} {plan.workload} in {plan.namespace}"
    if uid is not None and uid != plan.uid:
        raise RollbackRefusedError(f"{what} was deleted and created anew since the rollback was checked. Check and approve it again.")
    if not change.needed:
        return
    if from_revision is not None and from_revision != plan.from_revision:
        raise RollbackRefusedError(
            f"{what} is no longer at revision {from_revision}, for which the rollback was checked, but at "
            f"{describe(change.rollouts.current)}. Check and approve it again."
        )
    if change.workload["metadata"].get("deletionTimestamp"):
        raise RollbackRefusedError(
            f"{what} is being deleted since {change.workload['metadata']['deletionTimestamp']}, so its controller changes nothing more. "
            "Deploy it anew, or see which finalizer it waits for."
        )
    if change.workload["spec"].get("paused"):
        raise RollbackRefusedError(
            f"The rollout of {what} is paused, so a rollback would change nothing that runs. Somebody paused it: ask why, then run "
            f"'kubectl -n {plan.namespace} rollout resume {plan.kind.value.lower()}/{plan.workload}' and roll back again."
        )
    if change.strategy.partition and change.strategy.partition >= plan.replicas:
        raise RollbackRefusedError(
            f"{what} updates only pods from ordinal {change.strategy.partition} on and has {plan.replicas}, so a rollback would change "
            "nothing that runs. Lower spec.updateStrategy.rollingUpdate.partition and roll back again."
        )


def _resolve(kind: WorkloadKind, keepers: Mapping[str, Mapping[str, Any]], target: str, history: Rollouts) -> Revision:
    """``resolve``, and the number that a Deployment's revision had before Kubernetes renumbered it on a rollback."""
    try:
        return resolve(target, history)
    except NotFoundError:
        if kind is not WorkloadKind.DEPLOYMENT or not target.isdigit():
            raise
        for revision in history.revisions:
            if target in str(annotations_of(keepers[revision.name]).get(_REVISION_HISTORY)).split(","):
                return revision
        raise


def _already(revision: Revision, history: Rollouts) -> str:
    if history.in_progress:
        return f"The rollout to {describe(revision)} is already under way; it is followed, nothing is changed."
    return f"The workload is at {describe(revision)} already; nothing is changed."


def _notes(
    kind: WorkloadKind,
    workload: Mapping[str, Any],
    kept: Mapping[str, Any],
    target: str,
    revision: Revision,
    history: Rollouts,
    strategy: Strategy,
) -> tuple[str, ...]:
    notes = []
    if target in (PREVIOUS, LATEST_STABLE):
        notes.append(f"'{target}' is {describe(revision)}.")
    if history.in_progress and rolled_back_to(history.current, history):
        notes.append(f"A rollback to {describe(history.current)} is under way; this one takes its place.")
    alike = [other for other in history.revisions if other.number != revision.number and other.version == revision.version]
    alike = [other for other in alike if not same_template(other, revision)]
    if alike and revision.version and target.removeprefix("v") == revision.version.removeprefix("v"):
        numbers = " and ".join(str(other.number) for other in alike)
        notes.append(
            f"Revision {numbers} had {revision.version} too, with another template; this is the newest. Name a number for another."
        )
    skipped = [other for other in history.revisions if revision.number < other.number < history.current.number]
    if skipped:
        notes.append(f"Passes over {', '.join(describe(other) for other in skipped)}.")
    if history.owner:
        reverts = "will put its own version back by itself" if history.owner_reverts else "will put its own version back at its next run"
        notes.append(f"{history.owner} owns the manifest and {reverts}, unless its source is changed to {describe(revision)} too.")
    now, then = (((thing["metadata"].get("annotations") or {}).get(CHANGE_CAUSE)) for thing in (workload, kept))
    if now != then:
        notes.append(f"The annotation {CHANGE_CAUSE} becomes that of {describe(revision)}; all other annotations stay.")
    if kind is not WorkloadKind.DAEMON_SET and replicas_of(kind, workload) == 0:
        notes.append("It has 0 replicas: the template is changed, and no pod runs it until it is scaled up.")
    if strategy.partition:
        notes.append(f"Only pods from ordinal {strategy.partition} on are rolled back, as the StatefulSet's partition says.")
    if strategy.name == "OnDelete":
        notes.append("Pods are replaced only when somebody deletes them, as the update strategy OnDelete says.")
    elif kind is WorkloadKind.STATEFUL_SET and workload["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady":
        notes.append("A StatefulSet replaces one pod after the other and may wait for a broken pod until somebody deletes it.")
    return tuple(notes)
