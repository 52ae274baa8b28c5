# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.listing import Listed
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.reactivations import Reactivations
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.snapshot import ClusterSnapshot
from ansible_collections.devops.incident_response.plugins.module_utils.model.codec import format_time
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service, WorkloadKind

START = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)


def at(minutes: float | None) -> datetime | None:
    return None if minutes is None else START + timedelta(minutes=minutes)


def clock(minutes: float) -> str:
    return format_time(START + timedelta(minutes=minutes))


def seen(
    kind: WorkloadKind, after: float, written: float | None, completed: float | None, *pods: float, name: str = "app-1"
) -> datetime | None:
    """When somebody went back to ``name``; times are minutes, those of ``pods`` when each was made."""
    label = "pod-template-hash" if kind is WorkloadKind.DEPLOYMENT else "controller-revision-hash"
    made = [{"metadata": {"labels": {label: "app-1"}, "creationTimestamp": clock(pod)}} for pod in pods]
    fields = {"f:spec": {"f:template": {}}}
    status = {"f:status": {"f:replicas": {}}}
    entries = [{"fieldsV1": status, "time": "2026-11-25T23:00:00Z"}]
    entries += [{"fieldsV1": fields, "time": clock(written)}] if written is not None else []
    complete = (
        [] if completed is None else [{"type": "Progressing", "reason": "NewReplicaSetAvailable", "lastUpdateTime": clock(completed)}]
    )
    workload: dict[str, Any] = {
        "metadata": {"managedFields": entries},
        "status": {"conditions": complete},
    }
    shared = SimpleNamespace(
        service=Service("app", workload_kind=kind), pods=lambda: Listed(tuple(made)), workload_events=lambda: Listed(())
    )
    when = Reactivations(cast(ClusterSnapshot, shared), workload, ("app-1", "app-1"))
    return when(name, START + timedelta(minutes=after))


@pytest.mark.parametrize(
    ("written", "pods", "expected"),
    [
        (10, (11, 12), 10),
        (50, (11, 12), 11),  # something else was written since
        (10, (90,), 10),  # all pods were replaced since
        (50, (-60, 11), 11),  # one pod was never replaced
        (10, (), 10),
        (None, (11, 12), None),
        (-5, (11, 12), None),  # the template was not written after the revision in between: it was not gone back to by that
    ],
)
@pytest.mark.parametrize("kind", [WorkloadKind.STATEFUL_SET, WorkloadKind.DAEMON_SET])
def test_kinds_without_events_of_it(kind: WorkloadKind, written: float | None, pods: tuple[float, ...], expected: float | None) -> None:
    assert seen(kind, 0, written, None, *pods) == at(expected)


@pytest.mark.parametrize(
    ("written", "completed", "pods", "expected"),
    [
        (10, 12, (11,), 11),
        (10, 12, (90,), 10),
        (50, 12, (90,), None),
        (10, None, (11,), 11),
        (None, 12, (90,), None),
    ],
)
def test_a_deployment_whose_events_are_gone(
    written: float | None, completed: float | None, pods: tuple[float, ...], expected: float | None
) -> None:
    assert seen(WorkloadKind.DEPLOYMENT, 0, written, completed, *pods) == at(expected)


@pytest.mark.parametrize("kind", WorkloadKind)
def test_of_an_earlier_revision_pods_tell_nothing(kind: WorkloadKind) -> None:
    assert seen(kind, 0, 10, 12, 11, name="app-2") is None
