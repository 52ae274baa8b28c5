# SPDX-License-Identifier: GPL-3.0-or-later
"""What a face loads before it asks anything: Ansible compiles each file of a collection anew in every run."""

from __future__ import annotations

import subprocess
import sys

import pytest

OURS = "ansible_collections.devops.incident_response.plugins.module_utils."
LIBRARIES = {"kubernetes", "pg8000", "prometheus_api_client", "requests", "sqlglot", "urllib3", "yaml"}


def loaded_by(*statements: str) -> set[str]:
    """The rooms and files of ours, and the libraries, that a fresh interpreter holds after ``statements``."""
    program = "\n".join(["import sys", *statements, "print('\\n'.join(sys.modules))"])
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=60, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True
    )
    return {name.removeprefix(OURS) for name in run.stdout.split() if name.startswith(OURS) or name in LIBRARIES}


def test_a_diagnosis_loads_no_source_and_no_judge_before_it_begins() -> None:
    found = loaded_by(f"import {OURS}faces.diagnostics")
    assert not LIBRARIES & found
    assert {name for name in found if name.startswith("evidence.")} == {
        f"evidence.{name}" for name in ("listing", "objects", "skipped", "snapshot")
    }
    assert not {name for name in found if name.startswith(("analysis.", "decision.", "rollback."))}


@pytest.mark.parametrize("source", ["traces", "dependencies"])
def test_postgresql_is_only_loaded_for_those_who_have_one(source: str) -> None:
    assert not {name for name in loaded_by(f"import {OURS}evidence.{source}") if "postgresql" in name or "statements" in name}


def test_a_rollback_loads_nothing_that_only_follows_it() -> None:
    found = loaded_by(f"import {OURS}faces.rollback")
    assert not LIBRARIES & found
    assert not {"rollback.progress", "rollback.watch", "rollback.stir", "model.surroundings", "evidence.pods", "record.redaction"} & found


def test_a_usual_login_takes_no_more_than_what_sends_requests() -> None:
    access = f"{OURS}clients.cluster_access"
    found = loaded_by(f"import {access} as access", "access.enter(access.ClusterAccess(host='https://cluster'))")
    assert LIBRARIES & found == {"urllib3"}
