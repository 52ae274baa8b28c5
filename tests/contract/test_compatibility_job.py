# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that checks compatibility in a Job: what it runs as, what its end means, and that nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.model.check import Check, Verdict
from plugins.module_utils.model.service import CheckPlace, Service
from plugins.module_utils.rollback.check_job import KEPT
from plugins.module_utils.rollback.checks import Asked, run_checks
from plugins.module_utils.rollback.plan import make_change
from tests.contract.ansible_runs import module
from tests.contract.clusters import READER, Cluster
from tests.contract.test_rollback import DEPLOYMENT, now
from tests.contract.test_rollback_modules import OURS, options

ROOT = Path(__file__).resolve().parents[2]
JOBS = "apis/batch/v1/{}/jobs"
_RUN = """
import json, sys
from plugins.modules.rollback_check import check
print("ready", flush=True)
check(json.loads(sys.argv[1]), False)
"""


def service(cluster: Cluster, *command: str) -> Service:
    return replace(cluster.service(), schema_check=command, checks_run_in=CheckPlace.JOB)


def schema(cluster: Cluster, *command: str, user: str = "admin", timeout: float = 20.0) -> Check:
    ours = service(cluster, *command)
    change = make_change(cluster.client(), ours, "v2.3.0", now())
    checked = run_checks(cluster.client(user), ours, change, None, None, Asked(timeout=timeout, attempts=()))
    return next(check for check in checked.checks if check.name == "schema_compatible")


def nothing_stays(cluster: Cluster, seconds: float = 20.0) -> None:
    cluster.until("no Job", lambda: not cluster.listed(JOBS), seconds)
    cluster.until("no pod of a Job", lambda: not [pod for pod in cluster.pods() if "job-name" in pod["metadata"]["labels"]], seconds)


@pytest.mark.parametrize(
    ("command", "verdict", "words"),
    [("echo", Verdict.PASS, "'echo fits v2.3.0' in Job payment-api-check-"), ("false", Verdict.FAIL, "says no to v2.3.0")],
)
def test_the_end_of_the_job_is_the_answer(cluster: Cluster, command: str, verdict: Verdict, words: str) -> None:
    cluster.set_log(["fits v2.3.0"], [])
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    found = schema(cluster, command, "fits")
    cluster.set_log([], [])
    assert found.verdict is verdict, found.detail
    assert words in found.detail
    assert "with the image of v2.3.0" in found.detail
    assert found.detail.rpartition(": ")[2].startswith("fits v2.3.0")
    nothing_stays(cluster)


def test_what_never_ends_is_unknown(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    found = schema(cluster, "sleep", timeout=3.0)
    assert (found.verdict, "did not end within 3 s" in found.detail) == (Verdict.UNKNOWN, True), found.detail
    nothing_stays(cluster)


def test_an_image_that_cant_be_pulled_is_told_at_once(cluster: Cluster) -> None:
    cluster.create(DEPLOYMENT, "v2.3.0-nopull", replicas=1)
    cluster.until("the first revision", lambda: len(cluster.pods()) == 1)
    cluster.roll_out(DEPLOYMENT, "v2.3.1")
    cluster.complete()
    ours = service(cluster, "echo")
    change = make_change(cluster.client(), ours, "previous", now())
    began = time.monotonic()
    checked = run_checks(cluster.client(), ours, change, None, None, Asked(timeout=30.0, attempts=()))
    found = next(check for check in checked.checks if check.name == "schema_compatible")
    assert found.verdict is Verdict.UNKNOWN
    assert "ImagePull" in found.detail
    assert time.monotonic() - began < 25
    nothing_stays(cluster)


def test_who_may_not_make_jobs_is_told_the_right(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    found = schema(cluster, "echo", user=READER)
    assert (found.verdict, "create and delete for jobs.batch" in found.detail) == (Verdict.UNKNOWN, True)


def test_in_check_mode_the_cluster_only_tries_it(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    entry = {"schema_check": ["echo", "fits"], "checks_run_in": "job"}
    checked = module(f"{OURS}.rollback_check", options(cluster, target="v2.3.0", catalogue=entry), check=True)
    found = next(check for check in checked["checks"] if check["name"] == "schema_compatible")
    assert (found["verdict"], "not run in check mode" in found["detail"]) == ("unknown", True)
    assert cluster.listed(JOBS) == []


def test_it_runs_as_the_target_would_and_takes_no_requests(cluster: Cluster) -> None:
    """With the target's account, environment and configuration; without labels of the service, init containers and claims."""
    for kind, name in (("configmaps", "rates"), ("secrets", "keys")):
        body = {"apiVersion": "v1", "kind": kind.capitalize()[:-1].replace("Configmap", "ConfigMap"), "metadata": {"name": name}}
        cluster.client().post(f"/api/v1/namespaces/{cluster.namespace}/{kind}", body)
    cluster.client().post(
        f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "payments"}},
    )
    cluster.history("v2.2.0", replicas=1)
    container = {
        "name": "app",
        "image": "shop/payment-api:v2.3.0",
        "env": [{"name": "DATABASE", "value": "db:5432"}],
        "volumeMounts": [{"name": "rates", "mountPath": "/rates"}, {"name": "data", "mountPath": "/data"}],
        "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
    }
    pod = {
        "serviceAccountName": "payments",
        "imagePullSecrets": [{"name": "keys"}],
        "initContainers": [{"name": "migrate", "image": "shop/migrate:v1"}],
        "containers": [container],
        "volumes": [{"name": "rates", "configMap": {"name": "rates"}}, {"name": "data", "hostPath": {"path": "/data"}}],
    }
    cluster.client().patch(cluster.path(DEPLOYMENT), {"spec": {"template": {"spec": pod}}}, "application/strategic-merge-patch+json")
    ours, seen = service(cluster, "sleep"), []
    client = cluster.client()
    post = client.post

    def observed(path: str, body: Any, *more: Any) -> dict[str, Any]:
        made = post(path, body, *more)
        seen.extend([made] if made["kind"] == "Job" else [])
        return made

    client.post = observed  # type: ignore[method-assign]
    cluster.until("the second revision", lambda: len(cluster.listed("apis/apps/v1/{}/replicasets")) == 2)
    cluster.roll_out(DEPLOYMENT, "v2.3.1")
    cluster.complete()
    change = make_change(cluster.client(), ours, "2", now())
    run_checks(client, ours, change, None, None, Asked(timeout=1.0, attempts=()))
    (job,) = seen
    spec, template = job["spec"], job["spec"]["template"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (0, 1, KEPT)
    assert "app" not in template["metadata"]["labels"]
    made = template["spec"]
    assert (made["serviceAccountName"], made["imagePullSecrets"], made["restartPolicy"]) == ("payments", [{"name": "keys"}], "Never")
    assert "initContainers" not in made
    assert [volume["name"] for volume in made["volumes"]] == ["rates"]
    (ran,) = made["containers"]
    assert (ran["command"], ran["image"]) == (["sleep", "v2.3.0"], "shop/payment-api:v2.3.0")
    assert ran["env"] == [{"name": "DATABASE", "value": "db:5432"}]
    assert [mount["name"] for mount in ran["volumeMounts"]] == ["rates"]
    assert "livenessProbe" not in ran
    nothing_stays(cluster)


def test_a_run_that_is_killed_leaves_a_job_that_the_cluster_removes(cluster: Cluster) -> None:
    cluster.history("v2.3.0", "v2.3.1", replicas=1)
    params = {
        **options(cluster, target="v2.3.0", catalogue={"schema_check": ["sleep"], "checks_run_in": "job"}, check_timeout=3.0),
        **dict.fromkeys(("approval", "incident", "attempts", "registry_url", "prometheus_url")),
        "suspend_owner": False,
        "acceptable_unknown": [],
    }
    run = subprocess.Popen(
        [sys.executable, "-c", _RUN, json.dumps(params)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        cluster.until("the Job", lambda: cluster.listed(JOBS) or run.poll() is not None)
        assert run.poll() is None, run.stderr.read() if run.stderr else ""
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait(10)
    nothing_stays(cluster, KEPT + 30.0)
