# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.repository import Repository
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.tests.unit.git_history import START, commit, git, new_repository


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    path = new_repository(tmp_path / "a repository")
    for hour, (version, name) in enumerate((("v1.0.0", "src/a.py"), ("1.1.0", "migrations/0002_ünï.sql"))):
        commit(path, name, f"Release {version}\n\nbody", START + timedelta(hours=hour))
        git(path, "tag", "-a", "-m", "x", version)
    return path


def test_tags_point_to_commits_whether_annotated_or_not(clone: Path) -> None:
    git(clone, "tag", "light", "v1.0.0^{commit}")
    tags = Repository(str(clone)).tags(["v1.0.0", "light", "none", "v*"])
    assert set(tags) >= {"v1.0.0", "light"}
    assert tags["v1.0.0"] == tags["light"]


def test_commits_between_two_tags(clone: Path) -> None:
    (found,) = Repository(str(clone)).commits(after="v1.0.0", upto="1.1.0")
    assert (found.subject, found.files, found.at) == ("Release 1.1.0", ("migrations/0002_ünï.sql",), START + timedelta(hours=1))
    assert "\x1b" not in found.author


def test_commits_since_a_time(clone: Path) -> None:
    assert [found.subject for found in Repository(str(clone)).commits(since=START + timedelta(minutes=30))] == ["Release 1.1.0"]


def test_the_repositorys_own_settings_run_nothing(clone: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for setting in ("core.fsmonitor", "core.pager", "diff.external"):
        git(clone, "config", setting, f"touch {marker}")
    Repository(str(clone)).commits()
    assert not marker.exists()


def test_git_in_the_environment_points_nowhere_else(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert len(Repository(str(clone)).commits()) == 2


def test_a_folder_that_is_no_repository_keeps_gits_words(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="not a git repository"):
        Repository(str(tmp_path)).commits()


def test_a_folder_that_is_not_there_names_the_field() -> None:
    with pytest.raises(SourceUnavailableError, match="correct 'repository'"):
        Repository("/nowhere/at/all")


def test_a_file_as_a_tag_has_it(clone: Path) -> None:
    repository = Repository(str(clone))
    assert repository.show("v1.0.0", "src/a.py") == (clone / "src/a.py").read_text(encoding="utf-8")
    for tag, path in (("v1.0.0", "migrations/0002_ünï.sql"), ("v9", "src/a.py"), ("--output=x", "src/a.py")):
        with pytest.raises(SourceUnavailableError, match="git can't read"):
            repository.show(tag, path)
