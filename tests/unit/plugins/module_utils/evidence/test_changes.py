# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
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
from ansible_collections.devops.incident_response.tests.unit.servers import tcp_server


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

    return Rollouts(revision(2, current), revision(1, previous) if previous else None, (), START + timedelta(hours=3), False)


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


@pytest.mark.parametrize("repository", [None, ""])
def test_without_a_repository_it_is_skipped(repository: str | None) -> None:
    with pytest.raises(SourceSkippedError):
        changes(Service("payment-api", repository=repository), None, datetime(2025, 1, 1, tzinfo=UTC))


def test_a_version_cannot_become_an_option(clone: Path) -> None:
    found = changes(service(clone), history("--output=/nowhere/x", "--upload-pack=x"), START)
    assert found.notes
    assert len(found.commits) == 3


def test_a_folder_without_git(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="not a git repository"):
        changes(replace(Service("payment-api"), repository=str(tmp_path)), None, START)


@pytest.mark.parametrize(
    "repository", ["ext::sh -c touch% x", "--upload-pack=x", "ssh://-oProxyCommand=x/y", "git@-oProxyCommand=x:y", "fd::7", "ftp://x/y"]
)
def test_what_would_be_a_command_is_refused(repository: str) -> None:
    with pytest.raises(SourceUnavailableError, match="is refused"):
        changes(Service("payment-api", repository=repository), None, datetime(2025, 1, 1, tzinfo=UTC))


def test_a_url_is_fetched(clone: Path) -> None:
    found = changes(Service("payment-api", repository=clone.as_uri()), history("v2.3.1", "v2.3.0"), START)
    assert [entry.subject for entry in found.commits] == ["Changed: processor", "Added: new query"]
    assert (found.migrations, found.commits_total, found.notes) == (("db/migrations/0042_add_column.sql",), 2, ())


@pytest.mark.parametrize("form", ["{}", "sha-{}", "main-{}", "v1.0.0-5-g{}"])
@pytest.mark.parametrize("length", [8, 40])
@pytest.mark.parametrize("by_url", [True, False])
def test_a_version_that_is_a_commit(clone: Path, form: str, length: int, by_url: bool) -> None:
    new, old = (git(clone, "rev-parse", name).strip() for name in ("HEAD", "HEAD~1"))
    place = Service("payment-api", repository=clone.as_uri() if by_url else str(clone))
    found = changes(place, history(form.format(new[:length]), form.format(old[:length])), START)
    assert ([entry.subject for entry in found.commits], found.to_commit) == (["Changed: processor"], new)


def test_a_digest_names_no_commit(clone: Path) -> None:
    found = changes(service(clone), history("sha256:" + "a" * 64, "v2.3.0"), START)
    assert "is an image's digest" in found.notes[0]


def test_a_tag_that_was_moved_after_the_deployment_is_said(clone: Path) -> None:
    commit(clone, "src/late.py", "Late", START + timedelta(hours=9))
    git(clone, "tag", "-f", "v2.3.1")
    found = changes(service(clone), history("v2.3.1", "v2.3.0"), START)
    assert "may have been moved since" in found.notes[0]


def test_a_history_that_was_rewritten_is_said(clone: Path) -> None:
    git(clone, "checkout", "-q", "--orphan", "other")
    commit(clone, "src/b.py", "Anew", START + timedelta(hours=2))
    git(clone, "tag", "v2.4.0")
    found = changes(service(clone), history("v2.4.0", "v2.3.1"), START)
    assert "does not follow" in found.notes[0]


def test_compared_with_another_version(clone: Path) -> None:
    git(clone, "tag", "v2.3.0.1", "HEAD~1")
    found = changes(service(clone), history("v2.3.1", "v2.3.0"), START, compare_with="v2.3.0.1")
    assert ([entry.subject for entry in found.commits], found.from_version) == (["Changed: processor"], "v2.3.0.1")


def test_what_is_cut_is_said(clone: Path) -> None:
    for number in range(32):
        commit(clone, f"migrations/{number:04}_x.sql", f"Number {number}", START + timedelta(hours=2, minutes=number))
    git(clone, "tag", "-f", "v2.3.1")
    found = changes(service(clone), history("v2.3.1", "v2.3.0"), START)
    assert (len(found.commits), found.commits_total, len(found.migrations)) == (30, 34, 20)
    assert found.notes == ("only the newest 30 commits are listed", "only 20 of 33 migrations are listed")


def test_hostile_words_of_a_commit_are_one_printable_line(clone: Path) -> None:
    commit(clone, "src/c.py", "Evil \x1b[31m \x1e\x1f {{ lookup('pipe', 'id') }}", START + timedelta(hours=2))
    git(clone, "tag", "-f", "v2.3.1")
    (first, *_rest) = changes(service(clone), history("v2.3.1", "v2.3.0"), START).commits
    assert not any(ord(sign) < 32 for sign in first.subject)


def test_a_server_that_hangs_is_given_up() -> None:
    ended = threading.Event()
    with tcp_server(lambda _: ended.wait(10)) as address:
        place = Service("payment-api", repository=f"git://{address}/x")
        with pytest.raises(SourceUnavailableError, match="took longer"):
            changes(place, None, START, timeout=0.5)
        ended.set()


def test_a_shallow_clone_says_so(clone: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", clone.as_uri(), str(tmp_path / "shallow"))
    found = changes(service(tmp_path / "shallow"), history("v2.3.1", "v2.3.0"), START)
    assert (len(found.commits), found.notes[0].endswith("; the clone is shallow")) == (1, True)


def test_a_clone_without_files_still_tells_its_commits(clone: Path, tmp_path: Path) -> None:
    git(clone, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=tree:0", clone.as_uri(), str(tmp_path / "partial"))
    found = changes(service(tmp_path / "partial"), history("v2.3.1", "v2.3.0"), START)
    assert [entry.subject for entry in found.commits] == ["Changed: processor", "Added: new query"]
    assert found.notes == ("the clone is partial: which files were changed is not known",)


def test_what_was_taken_back_has_not_changed(clone: Path) -> None:
    git(clone, "revert", "--no-edit", "HEAD~1")
    git(clone, "tag", "v2.3.2")
    found = changes(service(clone), history("v2.3.2", "v2.3.0"), START)
    assert (len(found.commits), found.migrations) == (3, ())


@pytest.mark.parametrize("form", ["main-{}-1700000000", "{}.20251021", "v2.3.1-alpine3.20", "2.3.1-slim-bookworm"])
def test_what_else_a_tag_of_an_image_says(clone: Path, form: str) -> None:
    version = form.format(git(clone, "rev-parse", "--short=9", "HEAD").strip())
    found = changes(service(clone), history(version, "v2.3.0"), START)
    assert (found.commits_total, found.notes) == (2, ())


def test_the_end_of_a_shallow_clone_has_not_made_everything(clone: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", str(shallow))
    found = changes(service(shallow), history("v2.3.1", "v2.3.0"), START)
    assert (len(found.commits), found.commits[0].files, found.migrations) == (1, (), ())
    git(shallow, "fetch", "-q", "--depth", "1", "origin", "tag", "v2.3.0")
    found = changes(service(shallow), history("v2.3.1", "v2.3.0"), START)
    assert (found.commits_total, found.migrations) == (None, ("db/migrations/0042_add_column.sql",))
    assert found.notes == ("the clone is shallow: older commits between v2.3.0 and v2.3.1 may be missing",)


def test_what_was_not_fetched_is_not_counted(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.devops.incident_response.plugins.module_utils.clients.repository.DEPTH", 1)
    found = changes(Service("payment-api", repository=f"file://{clone}"), history("v2.3.1", "v2.3.0"), START)
    assert (found.commits_total, found.migrations) == (None, ("db/migrations/0042_add_column.sql",))
    assert "may be missing" in found.notes[0]


@pytest.mark.parametrize("where", ["{}", "file://{}"])
def test_what_migrations_take_away_is_read_from_them(clone: Path, where: str) -> None:
    git(clone, "config", "uploadpack.allowFilter", "true")
    git(clone, "config", "uploadpack.allowAnySHA1InWant", "true")
    commit(clone, "db/migrations/0043_names.sql", "ALTER TABLE users\n  DROP COLUMN name;\n", START + timedelta(hours=3))
    git(clone, "tag", "v2.3.2")
    found = changes(Service("payment-api", repository=where.format(clone)), history("v2.3.2", "v2.3.1"), START)
    assert found.taken_away == ("db/migrations/0043_names.sql: DROP COLUMN name;",)
    assert changes(service(clone), history("v2.3.1", "v2.3.0"), START).taken_away == ()
