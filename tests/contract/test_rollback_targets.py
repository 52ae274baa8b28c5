# SPDX-License-Identifier: GPL-3.0-or-later
"""Which revision a target means in histories that are out of the ordinary, and what is said where it means none."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.errors import NotFoundError
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.plan import RollbackRefusedError, make_change
from tests.contract.ansible_runs import module
from tests.contract.clusters import Cluster
from tests.contract.test_rollback import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, now, roll_back
from tests.contract.test_rollback_modules import OURS, options

OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")
REPOSITORY = "registry.example.com:5000/shop/payment-api"


def template(image: str, labels: dict[str, str] | None = None, **container: Any) -> dict[str, Any]:
    named = {"name": "app", "image": image, **container}
    return {"metadata": {"labels": {"app": "payment-api", **(labels or {})}}, "spec": {"containers": [named]}}


def set_template(cluster: Cluster, given: dict[str, Any], kind: WorkloadKind = DEPLOYMENT) -> None:
    cluster.client().patch(cluster.path(kind), [{"op": "replace", "path": "/spec/template", "value": given}])
    cluster.complete(kind)


def meant(cluster: Cluster, target: str) -> int:
    return make_change(cluster.client(), cluster.service(), target, now(), hurried=True).target.number


def test_an_image_by_its_digest_and_by_its_whole_reference(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENT, "v1", replicas=1, template=template(f"{REPOSITORY}@{OLD}"))
    cluster.complete()
    set_template(cluster, template(f"{REPOSITORY}:v2@{NEW}"))
    for target in (OLD, f"{REPOSITORY}@{OLD}", "1", "previous"):
        assert meant(cluster, target) == 1, target
    for target in (NEW, f"{REPOSITORY}:v2@{NEW}", "v2"):
        assert meant(cluster, target) == 2, target
    with pytest.raises(NotFoundError, match="is not in the rollout history"):
        meant(cluster, f"sha256:{'c' * 64}")
    done = module(f"{OURS}.rollback", options(cluster, target=OLD))
    assert (done["failed"], done.get("state")) == (False, "verifying"), done.get("msg")
    assert cluster.workload(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"] == f"{REPOSITORY}@{OLD}"


def test_the_tag_of_an_image_whose_version_is_a_label(cluster: Cluster) -> None:
    version = "app.kubernetes.io/version"
    cluster.create(DEPLOYMENT, "v1", replicas=1, template=template("shop/payment-api:build-55", {version: "1.0.0"}))
    cluster.complete()
    set_template(cluster, template("shop/payment-api:build-60", {version: "1.1.0"}))
    assert [meant(cluster, target) for target in ("1.0.0", "v1.0.0", "build-55", "build-60")] == [1, 1, 1, 2]


def test_a_version_that_several_revisions_had_is_told(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENT, "v2.3.0", replicas=1)
    cluster.complete()
    set_template(cluster, template("shop/payment-api:v2.3.0", env=[{"name": "FEE", "value": "2"}]))
    cluster.roll_out(DEPLOYMENT, "v2.4.0")
    cluster.complete()
    notes = make_change(cluster.client(), cluster.service(), "v2.3.0", now()).plan.notes
    assert notes == ("Revision 1 had v2.3.0 too, with another template; this is the newest. Name a number for another.",)
    assert make_change(cluster.client(), cluster.service(), "1", now()).plan.notes == ("Passes over v2.3.0 (revision 2).",)


def test_a_workload_that_keeps_no_history(cluster: Cluster) -> None:
    cluster.history("v1", "v2", replicas=1, revisionHistoryLimit=0)
    cluster.until("one revision", lambda: len(cluster.listed("apis/apps/v1/{}/replicasets")) == 1)
    for target in ("v1", "previous", "latest-stable"):
        with pytest.raises(NotFoundError, match=r"keeps none before it \(spec.revisionHistoryLimit\)"):
            roll_back(cluster, target)
    assert cluster.tag() == "v2"


def test_a_workload_that_is_being_deleted_is_left_alone(cluster: Cluster) -> None:
    cluster.history("v1", "v2", replicas=1)
    cluster.patch(DEPLOYMENT, {"metadata": {"finalizers": ["example.com/held"]}})
    cluster.client().delete(cluster.path(DEPLOYMENT))
    try:
        with pytest.raises(RollbackRefusedError, match="is being deleted since"):
            roll_back(cluster, "v1")
        assert cluster.tag() == "v2"
    finally:
        cluster.patch(DEPLOYMENT, {"metadata": {"finalizers": None}})


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET, DAEMON_SET])
def test_containers_that_were_renamed_added_and_made_sidecars(cluster: Cluster, kind: WorkloadKind) -> None:
    """Nothing is merged: what the target did not have goes, what it had comes back as it was."""
    spec = {
        "containers": [{"name": "app", "image": "shop/payment-api:v1", "env": [{"name": "POD", "value": "one"}]}],
        "initContainers": [{"name": "wait", "image": "shop/wait:1"}, {"name": "logs", "image": "shop/logs:1", "restartPolicy": "Always"}],
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    labels = {"metadata": {"labels": {"app": "payment-api"}}}
    cluster.create(kind, "v1", replicas=1, template={**labels, "spec": spec})
    cluster.complete(kind)
    before = cluster.workload(kind)["spec"]["template"]
    named = {"fieldRef": {"fieldPath": "metadata.name"}}
    other = {
        "containers": [
            {"name": "server", "image": "shop/payment-api:v2", "env": [{"name": "POD", "valueFrom": named}]},
            {"name": "proxy", "image": "envoy:9"},
        ],
        "initContainers": [{"name": "logs", "image": "shop/logs:2"}],
        "volumes": [{"name": "data", "configMap": {"name": "rates", "optional": True}}],
    }
    set_template(cluster, {**labels, "spec": other}, kind)
    assert roll_back(cluster, "1" if kind is DEPLOYMENT else "v1", kind).changed
    cluster.complete(kind)
    assert cluster.workload(kind)["spec"]["template"] == before
