# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would whoever owns the manifest undo the rollback, can it be kept from that, and what will it think?"""

from __future__ import annotations

from datetime import datetime

from ..clients.cluster import ClusterClient, ClusterError
from ..errors import IncidentResponseError, NotFoundError
from ..evidence.objects import annotations_of, mapping, name_of, sequence
from ..model.check import Check, Verdict
from ..model.service import Service, WorkloadKind
from .gitops import is_suspended, owner_of, suspend_gitops
from .helm import history_of, told
from .intent import carry_out
from .plan import Change
from .sync_windows import told_of
from .target import describe

NAME = "owner"
_PATIENCE = 10.0
"""Seconds that would be waited between one question and the next, if it were; it is asked at once, and so a few times only."""
_CAN_BE_SUSPENDED = ("Argo CD application", "Flux Kustomization", "Flux HelmRelease")


def check_owner(client: ClusterClient, service: Service, change: Change, now: datetime, suspend: bool = False) -> Check:
    """Fails when a controller would undo the rollback: it has to be done in that controller's source, or the controller suspended.

    With ``suspend`` it is going to be suspended before the rollback, and the server has tried that already. ``now`` is the cluster's time,
    by which the sync windows of Argo CD are read.
    """
    history, target = change.rollouts, describe(change.target)
    if (rollout := _rollout_of(client, change)) is not None:
        detail = (
            "It makes them from this Deployment's template, in its own way, which is not followed from here. Take a rollout that goes on "
            f"back with 'kubectl argo rollouts abort {rollout} -n {change.plan.namespace}'; else put {target} into the template, and "
            "watch what the Rollout makes of it."
        )
        return Check(NAME, Verdict.FAIL, f"Argo Rollouts Rollout {rollout} makes the pods", detail)
    owner = history.owner
    if owner is None:
        return Check(NAME, Verdict.PASS, "No other controller owns the manifest", "Neither Argo CD, Flux nor Helm has marked it.")
    if not history.owner_reverts:
        return Check(NAME, Verdict.PASS, f"{owner} leaves the rollback alone", _later(client, change))
    if is_suspended(client, change.workload):
        detail = f"It stays so until somebody resumes it. Change its source to {target} before that.{_windows(client, change, now)[1]}"
        return Check(NAME, Verdict.PASS, f"{owner} is suspended", detail)
    if not owner.startswith(_CAN_BE_SUSPENDED):
        effect = history.owner_effect or "it puts its own version back"
        detail = f"{effect[:1].upper()}{effect[1:]}. Go back to {target} there; a rollback here would not last."
        return Check(NAME, Verdict.FAIL, f"{owner} would undo the rollback", detail)
    later, windows = _windows(client, change, now)
    if not suspend:
        detail = f"It would put its own version back. Change its source to {target}, or have it suspended first (rollback_suspend_owner)."
        return Check(NAME, Verdict.FAIL, f"{owner} would undo the rollback{later}", f"{detail}{windows}{_assumed(change)}")
    try:
        carry_out(lambda: suspend_gitops(client, service), client, lambda _seconds: None, dry_run=True, patience=_PATIENCE)
    except IncidentResponseError as error:
        verdict = Verdict.UNKNOWN if isinstance(error, ClusterError) and error.status != 403 else Verdict.FAIL
        return Check(NAME, verdict, f"{owner} can't be suspended", f"{error.message} Until then it would put its own version back.")
    detail = f"It is suspended before the rollback, and stays so until its source is changed to {target} and it is resumed."
    return Check(NAME, Verdict.PASS, f"{owner} is suspended for the rollback", f"{detail}{windows}")


def _windows(client: ClusterClient, change: Change, now: datetime) -> tuple[str, str]:
    """From when on an Argo CD application that its project's sync windows hold would undo it, and what they mean; empty where none does."""
    if not str(change.rollouts.owner).startswith("Argo CD application"):
        return "", ""
    try:
        owner = owner_of(client, change.workload)
    except (ClusterError, NotFoundError):
        return "", ""  # that it can't be read is said already
    held, unknown = told_of(client, owner.found, now) if owner is not None else (None, None)
    if unknown:
        return "", f" Whether a sync window keeps it from that for now is not known: {unknown}"
    if held is None:
        return "", ""
    until = f"until {held.until:%Y-%m-%d %H:%M} UTC" if held.until else "and no end of that is known"
    by_hand = "only a sync by hand is let through" if held.by_hand else "a sync by hand is not let through either"
    later = f", from {held.until:%Y-%m-%d %H:%M} UTC on" if held.until else ""
    return later, f" A sync window ({held.window}) keeps it from syncing {until}: a change of its source waits as long, and {by_hand}."


def _rollout_of(client: ClusterClient, change: Change) -> str | None:
    """The Rollout of Argo Rollouts that refers to the Deployment (``spec.workloadRef``); None also where that can't be read.

    https://argo-rollouts.readthedocs.io/en/stable/migrating/#reference-deployment-from-rollout
    """
    if change.plan.kind is not WorkloadKind.DEPLOYMENT:
        return None
    try:
        listed = sequence(client.get(f"/apis/argoproj.io/v1alpha1/namespaces/{change.plan.namespace}/rollouts").get("items"))
    except ClusterError:
        return None
    wanted = ("Deployment", change.plan.workload)
    refers = [(mapping(mapping(mapping(one).get("spec")).get("workloadRef")), one) for one in listed]
    return next((name_of(one) for to, one in refers if (to.get("kind"), to.get("name")) == wanted), None)


def _assumed(change: Change) -> str:
    """What is not known for sure, in the words of the source that says who the owner is."""
    notes = [note for note in change.rollouts.notes if note.startswith(str(change.rollouts.owner))]
    return f" Not known for sure: {notes[0]}." if notes else ""


def _later(client: ClusterClient, change: Change) -> str:
    """What an owner that does nothing by itself will think and do."""
    owner, target = str(change.rollouts.owner), describe(change.target)
    helm = ""
    if owner.startswith("Helm"):
        release = owner.rpartition(" ")[2]
        space = annotations_of(change.workload).get("meta.helm.sh/release-namespace") or change.plan.namespace
        helm = f"{told(release, space, history_of(client, release, space))} "
    return f"{helm}Its next run brings the newer version back, unless its source is changed to {target} too."
