# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as a user runs them, against the simulated production."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
_START_SECONDS = 180
_RUN_SECONDS = 240
_ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


@dataclass(frozen=True)
class Lab:
    """A running simulated production."""

    variables: Mapping[str, str]

    def state(self) -> dict[str, Any]:
        """Everything that stays as it is as long as nobody changes anything."""
        document: dict[str, Any] = self._get(f"{self.variables['LAB_STATE_URL'].removesuffix('/state')}/state")
        return document

    def messages(self, below: str = "/") -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self._get(f"{self.variables['LAB_MAILBOX_URL']}/messages?to={below}")
        return messages

    def version(self, service: str) -> str:
        """The version that the cluster is told to run."""
        deployment = self.state()["cluster"]["Deployment"][f"production/{service}"]
        image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        return image.rpartition(":")[2]

    def _get(self, url: str) -> Any:
        with urllib.request.urlopen(url, timeout=60) as response:
            return json.load(response)


@dataclass(frozen=True)
class Run:
    """One finished ``ansible-playbook``, in a directory of its own."""

    code: int
    output: str
    directory: Path

    @property
    def records(self) -> list[Path]:
        return sorted((self.directory / "incidents").glob("*.json"))

    def record(self) -> dict[str, Any]:
        (path,) = self.records
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document

    def written(self) -> list[str]:
        return sorted(str(path.relative_to(self.directory)) for path in self.directory.rglob("*") if path.is_file())


Play = Callable[..., Run]


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for ANSIBLE_COLLECTIONS_PATH in which the collection is this checkout."""
    tree = tmp_path_factory.mktemp("collections")
    (tree / "ansible_collections" / "devops").mkdir(parents=True)
    (tree / "ansible_collections" / "devops" / "incident_response").symlink_to(CHECKOUT)
    return tree


@pytest.fixture
def play(tmp_path: Path, collections: Path) -> Play:
    """``play(playbook, *arguments, lab=…)`` runs a playbook of the collection by its name.

    ``kill_when(directory)`` is asked again and again; when it says so, the run and all that it started is killed at once.
    """

    def run(
        playbook: str, *arguments: str, lab: Lab | None = None, console: bool = True, kill_when: Callable[[Path], bool] | None = None
    ) -> Run:
        known = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LAB_", "KUBE", "PROMETHEUS", "JAEGER"))
        }
        variables = {
            **known,
            **(lab.variables if lab else {}),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / ".ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(tmp_path),
            **({"ANSIBLE_STDOUT_CALLBACK": "devops.incident_response.console"} if console else {}),
        }
        directory = tmp_path / "run"
        directory.mkdir(exist_ok=True)
        name = playbook if playbook.endswith(".yml") else f"devops.incident_response.{playbook}"
        command = [str(_ANSIBLE_PLAYBOOK), name, *arguments]
        if kill_when is not None:
            return _killed(command, variables, directory, kill_when)
        finished = subprocess.run(
            command,
            cwd=directory,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )
        return Run(finished.returncode, finished.stdout, directory)

    return run


def _killed(command: list[str], variables: Mapping[str, str], directory: Path, kill_when: Callable[[Path], bool]) -> Run:
    output = directory.parent / "killed.log"
    deadline = time.monotonic() + _RUN_SECONDS
    with output.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=directory, env=dict(variables), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while process.poll() is None and not kill_when(directory) and time.monotonic() < deadline:
            time.sleep(0.005)
        if process.poll() is None:
            _kill(process.pid)
        process.wait(60)
    return Run(process.returncode, output.read_text(encoding="utf-8"), directory)


def _kill(root: int) -> None:
    """That process and all below it. Ansible's workers have sessions of their own, so that no signal reaches them all; stopped, none
    starts another meanwhile."""
    doomed: set[int] = set()
    found = {root}
    while found:
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        doomed |= found
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE, text=True, check=True).stdout
        family = [(int(line.split()[0]), int(line.split()[1])) for line in listed.splitlines()]
        found = {process for process, parent in family if parent in doomed} - doomed
    for process in doomed:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@contextmanager
def running_lab(scenario: str, directory: Path) -> Iterator[Lab]:
    environment_file = directory / "lab.env"
    command = [sys.executable, "-m", "lab", "up", "--scenario", scenario, "--workdir", str(directory), "--env-file", str(environment_file)]
    with (directory / "lab.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(environment_file, process, directory / "lab.log")
            lines = environment_file.read_text(encoding="utf-8").splitlines()
            yield Lab(dict(line.split("=", 1) for line in lines if "=" in line))
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait_for(file: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """The lab writes its environment file when everything is ready."""
    deadline = time.monotonic() + _START_SECONDS
    while not (file.exists() and file.stat().st_size):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the lab did not start:\n{log.read_text(encoding='utf-8')}")
        time.sleep(0.05)


@pytest.fixture
def payment_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """v2.3.1 of the payment API lacks an index; one lab for each test, since the test mends it."""
    with running_lab("payment-api", tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def untouched_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The same production for the tests of a module that must not change anything in it."""
    with running_lab("payment-api", tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def auth_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Redis degrades, and nothing was deployed for two days."""
    with running_lab("auth-service", tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def user_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """v3.1.5 leaks memory, slowly."""
    with running_lab("user-api", tmp_path_factory.mktemp("lab")) as lab:
        yield lab
