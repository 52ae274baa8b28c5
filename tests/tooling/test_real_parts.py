# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers that are only taken from PATH: which ones are, and what is said where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.real.parts.binaries import PROGRAMS, OnPath, PartUnavailable, program


def put(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str | None) -> Path:
    """A `tempo` that does so is all there is on PATH."""
    found = directory / "tempo"
    if script is not None:
        found.write_text(f"#!/bin/sh\n{script}\n")
        found.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory))
    return found


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize("version", ["2.8.0", "v2.10.3", "2.9.0-rc.0"])
def test_it_is_used_where_it_is(version: str, stream: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = put(tmp_path, monkeypatch, f'echo "tempo, version {version} (branch: HEAD, revision: a21001a)" >&{stream}')
    assert program("tempo") == there


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "there is no tempo on PATH, and it is under the AGPL"),
        ('echo "tempo, version 3.0.0 (branch: HEAD)"', "is tempo 3.0.0"),
        ('echo "tempo, version 2.7.2 (branch: HEAD)"', "is tempo 2.7.2"),
        ('echo "tempo, version  (branch: , revision: )"', "does not say its version"),
        ('echo "some other tempo 2.9.0"', "does not say its version"),
        ("exit 1", "does not say its version"),
    ],
)
def test_what_is_not_used_and_what_to_do(script: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, monkeypatch, script)
    with pytest.raises(PartUnavailable) as refused:
        program("tempo")
    assert words in str(refused.value)
    assert "put a tempo 2.x (from 2.8 on) on PATH to run these tests" in str(refused.value)


def test_what_is_not_built_is_not_kept_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would still be used when it has gone from PATH."""
    monkeypatch.setenv("INCIDENT_RESPONSE_CACHE", str(tmp_path / "cache"))
    put(tmp_path, monkeypatch, 'echo "tempo, version 2.8.0"')
    assert program("tempo").parent == tmp_path
    os.unlink(tmp_path / "tempo")
    with pytest.raises(PartUnavailable):
        program("tempo")
    assert {name for name, recipe in PROGRAMS.items() if isinstance(recipe, OnPath)} == {"loki-3", "tempo"}
