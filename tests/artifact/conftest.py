# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact, built from a checkout that has been worked in, and installed where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

# What work leaves in a checkout, tracked or not, and what must never reach a user.
LEFTOVERS = (
    ".env",
    ".ansible/collections/cached.json",
    ".mypy_cache/3.12/cache.json",
    "dist/devops-incident_response-0.0.1.tar.gz",
    "incidents/2026-01-01-payment-api-outage.json",
    "playbooks/incidents/2026-01-01-payment-api-outage.md",
    "plugins/modules/__pycache__/rollback.cpython-312.pyc",
    "plugins/module_utils/decision/__pycache__/confidence.cpython-312.opt-1.pyc",
    "tests/output/junit/units.xml",
    "venv/bin/python",
)


@pytest.fixture(scope="session")
def tracked() -> list[str]:
    """Paths of the files that git tracks or would track."""
    command = ["git", "-C", str(CHECKOUT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [path for path in listing.split("\0") if path and (CHECKOUT / path).is_file()]


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory, tracked: list[str]) -> Path:
    """The collection's tarball, built by `ansible-galaxy collection build` alone."""
    source = tmp_path_factory.mktemp("worked in, it's old")
    for path in tracked:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / path, source / path)
    for path in LEFTOVERS:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text("left over", encoding="utf-8")
    output = tmp_path_factory.mktemp("artifact")
    _run(["ansible-galaxy", "collection", "build", str(source), "--output-path", str(output)], source, _variables(output))
    return next(output.glob("devops-incident_response-*.tar.gz"))


@pytest.fixture(scope="session")
def installed_collection(tmp_path_factory: pytest.TempPathFactory, artifact: Path) -> Path:
    """A directory for ANSIBLE_COLLECTIONS_PATH that holds the collection as `ansible-galaxy collection install` lays it down."""
    place = tmp_path_factory.mktemp("installed")
    _run(
        ["ansible-galaxy", "collection", "install", str(artifact), "--offline", "--collections-path", str(place)], place, _variables(place)
    )
    return place


@pytest.fixture(scope="session")
def without_checkout(installed_collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """`without_checkout(*command)` runs an Ansible command that sees the installed collection and nothing else; returns its output."""
    directory = tmp_path_factory.mktemp("elsewhere")
    return lambda *command: _run(list(command), directory, _variables(installed_collection))


def _variables(collections: Path) -> dict[str, str]:
    """The environment of a user whose only collections are in that directory, and who has no settings of their own."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_") and key != "PYTHONPATH"}
    return ours | {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_CONFIG": str(CHECKOUT / "tools" / "ansible.cfg"),
        "ANSIBLE_HOME": str(collections / "home"),
    }


def _run(command: list[str], directory: Path, environment: dict[str, str]) -> str:
    result = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return result.stdout
