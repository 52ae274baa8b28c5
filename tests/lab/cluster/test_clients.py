# SPDX-License-Identifier: GPL-3.0-or-later
"""The official Python client and kubectl, used as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kubernetes import client, config, dynamic, stream, watch

from .conftest import READER, Live, workload

NAMESPACE = "default"


@pytest.fixture(scope="module")
def api(live: Live) -> Iterator[client.ApiClient]:
    code, _ = live.call("POST", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", workload("Deployment", replicas=2))
    assert code == 201
    live.wait(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", lambda obj: obj.get("status", {}).get("readyReplicas") == 2)
    with config.new_client_from_config(str(live.kubeconfig())) as made:
        yield made


def a_pod(api: client.ApiClient) -> str:
    pods = client.CoreV1Api(api).list_namespaced_pod(NAMESPACE, label_selector="app=web", field_selector="status.phase=Running")
    return str(pods.items[0].metadata.name)


def test_typed_and_dynamic_clients(api: client.ApiClient) -> None:
    apps = client.AppsV1Api(api)
    assert apps.read_namespaced_deployment("web", NAMESPACE).status.ready_replicas == 2
    deployments = dynamic.DynamicClient(api).resources.get(api_version="apps/v1", kind="Deployment")
    assert deployments.get(name="web", namespace=NAMESPACE).spec.replicas == 2
    with pytest.raises(client.ApiException) as raised:
        apps.read_namespaced_deployment("nope", NAMESPACE)
    assert raised.value.status == 404


def test_watch(api: client.ApiClient) -> None:
    events = watch.Watch().stream(client.CoreV1Api(api).list_namespaced_pod, NAMESPACE, label_selector="app=web", timeout_seconds=1)
    assert {event["type"] for event in events} == {"ADDED"}


@pytest.mark.parametrize(("command", "stdout", "code"), [(["echo", "hi"], "web: echo hi\n", 0), (["false"], "", 3)])
def test_exec(api: client.ApiClient, command: list[str], stdout: str, code: int) -> None:
    connect = client.CoreV1Api(api).connect_get_namespaced_pod_exec
    options = {"stdout": True, "stderr": True, "stdin": False, "tty": False}
    session = stream.stream(connect, a_pod(api), NAMESPACE, command=command, _preload_content=False, **options)
    session.run_forever(timeout=10)
    assert (session.read_stdout() if code == 0 else "", session.returncode) == (stdout, code)


Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def kubectl(api: client.ApiClient, live: Live, tmp_path: Path) -> Kubectl:
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not on PATH")

    def run(*arguments: str, token: str = "admin-token") -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"KUBECONFIG": str(live.kubeconfig(token)), "KUBECACHEDIR": str(tmp_path)}
        return subprocess.run([found, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("get deployments,pods,nodes -o wide", "deployment.apps/web"),
        ("get deployment web -o jsonpath={.status.readyReplicas}", "2"),
        ("describe deployment web", "NewReplicaSetAvailable"),
        ("describe node node-0", "Allocated resources"),
        ("logs -l app=web --tail=1 --prefix", "line 29"),
        ("logs deployment/web --since=1000000h --timestamps", "line 0"),
        ("rollout history deployment/web", "REVISION"),
        ("rollout status deployment/web", "successfully rolled out"),
        ("top pods", "64Mi"),
        ("top nodes", "node-0"),
        ("exec deployment/web -- echo hi", "web: echo hi"),
        ("auth can-i delete pods", "yes"),
        ("events", "ScalingReplicaSet"),
        ("explain deployment", "KIND:       Deployment"),
    ],
)
def test_kubectl_reads(kubectl: Kubectl, arguments: str, expected: str) -> None:
    done = kubectl(*arguments.split(" "))
    assert expected in done.stdout, done.stderr
    assert done.returncode == 0


def test_kubectl_carries_the_exit_status_and_refusals(kubectl: Kubectl) -> None:
    assert kubectl("exec", "deployment/web", "--", "false").returncode == 3
    refused = kubectl("get", "deployments", token=READER.token)
    assert 'User "jane" cannot list resource "deployments" in API group "apps"' in refused.stderr


def test_kubectl_rolls_out_and_back(kubectl: Kubectl, tmp_path: Path) -> None:
    manifest = tmp_path / "two.yaml"
    text = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: two}
spec:
  replicas: 2
  selector: {matchLabels: {app: two}}
  template:
    metadata: {labels: {app: two}}
    spec: {containers: [{name: two, image: "two:v1"}]}
"""
    manifest.write_text(text)
    steps = [
        ("apply -f MANIFEST", "created"),
        ("apply -f MANIFEST", "unchanged"),
        ("rollout status deployment/two", "successfully rolled out"),
        ("set image deployment/two two=two:v2", "image updated"),
        ("rollout status deployment/two", "successfully rolled out"),
        ("rollout history deployment/two --revision=2", "two:v2"),
        ("rollout undo deployment/two --to-revision=1", "rolled back"),
        ("rollout status deployment/two", "successfully rolled out"),
        ("get deployment two -o jsonpath={..image}", "two:v1"),
        ("rollout pause deployment/two", "paused"),
        ("rollout resume deployment/two", "resumed"),
        ("rollout restart deployment/two", "restarted"),
        ("scale deployment/two --replicas=1", "scaled"),
        ("annotate deployment/two note=yes", "annotated"),
        ("apply --server-side --force-conflicts -f MANIFEST", "serverside-applied"),
        ("cordon node-1", "cordoned"),
        ("uncordon node-1", "uncordoned"),
        ("delete deployment two", "deleted"),
    ]
    for arguments, expected in steps:
        done = kubectl(*arguments.replace("MANIFEST", str(manifest)).split(" "))
        assert expected in done.stdout, (arguments, done.stdout, done.stderr)
