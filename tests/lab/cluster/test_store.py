# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random

import pytest

from lab.cluster.errors import ApiError
from lab.cluster.store import Change, Expired, Store, copied

from .conftest import NOON, workload


@pytest.fixture
def store() -> Store:
    return Store(lambda: NOON, random.Random(1))


def test_seeded_objects_keep_their_age_uid_and_status(store: Store) -> None:
    seeded = workload("Deployment")
    seeded["metadata"] |= {"uid": "u-1", "creationTimestamp": "2026-11-20T00:00:00Z", "generation": 7}
    seeded["status"] = {"readyReplicas": 2}
    stored = store.create(seeded)
    assert stored["metadata"]["creationTimestamp"] == "2026-11-20T00:00:00Z"
    assert (stored["metadata"]["uid"], stored["metadata"]["generation"], stored["status"]) == ("u-1", 7, {"readyReplicas": 2})


def test_defaults_make_a_second_write_of_a_manifest_a_no_op(store: Store) -> None:
    first = store.create(workload("Deployment"))
    again = copied(workload("Deployment"))
    again["metadata"] = copied(first["metadata"])
    again["status"] = {}
    assert store.update(again) is first
    assert first["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": "25%", "maxSurge": "25%"}


def test_only_wishes_raise_the_generation(store: Store) -> None:
    created = store.create(workload("Deployment"))
    observed = store.update(created | {"status": {"replicas": 1}}, status_only=True)
    assert observed["metadata"]["generation"] == 1
    wished = store.update(observed | {"spec": observed["spec"] | {"replicas": 9}})
    assert wished["metadata"]["generation"] == 2


def test_an_old_resource_version_conflicts(store: Store) -> None:
    first = store.create(workload("Deployment"))
    store.update(first | {"spec": first["spec"] | {"replicas": 9}})
    with pytest.raises(ApiError, match=r'^Operation cannot be fulfilled on deployments\.apps "web": the object has been modified'):
        store.update(first | {"spec": first["spec"] | {"replicas": 8}})


def test_dry_runs_store_nothing(store: Store) -> None:
    revision = store.revision
    assert store.create(workload("Deployment"), dry_run=True)["spec"]["replicas"] == 3
    assert (store.revision, store.get("Deployment", "default", "web")) == (revision, None)


def test_changes_are_told_in_order_and_kept_for_watches(store: Store) -> None:
    seen: list[Change] = []
    store.subscribe(seen.append)
    start = store.revision
    created = store.create(workload("Deployment"))
    store.update(created | {"spec": created["spec"] | {"replicas": 9}})
    store.delete("Deployment", "default", "web")
    assert [change.type for change in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert store.changes_after("Deployment", start) == seen
    assert store.changes_after("Pod", start) == []


def test_forgotten_changes_are_expired(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.cluster.store._HISTORY", 2)
    short = Store(lambda: NOON, random.Random(1))
    start = short.revision
    for number in range(3):
        short.create({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": f"c{number}"}})
    with pytest.raises(Expired):
        short.changes_after("ConfigMap", start)
    assert len(short.changes_after("ConfigMap", start + 1)) == 2


def test_an_object_with_finalizers_goes_with_the_last_of_them(store: Store) -> None:
    meta = {"name": "c", "finalizers": ["a"], "deletionTimestamp": "2026-11-23T12:00:00Z"}
    held = store.create({"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta})
    store.update(held | {"metadata": held["metadata"] | {"finalizers": []}})
    assert store.get("ConfigMap", "default", "c") is None
