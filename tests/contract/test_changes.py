# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's repository, read where it lies and from a real git server, tells the same."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lab.repository import create
from lab.scenario.model import Commit
from plugins.module_utils.evidence.changes import changes
from plugins.module_utils.model.rollout import Revision, Rollouts
from plugins.module_utils.model.service import Service
from tests.real.parts.processes import HOST, free_port, processes

START = time.time()
COMMITS = (
    Commit(at=-9000, author="bob", message="First", files={"src/app.py": "1"}, tag="v2.3.0"),
    Commit(at=-7200, author="alice", message="Added: new query", files={"db/migrations/0042_add.sql": "ALTER TABLE t"}),
    Commit(
        at=-6000, author="alice", message="Changed: limits", files={"deploy/values.yaml": "a: 1", "requirements.txt": "x==1"}, tag="v2.3.1"
    ),
)


@pytest.fixture(scope="module")
def place(side: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("git")
    create(directory / "payment-api", COMMITS, START)
    if side == "lab":
        yield str(directory / "payment-api")
        return
    port = free_port()
    url = f"git://{HOST}:{port}/payment-api"
    with processes(directory / "log") as running:
        options = ("--export-all", f"--base-path={directory}", f"--listen={HOST}", f"--port={port}", "--reuseaddr")
        running.start("git", ["git", "daemon", *options])
        running.wait("git", lambda: subprocess.run(["git", "ls-remote", url], capture_output=True).returncode == 0)
        yield url


def history(current: str, previous: str) -> Rollouts:
    at = datetime.fromtimestamp(START, UTC)
    revisions = [Revision(number, version, None, "x", None, at, at, None, number == 2) for number, version in ((2, current), (1, previous))]
    return Rollouts(revisions[0], revisions[1], tuple(revisions), at, False)


def test_what_changed_between_two_versions(place: str) -> None:
    found = changes(Service("payment-api", repository=place), history("v2.3.1", "v2.3.0"), datetime.now(UTC))
    assert [(one.subject, one.author) for one in found.commits] == [("Changed: limits", "alice"), ("Added: new query", "alice")]
    assert (found.migrations, found.configuration) == (("db/migrations/0042_add.sql",), ("deploy/values.yaml",))
    assert (found.libraries, found.authors, found.commits_total, found.notes) == (("requirements.txt",), ("alice",), 2, ())


def test_a_tag_that_is_not_there(place: str) -> None:
    since = datetime.fromtimestamp(START, UTC) - timedelta(seconds=6500)
    found = changes(Service("payment-api", repository=place), history("v9.9.9", "v2.3.0"), since)
    assert ([one.subject for one in found.commits], found.commits_total) == (["Changed: limits"], None)
    assert found.notes[0].startswith("no tag for v9.9.9; these are the commits since")
