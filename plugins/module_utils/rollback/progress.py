# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a rollback has come: pods by version, what moved since the last look, and when it will be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..evidence.objects import labels_of, mapping, metadata, name_of, sequence, template_version
from ..lean import dataclass
from ..model.rollback import ProgressLine, RollbackProgress, VersionPods
from ..model.rollout import Revision, Rollouts
from ..model.service import WorkloadKind
from .plan import Change
from .status import failing_conditions, unfinished
from .strategy import first_replaced, ordinal, replaced_pods, strategy_of
from .target import describe
from .template import digest
from .trouble import never_ready, trouble_of

HASH_LABELS = ("pod-template-hash", "controller-revision-hash")

_NAMED = 5
"""Pods that are named at most."""

PATIENCE = 30.0
"""Seconds for which the same trouble may last while no pod becomes ready. A slow image or a new node may need that long, a wrong image
never gets better."""

SLOW = 30.0
"""Seconds that a pod may run without being ready before that is told. Many a program needs that long to start: it is not called stuck."""


@dataclass(frozen=True, slots=True)
class KnownRevision:
    """``hash`` is what its pods carry as label; ``label`` is what people read."""

    hash: str
    number: int
    version: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Following:
    """All that one look at a rollout leaves for the next one; plain data, so that it can pass from one process to another."""

    started_at: datetime
    template: str
    """digest of the target's pod template"""
    target: KnownRevision
    others: tuple[KnownRevision, ...]
    old_conditions: tuple[str, ...]
    counts: tuple[VersionPods, ...] = ()
    ready_at_start: int = 0
    others_at_start: int = 0
    others_ready_at_start: int = 0
    trouble: str | None = None
    trouble_since: datetime | None = None
    looks: int = 0
    slow: str | None = None
    """A pod of the target that runs and does not become ready, and why that is as far as it is known."""


def follow(change: Change, after: Mapping[str, Any], started_at: datetime) -> Following:
    """What to look at from ``started_at`` on. ``change`` has been made, or was found made; ``after`` is the template it led to."""
    return Following(
        started_at=started_at,
        template=digest(after),
        target=_known(change.target, change.rollouts),
        others=tuple(_known(revision, change.rollouts) for revision in change.rollouts.revisions if revision.name != change.target.name),
        old_conditions=tuple(identity for identity, _unused in failing_conditions(change.workload)) if change.needed else (),
    )


def look(
    kind: WorkloadKind,
    workload: Mapping[str, Any],
    pods: Iterable[Mapping[str, Any]],
    container: str | None,
    following: Following,
    at: datetime,
    refused: str | None = None,
    slow: str | None = None,
) -> tuple[Following, RollbackProgress]:
    """Where the rollout stands ``at`` this moment, and what the next look needs.

    ``pods`` are those of its selector, ``refused`` is why pods that are missing could not be created, ``slow`` what is known of a pod
    that does not become ready (see ``slow_pod``).
    """
    standing = _standing(pods)
    counts = _counts(standing, container, following)
    target, desired = counts[0], replaced_pods(kind, workload)
    if following.looks == 0:
        following = replace(
            following,
            ready_at_start=target.ready,
            others_at_start=sum(count.pods for count in counts[1:]),
            others_ready_at_start=sum(count.ready for count in counts[1:]),
        )
    own = trouble_of(pod for pod in standing if _revision_of(pod, container, following) == following.target)
    trouble = _trouble(kind, workload, standing, container, following) or refused
    lines = [*_lines(following, counts, at), *_trouble_lines(following, trouble, slow, at)]
    grew = target.ready > _before(following, target).ready
    since = at if grew or following.trouble_since is None else following.trouble_since
    after = replace(
        following,
        counts=counts,
        looks=following.looks + 1,
        trouble=trouble,
        trouble_since=since if trouble is not None else None,
        slow=slow,
    )
    state, stuck_reason = _state(kind, workload, after, at)
    if state == "progressing" and strategy_of(kind, workload).name == "OnDelete":
        outdated = [pod for pod in standing if _revision_of(pod, container, following) != following.target]
        state, stuck_reason = ("stuck", _on_delete(outdated)) if outdated else (state, stuck_reason)
    missing = unfinished(kind, workload) if state != "complete" else None
    progress = RollbackProgress(
        state=state,
        done=min(target.ready, desired),
        desired=desired,
        versions=counts,
        lines=tuple(lines),
        remaining=_remaining(after, target.ready, desired, at) if state == "progressing" else None,
        stuck_reason=stuck_reason,
        waits_for="; ".join(one for one in (missing, slow) if one) or None,
        target_fails=state != "complete" and bool(own or slow) and target.ready < following.others_ready_at_start,
    )
    return after, progress


def slow_pod(pods: Iterable[Mapping[str, Any]], container: str | None, following: Following, at: datetime) -> tuple[Any, str] | None:
    """The first pod of the target that has run for SLOW without being ready, and how to tell it; None where there is none."""
    for pod in _standing(pods):
        unready = never_ready(pod, following.started_at, at) if _revision_of(pod, container, following) == following.target else None
        if unready is not None and unready >= SLOW and trouble_of([pod]) is None:
            return pod, f"{name_of(pod)} runs and is not ready"
    return None


def share_done(following: Following, progress: RollbackProgress) -> float:
    """0..1: half of it for healthy pods of the target, half for pods of other versions that are gone."""
    if progress.state == "complete":
        return 1.0
    up = progress.done / progress.desired if progress.desired else 1.0
    left = sum(count.pods for count in progress.versions[1:])
    down = 1.0 - min(left / following.others_at_start, 1.0) if following.others_at_start else 1.0
    return min((up + down) / 2, 0.99)


def _known(revision: Revision, rollouts: Rollouts) -> KnownRevision:
    alone = sum(other.version == revision.version for other in rollouts.revisions) == 1
    label = revision.version if revision.version and alone else describe(revision)
    return KnownRevision(revision.template_hash or revision.name, revision.number, revision.version, label)


def _standing(pods: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [pod for pod in pods if not metadata(pod).get("deletionTimestamp") and _alive(pod)]


def _alive(pod: Mapping[str, Any]) -> bool:
    return mapping(pod.get("status")).get("phase") not in ("Succeeded", "Failed")


def _ready(pod: Mapping[str, Any]) -> bool:
    conditions = sequence(mapping(pod.get("status")).get("conditions"))
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)


def _revision_of(pod: Mapping[str, Any], container: str | None, following: Following) -> KnownRevision:
    """The revision a pod belongs to; one unknown until now is told by its version."""
    mark = next((labels_of(pod)[label] for label in HASH_LABELS if label in labels_of(pod)), "")
    for known in (following.target, *following.others):
        if known.hash == mark:
            return known
    version, _unused = template_version(pod, container)
    if version is not None and version == following.target.version:
        return following.target
    return KnownRevision(mark, 0, version, version or "another version")


def _counts(pods: list[Mapping[str, Any]], container: str | None, following: Following) -> tuple[VersionPods, ...]:
    """The target first, then every other version that has, or had at the last look, a pod."""
    found: dict[str, list[int]] = {following.target.label: [following.target.number, 0, 0]}
    for count in following.counts[1:]:
        found[count.version] = [count.revision or 0, 0, 0]
    for pod in pods:
        revision = _revision_of(pod, container, following)
        entry = found.setdefault(revision.label, [revision.number, 0, 0])
        entry[1] += 1
        entry[2] += _ready(pod)
    return tuple(VersionPods(label, number or None, pods_, ready) for label, (number, pods_, ready) in found.items())


def _before(following: Following, count: VersionPods) -> VersionPods:
    return next((old for old in following.counts if old.version == count.version), VersionPods(count.version, count.revision, 0, 0))


def _lines(following: Following, counts: tuple[VersionPods, ...], at: datetime) -> list[ProgressLine]:
    if following.looks == 0:
        return []
    lines = []
    for count in counts[1:]:
        before = _before(following, count).pods
        if count.pods != before:
            verb = "Scaled down" if count.pods < before else "Scaled up"
            lines.append(ProgressLine(at, f"{verb} {count.version}: {before} → {_pods(count.pods)}"))
    target, before = counts[0], _before(following, counts[0]).ready
    if target.ready > before:
        lines.append(ProgressLine(at, f"Scaled up {target.version}: {before} → {_pods(target.ready)} (healthy)"))
    elif target.ready < before:
        lines.append(ProgressLine(at, f"Lost a pod of {target.version}: {before} → {_pods(target.ready)} healthy"))
    return lines


def _pods(number: int) -> str:
    return f"{number} pod" if number == 1 else f"{number} pods"


def _trouble(
    kind: WorkloadKind, workload: Mapping[str, Any], pods: list[Mapping[str, Any]], container: str | None, following: Following
) -> str | None:
    """Why the target's pods do not come up. A StatefulSet also waits for a broken pod of the version that it should replace."""
    for identity, text in failing_conditions(workload):
        if identity not in following.old_conditions:
            return text
    ours = [_revision_of(pod, container, following) == following.target for pod in pods]
    found = trouble_of(pod for pod, is_ours in zip(pods, ours, strict=True) if is_ours)
    if found is None and kind is WorkloadKind.STATEFUL_SET:
        others = [pod for pod, is_ours in zip(pods, ours, strict=True) if not is_ours]
        for pod in others:
            broken = trouble_of([pod])
            if broken and ordinal(pod) < first_replaced(workload):
                return (
                    f"{broken}. The partition keeps this pod at the version before, and the StatefulSet waits for it: lower "
                    "spec.updateStrategy.rollingUpdate.partition to go on."
                )
            if broken:
                command = f"kubectl -n {metadata(pod).get('namespace')} delete pod {name_of(pod)}"
                return f"{broken}. The StatefulSet waits for this pod of the version before: delete it to go on ('{command}')."
        return None
    return found


def _on_delete(outdated: list[Mapping[str, Any]]) -> str:
    names = " ".join(name_of(pod) for pod in outdated[:_NAMED]) + (" …" if len(outdated) > _NAMED else "")
    command = f"kubectl -n {metadata(outdated[0]).get('namespace')} delete pod {names}"
    return f"its update strategy is OnDelete, so that a pod is replaced when somebody deletes it ('{command}')"


def _trouble_lines(following: Following, trouble: str | None, slow: str | None, at: datetime) -> list[ProgressLine]:
    """The same kind of trouble with another pod or in other words is no news."""
    if trouble is None and slow is not None and following.slow is None:
        return [ProgressLine(at, f"Not ready yet: {slow}")]
    if trouble is None or (following.trouble is not None and trouble.split(" ")[0] == following.trouble.split(" ")[0]):
        return []
    return [ProgressLine(at, f"Not healthy yet: {trouble}")]


def _state(kind: WorkloadKind, workload: Mapping[str, Any], following: Following, at: datetime) -> tuple[str, str | None]:
    """State of the rollout, and why it is stuck when it is."""
    if digest(mapping(mapping(workload.get("spec")).get("template"))) != following.template:
        return "stuck", f"somebody changed the workload to {_changed_to(workload, following)} meanwhile"
    if unfinished(kind, workload) is None:
        return "complete", None
    if mapping(workload.get("spec")).get("paused"):
        command = f"kubectl -n {metadata(workload).get('namespace')} rollout resume {kind.value.lower()}/{name_of(workload)}"
        return "stuck", f"somebody paused the rollout meanwhile: ask why, then resume it ('{command}')"
    if following.trouble_since is not None and (at - following.trouble_since).total_seconds() >= PATIENCE:
        return "stuck", following.trouble
    return "progressing", None


def _changed_to(workload: Mapping[str, Any], following: Following) -> str:
    version, _unused = template_version(mapping(mapping(workload.get("spec")).get("template")), None)
    return version if version and version != following.target.version else "something else"


def _remaining(following: Following, ready: int, desired: int, at: datetime) -> float | None:
    """Seconds, from the pace so far; None before the first pod is up."""
    up = ready - following.ready_at_start
    if up <= 0 or ready >= desired:
        return None
    return (at - following.started_at).total_seconds() / up * (desired - ready)
