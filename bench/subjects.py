# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: four ways of working, each as the commands that a person would run, and what keeps one from being measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench import by_hand
from bench.kubernetes_core import NotAvailableError, collections_directory

_BENCH = Path(__file__).resolve().parent
_PLAYBOOKS = _BENCH.parent / "playbooks"
_RECOMMENDATION = "➜"

SERVICE = "payment-api"
NAMESPACE = "production"


class FailedError(Exception):
    """A command that is measured failed, so its time says nothing; the message holds its output."""


@dataclass(frozen=True, slots=True)
class Subject:
    """`measure(variables)` runs it once against the lab that these environment variables name, and returns seconds.

    `missing` says why it cannot be measured on this machine.
    """

    key: str
    title: str
    measure: Callable[[Mapping[str, str]], float]
    missing: str | None = None


def subjects(scratch: Path, cache: Path) -> list[Subject]:
    """The four of them. `scratch` takes what they write; `cache` keeps what is fetched for later runs."""
    absent = [name for name in ("kubectl", "git", "curl") if shutil.which(name) is None]
    try:
        collections, why_not = str(collections_directory(cache)), None
    except NotAvailableError as error:
        collections, why_not = "", str(error)
    return [
        Subject("a", "p0.yml, until the recommendation is on screen", lambda variables: _recommendation(variables, scratch)),
        Subject(
            "b",
            "ten kubectl and git commands, six curl queries",
            _by_hand,
            f"{' and '.join(absent)} not installed" if absent else None,
        ),
        Subject("c", "ansible-playbook doing nothing", lambda variables: _playbook(_BENCH / "nothing.yml", variables, [])),
        Subject("d", "kubernetes.core and uri tasks that fetch the same", lambda variables: _tasks(variables, collections), why_not),
    ]


def _recommendation(variables: Mapping[str, str], scratch: Path) -> float:
    return recommendation(variables, scratch).seconds


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds until the recommendation was on screen, and bytes of the largest process."""

    seconds: float
    memory: int


def recommendation(variables: Mapping[str, str], scratch: Path, **options: object) -> Run:
    """Runs p0.yml to its end, without a rollback and with further ``options``. FailedError where it fails or gives no recommendation."""
    extra = {"service": SERVICE, "rollback": False, "incidents_dir": str(scratch / "incidents"), **options}
    command = ["ansible-playbook", str(_PLAYBOOKS / "p0.yml"), "--extra-vars", json.dumps(extra)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(variables), cwd=scratch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    seen_after = None
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        if seen_after is None and _RECOMMENDATION in line:
            seen_after = time.perf_counter() - started
        lines.append(line)
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or seen_after is None:
        raise FailedError(f"p0.yml ended with {process.returncode}, recommendation seen: {seen_after is not None}\n{''.join(lines)}")
    return Run(seen_after, usage.ru_maxrss * 1024)


def _by_hand(variables: Mapping[str, str]) -> float:
    commands = by_hand.commands(SERVICE, NAMESPACE, _repository(variables), int(time.time() * 1000))
    started = time.perf_counter()
    for command in commands:
        _run(["bash", "-o", "pipefail", "-c", command], variables)
    return time.perf_counter() - started


def _tasks(variables: Mapping[str, str], collections: str) -> float:
    extra = {
        "service": SERVICE,
        "namespace": NAMESPACE,
        "repository": _repository(variables),
        "queries": by_hand.metric_queries(SERVICE),
        "trace_requests": by_hand.trace_requests(SERVICE, int(time.time() * 1000)),
    }
    return _playbook(_BENCH / "tasks.yml", {**variables, "ANSIBLE_COLLECTIONS_PATH": collections}, ["--extra-vars", json.dumps(extra)])


def _playbook(path: Path, variables: Mapping[str, str], options: list[str]) -> float:
    started = time.perf_counter()
    # The lab's inventory is the service catalogue, which these playbooks have no use for.
    _run(["ansible-playbook", "--inventory", "localhost,", str(path), *options], variables)
    return time.perf_counter() - started


def _repository(variables: Mapping[str, str]) -> str:
    catalogue = yaml.safe_load(Path(variables["LAB_CATALOGUE"]).read_text(encoding="utf-8"))
    return str(catalogue["services"][SERVICE]["repository"])


def _run(command: list[str], variables: Mapping[str, str]) -> None:
    result = subprocess.run(command, env=dict(variables), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode:
        raise FailedError(f"{' '.join(command)} ended with {result.returncode}\n{result.stdout}{result.stderr}")
