# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that are refused, in the words of kube-apiserver's plugins, and what their controllers do about it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from lab.cluster.admission import admitted
from lab.cluster.controllers.context import condition
from lab.cluster.errors import ApiError

from .conftest import Ticking, workload

Object = dict[str, Any]


def limit_range(**limits: Any) -> Object:
    item = {"type": "Container", **limits}
    return {"kind": "LimitRange", "apiVersion": "v1", "metadata": {"name": "m", "namespace": "default"}, "spec": {"limits": [item]}}


def quota(**hard: str) -> Object:
    given = {name.replace("_", "."): amount for name, amount in hard.items()}
    return {"kind": "ResourceQuota", "apiVersion": "v1", "metadata": {"name": "q", "namespace": "default"}, "spec": {"hard": given}}


def pod(resources: Object | None = None, **spec: Any) -> Object:
    container = {"name": "app", "image": "shop/web:v1", **({"resources": resources} if resources else {})}
    meta = {"name": "web", "namespace": "default"}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": {"containers": [container], **spec}}


def refusal(ticking: Ticking, asked: Object) -> str:
    with pytest.raises(ApiError) as caught:
        admitted(ticking.store, asked)
    return caught.value.message


def warnings(ticking: Ticking, reason: str = "FailedCreate") -> list[str]:
    return [event["message"] for event in ticking.store.list("Event") if event["reason"] == reason]


def test_a_limit_range_completes_and_forbids(ticking: Ticking) -> None:
    ticking.store.create(limit_range(max={"memory": "64Mi"}, min={"cpu": "10m"}, default={"cpu": "200m"}, defaultRequest={"cpu": "100m"}))
    filled = admitted(ticking.store, pod())["spec"]["containers"][0]["resources"]
    assert filled == {"limits": {"memory": "64Mi", "cpu": "200m"}, "requests": {"cpu": "100m", "memory": "64Mi"}}
    forbidden = 'pods "web" is forbidden: '
    assert (
        refusal(ticking, pod({"limits": {"memory": "1Gi"}})) == f"{forbidden}maximum memory usage per Container is 64Mi, but limit is 1Gi"
    )
    assert refusal(ticking, pod({"requests": {"cpu": "1m"}})) == f"{forbidden}minimum cpu usage per Container is 10m, but request is 1m"


def test_the_ratio_of_a_limit_to_its_request(ticking: Ticking) -> None:
    ticking.store.create(limit_range(maxLimitRequestRatio={"cpu": "2"}))
    said = refusal(ticking, pod({"limits": {"cpu": "1"}, "requests": {"cpu": "250m"}}))
    assert said.endswith("cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000")
    assert admitted(ticking.store, pod({"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}}))


def test_pod_security(ticking: Ticking) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.30"}
    ticking.store.update({**ticking.store.require("Namespace", None, "default"), "metadata": {"name": "default", "labels": labels}})
    assert admitted(ticking.store, pod())
    assert 'violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true)' in refusal(ticking, pod(hostNetwork=True))
    volume = {"name": "root", "hostPath": {"path": "/"}}
    assert refusal(ticking, pod(volumes=[volume])).endswith('hostPath volumes (volume "root")')


def test_a_quota_of_resources(ticking: Ticking) -> None:
    ticking.store.create(quota(requests_memory="100Mi", limits_cpu="1"))
    assert refusal(ticking, pod()).endswith("failed quota: q: must specify limits.cpu for: app; requests.memory for: app")
    wants = {"requests": {"memory": "60Mi"}, "limits": {"cpu": "200m"}}
    ticking.store.create({**pod(wants), "metadata": {"name": "first", "namespace": "default"}})
    said = refusal(ticking, pod(wants))
    assert said.endswith("exceeded quota: q, requested: requests.memory=60Mi, used: requests.memory=60Mi, limited: requests.memory=100Mi")


def test_webhooks(ticking: Ticking) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        rule = {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["pods"]}
        hook = {"name": "check.example.com", "clientConfig": {"url": f"https://127.0.0.1:{port}/check"}, "rules": [rule]}
        kind = {"kind": "ValidatingWebhookConfiguration", "apiVersion": "admissionregistration.k8s.io/v1"}
        ticking.store.create({**kind, "metadata": {"name": "check"}, "webhooks": [hook]})
        assert admitted(ticking.store, pod()), "one that accepts connections agrees"
    assert f"dial tcp 127.0.0.1:{port}: connect: connection refused" in refusal(ticking, pod())
    ticking.store.update({**ticking.store.require(kind["kind"], None, "check"), "webhooks": [{**hook, "failurePolicy": "Ignore"}]})
    assert admitted(ticking.store, pod())
    elsewhere = {"matchLabels": {"team": "shop"}}
    ticking.store.update({**ticking.store.require(kind["kind"], None, "check"), "webhooks": [{**hook, "namespaceSelector": elsewhere}]})
    assert admitted(ticking.store, pod())


def test_a_deployment_says_that_its_pods_are_refused_until_they_are_not(ticking: Ticking) -> None:
    ticking.store.create(quota(pods="1"))
    ticking.store.create(workload("Deployment"))
    ticking.run(10)
    assert len(ticking.pods()) == 1
    deployment = ticking.store.require("Deployment", "default", "web")
    failure = condition(deployment, "ReplicaFailure")
    assert failure is not None
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1" in failure["message"]
    tries = len(warnings(ticking))
    assert 3 <= tries <= 8, "it tries ever more seldom"
    ticking.store.delete("ResourceQuota", "default", "q")
    ticking.run(30)
    assert len(ticking.pods()) == 3
    assert condition(ticking.store.require("Deployment", "default", "web"), "ReplicaFailure") is None


def test_other_workloads_say_it_too(ticking: Ticking) -> None:
    ticking.store.create(quota(pods="0"))
    ticking.store.create(workload("StatefulSet", serviceName="web"))
    ticking.run(2)
    assert warnings(ticking)[0].startswith('create Pod web-0 in StatefulSet web failed error: pods "web-0" is forbidden: exceeded quota')


def test_a_priority_class_that_is_there(ticking: Ticking) -> None:
    assert refusal(ticking, pod(priorityClassName="gold")).endswith("no PriorityClass with name gold was found")
    assert admitted(ticking.store, pod(priorityClassName="system-cluster-critical"))
    ticking.store.create({"kind": "PriorityClass", "apiVersion": "scheduling.k8s.io/v1", "metadata": {"name": "gold"}, "value": 1})
    assert admitted(ticking.store, pod(priorityClassName="gold"))
