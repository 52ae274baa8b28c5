# SPDX-License-Identifier: GPL-3.0-or-later
"""The eight modules that ask one source each."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest
import yaml
from ansible_collections.devops.incident_response.plugins.module_utils.faces.one_source import source_spec
from ansible_collections.devops.incident_response.plugins.module_utils.model.evidence import Source
from ansible_collections.devops.incident_response.tests.unit.servers import http_server, kubernetes_answers

_PLUGINS = "ansible_collections.devops.incident_response.plugins"
MODULES = {
    "workload_info": Source.WORKLOAD,
    "rollout_info": Source.ROLLOUTS,
    "logs_info": Source.LOGS,
    "metrics_info": Source.METRICS,
    "traces_info": Source.TRACES,
    "dependency_info": Source.DEPENDENCIES,
    "change_info": Source.CHANGES,
    "impact_info": Source.IMPACT,
}


def run(name: str, **options: Any) -> dict[str, Any]:
    """What the module prints, run as Ansible does, in a process of its own."""
    path = importlib.import_module(f"{_PLUGINS}.modules.{name}").__file__
    done = subprocess.run(
        [sys.executable, str(path), json.dumps({"ANSIBLE_MODULE_ARGS": options})],
        capture_output=True,
        timeout=60,
        check=False,
        env={**{key: value for key, value in os.environ.items() if key != "KUBECONFIG"}, "PYTHONPATH": ":".join(sys.path)},
    )
    assert b"Traceback" not in done.stderr + done.stdout
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(("name", "source"), MODULES.items())
def test_the_options_are_those_that_are_described(name: str, source: Source) -> None:
    described = yaml.safe_load(importlib.import_module(f"{_PLUGINS}.modules.{name}").DOCUMENTATION)["options"]
    assert described.keys() <= source_spec(source).keys()
    assert {option: text["default"] for option, text in described.items() if "default" in text} == {
        option: source_spec(source)[option]["default"] for option in described if "default" in source_spec(source)[option]
    }


@pytest.mark.parametrize(("service", "kind"), [("orders-db", "StatefulSet"), ("log-agent", "DaemonSet")])
def test_a_workload_of_another_kind_is_found_by_its_name(service: str, kind: str) -> None:
    with http_server(kubernetes_answers) as server:
        found = run("workload_info", service=service, host=server.url, api_key="a-test-token")
        told = run("workload_info", service=service, host=server.url, api_key="a-test-token", catalogue={"workload_kind": "Deployment"})
    assert (found["workload"]["data"]["kind"], found["workload"]["data"]["name"]) == (kind, service)
    assert f"set workload_kind to {kind}" in told["msg"]


@pytest.mark.parametrize("name", ["workload_info", "rollout_info", "logs_info"])
def test_what_the_cluster_knows(name: str) -> None:
    source = MODULES[name]
    with http_server(kubernetes_answers) as server:
        result = run(name, service="payment-api", host=server.url, api_key="a-test-token")
    assert (result["changed"], result[source.value]["source"], result[source.value]["status"]) == (False, source.value, "ok")
    assert result["findings"]
    assert {finding["source"] for finding in result["findings"]} == {source.value}
    assert {request.method for request in server.requests} == {"GET"}


@pytest.mark.parametrize("name", ["metrics_info", "traces_info", "dependency_info", "impact_info"])
def test_what_is_not_configured_is_skipped_with_the_reason(name: str) -> None:
    found = run(name, service="payment-api")[MODULES[name].value]
    assert (found["status"], found["data"]) == ("skipped", None)
    assert found["reason"]


def test_a_deadline_that_is_none_is_named() -> None:
    result = run("workload_info", service="payment-api", host="http://127.0.0.1:1", deadline=0)
    assert result["failed"] is True
    assert "Option 'deadline'" in result["msg"]
