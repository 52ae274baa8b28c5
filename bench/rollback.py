# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback to its end: our module against `kubectl rollout undo && kubectl rollout status`, on the same workload.

On the real control plane where its programs are in the cache (pods are KWOK's, ready about a second after they are scheduled), else on the
simulated one. Each round rolls a Deployment forward, has one of the two roll it back, and times that.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import report
from bench.lab import simulated_production

_SIZES = (5, 50)
_NAMESPACE = "bench"
_AIM = 1.1
_PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Roll back
      devops.incident_response.rollback:
        service: "{{ service }}"
        namespace: bench
        target: v1
"""


class Place:
    """A cluster, and the kubectl to ask it with."""

    def __init__(self, name: str, kubectl: str, variables: dict[str, str]) -> None:
        self.name = name
        self.variables = {**os.environ, **variables}
        self._kubectl = kubectl

    def kubectl(self, *arguments: str, given: Any = None) -> None:
        done = subprocess.run(
            [self._kubectl, "--namespace", _NAMESPACE, *arguments],
            env=self.variables,
            input=json.dumps(given) if given else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"kubectl {' '.join(arguments)} failed: {done.stderr}")

    def deploy(self, name: str, version: str, pods: int) -> None:
        labels = {"app": name}
        container = {"name": "app", "image": f"bench/app:{version}"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": pods, "selector": {"matchLabels": labels}, "template": template}
        self.kubectl("apply", "-f", "-", given={"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})
        self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=180s")


@contextlib.contextmanager
def place(scratch: Path) -> Iterator[Place]:
    from tests.real.parts.binaries import PartUnavailable, program
    from tests.real.parts.control_plane import control_plane

    try:
        with control_plane(scratch / "control-plane") as plane:
            yield Place("a real control plane with KWOK nodes", str(program("kubectl")), {"KUBECONFIG": str(plane.kubeconfig)})
            return
    except PartUnavailable as error:
        print(f"No real control plane ({error}); measured on the simulated one.", file=sys.stderr)
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        sys.exit("kubectl is not installed, so there is nothing to compare with.")
    with simulated_production("payment-api", 0, scratch) as variables:
        yield Place("the simulated production", kubectl, variables)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rollback", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure to FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, place(Path(directory)) as cluster:
        scratch = Path(directory)
        figures = {pods: _measure(cluster, scratch, pods, options.rounds) for pods in _SIZES}
        print(f"A rollback until it is complete, on {cluster.name}; medians of {options.rounds} rounds.\n")
        print(table(figures))
        print(f"\n{report.machine()}")
    if options.json:
        options.json.write_text(json.dumps({str(pods): found for pods, found in figures.items()}, indent=2) + "\n", encoding="utf-8")


def table(figures: dict[int, dict[str, list[float]]]) -> str:
    """Seconds by pods, and the ratio without what an `ansible-playbook` with one task that does nothing takes."""
    lines = [f"{'':<12}{'ours':>10}{'Ansible':>10}{'kubectl':>10}{'(ours - Ansible) / kubectl':>30}"]
    for pods, found in figures.items():
        ours, start, theirs = (statistics.median(found[key]) for key in ("ours", "nothing", "kubectl"))
        ratio = (ours - start) / theirs
        lines.append(f"{f'{pods} pods':<12}{f'{ours:.2f} s':>10}{f'{start:.2f} s':>10}{f'{theirs:.2f} s':>10}{ratio:>30.2f}")
    return "\n".join([*lines, f"{'aim':<12}{f'at most {_AIM}':>60}"])


def _measure(cluster: Place, scratch: Path, pods: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of each way; they take turns, so that whatever else the machine does falls on all of them alike."""
    if not (scratch / "rollback.yml").exists():
        cluster.kubectl("create", "namespace", _NAMESPACE)
        (scratch / "rollback.yml").write_text(_PLAY, encoding="utf-8")
        (scratch / "nothing.yml").write_text(_PLAY.partition("    - name:")[0] + "    - ansible.builtin.debug:\n", encoding="utf-8")
    name = f"app-{pods}"
    cluster.deploy(name, "v1", pods)

    def kubectl() -> None:
        cluster.kubectl("rollout", "undo", f"deployment/{name}")
        cluster.kubectl("rollout", "status", f"deployment/{name}")

    ways: dict[str, Callable[[], None]] = {
        "ours": lambda: _play(cluster, scratch / "rollback.yml", name),
        "nothing": lambda: _play(cluster, scratch / "nothing.yml", name),
        "kubectl": kubectl,
    }
    found: dict[str, list[float]] = {key: [] for key in ways}
    for turn in range(rounds + 1):
        for key, way in ways.items():
            if key != "nothing":
                cluster.deploy(name, "v2", pods)
            began = time.perf_counter()
            way()
            if turn:
                found[key].append(time.perf_counter() - began)
    return found


def _play(cluster: Place, playbook: Path, name: str) -> None:
    command = ["ansible-playbook", "--inventory", "localhost,", str(playbook), "--extra-vars", json.dumps({"service": name})]
    done = subprocess.run(command, env=cluster.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
