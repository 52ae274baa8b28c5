# SPDX-License-Identifier: GPL-3.0-or-later
"""A collection built and installed by Ansible's own commands is whole, works without the checkout, and carries nothing else."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

COLLECTION = "devops.incident_response"
CHECKOUT = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted(path.stem for path in (CHECKOUT / "playbooks").glob("*.yml"))

# Of the checkout, what a user gets. Everything else is for development.
SHIPPED = {
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bindep.txt",
    "changelogs/changelog.yaml",
    "changelogs/config.yaml",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
    "tests/config.yml",
    "tests/sanity",
}
WRITTEN_BY_THE_BUILD = {"FILES.json", "MANIFEST.json"}


def shipped(path: str) -> bool:
    return any(str(parent) in SHIPPED for parent in (PurePosixPath(path), *PurePosixPath(path).parents))


def test_the_artifact_holds_what_ships_and_nothing_else(artifact: Path, tracked: list[str]) -> None:
    with tarfile.open(artifact) as archive:
        inside = {member.name for member in archive.getmembers() if member.isfile()}
    assert inside == {path for path in tracked if shipped(path)} | WRITTEN_BY_THE_BUILD


def test_every_module_is_documented(without_checkout: Callable[..., str], tracked: list[str]) -> None:
    listed = json.loads(without_checkout("ansible-doc", "--type", "module", "--list", "--json", COLLECTION))
    there = {PurePosixPath(path).stem for path in tracked if path.startswith("plugins/modules/")}
    assert set(listed) == {f"{COLLECTION}.{name}" for name in there}
    assert there


def test_every_role_is_documented(without_checkout: Callable[..., str], tracked: list[str]) -> None:
    listed = json.loads(without_checkout("ansible-doc", "--type", "role", "--list", "--json", COLLECTION))
    there = {PurePosixPath(path).parts[1] for path in tracked if path.startswith("roles/") and path.endswith("/tasks/main.yml")}
    assert set(listed) == {f"{COLLECTION}.{name}" for name in there}
    assert there


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_playbook_is_found_by_name(without_checkout: Callable[..., str], playbook: str) -> None:
    without_checkout("ansible-playbook", f"{COLLECTION}.{playbook}", "--syntax-check", "--extra-vars", "service=payment-api")


def test_there_are_playbooks() -> None:
    assert "p0" in PLAYBOOKS
