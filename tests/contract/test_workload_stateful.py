# SPDX-License-Identifier: GPL-3.0-or-later
"""A StatefulSet that can't go on, of which its controller says nothing: what is in its way has its name in a warning."""

from __future__ import annotations

import re

from plugins.module_utils.model.service import WorkloadKind
from tests.contract.clusters import Cluster
from tests.contract.workload_states import LABELS, Namespace, Object, findings, running, waiting, warnings

STATEFUL_SET = WorkloadKind.STATEFUL_SET


def told(cluster: Cluster, wanted: str) -> bool:
    return any(re.search(wanted, line) for line in warnings(findings(cluster, STATEFUL_SET)))


def pod_of(cluster: Cluster, name: str, tag: str) -> Object:
    """The pod of that name and version, once its status was first written."""

    def there() -> Object | None:
        of_the_name = [pod for pod in cluster.pods() if pod["metadata"]["name"] == name and not pod["metadata"].get("deletionTimestamp")]
        written = [pod for pod in of_the_name if pod["status"].get("containerStatuses")]
        return next((pod for pod in written if pod["spec"]["containers"][0]["image"].endswith(tag)), None)

    return cluster.until(f"{name} of {tag}", there)


def test_a_pod_that_an_update_broke_stays_broken_once_the_template_is_mended(cluster: Cluster) -> None:
    """https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback"""
    space = Namespace(cluster)
    space.service(LABELS, clusterIP="None")
    space.deploy("v1-held", kind=STATEFUL_SET, replicas=2)
    for number in range(2):
        pod = pod_of(cluster, f"payment-api-{number}", "v1-held")
        space.keep_status(pod, running(pod))
    space.ready(2, kind=STATEFUL_SET)
    cluster.roll_out(STATEFUL_SET, "v2-held")
    broken = pod_of(cluster, "payment-api-1", "v2-held")
    space.keep_status(broken, waiting("ImagePullBackOff", "Back-off pulling image")(broken))
    cluster.roll_out(STATEFUL_SET, "v1-held")
    cluster.until("a pod to delete", lambda: told(cluster, r"waits at payment-api-1 \(ImagePullBackOff\): .*deleted by hand"))
    assert pod_of(cluster, "payment-api-1", "v2-held")["metadata"]["uid"] == broken["metadata"]["uid"]


def test_a_name_that_somebody_elses_pod_has(cluster: Cluster) -> None:
    space = Namespace(cluster)
    space.service(LABELS, clusterIP="None")
    spec = {"nodeName": "node-0", "containers": [{"name": "app", "image": "shop/debug:1"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "payment-api-0", "labels": {"run": "debug"}}, "spec": spec}
    cluster.client().post(f"/api/v1/{space.space}/pods", body)
    space.deploy(kind=STATEFUL_SET, replicas=2)
    cluster.until("what is in the way", lambda: told(cluster, r"can't make payment-api-0: another pod of that name already exists"))
