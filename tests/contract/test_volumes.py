# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that somebody made, the claims that are bound to them, and what is told of those that wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plugins.module_utils.clients.cluster import ObjectNotFound
from plugins.module_utils.model.service import WorkloadKind
from tests.contract.clusters import Cluster
from tests.contract.workload_objects import classless_claim, volume_claim
from tests.contract.workload_states import LABELS, Namespace

Object = dict[str, Any]
VOLUMES = "/api/v1/persistentvolumes"


@pytest.fixture
def space(cluster: Cluster) -> Iterator[Namespace]:
    """Volumes belong to no namespace, and so are not gone with it."""
    yield Namespace(cluster)
    for volume in cluster.client().get(VOLUMES)["items"]:
        if volume["spec"].get("storageClassName") == cluster.namespace:
            cluster.client().delete(f"{VOLUMES}/{volume['metadata']['name']}")


def volume(space: Namespace, name: str, storage: str = "1Gi", **spec: Any) -> str:
    """Its class is called like the namespace, so that no other test's claim takes it."""
    full = f"{name}-{space.cluster.namespace}"
    made = {"capacity": {"storage": storage}, "accessModes": ["ReadWriteOnce"], "storageClassName": space.cluster.namespace}
    body = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": full},
        "spec": {**made, "hostPath": {"path": "/x"}, **spec},
    }
    space.cluster.client().post(VOLUMES, body)
    return full


def claims(space: Namespace) -> str:
    return f"/api/v1/{space.space}/persistentvolumeclaims"


def in_phase(space: Namespace, path: str, phase: str) -> Object:
    """The object, once its status says so."""

    def there() -> Object | None:
        found: Object = space.cluster.client().get(path)
        return found if (found.get("status") or {}).get("phase") == phase else None

    return space.cluster.until(f"{path} is {phase}", there)


def test_a_claim_gets_the_smallest_volume_that_fits(space: Namespace) -> None:
    large, small, tiny = volume(space, "large", "8Gi"), volume(space, "small", "2Gi"), volume(space, "tiny", "500Mi")
    for name in (large, small, tiny):
        in_phase(space, f"{VOLUMES}/{name}", "Available")
    space.cluster.client().post(claims(space), volume_claim("data", space.cluster.namespace))
    bound = in_phase(space, f"{claims(space)}/data", "Bound")
    assert bound["spec"]["volumeName"] == small
    assert bound["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}}
    assert bound["metadata"]["annotations"] == {
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
    }
    taken = in_phase(space, f"{VOLUMES}/{small}", "Bound")
    assert taken["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
    reference = taken["spec"]["claimRef"]
    assert (reference["namespace"], reference["name"], reference["uid"]) == (space.cluster.namespace, "data", bound["metadata"]["uid"])
    assert (taken["spec"]["persistentVolumeReclaimPolicy"], taken["spec"]["volumeMode"]) == ("Retain", "Filesystem")
    in_phase(space, f"{VOLUMES}/{large}", "Available")


def test_a_volume_stays_with_the_data_of_a_claim_that_is_gone(space: Namespace) -> None:
    name = volume(space, "kept", claimRef={"namespace": space.cluster.namespace, "name": "data"})
    space.cluster.client().post(claims(space), volume_claim("data", space.cluster.namespace))
    in_phase(space, f"{claims(space)}/data", "Bound")
    assert "annotations" not in in_phase(space, f"{VOLUMES}/{name}", "Bound")["metadata"]
    space.cluster.client().delete(f"{claims(space)}/data")
    in_phase(space, f"{VOLUMES}/{name}", "Released")
    space.cluster.client().post(claims(space), volume_claim("data", space.cluster.namespace))
    told(space, "data", "ProvisioningFailed")
    assert space.cluster.client().get(f"{claims(space)}/data")["status"] == {"phase": "Pending"}


def told(space: Namespace, claim: str, reason: str) -> str:
    """The message of the event of that reason about a claim."""

    def there() -> str | None:
        events = space.cluster.client().get(f"/api/v1/{space.space}/events")["items"]
        about = [one for one in events if one["involvedObject"]["name"] == claim and one["reason"] == reason]
        return str(about[0]["message"]) if about else None

    return space.cluster.until(f"{reason} about {claim}", there)


@pytest.mark.parametrize(
    ("claim", "reason", "message"),
    [
        (volume_claim("data", "nobodys"), "ProvisioningFailed", 'storageclass.storage.k8s.io "nobodys" not found'),
        (classless_claim("data"), "FailedBinding", "no persistent volumes available for this claim and no storage class is set"),
    ],
    ids=["of a class that is not there", "without a class"],
)
def test_why_a_claim_waits(space: Namespace, claim: Object, reason: str, message: str) -> None:
    space.cluster.client().post(claims(space), claim)
    assert told(space, "data", reason) == message


@pytest.mark.parametrize(
    ("made", "words"),
    [(False, 'persistentvolumeclaim "data" not found'), (True, "pod has unbound immediate PersistentVolumeClaims")],
    ids=["missing", "unbound"],
)
def test_a_pod_waits_for_its_claim(space: Namespace, made: bool, words: str) -> None:
    if made:
        space.cluster.client().post(claims(space), classless_claim("data"))
    space.deploy(replicas=1, pod={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]})

    def refused() -> str | None:
        conditions = [one for pod in space.cluster.pods() for one in pod["status"].get("conditions") or ()]
        return next((str(one["message"]) for one in conditions if one["type"] == "PodScheduled" and one["status"] == "False"), None)

    assert words in space.cluster.until("the scheduler's refusal", refused)


def test_each_pod_of_a_stateful_set_has_its_own_claims_which_outlive_it(space: Namespace) -> None:
    client = space.cluster.client()
    for number in range(2):
        volume(space, f"disk{number}")
    space.service(LABELS, clusterIP="None")
    template = {"metadata": {"name": "data"}, "spec": volume_claim("data", space.cluster.namespace)["spec"]}
    space.deploy(kind=WorkloadKind.STATEFUL_SET, replicas=2, volumeClaimTemplates=[template])
    space.ready(2, kind=WorkloadKind.STATEFUL_SET)
    for pod in space.pods(2):
        (own,) = [one for one in pod["spec"]["volumes"] if one["name"] == "data"]
        assert own["persistentVolumeClaim"] == {"claimName": f"data-{pod['metadata']['name']}"}
        assert client.get(f"{claims(space)}/data-{pod['metadata']['name']}")["metadata"]["labels"] == LABELS
    client.delete(f"/apis/apps/v1/{space.space}/statefulsets/payment-api")
    space.cluster.until("no pods", lambda: not space.cluster.pods())
    assert [one["metadata"]["name"] for one in client.get(claims(space))["items"]] == ["data-payment-api-0", "data-payment-api-1"]
    with pytest.raises(ObjectNotFound):
        client.get(f"{claims(space)}/data-payment-api-2")
