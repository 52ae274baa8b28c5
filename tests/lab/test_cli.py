# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: up until it is told to end, and then nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CHECKOUT = Path(__file__).parents[2]


def lab(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )


class Up:
    """``python -m lab up`` as a process, with the environment that it wrote."""

    def __init__(self, directory: Path, arguments: Sequence[str]) -> None:
        self.file = directory / "lab.env"
        self.workdir = directory / "work"
        command = [sys.executable, "-m", "lab", "up", "--env-file", str(self.file), "--workdir", str(self.workdir), *arguments]
        self.process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + 180
        while not self.file.exists():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, "it did not get ready"
            time.sleep(0.02)
        self.environment = dict(line.split("=", 1) for line in self.file.read_text().splitlines())

    def end(self, number: int) -> str:
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, output
        return output


@pytest.fixture
def up(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Up]:
    started = Up(tmp_path, getattr(request, "param", ()))
    yield started
    started.process.kill()
    started.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_comes_up_and_goes_without_a_trace(up: Up, number: int) -> None:
    variables = {"KUBECONFIG", "KUBECACHEDIR", "PROMETHEUS_URL", "JAEGER_URL", "REGISTRY_URL", "LAB_CATALOGUE", "ANSIBLE_INVENTORY"}
    assert set(up.environment) == variables | {"LAB_STATE_URL", "LAB_MAILBOX_URL", "LAB_LOKI_URL", "LAB_TEMPO_URL"}
    ports = [urlsplit(value).port for name, value in up.environment.items() if name.endswith("_URL")]
    for port in ports:
        socket.create_connection(("127.0.0.1", port or 0), timeout=10).close()
    output = up.end(number)
    assert "export PROMETHEUS_URL=" in output
    assert "kubectl get pods -n production -l app=payment-api" in output
    assert not up.file.exists()
    assert list(up.workdir.iterdir()) == []
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port or 0), timeout=10)


@pytest.mark.parametrize("up", [("--delay-ms", "150")], indirect=True)
def test_every_server_answers_later_if_that_is_wanted(up: Up) -> None:
    for name, path in (
        ("PROMETHEUS_URL", "/-/healthy"),
        ("JAEGER_URL", "/api/services"),
        ("REGISTRY_URL", "/v2/"),
        ("LAB_MAILBOX_URL", "/"),
    ):
        started = time.perf_counter()
        urllib.request.urlopen(up.environment[name] + path, timeout=10).close()
        assert time.perf_counter() - started >= 0.15, name


@pytest.mark.parametrize("up", [("--scenario", "user-api")], indirect=True)
def test_the_state_is_printed_alike_each_time(up: Up) -> None:
    first, second = (lab("state", LAB_STATE_URL=up.environment["LAB_STATE_URL"]) for _ in range(2))
    assert first.returncode == 0
    assert first.stdout == second.stdout
    assert '"user-api' in first.stdout
    assert '"action": "monitor"' in lab("state", "truth", LAB_STATE_URL=up.environment["LAB_STATE_URL"]).stdout


def test_the_scenarios_are_listed() -> None:
    listed = lab("scenarios").stdout
    assert {"auth-service", "payment-api", "user-api"} <= {line.split()[0] for line in listed.splitlines()}


def test_a_broken_scenario_is_one_line_on_stderr(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text("name: mine\nservices: []\n")
    result = lab("up", "--scenario", str(path))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"lab: {path}:2: services: is no field here; there is 'service'")
    assert result.stderr.count("\n") == 1


def test_the_state_of_no_lab_is_explained() -> None:
    result = lab("state", LAB_STATE_URL="")
    assert result.returncode == 2
    assert "python -m lab up" in result.stderr
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        result = lab("state", LAB_STATE_URL=f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert "is it still running?" in result.stderr
