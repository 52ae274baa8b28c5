# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache lies where the user's caches do, unless scripts in it could not run there."""

from __future__ import annotations

import re
from pathlib import Path

import cache
import pytest


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(cache, "FALLBACK", tmp_path / "fallback")


def test_it_follows_the_users_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_directory() == tmp_path / "devops.incident_response"
    assert cache.cache_directory().is_dir()


def test_it_lies_in_the_home_without_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_directory() == tmp_path / ".cache" / "devops.incident_response"


@pytest.mark.parametrize("name", ["my cache", "it's", 'a "cache"', "$HOME", "a:b", "café"])
def test_a_path_that_scripts_cannot_live_with_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
    assert cache.cache_directory().parent == tmp_path / "fallback"
    assert re.fullmatch(r"[\w./+@-]+", str(cache.cache_directory()), re.ASCII)
    assert not (tmp_path / name).exists()


def test_two_such_caches_stay_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache 1"))
    one = cache.cache_directory()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache 2"))
    assert cache.cache_directory() != one


def test_the_fallback_is_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.cache_directory().parent.stat().st_mode & 0o077 == 0


def test_somebody_elses_fallback_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "fallback").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    with pytest.raises(SystemExit, match="set XDG_CACHE_HOME"):
        cache.cache_directory()
