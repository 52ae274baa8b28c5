# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.loki_labels import is_of, level_of, selectors, version_of
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service, WorkloadKind

API = Service("payment-api")
PODS = 'pod=~"payment\\\\-api\\\\-.+"'


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("namespace pod app container", ['{namespace="production", %s}' % PODS]),  # noqa: UP031 - braces
        ("k8s_namespace_name k8s_pod_name service_name", ['{k8s_namespace_name="production", k8s_%s}' % PODS.replace("pod=", "pod_name=")]),  # noqa: UP031
        ("kubernetes_namespace_name kubernetes_pod_name", ['{kubernetes_namespace_name="production", kubernetes_%s}' % PODS.replace("pod=", "pod_name=")]),  # noqa: UP031, E501
        ("pod_namespace pod_name", ['{pod_namespace="production", %s}' % PODS.replace("pod=", "pod_name=")]),  # noqa: UP031
        ("namespace app", ['{namespace="production", app="payment-api"}']),
        ("namespace job", ['{namespace="production", job="production/payment-api"}']),
        ("service_name k8s_deployment_name", ['{k8s_deployment_name="payment-api"}', '{service_name="payment-api"}']),
        ("pod", ["{%s}" % PODS]),  # noqa: UP031
        ("filename", []),
    ],
)  # fmt: skip
def test_each_way_to_label(names: str, expected: list[str]) -> None:
    assert selectors(API, frozenset(names.split()), ()) == expected


def test_what_is_labelled_in_two_ways_is_asked_for_in_both() -> None:
    names = frozenset(("namespace", "pod", "k8s_namespace_name", "k8s_pod_name"))
    assert [query.split("=")[0] for query in selectors(API, names, ())] == ["{namespace", "{k8s_namespace_name"]


@pytest.mark.parametrize(
    ("selector", "app"),
    [
        ("app.kubernetes.io/name=pay,tier=x", '=~"pay|payment\\\\-api"'),
        ("tier=x, app==pay", '=~"pay|payment\\\\-api"'),
        ("tier=x", '="payment-api"'),
        ('app=a"b', '=~"a\\"b|payment\\\\-api"'),
    ],
)
def test_the_label_is_that_of_the_selector(selector: str, app: str) -> None:
    (query,) = selectors(Service("payment-api", selector=selector), frozenset(("namespace", "app")), ())
    assert query == f'{{namespace="production", app{app}}}'


def test_living_pods_are_left_out_by_an_expression_that_stays_short() -> None:
    living = [f"payment-api-7d9f8b6c5-{number:05x}" for number in range(300)]
    (query,) = selectors(API, frozenset(("namespace", "pod")), [*living, "payment-api-0"])
    excluded = re.search(r'pod!~"([^"]+)"', query)
    assert excluded is not None
    assert len(query) < 2500
    pattern = excluded[1].replace("\\\\", "\\")
    assert all(re.fullmatch(pattern, pod) for pod in [*living, "payment-api-0"])
    assert re.fullmatch(pattern, "payment-api-7d9f8b6c5-zzzzz") is None


def test_too_many_living_pods_are_not_named() -> None:
    many = [f"payment-api-{number}" for number in range(5000)]
    assert "!~" not in selectors(API, frozenset(("namespace", "pod")), many)[0]


@pytest.mark.parametrize(
    ("pod", "labels", "kind", "expected"),
    [
        ("payment-api-7d9f8b6c5-x2kfq", {}, "Deployment", True),
        ("payment-api-bcdfghjkl-x2kfq", {}, "Deployment", True),
        ("payment-api-worker-x2kfq", {}, "Deployment", False),  # a DaemonSet payment-api-worker
        ("payment-api-worker-x2kfq", {"app": "payment-api"}, "Deployment", True),
        ("payment-api-worker-x2kfq", {"app": "payment-api-worker"}, "Deployment", False),
        ("payment-api-worker-7d9f8b6c5-x2kfq", {"app": "payment-api"}, "Deployment", False),  # a Deployment payment-api-worker
        ("payment-apis-7d9f8b6c5-x2kfq", {}, "Deployment", False),
        ("payment-api-7d9f8b6c5-x2kfq", {"namespace": "staging"}, "Deployment", False),
        ("payment-api-7d9f8b6c5-x2kfq", {"k8s_namespace_name": "production"}, "Deployment", True),
        ("payment-api-0", {}, "StatefulSet", True),
        ("payment-api-7d9f8b6c5-x2kfq", {}, "StatefulSet", False),
        ("payment-api-x2kfq", {}, "DaemonSet", True),
        ("payment-api-7d9f8b6c5-x2kfq", {}, "DaemonSet", False),
    ],
)
def test_whose_pod_it_is(pod: str, labels: dict[str, str], kind: str, expected: bool) -> None:
    assert is_of(pod, labels, Service("payment-api", workload_kind=WorkloadKind(kind)), ()) is expected


def test_a_name_that_was_cut_is_the_workloads() -> None:
    service = Service("a", workload_name="a-very-long-name-" * 3 + "api")
    assert is_of(f"{service.workload}-7d9f8b6c5"[:58] + "x2kfq", {}, service, ())


def test_the_version() -> None:
    versions = {"7d9f8b6c5": "v1"}
    assert version_of("payment-api-7d9f8b6c5-x2kfq", {"service_version": "v9"}, versions) == "v1"
    assert version_of("payment-api-x2kfq", {"pod_template_hash": "7d9f8b6c5"}, versions) == "v1"
    assert version_of("payment-api-x2kfq", {"service_version": "v9"}, versions) == "v9"
    assert version_of("payment-api-x2kfq", {}, versions) is None


@pytest.mark.parametrize(
    ("labels", "level"),
    [
        ({"severity_text": "Error", "severity_number": "9"}, "Error"),
        ({"severity_number": "17"}, "ERROR"),
        ({"severity_text": "I", "severity_number": "9"}, "INFO"),
        ({"severity_number": "1"}, "TRACE"),
        ({"severity_number": "24"}, "FATAL"),
        ({"level": "warn"}, "warn"),
        ({"severity_text": "I", "severity_number": "0"}, "I"),
        ({"severity_text": "I", "severity_number": "25"}, "I"),
        ({"severity_text": "I", "severity_number": "²"}, "I"),
        ({"severity_number": "-3"}, ""),
        ({"detected_level": "error"}, ""),
        ({}, ""),
    ],
)
def test_the_level_beside_a_line(labels: dict[str, str], level: str) -> None:
    assert level_of(labels) == level
