# Copyright (c) 2026, devops.incident_response contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a workload's controller is: whether it rolls out, what it waits for, whether it has looked at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ..model.service import WorkloadKind
from .objects import Object, count, is_ready, labels_of, mapping, metadata, moment, name_of, sequence

if TYPE_CHECKING:
    from ..model.surroundings import Condition

_COMPLETE = "NewReplicaSetAvailable"
_REVISION = "controller-revision-hash"


def wanted_pods(kind: WorkloadKind, found: Object) -> int:
    """``spec.replicas``; for a DaemonSet, the nodes that want one."""
    if kind is WorkloadKind.DAEMON_SET:
        return count(mapping(found.get("status")).get("desiredNumberScheduled"))
    replicas = mapping(found.get("spec")).get("replicas")
    return 1 if replicas is None else count(replicas)


def pod_counts(kind: WorkloadKind, found: Object) -> tuple[int, int, int, int]:
    """Desired, ready, updated and unavailable pods."""
    status, desired = mapping(found.get("status")), wanted_pods(kind, found)
    if kind is WorkloadKind.DAEMON_SET:
        ready, updated = count(status.get("numberReady")), count(status.get("updatedNumberScheduled"))
        return desired, ready, updated, count(status.get("numberUnavailable"))
    ready, updated = count(status.get("readyReplicas")), count(status.get("updatedReplicas"))
    return desired, ready, updated, max(desired - count(status.get("availableReplicas")), 0)


def in_progress(found: Object, kind: WorkloadKind) -> bool:
    """Whether a rollout is under way, by the rules of ``kubectl rollout status``: one that a partition holds back is over for now, and so
    is one that waits for somebody to delete pods (``OnDelete``)."""
    status = mapping(found.get("status"))
    if count(status.get("observedGeneration")) < count(metadata(found).get("generation")):
        return True
    wanted = wanted_pods(kind, found)
    if kind is WorkloadKind.DAEMON_SET:
        outdated = count(status.get("updatedNumberScheduled")) < wanted and held_back_by(found, kind) is None
        return outdated or count(status.get("numberAvailable")) < wanted
    updated = count(status.get("updatedReplicas"))
    if kind is WorkloadKind.STATEFUL_SET:
        outdated = _outdated(found) and held_back_by(found, kind) is None
        return outdated or count(status.get("readyReplicas")) < wanted
    return updated < wanted or count(status.get("replicas")) > updated or count(status.get("availableReplicas")) < updated


def rolling_out(found: Object, kind: WorkloadKind, conditions: Sequence[Condition]) -> bool:
    """Whether the newest template does not run everywhere yet and its controller goes on: pods that fail afterwards are no rollout."""
    status, wanted = mapping(found.get("status")), wanted_pods(kind, found)
    if kind is WorkloadKind.DEPLOYMENT:
        progress = next((one for one in conditions if one.type == "Progressing"), None)
        if progress is not None:
            return progress.status == "True" and progress.reason != _COMPLETE
        return count(status.get("updatedReplicas")) < wanted or count(status.get("replicas")) > count(status.get("updatedReplicas"))
    if kind is WorkloadKind.DAEMON_SET:
        # Older pods that are still to be replaced; a node that has no pod at all is no part of a rollout.
        return count(status.get("updatedNumberScheduled")) < min(wanted, count(status.get("currentNumberScheduled")))
    return _outdated(found)


def _outdated(stateful_set: Object) -> bool:
    """Whether pods of a StatefulSet have an older template. Under OnDelete its controller never writes down that none has any more."""
    status = mapping(stateful_set.get("status"))
    if mapping(mapping(stateful_set.get("spec")).get("updateStrategy")).get("type") == "OnDelete":
        return count(status.get("updatedReplicas")) < wanted_pods(WorkloadKind.STATEFUL_SET, stateful_set)
    return bool(status.get("updateRevision") != status.get("currentRevision"))


def max_unavailable(found: Object, kind: WorkloadKind) -> int:
    """Pods that a rolling update may take away at once; those of ``Recreate`` are all."""
    spec, wanted = mapping(found.get("spec")), wanted_pods(kind, found)
    strategy = mapping(spec.get("strategy")) or mapping(spec.get("updateStrategy"))
    if strategy.get("type") == "Recreate":
        return wanted
    value = mapping(strategy.get("rollingUpdate")).get("maxUnavailable", 1 if kind is not WorkloadKind.DEPLOYMENT else "25%")
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        return wanted * int(value[:-1]) // 100
    return count(value)


def unobserved_for(found: Object, now: datetime) -> float | None:
    """Seconds since the newest specification was written that the controller has not looked at; None when it has, or when it is not
    known since when."""
    if count(mapping(found.get("status")).get("observedGeneration")) >= count(metadata(found).get("generation")):
        return None
    writes = [
        moment(mapping(entry).get("time"))
        for entry in sequence(metadata(found).get("managedFields"))
        if mapping(entry).get("subresource") != "status"
    ]
    written = max((at for at in writes if at is not None), default=moment(metadata(found).get("creationTimestamp")))
    return max((now - written).total_seconds(), 0.0) if written else None


def waits_at(found: Object, pods: Sequence[Object]) -> str | None:
    """The first pod of a StatefulSet that is not ready, where its controller takes one after the other and others wait behind it.

    A pod of another revision than the newest waits as well: one that an update broke stays broken once the template was mended, since the
    controller replaces none before all are ready. https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
    """
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    if spec.get("podManagementPolicy") == "Parallel" and status.get("updateRevision") == status.get("currentRevision"):
        return None
    by_name = {name_of(pod): pod for pod in pods}
    first = count(mapping(spec.get("ordinals")).get("start"))
    names = [f"{name_of(found)}-{first + number}" for number in range(wanted_pods(WorkloadKind.STATEFUL_SET, found))]
    stuck = next((name for name in names if name not in by_name or not is_ready(by_name[name])), None)
    missing = any(name not in by_name for name in names)
    newest = status.get("updateRevision")
    revisions = [labels_of(by_name[name]).get(_REVISION) for name in names if name in by_name]
    outdated = newest != status.get("currentRevision") or any(one not in (None, newest) for one in revisions)
    return stuck if stuck is not None and len(names) > 1 and (missing or outdated) else None


def first_missing(found: Object, pods: Sequence[Object]) -> str | None:
    """The first pod that a StatefulSet should have and that is not among its ``pods``."""
    there = {name_of(pod) for pod in pods}
    first = count(mapping(mapping(found.get("spec")).get("ordinals")).get("start"))
    names = (f"{name_of(found)}-{first + number}" for number in range(wanted_pods(WorkloadKind.STATEFUL_SET, found)))
    return next((name for name in names if name not in there), None)


def claim_names(found: Object, kind: WorkloadKind) -> tuple[str, ...]:
    """The claims that a StatefulSet makes for its pods, whether they are there yet or not."""
    if kind is not WorkloadKind.STATEFUL_SET:
        return ()
    spec = mapping(found.get("spec"))
    first = count(mapping(spec.get("ordinals")).get("start"))
    return tuple(
        f"{name_of(mapping(template))}-{name_of(found)}-{first + number}"
        for template in sequence(spec.get("volumeClaimTemplates"))
        for number in range(wanted_pods(kind, found))
    )


def claim_classes(found: Object) -> tuple[str, ...]:
    """The StorageClasses that the claims of a StatefulSet name."""
    templates = map(mapping, sequence(mapping(found.get("spec")).get("volumeClaimTemplates")))
    names: Mapping[str, None] = dict.fromkeys(str(mapping(one.get("spec")).get("storageClassName") or "") for one in templates)
    return tuple(name for name in names if name)


def held_back_by(found: Object, kind: WorkloadKind) -> str | None:
    """What keeps pods on an older template though nothing is broken; None while the controller goes on by itself."""
    if kind is WorkloadKind.DEPLOYMENT:
        return None
    spec, status, wanted = mapping(found.get("spec")), mapping(found.get("status")), wanted_pods(kind, found)
    strategy = mapping(spec.get("updateStrategy"))
    if kind is WorkloadKind.DAEMON_SET:
        outdated = count(status.get("updatedNumberScheduled")) < count(status.get("currentNumberScheduled"))
        return "OnDelete" if outdated and strategy.get("type") == "OnDelete" else None
    updated = count(status.get("updatedReplicas"))
    if status.get("updateRevision") == status.get("currentRevision") or updated >= wanted:
        return None
    if strategy.get("type") == "OnDelete":
        return "OnDelete"
    partition = count(mapping(strategy.get("rollingUpdate")).get("partition"))
    return f"partition {partition}" if partition and updated >= wanted - partition else None
