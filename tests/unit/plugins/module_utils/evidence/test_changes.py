# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.changes import changes
from ansible_collections.devops.incident_response.plugins.module_utils.evidence.skipped import SourceSkippedError
from ansible_collections.devops.incident_response.plugins.module_utils.model.rollout import Revision, Rollouts
from ansible_collections.devops.incident_response.plugins.module_utils.model.service import Service
from ansible_collections.devops.incident_response.tests.unit.git_history import START, commit, git, new_repository


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    path = new_repository(tmp_path / "clone")
    commit(path, "src/a.py", "First", START)
    git(path, "tag", "v2.3.0")
    commit(path, "db/migrations/0042_add_column.sql", "Added: new query", START + timedelta(hours=1))
    commit(path, "src/processor.py", "Changed: processor", START + timedelta(hours=2))
    git(path, "tag", "v2.3.1")
    return path


def history(current: str | None, previous: str | None) -> Rollouts:
    def revision(number: int, version: str | None) -> Revision:
        return Revision(number, version, None, "x", None, START, START, None, number == 2)

    return Rollouts(revision(2, current), revision(1, previous) if previous else None, (), START, False)


def service(clone: Path) -> Service:
    return Service("payment-api", repository=str(clone))


def test_commits_between_the_two_versions(clone: Path) -> None:
    found = changes(service(clone), history("v2.3.1", "v2.3.0"), START)
    assert [entry.subject for entry in found.commits] == ["Changed: processor", "Added: new query"]
    assert (found.migrations, found.notes) == (("db/migrations/0042_add_column.sql",), ())


@pytest.mark.parametrize("prefix", ["", "payment-api/", "payment-api-", "payment-api@"])
@pytest.mark.parametrize(("tag", "version"), [("9.0.0", "v9.0.0"), ("v9.0.0", "9.0.0")])
def test_tags_with_or_without_v_and_service(clone: Path, prefix: str, tag: str, version: str) -> None:
    git(clone, "tag", f"{prefix}{tag}")
    found = changes(service(clone), history(version, "v2.3.0"), START)
    assert (len(found.commits), found.notes) == (2, ())


def test_without_a_tag_the_latest_commits_and_a_note(clone: Path) -> None:
    found = changes(service(clone), history("v9.9.9", "v2.3.0"), START + timedelta(minutes=90))
    assert [entry.subject for entry in found.commits] == ["Changed: processor"]
    assert found.notes[0].startswith("no tag for v9.9.9")


def test_going_back_is_said(clone: Path) -> None:
    found = changes(service(clone), history("v2.3.0", "v2.3.1"), START)
    assert (found.commits, found.notes) == ((), ("v2.3.0 has no commits that v2.3.1 has not: it is the older one",))


def test_without_rollouts_the_versions_are_unknown(clone: Path) -> None:
    found = changes(service(clone), None, START)
    assert len(found.commits) == 3
    assert "versions are unknown" in found.notes[0]


@pytest.mark.parametrize("repository", [None, "", "https://git.example.com/payments.git", "git@git.example.com:payments.git", "ssh://x/y"])
def test_what_is_no_local_clone_is_skipped(repository: str | None) -> None:
    with pytest.raises(SourceSkippedError):
        changes(Service("payment-api", repository=repository), None, datetime(2025, 1, 1, tzinfo=UTC))


def test_a_version_cannot_become_an_option(clone: Path) -> None:
    found = changes(service(clone), history("--output=/nowhere/x", "--upload-pack=x"), START)
    assert found.notes
    assert len(found.commits) == 3


def test_a_folder_without_git(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="not a git repository"):
        changes(replace(Service("payment-api"), repository=str(tmp_path)), None, START)
