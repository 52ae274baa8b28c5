# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports in plugins/module_utils point one way: clients, evidence, analysis, decision, rollback, record, and only faces know Ansible."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.source_tree import CHECKOUT, Import, imports, python_files

CORE = ("plugins", "module_utils")

# Everything may import this package and the single files beside the rooms; they import only each other.
FOUNDATION = "model"

# room -> the rooms, besides the foundation and itself, that it may import
ROOMS: dict[str, frozenset[str]] = {
    "clients": frozenset(),
    "evidence": frozenset({"clients"}),
    "analysis": frozenset(),
    "decision": frozenset({"analysis"}),
    "rollback": frozenset({"clients", "evidence", "analysis", "decision"}),
    "record": frozenset({"clients", "evidence", "analysis", "decision", "rollback"}),
    "faces": frozenset({"clients", "evidence", "analysis", "decision", "rollback", "record"}),
}

STANDARD_LIBRARY_ONLY = frozenset({FOUNDATION, "analysis", "decision"})


def violations(root: Path) -> list[str]:
    """What is wrong with the imports of `root`/plugins/module_utils, one line each."""
    found = []
    for path in python_files(root, "plugins/module_utils"):
        # A single file beside the rooms has no further part.
        room = path.parts[2] if len(path.parts) > 3 else FOUNDATION
        if room not in ROOMS and room != FOUNDATION:
            found.append(f"{path} is in no known room")
            continue
        found += [f"{it}: {why}" for it in imports(root, path) if (why := _objection(room, it))]
    return found


def _objection(room: str, it: Import) -> str | None:
    parts = tuple(it.module.split("."))
    if parts[0] == "plugins":
        if parts[:2] != CORE:
            return "the core imports no face"
        target = parts[2] if len(parts) > 2 else FOUNDATION
        allowed = target not in ROOMS or target == room or target in ROOMS.get(room, frozenset())
        return None if allowed else f"{room} may not import {target}"
    if parts[0] == "ansible" and room != "faces":
        return "only faces know Ansible"
    if room in STANDARD_LIBRARY_ONLY and parts[0] not in sys.stdlib_module_names:
        return f"{room} imports only the standard library"
    return None


def test_imports_point_one_way() -> None:
    assert violations(CHECKOUT) == []


@pytest.mark.parametrize(
    ("path", "text", "objection"),
    [
        ("clients/cluster.py", "from ..evidence import pods", "clients may not import evidence"),
        ("evidence/pods.py", "from ..decision.policy import allowed", "evidence may not import decision"),
        ("analysis/onset.py", "from ..evidence.metrics import ask", "analysis may not import evidence"),
        ("analysis/deep/onset.py", "from ...clients import cluster", "analysis may not import clients"),
        ("decision/tree.py", "def f():\n    from ..rollback import plan", "decision may not import rollback"),
        ("model/finding.py", "from ..analysis import onset", "model may not import analysis"),
        ("errors.py", "from .clients import cluster", "model may not import clients"),
        ("units.py", "import yaml", "model imports only the standard library"),
        ("record/store.py", "from ..faces import arguments", "record may not import faces"),
        (
            "rollback/plan.py",
            "import ansible_collections.devops.incident_response.plugins.module_utils.record.store",
            "rollback may not import record",
        ),
        ("faces/run.py", "from ...modules import rollback", "the core imports no face"),
        ("faces/run.py", "from ansible_collections.devops.incident_response.plugins.action import rollback", "the core imports no face"),
        ("clients/cluster.py", "from ansible.module_utils.urls import open_url", "only faces know Ansible"),
        ("decision/tree.py", "import requests", "decision imports only the standard library"),
        ("analysis/onset.py", "import kubernetes.client", "analysis imports only the standard library"),
        ("helpers/text.py", "", "is in no known room"),
    ],
)
def test_a_planted_import_is_found(plant: Callable[[str, str], Path], path: str, text: str, objection: str) -> None:
    root = plant(f"plugins/module_utils/{path}", text)
    found = violations(root)
    assert len(found) == 1
    assert objection in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "evidence/pods.py",
            "from ..clients.cluster import Cluster\nfrom ..model.finding import Finding\nfrom ..errors import X\nimport requests",
        ),
        ("decision/tree.py", "from datetime import datetime\nfrom ..analysis import onset\nfrom . import policy"),
        ("record/store.py", "from ..rollback import plan\nfrom ..clients import cluster"),
        ("faces/run.py", "from ansible.module_utils.basic import AnsibleModule\nfrom ..record import store"),
        ("__init__.py", ""),
        ("model/event.py", "from ..errors import IncidentResponseError\nfrom ..units import format_duration"),
    ],
)
def test_an_allowed_import_passes(plant: Callable[[str, str], Path], path: str, text: str) -> None:
    assert violations(plant(f"plugins/module_utils/{path}", text)) == []
