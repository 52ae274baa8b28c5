# SPDX-License-Identifier: GPL-3.0-or-later
"""kubectl sees the same in the simulated and in the real cluster, and agrees with the collection about both."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.module_utils.model.service import WorkloadKind
from plugins.module_utils.rollback.apply import apply
from plugins.module_utils.rollback.status import unfinished
from plugins.module_utils.rollback.template import normalised
from tests.contract.clusters import READER, Cluster
from tests.contract.test_rollback import DEPLOYMENT, now, versions_running
from tests.contract.workload_objects import volume_claim
from tests.real.parts.binaries import program

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def kubectl(side: str, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Runs kubectl in the test's namespace. A real cluster's own version; any for the simulated one."""
    command = str(program("kubectl")) if side == "real" else shutil.which("kubectl")
    if command is None:
        pytest.skip("kubectl is not on PATH")
    discovered = tmp_path_factory.getbasetemp() / f"kubectl-{side}"

    def run(*arguments: str, user: str = "admin") -> subprocess.CompletedProcess[str]:
        options = [f"--kubeconfig={cluster.kubeconfigs[user]}", f"--cache-dir={discovered}", f"--namespace={cluster.namespace}"]
        return subprocess.run([command, *options, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    return run


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_a_rollout_is_complete_when_kubectl_says_so(cluster: Cluster, kubectl: Kubectl, kind: WorkloadKind) -> None:
    cluster.history("v1", kind=kind, replicas=3)
    cluster.roll_out(kind, "v2")
    seen: set[bool] = set()
    deadline = time.monotonic() + 40
    while True:
        before = cluster.workload(kind)
        said = kubectl("rollout", "status", f"{kind.value.lower()}/payment-api", "--watch=false").stdout
        if cluster.workload(kind)["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]:
            continue  # they did not look at the same
        done = bool(re.search(r"successfully rolled out|(roll out|rolling update) complete", said))
        assert (unfinished(kind, before) is None) is done, said
        seen.add(done)
        if done:
            break
        assert time.monotonic() < deadline
    assert seen


@pytest.mark.parametrize("kind", list(WorkloadKind))
def test_a_rollback_is_the_one_that_kubectl_would_make(cluster: Cluster, kubectl: Kubectl, kind: WorkloadKind) -> None:
    cluster.history("v1", "v2", "v3", kind=kind, replicas=1)
    undone = kubectl("rollout", "undo", f"{kind.value.lower()}/payment-api", "--to-revision=1")
    assert undone.returncode == 0, undone.stderr
    cluster.complete(kind)
    by_kubectl = cluster.workload(kind)
    cluster.roll_out(kind, "v3")
    cluster.complete(kind)
    apply(cluster.client(), cluster.service(kind), "v1", now, time.sleep)
    cluster.complete(kind)
    by_us = cluster.workload(kind)
    assert normalised(by_us["spec"]["template"]) == normalised(by_kubectl["spec"]["template"])
    assert {**by_us["spec"], "template": None} == {**by_kubectl["spec"], "template": None}
    history = kubectl("rollout", "history", f"{kind.value.lower()}/payment-api").stdout
    assert [line.split()[0] for line in history.splitlines()[2:] if line.strip()] == ["2", "5", "6"], history


def test_what_kubectl_shows(cluster: Cluster, kubectl: Kubectl) -> None:
    cluster.set_log(["starting", "ERROR Database connection timeout"], ["FATAL config key DB_HOST missing"])
    cluster.create(DEPLOYMENT, "v1-restarted", replicas=2)
    cluster.complete()
    rows = kubectl("get", "pods", "-l", "app=payment-api").stdout.splitlines()
    assert rows[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    # A restart is followed by "(2s ago)".
    assert [row.split()[1:4] for row in rows[1:]] == [["1/1", "Running", "1"]] * 2
    (row,) = kubectl("get", "deployment", "payment-api", "--no-headers").stdout.splitlines()
    assert row.split()[:4] == ["payment-api", "2/2", "2", "2"]
    described = kubectl("describe", "deployment", "payment-api").stdout
    assert re.search(r"Replicas:\s+2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable", described)
    assert re.search(r"ScalingReplicaSet.*Scaled up replica set payment-api-\w+ from 0 to 2", described)
    pod = rows[1].split()[0]
    described = kubectl("describe", "pod", pod).stdout
    assert re.search(r"Last State:\s+Terminated\s+Reason:\s+Error\s+Exit Code:\s+1", described)
    assert re.search(r"Restart Count:\s+1", described)
    assert kubectl("logs", pod).stdout.splitlines() == ["starting", "ERROR Database connection timeout"]
    assert kubectl("logs", pod, "--tail=1").stdout.splitlines() == ["ERROR Database connection timeout"]
    assert kubectl("logs", pod, "--previous").stdout.splitlines() == ["FATAL config key DB_HOST missing"]
    assert kubectl("exec", pod, "--", "echo", "hello").stdout == "hello\n"
    assert kubectl("exec", pod, "--", "sh", "-c", "exit 3").returncode == 3
    cluster.set_log([], [])


def test_volumes_that_kubectl_shows(cluster: Cluster, kubectl: Kubectl) -> None:
    client, name, claims = cluster.client(), f"shown-{cluster.namespace}", f"/api/v1/namespaces/{cluster.namespace}/persistentvolumeclaims"
    reference = {"namespace": cluster.namespace, "name": "data"}
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "manual", "claimRef": reference}
    metadata = {"name": name}
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": {**spec, "hostPath": {"path": "/x"}}}
    client.post("/api/v1/persistentvolumes", volume)
    client.post(claims, volume_claim("data", "manual"))
    cluster.until("bound", lambda: client.get(f"{claims}/data")["status"]["phase"] == "Bound")
    heads, row = kubectl("get", "pv", name, "-o", "wide").stdout.splitlines()
    assert re.split(r"  +", heads.strip()) == [
        *("NAME", "CAPACITY", "ACCESS MODES", "RECLAIM POLICY", "STATUS", "CLAIM", "STORAGECLASS"),
        *("VOLUMEATTRIBUTESCLASS", "REASON", "AGE", "VOLUMEMODE"),
    ]
    claim = f"{cluster.namespace}/data"
    assert row.split()[:8] == [name, "1Gi", "RWO", "Retain", "Bound", claim, "manual", "<unset>"]
    (row,) = kubectl("get", "pvc", "data", "--no-headers").stdout.splitlines()
    assert row.split()[:7] == ["data", "Bound", name, "1Gi", "RWO", "manual", "<unset>"]
    client.delete(f"/api/v1/persistentvolumes/{name}")


def test_usage_of_pods(cluster: Cluster, kubectl: Kubectl) -> None:
    cluster.create(DEPLOYMENT, "v1", replicas=1)
    cluster.complete()
    cluster.until("usage", lambda: kubectl("top", "pods").returncode == 0)
    (row,) = kubectl("top", "pods", "--no-headers").stdout.splitlines()
    assert re.fullmatch(r"payment-api-\S+ +[12]m +1Mi *", row)  # a rate, rounded up


def test_kubectl_waits_and_watches(cluster: Cluster, kubectl: Kubectl) -> None:
    cluster.create(DEPLOYMENT, "v1", replicas=1)
    assert kubectl("rollout", "status", "deployment/payment-api", "--timeout=30s").returncode == 0
    assert kubectl("scale", "deployment/payment-api", "--replicas=2").returncode == 0
    assert kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "deployment/payment-api", "--timeout=30s").returncode == 0
    assert kubectl("set", "image", "deployment/payment-api", "app=shop/payment-api:v2").returncode == 0
    assert kubectl("rollout", "status", "deployment/payment-api", "--timeout=30s").returncode == 0
    cluster.complete()
    assert versions_running(cluster) == {"v2"}
    assert kubectl("rollout", "pause", "deployment/payment-api").returncode == 0
    refused = kubectl("rollout", "undo", "deployment/payment-api")
    assert refused.returncode == 1
    assert "paused" in refused.stderr


def test_applying_twice_changes_nothing(cluster: Cluster, kubectl: Kubectl, tmp_path: Path) -> None:
    labels = {"app": "payment-api"}
    container = {"name": "app", "image": "shop/payment-api:v1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    manifest = tmp_path / "deployment.json"
    manifest.write_text(json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "payment-api"}, "spec": spec}))
    said = [kubectl("apply", "-f", str(manifest), *way).stdout.split()[-1] for way in ((), (), ("--server-side", "--force-conflicts"))]
    assert said == ["created", "unchanged", "serverside-applied"]
    cluster.complete()  # a status that is written between the two looks of a comparison is a difference
    assert kubectl("diff", "-f", str(manifest)).returncode == 0
    container["image"] = "shop/payment-api:v2"
    manifest.write_text(manifest.read_text().replace(":v1", ":v2"))
    assert kubectl("apply", "-f", str(manifest), "--dry-run=server").stdout.split()[1] == "configured"
    assert cluster.tag() == "v1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("get", "deployment", "nothing"), 'Error from server (NotFound): deployments.apps "nothing" not found'),
        (("rollout", "undo", "deployment/payment-api", "--to-revision=9"), "error: unable to find specified revision 9 in history"),
        (("get", "pods", "--field-selector=spec.colour=red"), "field label not supported: spec.colour"),
        (("logs", "nothing"), 'pods "nothing" not found'),
        (("get", "wonders"), "the server doesn't have a resource type"),
    ],
)
def test_words_of_refusals(cluster: Cluster, kubectl: Kubectl, arguments: tuple[str, ...], words: str) -> None:
    cluster.create(DEPLOYMENT, "v1", replicas=1)
    cluster.complete()
    refused = kubectl(*arguments)
    assert refused.returncode != 0
    assert words in refused.stderr


def test_what_a_reader_may_do(cluster: Cluster, kubectl: Kubectl) -> None:
    cluster.create(DEPLOYMENT, "v1", replicas=1)
    assert kubectl("auth", "can-i", "list", "pods", user=READER).stdout.strip() == "yes"
    assert kubectl("auth", "can-i", "patch", "deployments.apps", user=READER).stdout.strip() == "no"
    refused = kubectl("rollout", "restart", "deployment/payment-api", user=READER)
    assert refused.returncode == 1
    assert 'cannot patch resource "deployments" in API group "apps"' in refused.stderr
