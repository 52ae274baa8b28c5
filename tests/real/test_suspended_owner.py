# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole rollback of what Argo CD owns, killed the moment its application is suspended: the next run says so, with the way back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.contract.ansible_runs import environment
from tests.contract.clusters import Cluster
from tests.contract.real_cluster import real_cluster
from tests.contract.test_rollback import DEPLOYMENT
from tests.real.parts.control_plane import ControlPlane

CRDS = Path(__file__).parent / "parts" / "crds"
SOURCE = {"project": "default", "destination": {"name": "in-cluster"}, "source": {"repoURL": "https://example.com/shop.git", "path": "."}}
AUTOMATED = {"selfHeal": True}


def started(cluster: Cluster, incidents: Path) -> subprocess.Popen[str]:
    wanted = {
        "service": "payment-api",
        "namespace": cluster.namespace,
        "target": "v2.3.0",
        "severity": "critical",
        "kubeconfig": str(cluster.kubeconfigs["admin"]),
        "incidents_dir": str(incidents),
        "rollback_suspend_owner": True,
        "rollback_overrides": ["image", "stability", "schema_compatible", "api_compatible"],
        "rollback_verify": False,
    }
    command = ["ansible-playbook", "--inventory", "localhost,", "devops.incident_response.rollback", "--extra-vars", json.dumps(wanted)]
    return subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_killed_when_the_owner_is_suspended_and_run_again(plane: ControlPlane, tmp_path: Path) -> None:
    plane.kubectl("apply", "--server-side", f"-f={CRDS / 'application.yaml'}")
    plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    cluster = real_cluster(plane)
    cluster.new_namespace()
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    name, group = f"payments-{cluster.namespace}", "argoproj.io/v1alpha1"
    path = f"/apis/{group}/namespaces/{cluster.namespace}/applications"
    spec: dict[str, Any] = {**SOURCE, "syncPolicy": {"automated": AUTOMATED}}
    cluster.client().post(path, {"apiVersion": group, "kind": "Application", "metadata": {"name": name}, "spec": spec})
    tracking = f"{cluster.namespace}_{name}:apps/Deployment:{cluster.namespace}/payment-api"
    cluster.patch(DEPLOYMENT, {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": tracking}}})

    run = started(cluster, tmp_path)
    cluster.until(
        "the suspension",
        lambda: "automated" not in cluster.client().get(f"{path}/{name}")["spec"]["syncPolicy"] or run.poll() is not None,
        120,
    )
    assert run.poll() is None, run.communicate()[0]
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    assert cluster.tag() in ("v2.3.0", "v2.3.1")

    again = started(cluster, tmp_path)
    output = again.communicate(timeout=180)[0]
    assert again.returncode == 0, output
    (record,) = (json.loads(found.read_text(encoding="utf-8")) for found in tmp_path.glob("*.json"))
    assert (cluster.tag(), record["rollback"]["state"]) == ("v2.3.0", "recovered")
    (told,) = record["mitigations"]
    assert (told["action"], told["before"], bool(told["undo"])) == ("suspend_gitops", {"syncPolicy.automated": AUTOMATED}, True)
