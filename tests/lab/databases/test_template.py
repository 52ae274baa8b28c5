# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the data directories in the cache are forgotten, while other labs use them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from pathlib import Path

import pytest

from lab.databases import template


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three, of which one is kept; the first was used last, and one more is being made."""
    monkeypatch.setattr(template, "_KEPT", 1)
    for age, name in enumerate(("newest", "middle", "oldest", ".being-made.new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "PG_VERSION").touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    return tmp_path


def there(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.is_dir()}


def test_those_used_last_are_kept(cache: Path) -> None:
    template._forget_old(cache)
    assert there(cache) == {"newest", ".being-made.new"}


def test_one_that_another_lab_copies_stays(cache: Path) -> None:
    with (cache / ".oldest.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        template._forget_old(cache)
        assert there(cache) == {"newest", "oldest", ".being-made.new"}
    template._forget_old(cache)
    assert there(cache) == {"newest", ".being-made.new"}


def test_what_another_lab_has_forgotten_meanwhile_is_no_trouble(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last_used = template._last_used

    def forgotten_meanwhile(made: Path) -> float:
        template.shutil.rmtree(made)
        return last_used(made)

    monkeypatch.setattr(template, "_last_used", forgotten_meanwhile)
    template._forget_old(cache)
    assert there(cache) == {".being-made.new"}


def test_what_is_left_of_one_that_was_given_up_is_cleared_away(cache: Path) -> None:
    (cache / ".oldest.new").mkdir()
    (cache / ".oldest.new" / "base").touch()
    template._forget_old(cache)
    assert there(cache) == {"newest", ".being-made.new"}


def test_what_copies_one_ends_with_who_waits_for_it() -> None:
    async def given_up() -> int | None:
        process = await asyncio.create_subprocess_exec("sleep", "60")
        waiting = asyncio.create_task(template._ended(process))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return process.returncode

    assert asyncio.run(given_up()) == -signal.SIGKILL
