# SPDX-License-Identifier: GPL-3.0-or-later
"""What git, and what it asks, refuses: each with what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.clients.repository import Repository, opened
from ansible_collections.devops.incident_response.plugins.module_utils.errors import SourceUnavailableError
from ansible_collections.devops.incident_response.tests.unit.git_history import START, commit, git, new_repository
from ansible_collections.devops.incident_response.tests.unit.servers import Reply, http_server


def refusal(where: str) -> str:
    with pytest.raises(SourceUnavailableError) as raised, opened(where, 8.0, ["v1"]) as repository:
        repository.commits()
    return raised.value.message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "It asks for a login"),
        (403, "The login may not read it"),
        (404, "not found. Correct 'repository'"),
        (500, "error: 500"),
        (200, "no git repository"),
    ],
)
def test_what_a_web_server_refuses(status: int, words: str) -> None:
    with http_server(lambda _unused: Reply(status, b"<html>", "text/html")) as server:
        said = refusal(f"{server.url.replace('://', '://bob:hunter2@')}/shop.git")
    assert words in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Host key verification failed.", "add it to known_hosts"),
        ("git@example.com: Permission denied (publickey).", "deploy key"),
        ("ssh: connect to host example.com port 22: Connection timed out", "can't be reached from this host"),
        ("ssh: Could not resolve hostname example.com: Name or service not known", "is not known on this host"),
    ],
)
def test_what_ssh_refuses(said: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    assert words in refusal("git@example.com:shop/payment-api.git")


def test_an_empty_repository_says_so(tmp_path: Path) -> None:
    assert "HEAD names no commit" in refusal(str(new_repository(tmp_path / "empty")))
    assert "has no commits" in refusal(f"file://{tmp_path / 'empty'}")


def test_paths_that_git_quotes(tmp_path: Path) -> None:
    path = new_repository(tmp_path / "odd")
    commit(path, "a", "one", START)
    git(path, "tag", "v1")
    commit(path, 'migrations/ü "x"\\1\t.sql', "two", START)
    repository = Repository(str(path))
    assert repository.commits(after="v1")[0].files == ('migrations/ü "x"\\1 .sql',)
    assert repository.changed_files("v1", "HEAD") == ('migrations/ü "x"\\1 .sql',)
