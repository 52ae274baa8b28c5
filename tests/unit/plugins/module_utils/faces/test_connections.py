# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import IncidentResponseError, InvalidOptionError
from ansible_collections.devops.incident_response.plugins.module_utils.faces.connections import prometheus_from, run, service_from
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import DependencyType, WorkloadKind


def test_with_nothing_but_a_name_everything_has_a_default() -> None:
    service = service_from({"service": "payment-api"})
    assert (service.namespace, service.workload, service.pod_selector, service.job) == (
        "production",
        "payment-api",
        "app=payment-api",
        "payment-api",
    )


def test_the_catalogue_fills_in_and_the_option_wins() -> None:
    entry = {
        "namespace": "shop",
        "workload_kind": "StatefulSet",
        "dependencies": [{"name": "cache", "type": "redis", "address": "cache:6379"}],
        "unknown": 1,
    }
    service = service_from({"service": "db", "namespace": "production", "catalogue": entry})
    assert (service.namespace, service.workload_kind, service.dependencies[0].type) == (
        "shop",
        WorkloadKind.STATEFUL_SET,
        DependencyType.REDIS,
    )
    assert service_from({"service": "db", "namespace": "staging", "catalogue": entry}).namespace == "staging"


@pytest.mark.parametrize(
    ("params", "option"),
    [
        ({"service": "Payment API"}, "service"),
        ({"service": 'x"} or up{'}, "service"),
        ({"service": "a,b=c"}, "service"),
        ({"service": ""}, "service"),
        ({"service": None}, "service"),
        ({"service": "a", "namespace": "../x"}, "namespace"),
        ({"service": "a", "catalogue": {"namespace": "A"}}, "namespace"),
        ({"service": "a", "catalogue": {"workload_name": "../b"}}, "catalogue.workload_name"),
        ({"service": "a", "catalogue": {"workload_kind": "Job"}}, "catalogue.workload_kind"),
        (
            {"service": "a", "catalogue": {"dependencies": [{"name": "x", "type": "smtp", "address": "y"}]}},
            "catalogue.dependencies[0].type",
        ),
        ({"service": "a", "catalogue": {"metrics": {"requests": 3}}}, "catalogue.metrics.requests"),
    ],
)
def test_what_is_wrong_is_named(params: dict[str, Any], option: str) -> None:
    with pytest.raises(InvalidOptionError) as raised:
        service_from(params)
    assert raised.value.details["option"] == option


def test_prometheus_needs_a_url() -> None:
    assert prometheus_from({}) is None
    with pytest.raises(InvalidOptionError, match="prometheus_url"):
        prometheus_from({"prometheus_url": "prometheus:9090"})


class Module:
    """What AnsibleModule is to ``run``."""

    def __init__(self) -> None:
        self.failed: dict[str, Any] = {}
        self.result: dict[str, Any] = {}

    def fail_json(self, **fields: Any) -> None:
        self.failed = fields

    def exit_json(self, **fields: Any) -> None:
        self.result = fields


def fails_with(error: Exception) -> Module:
    module = Module()

    def function() -> dict[str, Any]:
        raise error

    run(module, function)
    return module


def test_an_error_leaves_as_one_message_with_its_details() -> None:
    assert fails_with(IncidentResponseError("What to do.", near=["a"])).failed == {"msg": "What to do.", "near": ["a"]}


def test_a_result_leaves_as_it_is() -> None:
    module = Module()
    run(module, lambda: {"changed": False})
    assert (module.result, module.failed) == ({"changed": False}, {})


@pytest.mark.parametrize(("name", "package"), [("kubernetes.client", "kubernetes"), ("requests", "prometheus-api-client")])
def test_a_missing_library_says_what_to_install(name: str, package: str) -> None:
    assert package in fails_with(ImportError("no", name=name)).failed["msg"]


def test_a_library_that_is_not_ours_is_a_bug() -> None:
    with pytest.raises(ImportError):
        fails_with(ImportError("no", name="something_else"))
