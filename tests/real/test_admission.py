# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster's own admission would refuse is known before the rollback, and leaves the workload as it was."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.clients.cluster import ClusterError
from plugins.module_utils.evidence.objects import annotations_of
from plugins.module_utils.model.check import Check, Verdict
from tests.contract.clusters import Cluster
from tests.contract.real_cluster import real_cluster
from tests.contract.test_rollback import DEPLOYMENT, roll_back
from tests.contract.test_rollback_admission import rollout_check
from tests.real.parts.control_plane import ControlPlane

GROUP = "admissionregistration.k8s.io/v1"


@pytest.fixture
def cluster(plane: ControlPlane) -> Cluster:
    found = real_cluster(plane)
    found.new_namespace()
    return found


def policy(cluster: Cluster, expression: str, message: str) -> None:
    """Of updates of Deployments in the test's namespace."""
    name, path = f"deny-{cluster.namespace}", f"/apis/{GROUP}"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    validation = {"expression": expression, "message": message}
    spec: dict[str, Any] = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}, "validations": [validation]}
    body = {"apiVersion": GROUP, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}
    cluster.client().post(f"{path}/validatingadmissionpolicies", body)
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": cluster.namespace}}}
    spec = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}
    body = {"apiVersion": GROUP, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": spec}
    cluster.client().post(f"{path}/validatingadmissionpolicybindings", body)


def test_a_policy_against_the_target(cluster: Cluster) -> None:
    cluster.history("v1", "v2", replicas=1)
    assert rollout_check(cluster).verdict is Verdict.PASS
    policy(cluster, "!object.spec.template.spec.containers.exists(c, c.image.endsWith(':v1'))", "v1 has a known vulnerability")
    found = cluster.until("the policy", lambda: (check := rollout_check(cluster)).verdict is Verdict.FAIL and check)
    assert isinstance(found, Check)
    assert (found.title, "v1 has a known vulnerability" in found.detail) == ("The change to v1 (revision 1) would be refused", True)
    with pytest.raises(ClusterError, match="v1 has a known vulnerability"):
        roll_back(cluster, "v1", incident="one")
    assert (cluster.tag(), [name for name in annotations_of(cluster.workload(DEPLOYMENT)) if "incident" in name]) == ("v2", [])


def test_a_webhook_that_does_not_answer(cluster: Cluster) -> None:
    cluster.history("v1", "v2", replicas=1)
    name = f"gone-{cluster.namespace}"
    hook = {
        "name": "gate.example.com",
        "clientConfig": {"url": "https://127.0.0.1:9/admit"},
        "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": cluster.namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail",
        "timeoutSeconds": 2,
    }
    path = f"/apis/{GROUP}/validatingwebhookconfigurations"
    body = {"apiVersion": GROUP, "kind": "ValidatingWebhookConfiguration", "metadata": {"name": name}, "webhooks": [hook]}
    cluster.client().post(path, body)
    try:
        found = cluster.until("the webhook", lambda: (check := rollout_check(cluster)).verdict is Verdict.UNKNOWN and check)
    finally:
        cluster.client().delete(f"{path}/{name}")
    assert isinstance(found, Check)
    assert (found.title, "gate.example.com" in found.detail) == ("The change to v1 (revision 1) may be refused", True)
