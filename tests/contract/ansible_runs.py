# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules and playbooks by Ansible's own commands, in a process of their own, as a user would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import collection_tree

_CLEAN = re.compile(r"^(ANSIBLE_|KUBECONFIG$|PROMETHEUS_URL$|JAEGER_URL$)")


def environment(**more: str) -> dict[str, str]:
    """None of the user's own settings, and the collection of this checkout."""
    kept = {name: value for name, value in os.environ.items() if not _CLEAN.match(name)}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": programs, "ANSIBLE_COLLECTIONS_PATH": str(collection_tree.linked_tree()), "ANSIBLE_NOCOLOR": "1", **more}


def module(name: str, options: Mapping[str, Any], *, check: bool = False, **variables: str) -> dict[str, Any]:
    """The result of one task on this machine; a failure is a result with `failed`."""
    command = ["ansible", "localhost", "--inventory", "localhost,", "--connection", "local", "--module-name", name]
    command += ["--args", json.dumps(dict(options)), "--extra-vars", json.dumps({"ansible_python_interpreter": sys.executable})]
    done = subprocess.run(
        [*command, *(["--check"] if check else [])],
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return _result(done.stdout, done.stderr)


def playbook(name: str, directory: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code and output of a playbook of the collection, run in `directory` with the console's output."""
    shown = {"ANSIBLE_STDOUT_CALLBACK": "devops.incident_response.console", "ANSIBLE_LOCAL_TEMP": str(directory / ".ansible")}
    done = subprocess.run(
        ["ansible-playbook", f"devops.incident_response.{name}", *arguments],
        cwd=directory,
        env=environment(HOME=str(directory), **shown, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
    )
    return done.returncode, done.stdout


def _result(output: str, errors: str) -> dict[str, Any]:
    """The document behind `localhost | SUCCESS => {` or `localhost | FAILED! => {`."""
    found = re.search(r"^localhost \| (\S+) => (\{.*\})\s*$", output, re.MULTILINE | re.DOTALL)
    assert found, f"no result in the output:\n{output}\n{errors}"
    document: dict[str, Any] = json.loads(found[2])
    return {**document, "failed": found[1] == "FAILED!"}
