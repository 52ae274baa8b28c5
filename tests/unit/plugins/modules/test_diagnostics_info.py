# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.devops.incident_response.plugins.module_utils.errors import InvalidOptionError
from ansible_collections.devops.incident_response.plugins.module_utils.faces.diagnostics import DIAGNOSTICS, diagnostics_from
from ansible_collections.devops.incident_response.plugins.module_utils.model.diagnostics import Diagnostics
from ansible_collections.devops.incident_response.plugins.modules import diagnostics_info
from ansible_collections.devops.incident_response.tests.unit.servers import HttpServer, Reply, closed_port, http_server, kubernetes_answers


def module(**options: Any) -> dict[str, Any]:
    """Runs the module as Ansible does, in a process of its own; the JSON that it prints."""
    arguments = {"ANSIBLE_MODULE_ARGS": {"_ansible_check_mode": True, **options}}
    done = subprocess.run(
        [sys.executable, diagnostics_info.__file__, json.dumps(arguments)],
        capture_output=True,
        timeout=60,
        check=False,
        env={**{name: value for name, value in os.environ.items() if name != "KUBECONFIG"}, "PYTHONPATH": ":".join(sys.path)},
    )
    assert b"Traceback" not in done.stderr + done.stdout
    return json.loads(done.stdout)


def ask(server: HttpServer, **options: Any) -> dict[str, Any]:
    return module(service="payment-api", host=server.url, api_key="a-test-token", **options)


def test_it_changes_nothing_and_returns_what_was_seen() -> None:
    with http_server(kubernetes_answers) as server:
        result = ask(server)
    assert result["changed"] is False
    found = result["diagnostics"]
    assert [found[name]["status"] for name in ("workload", "rollouts", "logs", "metrics")] == ["ok", "ok", "ok", "skipped"]
    assert {request.method for request in server.requests} == {"GET"}


def test_secrets_do_not_leave() -> None:
    log = b"2026-11-23T22:55:00Z ERROR login failed password=hunter2-secret for alice@example.com\n"
    with http_server(lambda request: Reply(200, log) if request.path.endswith("/log") else kubernetes_answers(request)) as server:
        result = ask(server, sources=["logs"])
    assert result["diagnostics"]["logs"]["data"]["patterns"][0]["count"] == 7
    assert "hunter2" not in json.dumps(result)
    assert "alice@example.com" not in json.dumps(result)


def test_logs_of_pods_that_are_gone_come_from_loki() -> None:
    at = str(int(datetime.now(UTC).timestamp() - 60) * 10**9)
    stream = {"stream": {"pod": "payment-api-0-gone", "container": "payment-api"}, "values": [[at, "FATAL out of sockets"]]}
    found = {"status": "success", "data": {"resultType": "streams", "result": [stream]}}
    with http_server(kubernetes_answers) as server, http_server(lambda _: Reply(200, found)) as loki:
        seen = ask(server, sources=["logs"], loki_url=loki.url, loki_tenant="team-a")["diagnostics"]["logs"]
        loki.faults["/"] = "500"
        without = ask(server, sources=["logs"], loki_url=loki.url)["diagnostics"]["logs"]
    assert loki.requests[0].headers["x-scope-orgid"] == "team-a"
    assert (seen["status"], seen["data"]["containers"]) == ("ok", 8)
    assert (seen["data"]["patterns"][0]["level"], seen["data"]["patterns"][0]["template"]) == ("FATAL", "out of sockets")
    assert (without["status"], without["data"]["containers"]) == ("partial", 7)
    assert "Loki at http://127.0.0.1" in without["reason"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timeframe": "soon"}, "Option 'timeframe'"),
        ({"timeframe": "0h"}, "Option 'timeframe'"),
        ({"log_window": "15"}, "Option 'log_window'"),
        ({"deadline": 0}, "Option 'deadline'"),
        ({"source_timeout": -1}, "Option 'source_timeout'"),
        ({"namespace": "a/b"}, "Option 'namespace'"),
        ({"prometheus_url": "nowhere"}, "Option 'prometheus_url'"),
        ({"jaeger_url": "nowhere"}, "Option 'jaeger_url'"),
        ({"loki_url": "nowhere"}, "Option 'loki_url'"),
        ({"loki_url": "http://loki:3100", "loki_tenant": "a\r\nX-Other: b"}, "Option 'loki_tenant'"),
        ({"catalogue": {"workload_kind": "Pod"}}, "catalogue.workload_kind': 'Pod'"),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_asked(options: dict[str, Any], words: str) -> None:
    defaults = {name: spec.get("default") for name, spec in DIAGNOSTICS.items()}
    with http_server(kubernetes_answers) as server:
        params = {**defaults, "service": "payment-api", "host": server.url, **options}
        with pytest.raises(InvalidOptionError, match=words):
            diagnostics_from(params, datetime.now(UTC))
    assert server.requests == []


def test_a_wrong_option_is_one_message() -> None:
    result = module(service="payment-api", timeframe="soon")
    assert (result["failed"], result["option"]) == (True, "timeframe")


def test_an_unreachable_cluster_is_one_message() -> None:
    result = module(service="payment-api", host=f"http://127.0.0.1:{closed_port()}")
    assert "connection refused" in result["msg"]


def test_a_missing_kubeconfig_is_one_message(tmp_path: Path) -> None:
    result = module(service="payment-api", kubeconfig=str(tmp_path / "none"))
    assert "Set 'kubeconfig'" in result["msg"]


def test_documentation_and_argument_spec_agree() -> None:
    documented = yaml.safe_load(diagnostics_info.DOCUMENTATION)["options"]
    for name, option in documented.items():
        spec = DIAGNOSTICS[name]
        assert (option["type"], option.get("default"), option.get("choices")) == (spec["type"], spec.get("default"), spec.get("choices")), (
            name
        )
    returned = yaml.safe_load(diagnostics_info.RETURN)["diagnostics"]["contains"]
    assert list(returned) == list(Diagnostics.__dataclass_fields__)
