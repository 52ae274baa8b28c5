# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the project's checks one after another, and says at the end how each went: `check.py [--only NAME,NAME]`.

A check that fails does not stop the ones after it.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cache
import collection_tree

_PLUGINS = "ansible_collections.devops.incident_response.plugins"


@dataclass(frozen=True, slots=True)
class Check:
    """`name` selects it; its commands run in the checkout, unless `directory` says otherwise, and all have to succeed."""

    name: str
    title: str
    commands: tuple[tuple[str, ...], ...]
    directory: Path = cache.CHECKOUT


@dataclass(frozen=True, slots=True)
class Result:
    check: Check
    passed: bool
    took_s: float


def checks() -> tuple[Check, ...]:
    tree = collection_tree.linked_tree()
    mypy = ("mypy", "--config-file", str(cache.CHECKOUT / "pyproject.toml"), "--cache-dir", str(cache.CHECKOUT / ".mypy_cache"))
    on_copy = ("python", str(cache.CHECKOUT / "tools" / "on_copy.py"))

    def pytest(name: str, title: str, *options: str) -> Check:
        return Check(name, title, (("python", "-m", "pytest", *options, f"tests/{name}"),))

    # These wait more than they compute.
    side_by_side = ("--numprocesses", "2", "--dist", "loadfile")
    # Otherwise files with many tests would come first, and what takes long comes in few tests.
    in_their_order = "--no-loadscope-reorder"

    return (
        Check("lint", "ruff", (("ruff", "check"), ("ruff", "format", "--check"))),
        Check("types", "mypy, the core", ((*mypy, "--strict", "-p", f"{_PLUGINS}.module_utils"),), tree),
        Check("types-tools", "mypy, around the core", ((*mypy, "lab", "bench", "evaluate"), (*mypy, "tools"))),
        Check("ansible-lint", "ansible-lint, production profile", ((*on_copy, "ansible-lint"),)),
        Check("changelog", "changelog fragments", (("antsibull-changelog", "lint"),)),
        Check("sanity", "ansible-test sanity", ((*on_copy, "ansible-test", "sanity"),)),
        Check("unit", "ansible-test units", ((*on_copy, "ansible-test", "units"),)),
        pytest("architecture", "rules of the code base"),
        pytest("tooling", "the make targets' own tools"),
        pytest("bench", "the benchmark's own parts"),
        pytest("evaluate", "the evaluation's own parts"),
        pytest("lab", "simulated production"),
        pytest("contract", "simulated production, held to what a real one does", *side_by_side, in_their_order),
        pytest("faults", "every source before every fault", *side_by_side),
        # Every test has a cluster of its own, and one file's tests take most of the time.
        pytest("rollback", "rollbacks in the simulated cluster", "--numprocesses", "2", "--dist", "worksteal"),
        pytest("artifact", "build and install"),
        pytest("playbooks", "playbooks against the simulated production", *side_by_side),
    )


def run(check: Check) -> Result:
    started = time.monotonic()
    passed = True
    for command in check.commands:
        print(f"\n=== {check.name}: {shlex.join(command)}", flush=True)
        passed = subprocess.run(command, cwd=check.directory, stdin=subprocess.DEVNULL, check=False).returncode == 0 and passed
    return Result(check, passed, time.monotonic() - started)


def summary(results: list[Result]) -> str:
    rows = [f"  {'ok    ' if it.passed else 'FAILED'} {it.check.name:<13} {it.took_s:5.0f} s  {it.check.title}" for it in results]
    failed = sum(not it.passed for it in results)
    return "\n".join(["", "=== Summary", *rows, "", f"{len(results) - failed} passed, {failed} failed"])


def main() -> int:
    known = checks()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME,NAME", help=", ".join(check.name for check in known))
    only = set(filter(None, parser.parse_args().only.split(",")))
    if unknown := only - {check.name for check in known}:
        parser.error(f"no check is called {', '.join(sorted(unknown))}; there are: {', '.join(check.name for check in known)}")
    results = [run(check) for check in known if not only or check.name in only]
    print(summary(results), flush=True)
    return int(any(not result.passed for result in results))


if __name__ == "__main__":
    sys.exit(main())
