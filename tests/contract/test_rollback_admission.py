# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods of the target that the cluster would not admit are known before the rollback; what only pods can have is tried as they have it."""

from __future__ import annotations

from plugins.module_utils.model.check import Check, Verdict
from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.checks import Asked, run_checks
from plugins.module_utils.rollback.plan import make_change
from tests.contract.clusters import Cluster
from tests.contract.test_rollback import DEPLOYMENT, STATEFUL_SET, now


def rollout_check(cluster: Cluster, kind: WorkloadKind = DEPLOYMENT) -> Check:
    change = make_change(cluster.client(), cluster.service(kind), "v1", now())
    checked = run_checks(cluster.client(), cluster.service(kind), change, None, None, Asked())
    return next(check for check in checked.checks if check.name == "rollout")


def test_pods_that_the_namespace_no_longer_admits(cluster: Cluster) -> None:
    """The Deployment would be taken, with a warning; its pods would never come."""
    volume = {"volumes": [{"name": "host", "hostPath": {"path": "/var/log"}}]}
    labels = {"app": "payment-api"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "shop/payment-api:v1"}], **volume}}
    cluster.create(DEPLOYMENT, "v1", replicas=1, template=template)
    cluster.complete()
    without = {**template, "spec": {"containers": [{"name": "app", "image": "shop/payment-api:v2"}]}}
    cluster.client().patch(cluster.path(DEPLOYMENT), [{"op": "replace", "path": "/spec/template", "value": without}])
    cluster.complete()
    assert rollout_check(cluster).verdict is Verdict.PASS
    enforced = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    cluster.client().patch(f"/api/v1/namespaces/{cluster.namespace}", enforced, "application/merge-patch+json")
    found = cluster.until("the label", lambda: (check := rollout_check(cluster)).verdict is Verdict.FAIL and check)
    assert isinstance(found, Check)
    assert found.title == "Pods of v1 (revision 1) would be refused"
    assert "hostPath" in found.detail
    assert not [pod for pod in cluster.pods() if "trial" in pod["metadata"]["name"]]


def test_a_stateful_set_with_claims_is_tried_as_its_pods_would_be(cluster: Cluster) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    container = {"name": "app", "image": "shop/payment-api:v1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    template = {"metadata": {"labels": {"app": "payment-api"}}, "spec": {"containers": [container]}}
    claims = [{"metadata": {"name": "data"}, "spec": claim}]
    cluster.create(STATEFUL_SET, "v1", replicas=0, template=template, volumeClaimTemplates=claims)
    cluster.until("a revision", lambda: cluster.listed("apis/apps/v1/{}/controllerrevisions"))
    cluster.roll_out(STATEFUL_SET, "v2")
    cluster.until("two revisions", lambda: len(cluster.listed("apis/apps/v1/{}/controllerrevisions")) == 2)
    assert rollout_check(cluster, STATEFUL_SET).verdict is Verdict.PASS
