# SPDX-License-Identifier: GPL-3.0-or-later
"""The alerts that a comparison of deployments suggests, read by Prometheus' own promtool."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.analysis.alert_rules import rule_file
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.promql import error_rate, golden_signals, latency
from ansible_collections.devops.incident_response.plugins.module_utils.model.comparison import AlertRule
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service

from tests.real.parts.binaries import program
from tests.real.servers import real_part

HOSTILE = 'v1.0"\n{{ .Labels.job }} }} {{'


Check = Callable[[str], "subprocess.CompletedProcess[str]"]


@contextlib.contextmanager
def _promtool() -> Iterator[Path]:
    yield program("promtool")


@pytest.fixture
def check(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Check]:
    """What promtool says of the text of a rule file."""

    def run(text: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "rules.yml"
        path.write_text(text, encoding="utf-8")
        return subprocess.run([str(promtool), "check", "rules", str(path)], capture_output=True, text=True, timeout=60, check=False)

    with real_part(request, "promtool", _promtool()) as promtool:
        yield run


@pytest.mark.parametrize("version", ["v3.1.5", HOSTILE])
def test_promtool_accepts_the_rule_file(version: str, check: Check) -> None:
    service = Service("user-api")
    golden = {signal.name: signal.now for signal in golden_signals(service)}
    alerts = [
        AlertRule("UserApiErrorRateHigh", f"{error_rate(service, '5m')} > 0.02", 120.0, "Error rate > 2%", "roll back"),
        AlertRule("UserApiLatencyHigh", f"{latency(service, 0.95, '5m')} > 0.19", 300.0, "Latency P95 > 190ms", "investigate"),
        AlertRule("UserApiCpuHigh", f"{golden['cpu']} > 0.9", 600.0, "CPU > 90%", "investigate"),
        AlertRule("UserApiMemoryHigh", f"{golden['memory']} > 0.8", 600.0, "Memory > 80%", "investigate"),
    ]
    found = check(rule_file("user-api", "production", version, alerts))
    assert found.returncode == 0, found.stdout + found.stderr
    assert "4 rules found" in found.stdout


def test_promtool_refuses_what_is_wrong(check: Check) -> None:
    alerts = [AlertRule("UserApiErrorRateHigh", "sum(rate(x[5m]) > 0.02", 120.0, "Error rate > 2%", "roll back")]
    assert check(rule_file("user-api", "production", "v3.1.5", alerts)).returncode != 0
